"""Pixel art: big square pixels, short ramps of tones that shift in hue, ordered dither, dark selective outlines."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, borders, luma, saturate
from underpaint.primer.brushes.sky import clouds, with_clouds
from underpaint.primer.brushes.weather import falling, falling_colour

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47
_TONES = 3


def paint(easel: Easel) -> Array:
    """The scene at a quarter of its size in few tones, doubled up again."""
    cell = max(2, round(3.0 * easel.unit / easel.seen.scale))
    picture = with_clouds(easel, easel.tone(_stepped(easel, cell), 0.9), clouds(easel, crisp=1.0))
    disc = easel.small(easel.disc)[..., None]
    picture = picture + disc * (easel.orb_colour - picture)
    height, width = picture.shape[:2]
    rows, columns = np.arange(0, height, cell), np.arange(0, width, cell)
    coarse = np.add.reduceat(np.add.reduceat(picture, rows, 0), columns, 1)
    count = np.outer(np.diff([*rows, height]), np.diff([*columns, width])).astype(np.float32)
    coarse = saturate(coarse / count[..., None], 1.3)
    step = easel.seen.scale
    middle = np.ix_((rows + cell // 2).clip(0, height - 1) * step, (columns + cell // 2).clip(0, width - 1) * step)
    coarse = _limited(easel, coarse, easel.seen.part[middle], easel.sky[middle])
    coarse = _outlined(easel, coarse, middle)
    fall = falling(easel)[middle[0] // step, middle[1] // step][..., None]
    coarse = coarse + (fall > 0.3) * np.float32(0.7) * (falling_colour(easel, coarse) - coarse)
    return coarse.repeat(cell, 0).repeat(cell, 1)[:height, :width]


def _stepped(easel: Easel, cell: int) -> Array:
    """Light in a few levels, dithered between them in cells."""
    height, width = easel.shape
    size = cell * easel.seen.scale
    y, x = np.arange(height) // size % 4, np.arange(width) // size % 4
    lit = easel.seen.lit
    step = max(size // 2, 1)
    slope = np.abs(lit - np.roll(lit, step, 1)) + np.abs(lit - np.roll(lit, step, 0))
    rounding = np.clip(slope * 14, 0, 1) * (slope < 0.3)
    return np.clip(np.rint(lit * _TONES + _BAYER[np.ix_(y, x)] * 0.6 * rounding) / _TONES, 0, 1)


def _limited(easel: Easel, coarse: Array, part: np.ndarray, sky: np.ndarray) -> Array:
    """Each part keeps few tones of its own; the sky steps down in dithered bands."""
    height, width = coarse.shape[:2]
    dither = np.tile(_BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width]
    levels = np.where(sky, np.float32(12), np.float32(8))
    grey = np.sqrt(luma(coarse))  # darks step as finely as lights to the eye
    wanted = (np.rint(grey * levels + dither * np.where(sky, 0.6, 0.0)) / levels) ** 2
    gain = np.clip(wanted / np.maximum(grey**2, 0.004), 0.55, 1.7)[..., None]
    stepped = coarse * gain
    cool = np.clip(0.45 - wanted, 0, 1)[..., None] * np.array([-0.05, -0.02, 0.12], np.float32)
    warm = np.clip(wanted - 0.6, 0, 1)[..., None] * np.array([0.10, 0.05, -0.06], np.float32)
    picture = np.clip(stepped + (cool + warm) * ~sky[..., None], 0, 1)
    return np.where(sky[..., None], picture, (np.rint(np.sqrt(picture) * 22) / 22) ** 2)


def _outlined(easel: Easel, coarse: Array, middle: tuple) -> Array:
    """A darker pixel inside the border of each object, darkest round subjects, and stars."""
    objects = easel.objects[middle]
    edge = np.maximum(borders(objects), np.roll(borders(objects[:, ::-1])[:, ::-1], 0, 1)) > 0
    depth = easel.seen.depth[middle]
    nearer = depth <= np.minimum(np.roll(depth, -1, 0), np.roll(depth, -1, 1)) * 1.02
    subject = easel.subject[middle]
    strength = np.where(subject, 0.62, 0.3) * edge * (nearer | subject) * ~easel.sky[middle]
    inner = (borders(easel.seen.part[middle]) > 0) & ~edge & ~easel.sky[middle]
    strength = np.maximum(strength, inner * 0.22)[..., None]
    coarse = coarse * (1 - strength * np.array([0.95, 1.0, 0.85], np.float32))
    height, width = easel.shape
    for x, y, size in easel.stars(46).tolist():
        row, column = int(y / height * coarse.shape[0]), int(x / width * coarse.shape[1])
        coarse[row, column] = 0.55 + 0.45 * size
    return coarse
