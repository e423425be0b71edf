"""What is known of a cutout before it is made: a trimap from a mask, from a trimap file, and from two strokes."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.masks import normalise
from underpaint.pictures.read import Picture

_FAR = 0.12


@dataclass(frozen=True)
class Strokes:
    """Where somebody painted: keep this, take this away. Both H x W."""

    keep: NDArray[np.bool_]
    remove: NDArray[np.bool_]


def edge_width(width: int, height: int) -> int:
    """How many pixels to either side of a mask's edge are in doubt, unless told: about 1 % of the smaller side."""
    return max(4, round(0.012 * min(width, height)))


def from_mask(mask: FloatArray, edge: int) -> FloatArray:
    """0, 0.5, 1: unknown is what is grey in the mask and what lies within `edge` pixels of its edge.

    Parts thinner than that are not lost: their middle stays known.
    """
    inside, outside = mask > 0.95, mask < 0.05
    depth, away = _depth(inside), _depth(outside)
    ridge = inside & (depth >= 1.5) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))
    keep = (depth > edge) | ridge
    return np.where(keep, 1.0, np.where(away > edge, 0.0, 0.5)).astype(np.float32)


def _depth(inside: NDArray[np.bool_]) -> FloatArray:
    if inside.all():
        return np.full(inside.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def read_mask(mask: Picture, picture: Picture) -> FloatArray:
    """A mask of the picture's size, 1 = keep. Raises PictureError for another size."""
    _same_size(mask, picture, "mask")
    return normalise(np.asarray(mask.pixels))


def read_trimap(trimap: Picture, picture: Picture) -> FloatArray:
    """A trimap: white is kept, black goes, everything between is unknown. Raises PictureError."""
    _same_size(trimap, picture, "trimap")
    level = normalise(np.asarray(trimap.pixels))
    return np.where(level > 0.97, 1.0, np.where(level < 0.03, 0.0, 0.5)).astype(np.float32)


def read_strokes(strokes: Picture, picture: Picture) -> Strokes:
    """Two strokes on nothing, on grey, or on the picture itself: green or white keeps, red or black takes away.

    Raises PictureError for another size, and where no stroke is found.
    """
    _same_size(strokes, picture, "strokes")
    pixels = np.asarray(strokes.pixels)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    drawn = pixels[..., 3] > 0.5 if strokes.has_alpha and float(pixels[..., 3].min()) < 0.5 else None
    keep = (green > red + 0.3) & (green > blue + 0.3)
    remove = (red > green + 0.3) & (red > blue + 0.3)
    if drawn is None and _is_painted_over(pixels, picture):
        drawn = np.abs(pixels[..., :3] - np.asarray(picture.pixels)[..., :3]).max(axis=2) > _FAR
    else:
        flat = np.abs(pixels[..., :3] - pixels[..., :3].mean(axis=2, keepdims=True)).max(axis=2) < 0.05
        keep, remove = keep | (flat & (green > 0.9)), remove | (flat & (green < 0.1))
    if drawn is not None:
        keep, remove = keep & drawn, remove & drawn
    if not keep.any() and not remove.any():
        raise PictureError("no strokes were found", hint="Paint green (or white) over what stays and red (or black) "
                           "over what goes, on a transparent layer or on the picture.", field="strokes")
    return Strokes(keep, remove)


def _is_painted_over(pixels: FloatArray, picture: Picture) -> bool:
    """Whether this is the picture itself with something painted on it."""
    apart = np.abs(pixels[..., :3] - np.asarray(picture.pixels)[..., :3]).max(axis=2)
    return float(np.median(apart)) < 0.03


def _same_size(one: Picture, picture: Picture, what: str) -> None:
    if (one.width, one.height) != (picture.width, picture.height):
        raise PictureError(f"the {what} has {one.width}x{one.height} pixels, the picture "
                           f"{picture.width}x{picture.height}", hint="Make both the same size.", field=what)


def with_strokes(trimap: FloatArray, strokes: Strokes) -> FloatArray:
    """The trimap with the strokes' own pixels known."""
    return np.where(strokes.remove, np.float32(0), np.where(strokes.keep, np.float32(1), trimap))


def eight_bit(color: FloatArray) -> NDArray[Any]:
    """What OpenCV's segmentation reads: 8 bits, BGR."""
    return np.ascontiguousarray(np.rint(to_float(color) * 255).astype(np.uint8)[..., ::-1])
