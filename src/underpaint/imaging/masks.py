"""Masks: float32 H x W, 0..1, 1 = paint here, 0 = outside and never touched."""

from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.color import linear_to_srgb, luminance


class MaskSource(StrEnum):
    """Where in a picture the mask is to be read."""

    AUTO = "auto"
    LIGHT = "light"
    """White means paint here."""
    STROKES = "strokes"
    """Opaque pixels mean paint here."""
    HOLE = "hole"
    """Erased (transparent) pixels mean paint here."""


def normalise(image: NDArray[Any], source: MaskSource = MaskSource.AUTO, *, black_paints: bool = False) -> FloatArray:
    """Any picture of a mask (H x W or H x W x 1..4, bool, 8-bit, 16-bit or float) -> mask.

    AUTO reads the alpha channel where it says something: strokes of one colour on nothing are strokes, a
    picture with something erased is a hole. Otherwise lightness counts. `black_paints` turns it round.
    """
    pixels = to_float(image)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        raise PictureError(f"a mask of shape {image.shape} is not a picture", hint="Use a grey or RGB(A) picture.")
    alpha = pixels[..., -1] if pixels.shape[2] in (2, 4) else None
    color = pixels[..., : 3 if pixels.shape[2] >= 3 else 1]
    if source is MaskSource.AUTO:
        source = _recognise(color, alpha)
    if source is not MaskSource.LIGHT and alpha is None:
        raise PictureError("the mask has no transparency to read", hint="Use a white-on-black mask.")
    if source is MaskSource.STROKES and alpha is not None:
        mask = alpha
    elif source is MaskSource.HOLE and alpha is not None:
        mask = 1.0 - alpha
    else:
        mask = _light(color) if alpha is None else _light(color) * alpha
    return np.ascontiguousarray(1.0 - mask if black_paints else mask, dtype=np.float32)


def invert(mask: FloatArray) -> FloatArray:
    """Paint where it was outside, and the other way round."""
    return (1.0 - mask).astype(np.float32)


def grow(mask: FloatArray, pixels: int) -> FloatArray:
    """Grown by a round brush of `pixels` radius; negative shrinks. The picture's edge is no mask edge."""
    if pixels == 0:
        return mask.copy()
    if pixels < 0:
        return invert(grow(invert(mask), -pixels))
    if np.isin(mask, (0.0, 1.0)).all():  # a hard mask: distances cost the same for every radius
        return (_distance(mask <= 0) <= pixels).astype(np.float32)
    size = 2 * pixels + 1
    return np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))), np.float32)


def feather(mask: FloatArray, pixels: int) -> FloatArray:
    """A soft edge `pixels` wide that lies wholly inside the mask.

    Never above the mask given: pixels at 0 stay exactly 0, those deeper than `pixels` keep their value. The
    picture's edge is no edge of the mask.
    """
    inside = mask > 0
    if pixels <= 0 or inside.all() or not inside.any():
        return mask.copy()
    depth = np.clip(_distance(inside) / np.float32(pixels + 1), 0.0, 1.0)
    smooth = depth * depth * (3.0 - 2.0 * depth)
    return np.asarray(mask * smooth, dtype=np.float32)


def known_part(picture: FloatArray, mask: FloatArray) -> FloatArray:
    """What is known of a picture (H x W x 3) with a hole: H x W x 4, how much of each pixel is known, after its colours
    times that.

    In the hole it is 0 throughout, as it is where nothing is told at all; black paint that is known is not.
    """
    kept = (1 - mask)[..., None]
    return np.ascontiguousarray(np.concatenate([picture * kept, kept], axis=-1), dtype=np.float32)


def _recognise(color: FloatArray, alpha: FloatArray | None) -> MaskSource:
    if alpha is None or float(alpha.min()) == float(alpha.max()):
        return MaskSource.LIGHT
    visible = color[alpha > 0]
    spread = float((visible.max(axis=0) - visible.min(axis=0)).max())
    return MaskSource.STROKES if spread < 0.05 else MaskSource.HOLE


def _light(color: FloatArray) -> FloatArray:
    """Encoded grey, so that a half-grey pixel of a mask means half."""
    if color.shape[2] == 1 or (color[..., :1] == color).all():
        return np.asarray(color[..., 0])
    return np.clip(linear_to_srgb(luminance(color)), 0.0, 1.0)


def _distance(inside: NDArray[np.bool_]) -> FloatArray:
    """Distance in pixels of every true pixel to the nearest false one; 0 at false ones."""
    if inside.all():
        return np.full(inside.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
