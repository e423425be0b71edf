"""Subject masks by a network file in ONNX: U2-Net, ISNet and their kin, through the `onnx` extra."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray

INSTALL = "pip install 'underpaint[onnx]'"
MAX_BYTES = 1 << 30
_LARGEST = 2048
# U2-Net was trained on ImageNet's mean and deviation at 320 pixels, ISNet on 0.5 and 1 at 1024.
_IMAGENET = (np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32))
_CENTRED = (np.full(3, 0.5, np.float32), np.ones(3, np.float32))


def is_installed() -> bool:
    """Whether ONNX files can be used here."""
    return importlib.util.find_spec("onnxruntime") is not None


@dataclass(frozen=True, eq=False)
class SubjectNet:
    """A loaded network: name, SHA-256, and the side of the square it looks at."""

    name: str
    sha256: str
    side: int
    session: Any

    def mask(self, color: FloatArray) -> FloatArray:
        """Where the subject is, H x W 0..1."""
        height, width = color.shape[:2]
        small = cv2.resize(color, (self.side, self.side), interpolation=cv2.INTER_AREA)
        mean, deviation = _CENTRED if self.side >= 1024 else _IMAGENET
        given = ((small / max(float(small.max()), 1e-6)) - mean) / deviation
        inputs = {self.session.get_inputs()[0].name: given.transpose(2, 0, 1)[None].astype(np.float32)}
        try:
            said = np.asarray(self.session.run(None, inputs)[0], np.float32)
        except _failures() as error:
            raise ModelError(f"{self.name} cannot be run on a picture", hint="Name a U2-Net or ISNet file.") from error
        level = said.reshape(-1, *said.shape[-2:])[0]
        if level.ndim != 2 or not np.isfinite(level).all():
            raise ModelError(f"{self.name} does not answer with a mask", hint="Name a U2-Net or ISNet file.")
        level = (level - level.min()) / max(float(level.max() - level.min()), 1e-6)
        return np.asarray(np.clip(cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1), np.float32)


def load_subject_net(path: Path) -> SubjectNet:
    """Load an ONNX file. It is read whole first, so that it can name no other files.

    Raises ModelError for one that is missing, damaged, no such network, or without onnxruntime.
    """
    if not path.is_file():
        raise ModelError(f"there is no network {path}", hint="Name a U2-Net or ISNet file in ONNX.", field="net")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path.name} is too large", hint="U2-Net and ISNet have less than 200 MB.", field="net")
    if not is_installed():
        raise ModelError(f"{path.name} needs onnxruntime, which is not installed", hint=f"Run: {INSTALL}", field="net")
    import onnxruntime

    data = path.read_bytes()
    try:
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        shape = session.get_inputs()[0].shape
    except _failures() as error:
        raise ModelError(f"{path.name} is damaged or no ONNX network", hint="Download it again.",
                         field="net") from error
    if len(shape) != 4 or shape[1] != 3:
        raise ModelError(f"{path.name} does not take a picture", hint="Name a U2-Net or ISNet file.", field="net")
    side = shape[2] if isinstance(shape[2], int) and 32 <= shape[2] <= _LARGEST else 320
    return SubjectNet(path.stem, hashlib.sha256(data).hexdigest(), side, session)


def _failures() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: its own errors have no common parent but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)]
    return (*own, RuntimeError, ValueError, IndexError)
