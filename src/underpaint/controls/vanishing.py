"""Where the straight edges of a picture run to: vanishing points by RANSAC (Fischler and Bolles 1981)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.controls.perspective_geometry import MOST_BENT, Lens, Points
from underpaint.controls.segments import Segments
from underpaint.imaging.geometry import Extent

_TRIES = 900
_CLOSE = np.radians(2.0)
_LEAST_SHARE, _LEAST = 0.08, 5
_FAR = 40.0
"""In half diagonals: points farther off than that are directions."""
_BENDS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
_BETTER = 1.12


@dataclass(frozen=True, eq=False)
class Found:
    """`vanishing`: K x 3, homogeneous, in pixels, the best supported first. `share`: of the length of all edges, what
    runs to them. `curvature`: of the lens they were seen through."""

    vanishing: Points
    share: float
    curvature: float = 0.0


def find_vanishing(segments: Segments, extent: Extent, *, most: int = 3) -> Found:
    """At most `most` vanishing points of a straight picture. The same segments always give the same points."""
    radius = float(np.hypot(extent.width, extent.height)) / 2
    middle = np.array([extent.width / 2, extent.height / 2])
    middles, left = (segments.middles - middle) / radius, np.ones(len(segments.lengths), bool)
    points: list[Points] = []
    total = float(segments.lengths.sum())
    rng = np.random.default_rng(1)
    while len(points) < most and left.sum() >= _LEAST:
        here = Segments(middles[left], segments.directions[left], segments.lengths[left])
        point = _refined(_best(here, rng), here)
        runs = misfit(middles, segments.directions, point) < 1.5 * _CLOSE
        if segments.lengths[runs & left].sum() < _LEAST_SHARE * total or (runs & left).sum() < _LEAST:
            break
        points.append(point)
        left &= ~runs
    share = float(segments.lengths[~left].sum() / total) if total else 0.0
    return Found(np.array([_placed(one, middle, radius) for one in points]).reshape(-1, 3), share)


def find_bent(segments: Segments, extent: Extent, *, most: int = 3) -> Found:
    """The same through a lens: the bend under which most edges run to few points, 0 unless one is clearly better."""
    best = find_vanishing(segments, extent, most=most)
    straight = best.share
    for curvature in _BENDS[1:]:
        found = find_vanishing(straightened(segments, Lens.of(extent, curvature)), extent, most=most)
        if found.share > max(best.share, _BETTER * straight):
            best = Found(found.vanishing, found.share, curvature)
    return best


def straightened(segments: Segments, lens: Lens) -> Segments:
    """Segments as they would lie without the lens."""
    assert lens.kappa <= MOST_BENT
    ends = lens.straight(segments.ends())
    apart = ends[:, 1] - ends[:, 0]
    lengths = np.linalg.norm(apart, axis=-1)
    return Segments(ends.mean(1), apart / np.maximum(lengths, 1e-9)[:, None], segments.lengths)


def misfit(middles: Points, directions: Points, point: Points) -> NDArray[np.float64]:
    """The angle (radians, 0..pi/2) between each segment and the line from its middle to a homogeneous point."""
    aim = point[:2] - point[2] * middles
    cross = np.abs(aim[:, 0] * directions[:, 1] - aim[:, 1] * directions[:, 0])
    along = np.abs((aim * directions).sum(-1))
    return np.asarray(np.arctan2(cross, along))


def _lines(segments: Segments) -> Points:
    """Homogeneous lines with unit normals."""
    normal = np.stack([-segments.directions[:, 1], segments.directions[:, 0]], axis=-1)
    return np.concatenate([normal, -(normal * segments.middles).sum(-1, keepdims=True)], axis=1)


def _best(segments: Segments, rng: np.random.Generator) -> Points:
    lines, chance = _lines(segments), segments.lengths / segments.lengths.sum()
    pairs = rng.choice(len(lines), size=(_TRIES, 2), p=chance)
    tried = np.cross(lines[pairs[:, 0]], lines[pairs[:, 1]])
    tried = tried[np.linalg.norm(tried, axis=1) > 1e-6]
    best, most = np.array([1.0, 0.0, 0.0]), -1.0
    for point in tried:
        score = float((segments.lengths * np.maximum(
            0, 1 - np.square(misfit(segments.middles, segments.directions, point) / _CLOSE))).sum())
        if score > most:
            best, most = point, score
    return np.asarray(best / np.linalg.norm(best))


def _refined(point: Points, segments: Segments) -> Points:
    """The point nearest to all lines that run to it, by weighted least squares."""
    lines = _lines(segments)
    for _ in range(4):
        runs = misfit(segments.middles, segments.directions, point) < _CLOSE
        if runs.sum() < 2:
            break
        # A line's distance to the point counts as the angle under which it misses.
        away = np.maximum(np.linalg.norm(point[:2] - point[2] * segments.middles[runs], axis=1), 1e-6)
        weighted = lines[runs] * (np.sqrt(segments.lengths[runs]) / away)[:, None]
        point = np.linalg.svd(weighted, full_matrices=False)[2][-1]
    return point


def _placed(point: Points, middle: Points, radius: float) -> Points:
    """Back in pixels; far points as directions."""
    if abs(point[2]) * _FAR < np.linalg.norm(point[:2]):
        aim = point[:2] if point[0] > 0 or (point[0] == 0 and point[1] > 0) else -point[:2]
        return np.array([*(aim / np.linalg.norm(aim)), 0.0])
    return np.array([*(point[:2] / point[2] * radius + middle), 1.0])
