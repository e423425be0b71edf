"""Upscaling networks from files: any that spandrel knows (ESRGAN and its family, Compact, SwinIR ...).

Spandrel depends on torchvision, which breaks diffusers beside a CPU torch, so it is installed without what it asks
for and its import is lent a stand-in for the three functions that it names there. Weights are safetensors or are read
by torch's restricted unpickler: a file that would run code is refused.
"""

import contextlib
import hashlib
import importlib.util
import pickle
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from underpaint.errors import MemoryShortage, ModelError
from underpaint.imaging.arrays import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

INSTALL = "pip install --no-deps spandrel einops"
MAX_BYTES = 2 << 30
SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt")
_WAY_OUT = "Get it as .safetensors: a file that does more than hold weights is never opened."
_STAND_IN = "torchvision.transforms.functional"


@dataclass(frozen=True, eq=False)
class Network:
    """A network that makes a picture `scale` times as large: H x W x 3 floats 0..1 -> H*scale x W*scale x 3."""

    name: str
    sha256: str
    scale: int
    enlarge: Callable[[FloatArray], FloatArray]


def is_installed() -> bool:
    """Whether files of networks can be used here."""
    return all(importlib.util.find_spec(name) is not None for name in ("spandrel", "einops"))


def load_network(path: Path, *, device: str = "cpu") -> Network:
    """Load an upscaling network from a file.

    Raises ModelError for a file that is missing, unsafe, damaged, no upscaler, or where spandrel is not installed.
    """
    _check_file(path)
    if not is_installed():
        raise ModelError(f"{path.name} needs spandrel, which is not installed", hint=f"Run: {INSTALL}")
    with _lent_torchvision():
        import spandrel
    try:
        found: Any = spandrel.ModelLoader(device).load_from_state_dict(
            spandrel.canonicalize_state_dict(_weights(path)))
    except spandrel.UnsupportedModelError as error:
        raise ModelError(f"{path.name} is no upscaling network that is known", hint="ESRGAN, Compact, SwinIR, DAT and "
                         "their kin are.") from error
    except (RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelError(f"{path.name} is damaged: its weights do not fit together",
                         hint="Download it again.") from error
    if not isinstance(found, spandrel.ImageModelDescriptor) or found.scale < 1:
        raise ModelError(f"{path.name} does not enlarge pictures", hint="Name an upscaling network.")
    if (found.input_channels, found.output_channels) not in ((1, 1), (3, 3)):
        raise ModelError(f"{path.name} takes {found.input_channels} channels and makes {found.output_channels}",
                         hint="Name a network for RGB or grey pictures.")
    found.eval()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Network(path.stem, digest, int(found.scale), lambda picture: _enlarge(found, picture, device))


def _check_file(path: Path) -> None:
    try:
        if not path.is_file():
            raise ModelError(f"there is no upscaling network {path}", hint="Name its file, or use lanczos.")
        if path.suffix.lower() not in SUFFIXES:
            raise ModelError(f"{path.name} is no file of weights", hint=f"Those end in {', '.join(SUFFIXES)}.")
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path.name} is too large for an upscaling network", hint="Name an ESRGAN-like file.")
    except OSError as error:
        raise ModelError(f"{path.name} cannot be opened ({(error.strerror or '').lower()})",
                         hint="Check that you may read it.") from error


def _weights(path: Path) -> "dict[str, Tensor]":
    """A flat table of tensors. Raises ModelError for what is unsafe or damaged."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix.lower() == ".safetensors":
            return dict(load_file(path))
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path.name} holds more than weights and is refused", hint=_WAY_OUT) from error
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, KeyError, struct.error) as error:
        raise ModelError(f"{path.name} is damaged or cut off", hint="Download it again.") from error
    if not isinstance(loaded, Mapping):
        raise ModelError(f"{path.name} holds no table of weights", hint="Name an ESRGAN-like file.")
    return dict(loaded)


@contextlib.contextmanager
def _lent_torchvision() -> Iterator[None]:
    """A module of the name that spandrel imports, gone again afterwards so that nobody takes it for the real one."""
    if "spandrel" in sys.modules or importlib.util.find_spec("torchvision") is not None:
        yield
        return
    functional = ModuleType(_STAND_IN)

    class InterpolationMode:
        """Named by an inpainting network that is never used here."""

        NEAREST, BILINEAR = "nearest", "bilinear"

    def missing(*_: object, **__: object) -> None:
        raise ModelError("this network needs torchvision, which must not stand beside a CPU torch",
                         hint="Use another upscaling network.")

    vars(functional).update(InterpolationMode=InterpolationMode, rotate=missing, normalize=missing)
    top, transforms = ModuleType("torchvision"), ModuleType("torchvision.transforms")
    vars(top)["transforms"], vars(transforms)["functional"] = transforms, functional
    lent = {"torchvision": top, "torchvision.transforms": transforms, _STAND_IN: functional}
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            sys.modules.pop(name, None)


def _enlarge(model: Any, picture: FloatArray, device: str) -> FloatArray:
    """H x W x 3 through the network; one for grey pictures sees the channels one by one."""
    import torch

    from underpaint.engine.shortage import is_shortage

    one_by_one = model.input_channels == 1
    given = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].to(device)
    given = given.permute(1, 0, 2, 3) if one_by_one else given
    try:
        with torch.inference_mode():
            result = model(given).float().cpu()
    except (RuntimeError, MemoryError) as error:
        if not is_shortage(error):
            raise
        raise MemoryShortage("memory ran out while enlarging", hint="Use smaller tiles, such as --tile 64.") from error
    result = result.permute(1, 0, 2, 3) if one_by_one else result
    return np.ascontiguousarray(result[0].numpy().transpose(1, 2, 0), np.float32)
