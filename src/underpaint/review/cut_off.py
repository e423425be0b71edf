"""Cut off: the largest thing that stands out runs out of the picture on one side."""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.color import srgb_to_oklab
from underpaint.review.shape import Box, Defect, Laid

_SIDE = 72
_COLOURS = 5
_THING = (0.05, 0.35)  # of the picture, or it is no thing that stands out
_RUN = 0.7
"""The share of a thing's own height or width that must lie at the border."""
_STANDS_OUT, _VIVID = 0.22, 0.07
"""How far its colour lies from that of the rest, and from grey, in OKLab: sky and ground between things are neither."""
_COMPACT = 0.5
_SIDES = ("left", "right", "top", "bottom")


def cut_off(laid: Laid) -> Defect | None:
    """What stands out most meets one side of the picture at nearly its full breadth. At the bottom that is how
    portraits are framed, so it does not count there; and what reaches two sides is ground, not a thing."""
    height, width = laid.light.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    lab = srgb_to_oklab(cv2.resize(laid.color, size, interpolation=cv2.INTER_AREA))
    labels = _areas(lab)
    largest: tuple[int, NDArray[np.bool_], list[str]] | None = None
    for colour in range(_COLOURS):
        count, pieces, facts, _ = cv2.connectedComponentsWithStats((labels == colour).astype(np.uint8), connectivity=4)
        for number in range(1, count):
            area = int(facts[number][cv2.CC_STAT_AREA])
            if not _THING[0] <= area / labels.size <= _THING[1] or (largest is not None and area <= largest[0]):
                continue
            inside = pieces == number
            met = _met(inside)
            if len(met) <= 1:
                largest = area, inside, met
    if largest is None or not largest[2] or largest[2][0] == "bottom":
        return None
    side, run = largest[2][0], _run(largest[1], largest[2][0])
    if run < _RUN or not _stands_out(lab, largest[1]):
        return None
    return Defect("cut off", f"the subject is cut off at the {side}", min(1.0, 0.2 + 0.6 * run), _place(largest[1]))


def _areas(lab: NDArray[np.float32]) -> NDArray[np.int32]:
    """Which of a few colours each pixel is nearest to; the colours always come out the same."""
    soft = cv2.GaussianBlur(lab, (0, 0), 1.2)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1e-3)
    _, labels, _ = cv2.kmeans(soft.reshape(-1, 3), _COLOURS, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(labels).reshape(lab.shape[:2])


def _stands_out(lab: NDArray[np.float32], inside: NDArray[np.bool_]) -> bool:
    rows, columns = inside.any(axis=1).sum(), inside.any(axis=0).sum()
    far = float(np.linalg.norm(lab[inside].mean(axis=0) - lab[~inside].mean(axis=0)))
    vivid = float(np.hypot(*lab[inside].mean(axis=0)[1:]))
    return far >= _STANDS_OUT and vivid >= _VIVID and float(inside.sum()) / float(rows * columns) >= _COMPACT


def _met(inside: NDArray[np.bool_]) -> list[str]:
    edges = (inside[:, 0], inside[:, -1], inside[0], inside[-1])
    return [side for side, edge in zip(_SIDES, edges, strict=True) if edge.any()]


def _run(inside: NDArray[np.bool_], side: str) -> float:
    """How much of a thing's height (of its width, at the top) lies at that side."""
    if side == "top":
        return float(inside[0].sum() / max(1, inside.any(axis=0).sum()))
    edge = inside[:, 0] if side == "left" else inside[:, -1]
    return float(edge.sum() / max(1, inside.any(axis=1).sum()))


def _place(inside: NDArray[np.bool_]) -> Box:
    y, x = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    height, width = inside.shape
    return float(x[0] / width), float(y[0] / height), float((x[-1] + 1) / width), float((y[-1] + 1) / height)
