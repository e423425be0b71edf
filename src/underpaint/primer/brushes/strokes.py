"""Strokes: where they start, how they run along the form, and which pixels they cover.

All work on arrays of strokes at once. Coordinates are pixels of the seen arrays, x before y.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.brushes.fields import Array

BINS = 16
_AT_ONCE = 300_000  # samples, so that they stay in the processor's own memory
_SAME = np.float32(np.cos(np.pi / 2 / BINS))  # two directions of one bin
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Paths:
    """N strokes of K points each. `low` and `high` say which stretch of the K points was walked."""

    points: Array
    low: Array
    high: Array
    part: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.points)

    def pick(self, which: NDArray | slice) -> "Paths":
        """Some of the strokes, in the given order."""
        return Paths(self.points[which], self.low[which], self.high[which], self.part[which])

    @property
    def middle(self) -> Array:
        """N x 2: where each stroke was set down."""
        return self.points[:, self.points.shape[1] // 2]


@dataclass(frozen=True)
class Samples:
    """Pixels under strokes, in the order of painting: flat pixel index, stroke, place along 0..1 and across -1..1."""

    at: Index
    stroke: Index
    along: Array
    across: Array


def at(field: NDArray, xy: Array) -> NDArray:
    """The field's values at points N x 2, the nearest pixel."""
    height, width = field.shape[:2]
    x = np.rint(xy[..., 0]).astype(np.intp).clip(0, width - 1)
    y = np.rint(xy[..., 1]).astype(np.intp).clip(0, height - 1)
    return field.reshape(height * width, *field.shape[2:]).take(y * width + x, 0)


def seeds(flow: Array, across: float, along: float, rng: np.random.Generator, jitter: float = 0.25) -> Array:
    """Starting points in rows that lie along the flow: even hatching where it is even.

    Some start outside the picture, so that its borders are as full as its middle.
    """
    height, width = flow.shape[:2]
    reach = float(np.hypot(height, width)) / 2
    rows, columns = int(2 * reach / across) + 2, int(2 * reach / along) + 2
    found = []
    u = (np.arange(columns, dtype=np.float32) - columns / 2)[None, :] + rng.random((rows, 1), np.float32)
    u = (u + (rng.random((rows, columns), np.float32) - 0.5) * 2 * jitter) * along
    v = ((np.arange(rows, dtype=np.float32) - rows / 2) * across)[:, None]
    v = v + (rng.random((rows, columns), np.float32) - 0.5) * (jitter * across)
    for b in range(BINS):
        angle = np.pi * b / BINS
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        x = np.float32(width / 2) + u * cos - v * sin
        y = np.float32(height / 2) + u * sin + v * cos
        inside = (x >= -along) & (x < width + along) & (y >= -along) & (y < height + along)
        xy = np.stack([x[inside], y[inside]], -1)
        f = at(flow, xy)
        near = np.abs(f[:, 0] * cos + f[:, 1] * sin) > _SAME
        found.append(xy[near])
    return np.concatenate(found)


def scattered(shape: tuple[int, int], spacing: float, rng: np.random.Generator) -> Array:
    """Starting points on a shaken grid, in random order."""
    height, width = shape
    y, x = np.mgrid[0 : int(height / spacing) + 1, 0 : int(width / spacing) + 1].astype(np.float32)
    xy = (np.stack([x.ravel(), y.ravel()], -1) + rng.random((x.size, 2))) * spacing
    xy[:, 0] = xy[:, 0].clip(0, width - 1)
    xy[:, 1] = xy[:, 1].clip(0, height - 1)
    return rng.permutation(xy).astype(np.float32)


@dataclass(frozen=True)
class _Way:
    """What a stroke follows, and in how many steps of how many pixels it bends to it by how much."""

    flow: Array
    part: NDArray[np.int32]
    step: float
    steps: int
    turn: float


def walk(
    flow: Array, part: NDArray[np.int32], xy: Array, length: float, steps: int = 5, turn: float = 1.0
) -> Paths:  # fmt: skip
    """From each point both ways along the flow, `length` in all, stopping where another part begins.

    `turn` 1 follows every bend, less keeps a stroke straighter than the form.
    """
    way = _Way(flow, part, length / 2 / steps, steps, turn)
    here, start = at(part, xy), at(flow, xy)
    (back, n_back), (ahead, n_ahead) = (_half(way, xy, start * sign, here) for sign in (-1, 1))
    points = np.concatenate([back[:, ::-1], xy[:, None], ahead], 1).astype(np.float32)
    return Paths(points, (steps - n_back).astype(np.float32), (steps + n_ahead).astype(np.float32), here)


def _half(way: _Way, xy: Array, heading: Array, here: NDArray[np.int32]) -> tuple[Array, NDArray[np.int32]]:
    """Points N x steps x 2 one way, and how many of them were reached."""
    height, width = way.part.shape
    beyond = way.step * way.steps * 2 + 1
    alive = np.ones(len(xy), bool)
    reached = np.zeros(len(xy), np.int32)
    points = np.empty((len(xy), way.steps, 2), np.float32)
    for k in range(way.steps):
        ahead = xy + heading * np.float32(way.step)
        ok = alive & (ahead > -beyond).all(1) & (ahead[:, 0] < width + beyond) & (ahead[:, 1] < height + beyond)
        ok &= at(way.part, ahead) == here
        xy = np.where(ok[:, None], ahead, xy)
        bend = at(way.flow, xy)
        bend = bend * np.where((bend * heading).sum(-1) < 0, -1, 1).astype(np.float32)[:, None]
        heading = heading + (bend - heading) * np.float32(way.turn)
        heading /= np.maximum(np.hypot(heading[:, :1], heading[:, 1:]), 1e-4)
        alive = ok
        reached += ok
        points[:, k] = xy
    return points, reached


@dataclass(frozen=True)
class Reach:
    """How strokes cover pixels: `profile(along)` narrows them, `pitch` is how dense they are sampled in pixels,
    `within` a field of labels where a stroke stays on the label it was set down on, `top` keeps only what is seen.
    """

    profile: Callable[[Array], Array] | None = None
    pitch: float = 0.8
    within: NDArray | None = None
    top: bool = True


def cover(paths: Paths, width: Array | float, shape: tuple[int, int], reach: Reach) -> Samples:
    """The pixels under strokes of full width N (or N x K, one per point); later strokes lie over earlier ones.

    Strokes are sampled a handful at a time, so that large pictures need no more memory than small ones.
    """
    widths = np.broadcast_to(np.asarray(width, np.float32), len(paths)) if np.ndim(width) < 2 else np.asarray(width)
    t, s = _raster(paths, float(widths.max()) if len(paths) else 1.0, reach.pitch)
    each = t.shape[1] * len(s)
    some = max(1, _AT_ONCE // each)
    winner = np.full(shape[0] * shape[1], -1, np.int64)
    goods, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start in range(0, len(paths), some):
        few = slice(start, start + some)
        good, index = _sampled(paths.pick(few), widths[few].astype(np.float32), (t, s), shape, reach)
        good += start * each
        if reach.top:
            winner[index] = good
        else:
            goods.append(good)
            places.append(index)
    index = np.flatnonzero(winner >= 0) if reach.top else np.concatenate(places)
    good = winner[index] if reach.top else np.concatenate(goods)
    row, column = np.divmod(good, len(s))
    stroke, step = np.divmod(row, t.shape[1])
    return Samples(index.astype(np.intp), stroke, t[0].take(step), s.take(column))


def _sampled(
    paths: Paths, width: Array, raster: tuple[Array, Array], shape: tuple[int, int], reach: Reach
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which samples of these strokes fall on the picture, counted stroke by stroke, and on which flat pixel."""
    t, s = raster
    n, k = paths.points.shape[:2]
    place = paths.low[:, None] + t * (paths.high - paths.low)[:, None]
    first = np.minimum(place.astype(np.intp), k - 2)
    rest = (place - first).astype(np.float32)
    flat = first + (np.arange(n) * k)[:, None]
    px, py = (_between(paths.points[..., c], flat, rest) for c in (0, 1))
    dx, dy = np.gradient(px, axis=1), np.gradient(py, axis=1)
    size = np.maximum(np.hypot(dx, dy), 1e-4)
    half = _half_width(width, flat, rest, t, reach.profile)
    drawn = (paths.high > paths.low)[:, None] & (half > 0.2)
    half = half / size
    x = np.rint(px[..., None] + (-dy * half)[..., None] * s).astype(np.int32)
    y = np.rint(py[..., None] + (dx * half)[..., None] * s).astype(np.int32)
    inside = (x.view(np.uint32) < shape[1]) & (y.view(np.uint32) < shape[0]) & drawn[..., None]  # negative: huge
    good = np.flatnonzero(inside)
    index = (y * np.int32(shape[1]) + x).ravel().take(good)
    if reach.within is not None:
        own = np.repeat(at(reach.within, paths.middle), t.shape[1] * len(s)).take(good)
        same = reach.within.ravel().take(index) == own
        good, index = good[same], index[same]
    return good.astype(np.int64), index.astype(np.int64)


def _raster(paths: Paths, widest: float, pitch: float) -> tuple[Array, Array]:
    """Places along (1 x A, 0..1) and across (B, -1..1) at which every stroke is sampled."""
    legs = np.diff(paths.points, axis=1)
    longest = float(np.hypot(legs[..., 0], legs[..., 1]).sum(1).max()) if len(paths) else 1.0
    along, across = max(2, int(np.ceil(longest / pitch))), max(1, int(np.ceil(widest / pitch)))
    t = np.linspace(0, 1, along, dtype=np.float32)[None, :]
    return t, np.linspace(-1, 1, across, dtype=np.float32) if across > 1 else np.zeros(1, np.float32)


def _between(values: Array, flat: Index, rest: Array) -> Array:
    values = np.ascontiguousarray(values).ravel()
    first = values.take(flat)
    return first + (values.take(flat + 1) - first) * rest


def _half_width(width: Array, flat: Index, rest: Array, t: Array, profile: Callable[[Array], Array] | None) -> Array:
    if width.ndim == 2:
        half = _between(width, flat, rest) * np.float32(0.5)
    else:
        half = np.repeat(width.reshape(-1, 1) / 2, flat.shape[1], 1)
    return half * profile(t) if profile is not None else half


def tapered(along: Array) -> Array:
    """A pen stroke: set down quickly, lifted slowly."""
    return np.minimum(1, np.minimum(along * 7 + 0.25, (1 - along) * 2.2 + 0.12))


def rounded(along: Array) -> Array:
    """A loaded brush: round at both ends."""
    return np.sqrt(np.clip(1 - (2 * along - 1) ** 6, 0, 1))


def heap(samples: Samples, weight: Array | float, shape: tuple[int, int]) -> Array:
    """How much of the medium lies on each pixel when every sample leaves `weight` there."""
    weights = np.broadcast_to(np.asarray(weight, np.float32), samples.at.shape)
    return np.bincount(samples.at, weights, shape[0] * shape[1]).reshape(shape).astype(np.float32)


def dabs(xy: Array, width: Array, shape: tuple[int, int], weight: float = 1.0) -> Array:
    """Round dabs at N places, N wide, heaped up on the pixels with soft borders: 0..1; a hairline is pale."""
    total = np.zeros(shape[0] * shape[1], np.float64)
    thin = width < 2.95
    for group in (thin & (width > 0.05), ~thin):
        if group.any():
            total += _dab(xy[group], width[group], shape) * weight
    return np.minimum(total.reshape(shape), 1).astype(np.float32)


def _dab(xy: Array, width: Array, shape: tuple[int, int]) -> NDArray[np.float64]:
    height, wide = shape
    reach = int(float(width.max()) / 2 + 0.5)
    base = np.floor(xy).astype(np.int32)
    rest = xy - base
    offsets = np.mgrid[-reach : reach + 2, -reach : reach + 2].reshape(2, -1)
    dy, dx = (o[None, :] for o in offsets.astype(np.float32))
    distance = np.sqrt((dx - rest[:, :1]) ** 2 + (dy - rest[:, 1:]) ** 2)
    weight: Array = np.clip(width[:, None] / 2 + 0.5 - distance, 0, 1)
    x, y = base[:, :1] + offsets[1][None, :], base[:, 1:] + offsets[0][None, :]
    good = np.flatnonzero((weight > 0) & (x >= 0) & (y >= 0) & (x < wide) & (y < height))
    index = y.ravel()[good].astype(np.intp) * wide + x.ravel()[good]
    pale = np.minimum(width / np.float32(1.4), 1)
    weights = (weight * pale[:, None]).ravel()[good]
    return np.bincount(index, weights, height * wide).astype(np.float64)
