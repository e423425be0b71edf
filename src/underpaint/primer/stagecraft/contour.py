"""Line art from what is seen: borders of parts, folds of facets and drawn details, as polylines.

Borders run along the cracks between pixels. Each crack belongs to the nearer side and points so that its owner lies on
its left; cracks are chained by following them (all chains at once, by doubling), then smoothed from stairs to strokes.
"""

import numpy as np

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.mesh import Fold, Mesh
from underpaint.primer.stagecraft.raster import Surface
from underpaint.primer.stagecraft.seen import Floats, Ints, Line, LineKind, Part

_STEP = 2.5
"""Pixels between the points of a finished line."""


def lines_of(
    mesh: Mesh, surface: Surface, parts: tuple[Part, ...], folds: list[Fold], camera: Camera
) -> tuple[Line, ...]:
    """All visible lines, outlines first."""
    pixel_part = np.where(surface.triangle >= 0, mesh.part[np.maximum(surface.triangle, 0)], 0).astype(np.int32)
    out = []
    for chain, part, kind in _borders(mesh, surface, pixel_part, parts):
        out.append(Line(chain, kind, part))
    out += _details(surface, pixel_part, parts, folds, camera)
    order = {"outline": 0, "crease": 1, "detail": 2}
    return tuple(sorted(out, key=lambda line: order[line.kind]))


def _quiet(parts: tuple[Part, ...]) -> np.ndarray:
    """Parts without lines against others of their kind: leaves, grass, water, clouds among themselves."""
    names: dict[str, int] = {}
    group = []
    for i, p in enumerate(parts):
        soft = p.material in ("leaf", "cloud", "water", "hair", "petal") and p.role != "subject"
        key = f"{p.object.split(' ')[0]}/{p.material}" if soft else f"#{i}"
        if p.material == "grass":
            key = "grass"
        group.append(names.setdefault(key, len(names)))
    return np.asarray(group, np.int32)


def _borders(mesh: Mesh, surface: Surface, part: Ints, parts: tuple[Part, ...]) -> list[tuple[Floats, int, LineKind]]:
    group = np.take(_quiet(parts), part)
    facet = np.take(mesh.facet, surface.triangle, mode="clip")
    organic = np.array([p.material in ("leaf", "grass", "cloud", "water", "hair", "sky") for p in parts])
    depth, normal = surface.depth, surface.normal
    edges = []
    for axis in (0, 1):
        a, b = (slice(None, -1), slice(None)), (slice(1, None), slice(None))
        if axis == 1:
            a, b = (slice(None), slice(None, -1)), (slice(None), slice(1, None))
        gap = np.abs(depth[a] - depth[b]) > 0.10 * np.minimum(depth[a], depth[b])
        y, x = np.nonzero((group[a] != group[b]) | (facet[a] != facet[b]) | gap)
        i, j = (y, x), (y + (axis == 0), x + (axis == 1))
        da, db, pa, n = depth[i], depth[j], part[i], normal[i]
        steep = n[:, 1 - axis] / np.maximum(np.abs(n[:, 2]), 0.15) * da / max(depth.shape)
        same, smooth = pa == part[j], organic[pa]
        split = group[i] != group[j]
        far = same & ~smooth & (np.abs(da - db) > 0.10 * np.minimum(da, db) + 4 * np.abs(steep))
        crease = same & ~smooth & (facet[i] != facet[j]) & ((n * normal[j]).sum(-1) < 0.93)
        keep = np.flatnonzero(split | far | crease)
        # where two parts touch neither is nearer: the later one owns the border, or the line would fall to dots
        touch = (np.abs(da - db) < 0.02 * np.minimum(da, db)) & (pa != part[j])
        first = np.where(touch, pa > part[j], da <= db)[keep]
        owner = np.where(first, pa[keep], part[j][keep])
        edges.append(_cracks(y[keep], x[keep], axis, first, owner, (crease & ~split & ~far)[keep]))
    e = np.concatenate(edges)
    if not len(e):
        return []
    return _chains(e, part.shape[1] + 1)


def _cracks(y: Ints, x: Ints, axis: int, first: np.ndarray, owner: Ints, crease: np.ndarray) -> Ints:
    """Cracks as rows (y0, x0, y1, x1, owner, crease) between pixel corners, the owner on their left."""
    if (
        axis == 0
    ):  # between (y, x) above and (y + 1, x) below: a horizontal crack; going left keeps the upper on the left
        y0, y1 = y + 1, y + 1
        x0, x1 = np.where(first, x, x + 1), np.where(first, x + 1, x)
    else:
        x0, x1 = x + 1, x + 1
        y0, y1 = np.where(first, y + 1, y), np.where(first, y, y + 1)
    return np.stack([y0, x0, y1, x1, owner, crease.astype(y.dtype)], axis=1)


def _chains(e: Ints, stride: int) -> list[tuple[Floats, int, LineKind]]:
    n = len(e)
    key = (e[:, 4] * 2 + e[:, 5]).astype(np.int64) << 32
    start, end = key + e[:, 0] * stride + e[:, 1], key + e[:, 2] * stride + e[:, 3]
    order = np.argsort(start, kind="stable")
    found = np.minimum(np.searchsorted(start[order], end), n - 1)
    follow = np.where(start[order][found] == end, order[found], -1)
    # one crack may follow only one other
    taken = np.full(n, -1)
    ok = np.flatnonzero(follow >= 0)
    taken[follow[ok]] = ok
    follow = np.where((follow >= 0) & (taken[np.maximum(follow, 0)] == np.arange(n)), follow, -1)
    head, rank = _ranks(follow, n)
    order = np.lexsort((rank, head))
    return _strokes(e[order], head[order])


def _strokes(e: Ints, chain: Ints) -> list[tuple[Floats, int, LineKind]]:
    """Ordered cracks as smooth, thinned strokes; very short ones are dropped."""
    first = np.concatenate([[True], chain[1:] != chain[:-1]])
    starts = np.flatnonzero(first)
    lengths = np.diff(np.append(starts, len(e)))
    long = lengths >= 5
    keep = np.repeat(long, lengths)
    e, lengths = e[keep], lengths[long]
    if not len(e):
        return []
    starts = np.cumsum(lengths) - lengths
    begin, size = np.repeat(starts, lengths), np.repeat(lengths, lengths)
    place = np.arange(len(e)) - begin
    middle = ((e[:, 1::-1] + e[:, 3:1:-1]) * np.float32(0.5)).astype(np.float32)
    last = starts + lengths - 1
    closed = np.repeat((e[starts, :2] == e[last, 2:4]).all(1) & (lengths > 8), lengths)
    for _ in range(2):
        total = np.zeros_like(middle)
        for o in (-2, -1, 0, 1, 2):
            at = np.where(closed, (place + o) % size, np.clip(place + o, 0, size - 1))
            total += middle[begin + at]
        middle = total / np.float32(5)
    pick = np.flatnonzero((place % 3 == 0) | (place == size - 1))
    counts = np.bincount(np.repeat(np.arange(len(lengths)), lengths)[pick])
    pieces = np.split(middle[pick], np.cumsum(counts)[:-1])
    loop = closed[starts]
    out: list[tuple[Floats, int, LineKind]] = []
    for i, piece in enumerate(pieces):
        row = e[starts[i]]
        points = np.concatenate([piece, piece[:1]]) if loop[i] else piece
        out.append((points, int(row[4]), "crease" if row[5] else "outline"))
    return out


def _ranks(follow: Ints, n: int) -> tuple[Ints, Ints]:
    """For each crack the first crack of its chain and its place in it, by pointer doubling; loops are cut open."""
    before = np.full(n, -1)
    ok = follow >= 0
    before[follow[ok]] = np.flatnonzero(ok)
    for attempt in range(2):
        head, jump, rank = np.arange(n), before.copy(), (before >= 0).astype(np.int64)
        low = np.arange(n)
        for _ in range(max(1, int(np.ceil(np.log2(n + 1))) + 1)):
            live = jump >= 0
            if not live.any():
                break
            j = np.maximum(jump, 0)
            low = np.where(live, np.minimum(low, low[j]), low)
            head = np.where(live, head[j], head)
            rank = np.where(live, rank + rank[j], rank)
            jump = np.where(live, jump[j], -1)
        loop = jump >= 0
        if attempt or not loop.any():
            break
        before[np.unique(low[loop])] = -1  # a loop opens at its lowest crack
    return np.asarray(head, np.int32), np.asarray(rank, np.int32)


def _details(surface: Surface, part: Ints, parts: tuple[Part, ...], folds: list[Fold], camera: Camera) -> list[Line]:
    """Drawn lines where nothing stands before them."""
    if not folds:
        return []
    height, width = part.shape
    q, fold = _dense(folds, camera.place(np.concatenate([f.points for f in folds]), width, height))
    x, y = q[:, 0].astype(np.intp), q[:, 1].astype(np.intp)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (q[:, 2] > 0.05)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    names: dict[str, int] = {}
    objects = np.array([names.setdefault(p.object, len(names)) for p in parts])
    owner = np.array([f.part for f in folds])[fold]
    seen = inside & (surface.depth[y, x] > q[:, 2] * 0.985 - 0.004) & (objects[part[y, x]] == objects[owner])
    change = (seen[1:] != seen[:-1]) | (fold[1:] != fold[:-1])
    starts = np.concatenate([[0], np.flatnonzero(change) + 1])
    ends = np.append(starts[1:], len(q))
    good = seen[starts] & (ends - starts >= 2)
    return [
        Line(q[i:j, :2], "detail", int(owner[i]))
        for i, j in zip(starts[good].tolist(), ends[good].tolist(), strict=True)
    ]


def _dense(folds: list[Fold], placed: Floats) -> tuple[Floats, Ints]:
    """Points about every `_STEP` pixels along all folds (x, y, depth), and which fold each lies on."""
    counts = np.array([len(f.points) for f in folds])
    fold = np.repeat(np.arange(len(folds)), counts)
    linked = fold[1:] == fold[:-1]
    a, b = placed[:-1][linked], placed[1:][linked]
    of = fold[:-1][linked]
    steps = np.clip(np.hypot(b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]) / _STEP, 1, 200).astype(np.intp)
    steps[(a[:, 2] < 0.05) | (b[:, 2] < 0.05)] = 1
    last = np.append(of[1:] != of[:-1], True)
    total = steps + last
    segment = np.repeat(np.arange(len(steps)), total)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(total) - total, total)
    t = (place / steps[segment]).astype(np.float32)[:, None]
    return (a[segment] + (b - a)[segment] * t).astype(np.float32), of[segment]
