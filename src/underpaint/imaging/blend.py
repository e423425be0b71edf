"""Putting straight-alpha layers on one another, in sRGB as painting programs do it by default."""

import numpy as np

from underpaint.imaging.arrays import FloatArray

WHITE = (1.0, 1.0, 1.0)


def over(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """`top` over `bottom`, both H x W x 4 with straight alpha (Porter and Duff 1984) -> H x W x 4.

    Where `top` is empty the result equals `bottom` exactly, and where it is opaque it equals `top`.
    """
    above, below = top[..., 3:4], bottom[..., 3:4]
    hidden = below * (1.0 - above)
    alpha = above + hidden
    share = np.divide(above, alpha, out=np.zeros_like(alpha), where=alpha > 0)
    color = bottom[..., :3] + (top[..., :3] - bottom[..., :3]) * share
    color = np.where(above >= 1.0, top[..., :3], color)
    return np.concatenate([color, alpha], axis=-1).astype(np.float32)


def flatten(picture: FloatArray, paper: tuple[float, float, float] = WHITE) -> FloatArray:
    """H x W x (1, 3 or 4) -> H x W x 3 on opaque `paper` (sRGB 0..1)."""
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.shape[-1] == 1:
        return np.repeat(picture, 3, axis=-1).astype(np.float32)
    if picture.shape[-1] == 3:
        return picture.astype(np.float32)
    alpha = picture[..., 3:4]
    ground = np.asarray(paper, dtype=np.float32)
    return np.asarray(ground * (1.0 - alpha) + picture[..., :3] * alpha, dtype=np.float32)


def lay_under(lines: FloatArray, painting: FloatArray) -> FloatArray:
    """An opaque painting (H x W x 3) with a line layer (H x W x 4) on top -> H x W x 3."""
    alpha = lines[..., 3:4]
    return np.asarray(painting * (1.0 - alpha) + lines[..., :3] * alpha, dtype=np.float32)
