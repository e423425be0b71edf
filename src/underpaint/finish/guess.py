"""Where the subject probably is: from a box, from strokes, from a rough mask, or from the picture alone.

The first guess is refined by GrabCut (Rother, Kolmogorov and Blake 2004) on a small copy: colours of what is inside and
what is outside are learned from each other, and the border settles on edges.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.finish.spread import spread_under
from underpaint.finish.trimap import Strokes, eight_bit
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.imaging.geometry import Bounds

_SIDE = 448
_ROUNDS = 4
_PLAIN, _FINE_REACH = 0.05, 0.2


@dataclass(frozen=True)
class Guess:
    """A rough mask, H x W; how many pixels of the picture one pixel of the guess covers; how it was found; where, near
    the mask's edge, thin parts or gaps between them put it in doubt."""

    mask: FloatArray
    coarse: float
    says: str
    doubt: NDArray[np.bool_] | None = None


def guess_subject(color: FloatArray, *, box: Bounds | None = None, strokes: Strokes | None = None,
                  mask: FloatArray | None = None) -> Guess:
    """A rough mask of H x W x 3 colours. Raises PictureError where nothing stands out or strokes leave no choice."""
    height, width = color.shape[:2]
    coarse = max(1.0, max(height, width) / _SIDE)
    size = (max(1, round(width / coarse)), max(1, round(height / coarse)))
    small = np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[1], size[0], 3)
    labels, says = _labels(small, box, mask, (width, height))
    if strokes is not None:
        labels[_reduced(strokes.remove, size)] = cv2.GC_BGD
        labels[_reduced(strokes.keep, size)] = cv2.GC_FGD
        alone = box is None and mask is None
        says = "found from your strokes" if alone else f"{says}, corrected by your strokes"
    found = _cut(small, labels)
    grown = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = grown.reshape(height, width) > 0.5
    lab = srgb_to_oklab(color)
    inside, from_ground = _without_holes(lab, inside, strokes.remove if strokes is not None else None)
    doubt, likely = _fine_parts(lab, inside, from_ground)
    return Guess(np.where(doubt, likely, inside).astype(np.float32), coarse, says, doubt)


def _without_holes(lab: FloatArray, inside: NDArray[np.bool_],
                   removed: NDArray[np.bool_] | None) -> tuple[NDArray[np.bool_], FloatArray]:
    """The mask with those holes filled that do not look like the ground around the subject (eyes, a dark belt), and how
    far each pixel is from that ground, in OKLab; both H x W."""
    height, width = inside.shape
    count, pieces = cv2.connectedComponents((~inside).astype(np.uint8), connectivity=4)
    outer = np.zeros(count, bool)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        outer[np.unique(edge)] = True
    outer[0] = False  # the mask itself
    if not outer.any() or not inside.any():
        return inside, np.ones(inside.shape, np.float32)
    ground = spread_under(lab, (outer[pieces] & ~_grown(inside, 3)).astype(np.float32))
    # Thin parts are drowned in a mean of their surroundings, so that mean is what lies behind them.
    around = 2 * max(3, round(0.02 * min(height, width))) + 1
    ground = cv2.blur(ground, (around, around), borderType=cv2.BORDER_REFLECT)
    from_ground = np.sqrt(((lab - ground) ** 2).sum(axis=2)).astype(np.float32)
    often = np.maximum(np.bincount(pieces.ravel(), minlength=count), 1)
    fills = ~outer & (np.bincount(pieces.ravel(), from_ground.ravel(), minlength=count) / often > 1.5 * _PLAIN)
    fills[0] = False
    if removed is not None:
        fills[np.unique(pieces[removed])] = False
    return np.asarray(inside | fills[pieces]), from_ground


def _fine_parts(lab: FloatArray, inside: NDArray[np.bool_],
                from_ground: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Where thin parts put a mask in doubt, and how much of the subject is probably there; both H x W.

    Outside: hair, twigs, rigging, which hang together with the mask, differ from the ground around them and resemble
    the subject more. Inside, near the edge: gaps that look like the ground.
    """
    if not inside.any() or inside.all():
        return np.zeros_like(inside), inside.astype(np.float32)
    reach = max(4, round(_FINE_REACH * min(inside.shape)))
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    from_subject = np.full(inside.shape, np.inf, np.float32)
    for colour in _main_colours(lab[depth > 0.4 * depth.max()]):
        np.minimum(from_subject, np.sqrt(((lab - colour) ** 2).sum(axis=2)), out=from_subject)
    likely = from_ground / np.maximum(from_ground + from_subject, 1e-6)
    parts = (from_ground > _PLAIN) & (likely > 0.58) & ~inside & _grown(inside, reach)
    count, pieces = cv2.connectedComponents((_grown(parts, 1) | inside).astype(np.uint8), connectivity=8)
    hanging = np.zeros(count, bool)
    hanging[np.unique(pieces[inside])] = True
    gaps = inside & (depth <= reach) & (likely < 0.4) & (from_ground < 2 * _PLAIN)
    doubt = (_grown(hanging[pieces] & parts, 2) & ~inside) | _grown(gaps, 2)
    return np.asarray(doubt), likely.astype(np.float32)


def _main_colours(lab: FloatArray) -> FloatArray:
    some = np.ascontiguousarray(lab[:: max(1, len(lab) // 5000)], np.float32)
    count = min(5, len(some))
    if count < 2:
        return some[:1]
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-4)
    return np.asarray(cv2.kmeans(some, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)[2], np.float32)


def _grown(marks: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    away = cv2.distanceTransform((~marks).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= by) if marks.any() else marks


def _labels(small: FloatArray, box: Bounds | None, mask: FloatArray | None,
            full: tuple[int, int]) -> tuple[NDArray[np.uint8], str]:
    size = (small.shape[1], small.shape[0])
    if mask is not None:
        inside = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).reshape(size[::-1]) > 0.5
        return np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8), "taken from the mask"
    if box is not None:
        labels = np.full(size[::-1], cv2.GC_BGD, np.uint8)
        across, down = size[0] / full[0], size[1] / full[1]
        top, left = int(box.y * down), int(box.x * across)
        bottom, right = max(top + 1, round(box.bottom * down)), max(left + 1, round(box.right * across))
        labels[top:bottom, left:right] = cv2.GC_PR_FGD
        return labels, "looked for inside the box"
    return _standing_out(small), "guessed: what differs from the colours along the picture's edges"


def _standing_out(small: FloatArray) -> NDArray[np.uint8]:
    """Labels from how far each pixel's colour is from those along the left, right and upper edge, nearer the middle
    counting more."""
    lab = srgb_to_oklab(cv2.GaussianBlur(small, (0, 0), 1.0)).astype(np.float32)
    height, width = lab.shape[:2]
    rim = max(1, round(0.03 * max(height, width)))
    edge = np.concatenate([lab[:rim].reshape(-1, 3), lab[:, :rim].reshape(-1, 3), lab[:, -rim:].reshape(-1, 3)])
    count = min(6, len(np.unique(edge, axis=0)))
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-4)
    _, _, centres = cv2.kmeans(np.ascontiguousarray(edge), count, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    apart = np.sqrt(((lab[:, :, None] - centres[None, None]) ** 2).sum(-1)).min(-1)
    y, x = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    strength = (apart * np.exp(-(x**2 + y**2) / 1.2)).astype(np.float32)
    top = float(strength.max())
    if top < 0.02:
        raise PictureError("nothing stands out from the background here",
                           hint="Give --mask, --strokes or --box to say what stays.")
    steps = np.rint(strength / top * 255).astype(np.uint8)
    level, _ = cv2.threshold(steps, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    inside = steps > level
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    quiet = apart < 0.25 * np.percentile(apart[inside], 50) if inside.any() else ~inside
    frame = np.zeros_like(inside)
    frame[:rim] = frame[:, :rim] = frame[:, -rim:] = True
    labels[frame & quiet] = cv2.GC_BGD
    return labels


def _reduced(marks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Every stroke still there in the small copy, however thin."""
    small = cv2.resize(marks.astype(np.float32), size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    return np.asarray(small > 0.15)


def _cut(small: FloatArray, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    inner = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if inner.all() or not inner.any():
        return np.asarray(inner)
    if min(inner.sum(), (~inner).sum()) < 10:  # too few for colour statistics
        return np.asarray(inner)
    cv2.setRNGSeed(1)  # its first clusters are drawn by chance
    marked, inner_colors, outer_colors = labels.copy(), np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(eight_bit(small), marked, None, inner_colors, outer_colors, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return np.asarray(inner)
    return np.isin(marked, (cv2.GC_FGD, cv2.GC_PR_FGD))
