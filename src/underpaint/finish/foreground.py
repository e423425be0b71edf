"""The subject's own colour where the background shows through: colour spill taken out.

Multilevel foreground estimation (Germer, Uelwer, Conrad and Harmeling 2020): each pixel is a mix of an inner and an
outer colour by alpha, both smooth where alpha is; solved from a tiny picture up to the full one, a few rounds on each.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray

_REGULAR = 1e-5
_GRADIENT = 1.0
_SMALL, _ROUNDS_SMALL, _ROUNDS_LARGE = 32, 10, 2
_SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))


def foreground(color: FloatArray, alpha: FloatArray) -> FloatArray:
    """H x W x 3 colours and H x W alpha -> H x W x 3: the subject's colours, where alpha is 1 the picture's."""
    height, width = alpha.shape
    inner = np.full((1, 1, 3), _weighted(color, alpha), np.float32)
    outer = np.full((1, 1, 3), _weighted(color, 1 - alpha), np.float32)
    for size in _sizes(width, height):
        picture = _reduced(color, size)
        soft = _reduced(alpha, size)
        inner, outer = (cv2.resize(values, size, interpolation=cv2.INTER_NEAREST).reshape(size[1], size[0], 3)
                        for values in (inner, outer))
        for _ in range(_ROUNDS_SMALL if max(size) <= _SMALL else _ROUNDS_LARGE):
            inner, outer = _round(picture, soft, inner, outer)
    return np.where(alpha[..., None] >= 1, color, inner).astype(np.float32)


def _weighted(color: FloatArray, weight: FloatArray) -> NDArray[np.float32]:
    total = float(weight.sum())
    flat = (color * weight[..., None]).sum(axis=(0, 1)) / total if total > 0 else color.mean(axis=(0, 1))
    return np.asarray(flat, np.float32)


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    levels = max(1, int(np.ceil(np.log2(max(width, height)))))
    return [(max(1, round(width ** (level / levels))), max(1, round(height ** (level / levels))))
            for level in range(levels + 1)]


def _reduced(values: FloatArray, size: tuple[int, int]) -> FloatArray:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32).reshape(
        size[1], size[0], *values.shape[2:])


def _round(picture: FloatArray, alpha: FloatArray, inner: FloatArray,
           outer: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Every pixel's two colours at once, from its neighbours' former ones: a 2 x 2 system each (eq. 5)."""
    total = np.zeros(alpha.shape, np.float32)
    from_inner, from_outer = np.zeros_like(inner), np.zeros_like(outer)
    wide = np.pad(alpha, 1, mode="edge")
    inner_wide, outer_wide = (np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge") for values in (inner, outer))
    for y, x in _SIDES:
        there = np.s_[1 + y:1 + y + alpha.shape[0], 1 + x:1 + x + alpha.shape[1]]
        weight = _REGULAR + _GRADIENT * np.abs(alpha - wide[there])
        total += weight
        from_inner += weight[..., None] * inner_wide[there]
        from_outer += weight[..., None] * outer_wide[there]
    rest = 1 - alpha
    a, b, d = alpha * alpha + total, alpha * rest, rest * rest + total
    right_inner = alpha[..., None] * picture + from_inner
    right_outer = rest[..., None] * picture + from_outer
    scale = (1 / np.maximum(a * d - b * b, 1e-12))[..., None]
    new_inner = (d[..., None] * right_inner - b[..., None] * right_outer) * scale
    new_outer = (a[..., None] * right_outer - b[..., None] * right_inner) * scale
    return np.clip(new_inner, 0, 1), np.clip(new_outer, 0, 1)
