"""Number fields that every way of painting needs: blur, halving, noise that repeats, wobble, borders between parts.

Fields are float32 H x W or H x W x C. Everything here is numpy alone and gives the same numbers for the same input.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
TILE = 512
LUMA = np.array([0.30, 0.59, 0.11], np.float32)


def blur(field: Array, sigma: float) -> Array:
    """Gaussian blur with mirrored-out borders; wide ones are done on a smaller copy."""
    if sigma < 0.2:
        return field
    if sigma > 2.4 and min(field.shape[:2]) >= 8:
        small = blur(halve(field), float(np.sqrt(max(sigma * sigma / 4 - 0.2, 0.04))))
        return double(small, field.shape[:2])
    return _along(_along(field, sigma, 0), sigma, 1)


def streak(field: Array, sigma: float, axis: int) -> Array:
    """Blur along one axis only, by running means of a width that fits."""
    size = max(1, round(sigma * 1.7))
    for _ in range(2):
        field = _running_mean(field, size, axis)
    return field


def _running_mean(field: Array, size: int, axis: int) -> Array:
    pad = [(0, 0)] * field.ndim
    pad[axis] = (size + 1, size)
    total = np.cumsum(np.pad(field, pad, mode="edge"), axis=axis, dtype=np.float64)
    n = field.shape[axis]
    span = 2 * size + 1
    ahead = np.take(total, np.arange(span, span + n), axis=axis)
    behind = np.take(total, np.arange(0, n), axis=axis)
    return ((ahead - behind) / span).astype(np.float32)


def _along(field: Array, sigma: float, axis: int) -> Array:
    reach = max(1, int(np.ceil(sigma * 2.6)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    pad = [(0, 0)] * field.ndim
    pad[axis] = (reach, reach)
    padded = np.pad(field, pad, mode="edge")
    n = field.shape[axis]
    index: list[slice] = [slice(None)] * field.ndim
    out = np.zeros_like(field)
    for k, weight in enumerate(weights):
        index[axis] = slice(k, k + n)
        out += padded[tuple(index)] * weight
    return out


def halve(field: Array) -> Array:
    """Half the size, each new pixel the mean of four; odd borders are repeated."""
    height, width = field.shape[:2]
    if height % 2 or width % 2:
        pad = [(0, height % 2), (0, width % 2)] + [(0, 0)] * (field.ndim - 2)
        field = np.pad(field, pad, mode="edge")
    out = field[::2, ::2] + field[1::2, ::2]
    out += field[::2, 1::2]
    out += field[1::2, 1::2]
    out *= np.float32(0.25)
    return out


def double(field: Array, shape: tuple[int, ...]) -> Array:
    """Twice the size, linearly between the pixels, cut to `shape`."""
    for axis in (0, 1):
        before = np.concatenate([field.take([0], axis), field.take(range(field.shape[axis] - 1), axis)], axis)
        after = np.concatenate([field.take(range(1, field.shape[axis]), axis), field.take([-1], axis)], axis)
        base = field * np.float32(0.75)
        pair = np.stack([base + before * np.float32(0.25), base + after * np.float32(0.25)], axis + 1)
        new = list(field.shape)
        new[axis] *= 2
        field = pair.reshape(new)
    return np.ascontiguousarray(field[: shape[0], : shape[1]])


def shrink(field: Array, factor: int) -> Array:
    """Mean over squares of `factor` pixels; the shape must be a multiple of it."""
    if factor == 1:
        return field
    if factor == 2:
        return halve(field)
    height, width = field.shape[0] // factor, field.shape[1] // factor
    blocks = field.reshape(height, factor, width, factor, *field.shape[2:])
    return blocks.mean((1, 3), dtype=np.float32)


@cache
def _tile(scale: float, salt: int) -> Array:
    """Noise with zero mean and unit variance that repeats every TILE pixels, its grain about `scale` pixels."""
    rng = np.random.Generator(np.random.PCG64([int(scale * 1000), salt]))
    white = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    smooth = np.fft.irfft2(white * np.exp(-2 * (np.pi * scale) ** 2 * (fx * fx + fy * fy)), (TILE, TILE))
    smooth -= smooth.mean()
    return (smooth / smooth.std()).astype(np.float32)


@cache
def _cloudy_tile(scale: float, salt: int) -> Array:
    """Noise of many sizes, the largest about `scale` pixels, as in clouds and blooms."""
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(5):
        total += _tile(max(scale / 2**octave, 0.5), salt + octave) * 0.56**octave
    return (total / total.std()).astype(np.float32)


def noise(shape: tuple[int, ...], scale: float, rng: np.random.Generator, cloudy: bool = False) -> Array:
    """Noise of zero mean and unit variance; `scale` is the size of its grain in pixels, kept to a few steps."""
    steps = round(float(np.log2(max(scale, 0.35))) * 2) / 2
    tile = (_cloudy_tile if cloudy else _tile)(2.0**steps, int(rng.integers(2)))
    oy, ox = (int(v) for v in rng.integers(0, TILE, 2))
    height, width = shape[:2]
    band = tile.take((np.arange(height) + oy) % TILE, 0)
    if ox + width <= TILE:
        return band[:, ox : ox + width]
    laps = (ox + width - 1) // TILE - 1
    return np.concatenate([band[:, ox:], *[band] * laps, band[:, : ox + width - (1 + laps) * TILE]], 1)


def wobble(shape: tuple[int, ...], amount: float, scale: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Flat indices of pixels moved by up to about `amount`: `field.reshape(h * w, -1)[wobble]` has shaky borders."""
    height, width = shape[:2]
    dy, dx = noise(shape, scale, rng), noise(shape, scale, rng)
    y = np.arange(height, dtype=np.float32)[:, None] + dy * amount
    x = np.arange(width, dtype=np.float32)[None, :] + dx * amount
    yi, xi = np.rint(y).astype(np.intp).clip(0, height - 1), np.rint(x).astype(np.intp).clip(0, width - 1)
    return yi * width + xi


def moved(field: Array, where: NDArray[np.intp]) -> Array:
    """The field looked up at flat indices."""
    if field.ndim == 2:
        return field.ravel().take(where)
    return np.stack([np.ascontiguousarray(field[..., c]).ravel().take(where) for c in range(field.shape[-1])], -1)


def borders(part: NDArray) -> Array:
    """1 where a pixel's right or lower neighbour belongs to another part, else 0."""
    edge = np.zeros(part.shape, np.float32)
    edge[:, :-1] = part[:, 1:] != part[:, :-1]
    edge[:-1] = np.maximum(edge[:-1], part[1:] != part[:-1])
    return edge


def ramp(field: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def luma(picture: Array) -> Array:
    """How light a picture H x W x 3 looks."""
    return picture @ LUMA


def brightest(picture: Array) -> Array:
    """The largest of the three channels."""
    return np.maximum(np.maximum(picture[..., 0], picture[..., 1]), picture[..., 2])


def saturate(picture: Array, gain: float) -> Array:
    """More (above 1) or less colour at the same lightness."""
    grey = luma(picture)[..., None]
    return grey + (picture - grey) * np.float32(gain)


def relief(height: Array, towards: tuple[float, float]) -> Array:
    """How much a surface of that height leans to the light; `towards` points to it in the picture (x right, y down)."""
    gy, gx = np.zeros_like(height), np.zeros_like(height)
    gx[:, 1:-1] = height[:, 2:] - height[:, :-2]
    gy[1:-1] = height[2:] - height[:-2]
    return -(gx * np.float32(towards[0]) + gy * np.float32(towards[1]))
