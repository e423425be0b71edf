"""Guesses at where a sheet of paper lies in a photo: regions that could be paper, lines that could be its sides."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.geometry import Extent

Quad = NDArray[np.float64]
"""Four corners, 4 x 2, (x, y), clockwise from the top left."""
_Mask = NDArray[np.uint8]
_LINES = 12
"""How many of the straightest long edges are combined."""


@dataclass(frozen=True)
class Scene:
    """The small copy: CIELAB, 8-bit, lines closed away, and what the guesses share."""

    lab: FloatArray
    center: FloatArray
    extent: Extent


def guesses(scene: Scene) -> Iterator[tuple[Quad, float]]:
    """Many quads, rough and some absurd, each with how well what suggested it agrees with it, 0..1."""
    for mask in _regions(scene):
        for quad in _quads_of(mask):
            yield quad, _overlap(quad, mask)
    for quad in _from_lines(scene):
        yield quad, 0.95


def look(image: FloatArray, small: Extent) -> Scene:
    """Make the small copy of an H x W x 3 photo."""
    copy = cv2.resize(image[..., :3], (small.width, small.height), interpolation=cv2.INTER_AREA)
    size = 2 * max(2, round(0.012 * max(small.width, small.height))) + 1
    closed = cv2.morphologyEx(copy, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    lab = np.asarray(cv2.cvtColor(np.asarray(closed, np.float32), cv2.COLOR_RGB2LAB), np.float32)
    lab = np.asarray(cv2.medianBlur(lab, 5), np.float32)
    h, w = small.shape
    middle = lab[h * 3 // 8 : h * 5 // 8 + 1, w * 3 // 8 : w * 5 // 8 + 1].reshape(-1, 3)
    return Scene(lab, np.percentile(middle, 70, axis=0).astype(np.float32), small)


def _regions(scene: Scene) -> Iterator[_Mask]:
    """Masks (0/255) of what may be the sheet: by lightness, by colour, by both, and by enclosing edges."""
    light = scene.lab[..., 0]
    color = np.linalg.norm(scene.lab[..., 1:] - scene.center[1:], axis=-1)
    for level in _levels(light, 12):
        yield _byte(light > level)
    for level in _levels(color, 7):
        yield _byte(color < level)
    both = color * 1.5 + np.maximum(scene.center[0] - light, 0.0)
    for level in _levels(both, 9):
        yield _byte(both < level)
    gray = to_bytes(light / 100.0)
    for low in (12, 30):
        edges = cv2.dilate(cv2.Canny(gray, low, low * 3), np.ones((3, 3), np.uint8))
        yield _byte(edges == 0)


def _levels(values: NDArray[Any], count: int) -> NDArray[Any]:
    low, high = np.percentile(values, [6, 94])
    return np.linspace(float(low), float(high), count + 2)[1:-1]


def _byte(mask: NDArray[np.bool_]) -> _Mask:
    return mask.astype(np.uint8) * np.uint8(255)


def _quads_of(mask: _Mask) -> Iterator[Quad]:
    """Corners round the largest piece of a mask, clockwise from the top left; at most two readings of it."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    around = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.03, 0.045, 0.06, 0.08):
        corners = cv2.approxPolyDP(hull, tolerance * around, True).reshape(-1, 2).astype(np.float64)
        if tolerance == 0.01 and 4 < len(corners) < 8:
            yield from _completed(corners, mask.shape)
        if len(corners) == 4:
            yield _ordered(corners)
            return


def _completed(corners: Quad, shape: tuple[int, ...]) -> Iterator[Quad]:
    """A sheet whose corner runs out of the photo: sides along the photo's edge dropped, the others prolonged."""
    limit = np.array([shape[1] - 1, shape[0] - 1])
    low, high = corners < 3, corners > limit - 3
    sides = []
    for index in range(len(corners)):
        after = (index + 1) % len(corners)
        if not ((low[index] & low[after]) | (high[index] & high[after])).any():
            start, way = corners[index], corners[after] - corners[index]
            length = float(np.linalg.norm(way))
            if length > 0.05 * float(limit.max()):
                sides.append(np.concatenate([way / length, start]))
    if len(sides) == 4:
        yield _ordered(np.array([meet(sides[side - 1], sides[side]) for side in range(4)]))


def _from_lines(scene: Scene) -> Iterator[Quad]:
    """Quads of long straight edges, for sheets that shadows cut into pieces."""
    gray = cv2.GaussianBlur(to_bytes(scene.lab[..., 0] / 100.0), (0, 0), 1.0)
    least = round(0.22 * min(scene.extent.width, scene.extent.height))
    found = cv2.HoughLines(cv2.Canny(gray, 8, 20), 1, np.pi / 180, least)
    if found is None:
        return
    sides: list[tuple[float, float]] = []
    for distance, angle in np.asarray(found).reshape(-1, 2).tolist():
        if all(abs(distance - d) > 10 or abs(angle - a) > 0.1 for d, a in sides):
            sides.append((distance, angle))
        if len(sides) == _LINES:
            break
    pairs = [pair for pair in combinations(sides, 2) if _turn(pair[0][1], pair[1][1]) < 0.6]
    for first, second in combinations(pairs, 2):
        if _turn(first[0][1], second[0][1]) > 0.9:
            around = [_line(first[0]), _line(second[0]), _line(first[1]), _line(second[1])]
            corners = np.array([meet(around[side - 1], around[side]) for side in range(4)])
            if np.isfinite(corners).all() and _within(corners, scene.extent):
                yield _ordered(corners)


def _within(corners: Quad, extent: Extent) -> bool:
    """Nearly inside the photo: where lines are all there is to go by, corners out of sight are guesswork."""
    size = np.array([extent.width, extent.height])
    return bool(((corners > -0.04 * size) & (corners < 1.04 * size)).all())


def _turn(first: float, second: float) -> float:
    """The angle between two undirected lines, 0..pi/2."""
    gap = abs(first - second) % np.pi
    return float(min(gap, np.pi - gap))


def _line(side: tuple[float, float]) -> NDArray[Any]:
    """Distance and angle of the normal -> (way x, way y, point x, point y)."""
    distance, angle = side
    across = np.array([np.cos(angle), np.sin(angle)])
    return np.concatenate([[-across[1], across[0]], across * distance])


def _ordered(corners: Quad) -> Quad:
    middle = corners.mean(axis=0)
    turn = np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))
    corners = corners[turn]
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0)


def meet(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Where two lines (way x, way y, point x, point y) cross; not a number where they are parallel."""
    across = first[0] * second[1] - first[1] * second[0]
    if abs(across) < 1e-6:
        return np.array([np.nan, np.nan])
    gap = second[2:] - first[2:]
    return np.asarray(first[2:] + first[:2] * ((gap[0] * second[1] - gap[1] * second[0]) / across))


def _overlap(quad: Quad, mask: _Mask) -> float:
    """How well a guess agrees with its quad, softened: shadows and drawn shapes leave holes in a guess."""
    inside = np.zeros_like(mask)
    cv2.fillConvexPoly(inside, np.rint(quad).astype(np.int32), 255)
    both = np.logical_and(inside, mask).sum() / max(int(np.count_nonzero(inside)), 1)
    outside = np.logical_and(inside == 0, mask > 0).sum() / max(int(np.count_nonzero(inside == 0)), 1)
    return float(0.8 + 0.2 * both) * float(1.0 - 0.2 * outside)
