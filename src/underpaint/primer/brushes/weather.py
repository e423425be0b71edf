"""Rain and snow before the picture: drawn last, in the hand of each way of painting."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, luma
from underpaint.primer.brushes.strokes import Paths, Reach, cover, dabs

COUNTS = {"rain": 80, "storm": 140, "snow": 140}


def falling(easel: Easel) -> Array:
    """How much rain or snow stands before each place, 0..1 at the picture's size; 0 in other weather and indoors."""
    weather = easel.seen.weather
    if weather not in COUNTS or not easel.sky.any():
        return np.zeros(easel.seen.size[::-1], np.float32)
    rng, unit = easel.rng("weather"), easel.unit
    height, width = easel.shape
    count = int(COUNTS[weather] * height * width / (256 * unit) ** 2)
    xy = (rng.random((count, 2)) * [width * 1.2, height * 1.1] - [0.1 * width, 0.1 * height]).astype(np.float32)
    near = rng.random(count).astype(np.float32) ** 2
    if weather == "snow":
        return easel.small(dabs(xy, (0.9 + 2.7 * near) * unit, easel.shape)) * np.float32(0.92)
    slant = 0.42 if weather == "storm" else 0.16
    fall = np.stack([-slant * np.ones(count), np.ones(count)], -1) * ((9 + 16 * near) * unit)[:, None]
    paths = Paths(
        np.stack([xy, xy + fall], 1).astype(np.float32), np.zeros(count, np.float32), np.ones(count, np.float32),
        np.zeros(count, np.int32),
    )  # fmt: skip
    samples = cover(paths, (0.7 + 0.5 * near) * unit, easel.shape, Reach(pitch=0.7))
    field = np.zeros(easel.shape, np.float32)
    field.ravel()[samples.at] = (0.2 + 0.36 * near)[samples.stroke] * (0.35 + 0.65 * samples.along)
    return easel.small(field)


def falling_colour(easel: Easel, picture: Array) -> Array:
    """Rain or snow is lighter than the picture as a whole, and of the colour of the air."""
    haze = np.array(easel.seen.light.haze, np.float32)
    bright = 1 - 0.35 * easel.darkness
    flake = (haze * 0.25 + 0.75) * bright if easel.seen.weather == "snow" else (haze * 0.4 + 0.55) * bright
    return np.minimum(np.maximum(flake, float(luma(picture).mean()) + 0.12), 1)


def before(easel: Easel, picture: Array) -> Array:
    """The picture with its rain or snow: white flakes, streaks that are lighter than what lies behind them."""
    amount = falling(easel)
    if not amount.any():
        return picture
    return picture + amount[..., None] * (falling_colour(easel, picture) - picture)
