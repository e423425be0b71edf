"""What a reviewer says: a defect with its place, and how a picture is laid before the measurements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture, 0..1."""
_LEAST_SIDE = 24
"""Smaller pictures have nothing that could be measured."""
_MOST_SIDE = 768


@dataclass(frozen=True)
class Defect:
    """Something wrong with a picture.

    `name` is for programs, `words` are an artist's; `strength` goes from 0 (hardly) to 1 (glaring); `box` is the place,
    None for the whole picture; `learned` says that a network saw it rather than a measurement.
    """

    name: str
    words: str
    strength: float
    box: Box | None = None
    learned: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        box = [round(side, 3) for side in self.box] if self.box else None
        return {"name": self.name, "words": self.words, "strength": round(self.strength, 3), "box": box,
                "learned": self.learned}


@dataclass(frozen=True, eq=False)
class Laid:
    """A picture as measurements take it: `color` H x W x 3 sRGB, `light` H x W (mean of the channels), 0..1, at most
    768 pixels a side."""

    color: FloatArray
    light: FloatArray


Measure = Callable[[Laid], Defect | None]
"""One measured defect: what is wrong, or None."""


def lay(picture: FloatArray) -> Laid | None:
    """Lay H x W x 1 to 4 floats (or H x W) out for the measurements, alpha over grey; None for a picture too small.

    A large picture is halved as often as it takes, so that its bands and seams stay as sharp as they are. Raises
    PictureError for numbers that are none, and for another shape.
    """
    color = opaque(picture)
    height, width = color.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return None
    while max(color.shape[:2]) > _MOST_SIDE:
        size = (max(1, color.shape[1] // 2), max(1, color.shape[0] // 2))
        color = np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.float32)
    if min(color.shape[:2]) < _LEAST_SIDE:
        return None
    return Laid(color, np.ascontiguousarray(color.mean(axis=2, dtype=np.float32)))


def opaque(picture: FloatArray) -> FloatArray:
    """H x W x 3 floats 0..1 of any picture, what is transparent over middle grey. Raises PictureError."""
    given = np.asarray(picture, np.float32)
    if given.ndim == 2:
        given = given[..., None]
    if given.ndim != 3 or given.shape[2] not in (1, 2, 3, 4) or 0 in given.shape:
        raise PictureError(f"an array of shape {given.shape} is no picture", field="picture")
    if not np.isfinite(given).all():
        raise PictureError("the picture holds values that are no numbers", field="picture")
    channels = given.shape[2]
    color = given[..., :1].repeat(3, 2) if channels < 3 else given[..., :3]
    if channels in (2, 4):
        alpha = given[..., -1:]
        color = color * alpha + np.float32(0.5) * (1 - alpha)
    return np.ascontiguousarray(color.clip(0, 1), dtype=np.float32)


def side_of(box: Box) -> str:
    """The side or corner of the picture where a box lies, in words."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    across = "left" if x < 0.34 else "right" if x > 0.66 else ""
    down = "top" if y < 0.34 else "bottom" if y > 0.66 else ""
    if across and down:
        return f"{down} {across}"
    return down or across or "middle"
