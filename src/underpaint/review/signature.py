"""A signature nobody asked for: one short line of thin strokes by itself near the bottom or top."""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.review.shape import Defect, Laid, side_of

_BANDS = (0.22, 0.14)  # of the height, at the bottom and at the top, in which signatures stand
_HEIGHT = (0.02, 0.10)
_WIDTH = (0.07, 0.42)
_LEAST_RATIO = 1.7
_FILL = (0.10, 0.80)
_ALONE = 0.984
_MIDDLE = (0.40, 0.60)
"""Nobody signs in the middle of a side."""


def signature(laid: Laid) -> Defect | None:
    """The clearest cluster of strokes that looks written, if there is one."""
    strokes = _strokes(laid)
    height, width = strokes.shape
    reach = max(3, round(0.028 * width)) | 1
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((max(3, reach // 3) | 1, reach), np.uint8))
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    best: Defect | None = None
    for number in range(1, count):
        left, top, wide, high = (int(value) for value in facts[number][:4])
        bottom = (top + high) / height
        if top / height <= 1 - _BANDS[0] - 0.04 and bottom >= _BANDS[1]:
            continue
        if not (_HEIGHT[0] <= high / height <= _HEIGHT[1] and _WIDTH[0] <= wide / width <= _WIDTH[1]):
            continue
        area = (slice(top, top + high), slice(left, left + wide))
        own = (pieces[area] == number) & (strokes[area] > 0)
        fill = float(own.mean())
        if wide / high < _LEAST_RATIO or not _FILL[0] <= fill <= _FILL[1] or not _written(own):
            continue
        if _MIDDLE[0] < (left + wide / 2) / width < _MIDDLE[1]:
            continue
        alone = _alone(strokes, (left, top, wide, high))
        if alone < _ALONE:
            continue
        box = (left / width, top / height, (left + wide) / width, (top + high) / height)
        said = Defect("signature", f"a signature nobody asked for, {side_of(box)}", 0.5 + 30 * (alone - _ALONE), box)
        best = said if best is None or said.strength > best.strength else best
    return best


def _strokes(laid: Laid) -> NDArray[np.uint8]:
    """Thin marks, darker or lighter than what lies round them."""
    side = max(3, round(0.022 * max(laid.light.shape))) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    dark = cv2.morphologyEx(laid.light, cv2.MORPH_BLACKHAT, kernel)
    bright = cv2.morphologyEx(laid.light, cv2.MORPH_TOPHAT, kernel)
    return np.asarray(np.maximum(dark, bright) > 0.17, np.uint8)


def _written(own: NDArray[np.bool_]) -> bool:
    """Whether strokes go up and down across the line again and again, as letters do and a twig does not."""
    middle = own[round(0.2 * len(own)) : max(round(0.8 * len(own)), 1)]
    changes = np.abs(np.diff(middle.astype(np.int8), axis=1)).sum(axis=1)
    return bool(len(changes) and np.percentile(changes, 90) >= 6)


def _alone(strokes: NDArray[np.uint8], place: tuple[int, int, int, int]) -> float:
    """The share of the surroundings that is free of strokes."""
    left, top, wide, high = place
    margin = max(4, high)
    rows = slice(max(0, top - margin), top + high + margin)
    columns = slice(max(0, left - margin), left + wide + margin)
    around = strokes[rows, columns].copy()
    y, x = top - rows.start, left - columns.start
    area = around.size - wide * high
    around[max(0, y - 1) : y + high + 1, max(0, x - 1) : x + wide + 1] = 0
    return 1.0 - float(around.sum()) / max(1, area)
