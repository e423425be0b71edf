"""Quality in three classes, calibrated, each with a reason: the network's answer and what it is worth."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray
from underpaint.review.places import QUALITY, review_folder
from underpaint.review.shape import Box, Defect, opaque, side_of

if TYPE_CHECKING:
    from underpaint.review.quality_net import QualityNet

SCHEMA = 1
_BATCH = 16
_MOST_BYTES = 8 * 2**20
_WORDS = {"missing": "something is missing", "doubled": "something is there twice", "malformed": "badly formed",
          "cut off": "the subject is cut off", "seam": "a seam", "banding": "bands instead of soft changes of tone",
          "signature": "a signature nobody asked for", "speckle": "speckled", "soft": "soft, not in focus"}
_PLACELESS = {"banding", "speckle", "soft"}


@dataclass(frozen=True)
class Grading:
    """What the network says: the chances of good, fair and weak (they add up to 1), and the faults that it saw.

    `suspect` is the likeliest fault where none is likely enough to be called seen.
    """

    good: float
    fair: float
    weak: float
    faults: tuple[Defect, ...] = ()
    suspect: Defect | None = None


@dataclass(frozen=True)
class Calibration:
    """How scores become chances, fitted on pictures that were held back.

    The chance of a fault is the logistic of `slope` times its score plus `offset`, and it is said from `least` on. That
    of good is the logistic of `good`: weights of the grade's own margin and of the chance that there is no fault (both
    as logarithms), and an offset. What is not good is fair or weak by their scores divided by `temperature`.
    """

    temperature: float
    good: tuple[float, float, float]
    slope: Mapping[str, float]
    offset: Mapping[str, float]
    least: Mapping[str, float]

    @classmethod
    def from_json(cls, data: Any, faults: Sequence[str]) -> "Calibration":
        """Read what `to_json` wrote. Raises ModelError."""
        try:
            tables = {name: {fault: float(data[name][fault]) for fault in faults}
                      for name in ("slope", "offset", "least")}
            temperature = float(data["temperature"])
            margin, clean, offset = (float(one) for one in data["good"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the reviewer's calibration cannot be read", hint="Install Underpaint again.",
                             field="review") from error
        return cls(max(temperature, 1e-3), (margin, clean, offset), **tables)

    def faults(self, scores: FloatArray) -> FloatArray:
        """The chances of faults from their scores (... x F, in the network's order)."""
        slope, offset = (np.asarray(list(one.values())) for one in (self.slope, self.offset))
        return np.asarray(logistic(scores * slope + offset), np.float32)

    def evidence(self, grades: FloatArray, faults: FloatArray) -> FloatArray:
        """What the chance of good comes from (... x 2): the margin of good over the others, and no fault at all."""
        rest = np.logaddexp(grades[..., 1], grades[..., 2])
        clean = np.log1p(-self.faults(faults).clip(0, 0.999)).sum(axis=-1)
        return np.stack([grades[..., 0] - rest, clean], axis=-1)

    def grades(self, grades: FloatArray, faults: FloatArray) -> FloatArray:
        """The chances of good, fair and weak (... x 3) from the scores of grades and faults."""
        margin, clean, offset = self.good
        good = logistic(self.evidence(grades, faults) @ np.asarray([margin, clean]) + offset)
        fair = logistic((grades[..., 1] - grades[..., 2]) / self.temperature)
        return np.stack([good, (1 - good) * fair, (1 - good) * (1 - fair)], axis=-1)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"temperature": self.temperature, "good": list(self.good), "slope": dict(self.slope),
                "offset": dict(self.offset), "least": dict(self.least)}


class Quality:
    """The network with its calibration. Torch is imported when the first one is read."""

    def __init__(self, net: "QualityNet", calibration: Calibration, name: str = "network") -> None:
        self._net, self._calibration, self.name = net, calibration, name

    @classmethod
    def read(cls, folder: Path | None = None) -> "Quality":
        """Read a network from its folder; the shipped one without. Raises ModelError."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        from underpaint.review.quality_net import NET_FAULTS, QualityNet

        place = folder or review_folder(QUALITY)
        try:
            facts = json.loads((place / "config.json").read_text(encoding="utf-8"))
            weights = place / "model.safetensors"
            if weights.stat().st_size > _MOST_BYTES:
                raise ModelError(f"{weights.name} is too large to be a reviewer's", field="review")
            data = weights.read_bytes()
            tensors = {name: tensor.float() if tensor.is_floating_point() else tensor
                       for name, tensor in load(data).items()}
            if facts["schema"] != SCHEMA or facts["faults"] != list(NET_FAULTS):
                raise ModelError("the reviewer's network is of another version", hint="Train or install it again.",
                                 field="review")
            net = QualityNet()
            net.load_state_dict(tensors)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"the reviewer's network in {place.name} cannot be read", field="review",
                             hint="Install Underpaint again.") from error
        calibration = Calibration.from_json(facts.get("calibration"), NET_FAULTS)
        return cls(net.eval(), calibration, f"network {hashlib.sha256(data).hexdigest()[:12]}")

    def grade(self, pictures: Sequence[FloatArray]) -> list[Grading]:
        """Grade pictures (each H x W x 1 to 4 floats, 0..1, any size), in order."""
        import torch

        found: list[Grading] = []
        for first in range(0, len(pictures), _BATCH):
            batch = np.stack([seen(one) for one in pictures[first : first + _BATCH]])
            with torch.inference_mode():
                told = [scores.float().numpy() for scores in self._net(torch.from_numpy(batch))]
            found += [self._graded(*one) for one in zip(*told, strict=True)]
        return found

    def _graded(self, grades: FloatArray, faults: FloatArray, maps: FloatArray) -> Grading:
        good, fair, weak = (float(share) for share in self._calibration.grades(grades, faults))
        named = self._faults(faults, maps)
        seen = tuple(one for one in named if one.strength >= self._calibration.least[one.name])
        return Grading(good, fair, weak, seen, None if seen else named[0])

    def _faults(self, scores: FloatArray, maps: FloatArray) -> tuple[Defect, ...]:
        """Every fault with its chance as the strength, the likeliest first."""
        from underpaint.review.quality_net import NET_FAULTS

        found = []
        for name, chance, map_ in zip(NET_FAULTS, self._calibration.faults(scores).tolist(), maps, strict=True):
            box = None if name in _PLACELESS else _place(map_)
            where = f", {side_of(box)}" if box else ""
            found.append(Defect(name, _WORDS[name] + where, chance, box, learned=True))
        return tuple(sorted(found, key=lambda one: -one.strength))


def logistic(value: Any) -> Any:
    """The logistic function, safe for any number."""
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))


def seen(picture: FloatArray) -> FloatArray:
    """A picture as the network sees it: 3 x 128 x 128 in -1..1."""
    from underpaint.review.quality_net import SIDE

    color = opaque(picture)
    smaller = min(color.shape[:2]) >= SIDE
    square = cv2.resize(color, (SIDE, SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.ascontiguousarray(square.transpose(2, 0, 1) * 2 - 1, dtype=np.float32)


def _place(map_: FloatArray) -> Box:
    """The cells round the strongest one that say nearly as much."""
    cells = map_.shape[0]
    row, column = np.unravel_index(int(map_.argmax()), map_.shape)
    strong = (map_ > map_.max() - 1.0).astype(np.uint8)
    _, pieces = cv2.connectedComponents(strong, connectivity=8)
    y, x = np.nonzero(pieces == pieces[row, column])
    return (float(x.min() / cells), float(y.min() / cells), float((x.max() + 1) / cells), float((y.max() + 1) / cells))
