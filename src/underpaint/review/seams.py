"""Seams: a straight line from border to border beyond which the same picture goes on shifted or in another tone."""

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.review.shape import Defect, Laid

_FAR = 6  # lines on either side that say what a step is ordinarily like
_LEAST_STEP = 0.011
_CROSSED = 0.62
"""The share of a line's pixels that must step across it."""
_STANDS_OUT = 0.30
_ALIKE = 0.8
"""How much of one side of a seam the other foretells, but for one gain; of a horizon's sides it does not, since what
stands before it stays as it is."""
_LEAST_JUMP, _JUMP, _ALIKE_BUSY = 0.04, 12.0, 0.3
_GAIN = (0.6, 1.6)
_NEAR_EDGE = 0.13


def seam(laid: Laid) -> Defect | None:
    """The strongest seam, down or across."""
    found = [one for one in (_down(laid, True), _down(laid, False)) if one is not None]
    return max(found, key=lambda one: one.strength, default=None)


def _down(laid: Laid, upright: bool) -> Defect | None:
    color = laid.color if upright else laid.color.transpose(1, 0, 2)
    steps = np.abs(np.diff(color, axis=1)).max(axis=2)
    count = steps.shape[1]
    if count < 4 * _FAR:
        return None
    # What is usual beside each place: the larger of the medians of its two sides, so that an edge's own slope counts.
    usual = np.maximum(_beside(steps, -1), _beside(steps, 1))
    crossed = (steps > np.maximum(1.8 * usual, _LEAST_STEP)).mean(axis=0)
    calm = cv2.blur(crossed[None].astype(np.float32), (2 * _FAR + 1, 1))[0]
    score = crossed - 0.5 * calm
    inner = slice(2, count - 2)
    for place in np.argsort(-score[inner])[:6] + 2:
        if crossed[place] < _CROSSED or crossed[place] - calm[place] < _STANDS_OUT:
            continue
        if _alike(color, int(place)) >= _ALIKE:
            return _said(float(place + 1) / color.shape[1], upright, float(crossed[place]))
    return _jump(color) if upright else None


def _jump(color: FloatArray) -> Defect | None:
    """The same under busy brushwork, near the left or right edge: a column at which the whole picture grows darker or
    lighter at once. Rows have horizons that do so, and the middle has walls and trunks."""
    tone = np.diff(color.mean(axis=(0, 2)))
    usual = float(np.percentile(np.abs(tone), 75)) + 1e-4
    place = int(np.abs(tone).argmax())
    far, at = abs(float(tone[place])), float(place + 1) / color.shape[1]
    if _NEAR_EDGE <= at <= 1 - _NEAR_EDGE:
        return None
    if not 2 < place < len(tone) - 3 or far < _LEAST_JUMP or far < _JUMP * usual or _alike(color, place) < _ALIKE_BUSY:
        return None
    return _said(at, True, 0.8)


def _beside(steps: FloatArray, way: int) -> FloatArray:
    """The median of the steps before (-1) or after (1) each place, the place itself left out."""
    moved = [np.roll(steps, -way * far, axis=1) for far in range(2, _FAR + 1)]
    return np.asarray(np.median(np.stack(moved), axis=0), np.float32)


def _alike(color: FloatArray, place: int) -> float:
    """The share of what lies behind a line that what lies before it foretells, times one gain, at the best small shift
    along it."""
    before = color[:, max(0, place - 3) : place + 1].mean(axis=1)
    behind = color[:, place + 1 : place + 5].mean(axis=1)
    if not _varied(before):  # a plain side, with or without one thing before it, says nothing
        return 0.0
    reach = max(2, round(0.045 * len(before)))
    best = -1.0
    for shift in range(-reach, reach + 1, 1 if reach < 12 else 2):
        one = before[max(0, shift) : len(before) + min(0, shift)]
        other = behind[max(0, -shift) : len(behind) + min(0, -shift)]
        spread = float(((other - other.mean(axis=0)) ** 2).sum())
        gain = float((one * other).sum()) / max(float((one**2).sum()), 1e-6)
        if spread / len(other) > 8e-4 and _GAIN[0] < gain < _GAIN[1]:
            best = max(best, 1 - float(((other - gain * one) ** 2).sum()) / spread)
    return best


def _varied(line: FloatArray) -> bool:
    """Whether more than a quarter of a line is something else than the rest of it."""
    away = np.abs(line - np.median(line, axis=0)).max(axis=1)
    return float(np.percentile(away, 70)) > 0.035


def _said(at: float, upright: bool, crossed: float) -> Defect:
    near = ("left", "right") if upright else ("top", "bottom")
    edge = near[0] if at < _NEAR_EDGE else near[1] if at > 1 - _NEAR_EDGE else None
    words = f"seam at the {edge} edge" if edge else f"a seam runs {'down' if upright else 'across'} the picture"
    low, high = max(0.0, at - 0.02), min(1.0, at + 0.02)
    box = (low, 0.0, high, 1.0) if upright else (0.0, low, 1.0, high)
    return Defect("seam", words, min(1.0, 0.4 + (crossed - _CROSSED) / (1 - _CROSSED) * 0.6), box)
