"""The surface: bands instead of soft changes of tone, speckle, and softness all over."""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray
from underpaint.review.shape import Defect, Laid

_LINES = 72
"""Rows, and columns, that are looked along for bands."""
_LEVEL = 2.2 / 255
_BAND = (3, 90)  # pixels that one band is wide
_BAND_STEP = (0.012, 0.13)
_STAIRS = 3
_BANDED = 0.11
_LEVELS, _COVERED, _REGULAR = 16, 0.9, 0.1
_SPECKLED, _GRAIN = 0.006, 0.034
_SOFT = 0.016


def banding(laid: Laid) -> Defect | None:
    """Flights of even stairs in the tone, where a painter would have let it change softly."""
    light = laid.light
    rows = light[np.linspace(0, light.shape[0] - 1, min(_LINES, light.shape[0])).astype(int)]
    columns = light[:, np.linspace(0, light.shape[1] - 1, min(_LINES, light.shape[1])).astype(int)].T
    share = max(float(np.mean([_stairs(line) for line in lines])) for lines in (rows, columns))
    if share < _BANDED and not all(_few_levels(laid.color[..., channel]) for channel in range(3)):
        return None
    return Defect("banding", "bands instead of soft changes of tone", min(1.0, 0.5 + 2 * max(share - _BANDED, 0.0)))


def _stairs(line: FloatArray) -> float:
    """The share of a line that lies in flights of at least four flat steps, all up or all down, of like height."""
    ends = np.flatnonzero(np.abs(np.diff(line)) > _LEVEL)
    if len(ends) < _STAIRS:
        return 0.0
    starts, stops = np.concatenate([[0], ends + 1]), np.concatenate([ends + 1, [len(line)]])
    wide = stops - starts
    tone = np.add.reduceat(line, starts) / wide
    step = np.diff(tone)
    size = np.abs(step)
    fits = (size > _BAND_STEP[0]) & (size < _BAND_STEP[1])
    flat = (wide >= _BAND[0]) & (wide <= _BAND[1])
    linked = fits & flat[:-1] & flat[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.maximum(size[1:], size[:-1]) < 2.2 * np.minimum(size[1:], size[:-1])
    joined = linked[1:] & linked[:-1] & (step[1:] * step[:-1] > 0) & even
    covered = np.zeros(len(wide), bool)
    for first, last in _runs(joined):
        if last - first + 1 >= _STAIRS - 1:
            covered[first : last + 3] = True
    return float(wide[covered].sum() / len(line))


def _few_levels(plane: FloatArray) -> bool:
    """Whether one channel has but a few values, an even step apart."""
    often = np.bincount((plane * 255).round().astype(np.int64).ravel(), minlength=256) / plane.size
    levels = np.sort(np.argsort(-often)[:_LEVELS])
    levels = levels[often[levels] > 0.002]
    if len(levels) < 3 or often[levels].sum() < _COVERED:
        return False
    away = np.diff(levels)
    step = float(np.median(away))
    return step >= 9 and float(np.abs(away / step - np.round(away / step)).mean()) < _REGULAR


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of true values."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def speckle(laid: Laid) -> Defect | None:
    """Single pixels that belong to nothing, or grain over everything, calm parts too."""
    light = laid.light
    ring = np.ones((3, 3), np.uint8)
    ring[1, 1] = 0
    alone = np.maximum(light - cv2.dilate(light, ring), cv2.erode(light, ring) - light)
    share = float((alone > 0.16).mean())
    noise = _calm_grain(light)
    if share < _SPECKLED and noise < _GRAIN:
        return None
    words = "speckled all over" if share >= _SPECKLED else "grainy all over"
    return Defect("speckle", words, min(1.0, 0.3 + 0.35 * max(share / _SPECKLED, noise / _GRAIN) - 0.35))


def _calm_grain(light: FloatArray) -> float:
    """How much neighbouring pixels differ in the calmest tenth of the picture (its standard deviation)."""
    kernel = np.asarray([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # Immerkaer, 1996
    fine = np.abs(cv2.filter2D(light, cv2.CV_32F, kernel)) * np.float32(np.sqrt(np.pi / 2) / 6)
    around = cv2.blur(fine, (15, 15))
    return float(np.percentile(around[7:-7, 7:-7], 10))


def soft(laid: Laid) -> Defect | None:
    """Nothing is sharp anywhere: even the crispest edges are wide."""
    small = cv2.GaussianBlur(laid.light, (0, 0), 2.0)
    fine, coarse = np.abs(laid.light - cv2.GaussianBlur(laid.light, (0, 0), 1.0)), np.abs(laid.light - small)
    crisp, body = float(np.percentile(fine, 99.5)), float(np.percentile(coarse, 99.5))
    contrast = float(np.percentile(laid.light, 98) - np.percentile(laid.light, 2))
    if crisp >= _SOFT * max(contrast, 0.25) / 0.5 or contrast < 0.12 or body <= 0:
        return None
    return Defect("soft", "soft all over: nothing is in focus", min(1.0, 1.3 - crisp / (_SOFT * contrast / 0.5)))
