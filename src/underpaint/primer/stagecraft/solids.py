"""Solids in metres, y up, standing on or centred at the origin: boxes, extrusions, lathes, capsules, tubes, sheets."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from underpaint.primer.stagecraft.mesh import Solid, aim, cross, unit
from underpaint.primer.stagecraft.seen import Floats

Point = Sequence[float] | Floats


def sheet(rows: Floats, uv: Floats | None = None, closed: bool = False, smooth: bool = True) -> Solid:
    """A grid of points R x C x 3 as smooth triangles, seen from the side of (along rows) x (along columns).

    u runs along the columns' direction (axis 0), v along axis 1, both in metres.
    """
    rows = np.asarray(rows, np.float32)
    normal = unit(cross(_slope(rows, 1), _slope(rows, 0)))
    if uv is None:
        uv = np.zeros((*rows.shape[:2], 2), np.float32)
        uv[1:, :, 0] = np.cumsum(np.sqrt(((rows[1:] - rows[:-1]) ** 2).sum(-1)), axis=0)
        uv[:, 1:, 1] = np.cumsum(np.sqrt(((rows[:, 1:] - rows[:, :-1]) ** 2).sum(-1)), axis=1)
    index = _grid(rows.shape[0], rows.shape[1])
    points = rows.reshape(-1, 3)[index]
    normals = normal.reshape(-1, 3)[index]
    uvs = np.asarray(uv, np.float32).reshape(-1, 2)[index]
    facet = np.zeros(len(points), np.int32)
    if not smooth:
        normals = _flat(points)
        facet = np.arange(len(points), dtype=np.int32) // 2
    sound = np.abs(cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])).max(-1) > 1e-9
    if sound.all():
        return Solid(points, normals, uvs, facet, closed)
    return Solid(points[sound], normals[sound], uvs[sound], facet[sound], closed)


def _slope(rows: Floats, axis: int) -> Floats:
    """Differences of neighbours along an axis, one-sided at the ends."""
    if axis == 1:
        return _slope(rows.swapaxes(0, 1), 0).swapaxes(0, 1)
    out = np.empty_like(rows)
    out[1:-1] = rows[2:] - rows[:-2]
    out[0], out[-1] = rows[1] - rows[0], rows[-1] - rows[-2]
    return out


@cache
def _grid(rows: int, columns: int) -> np.ndarray:
    """Corners of the triangles of a grid, two a cell, as indices T x 3."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    p = (i * columns + j).reshape(-1)
    q, r, s = p + columns, p + columns + 1, p + 1
    return np.stack([np.stack([p, r, q], axis=1), np.stack([p, s, r], axis=1)], axis=1).reshape(-1, 3)


def _flat(points: Floats) -> Floats:
    n = unit(cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]))
    return np.repeat(n[:, None], 3, axis=1).astype(np.float32)


def polygons(corners: Sequence[Sequence[Point]], closed: bool = True) -> Solid:
    """Flat convex polygons (counter-clockwise from outside), one facet each; u runs along the first edge."""
    groups: dict[int, list[int]] = {}
    for k, polygon in enumerate(corners):
        groups.setdefault(len(polygon), []).append(k)
    points, uvs, facets = [], [], []
    for n, members in groups.items():
        p = np.array([corners[k] for k in members], np.float32)
        fan = np.array([[0, i, i + 1] for i in range(1, n - 1)])
        points.append(p[:, fan].reshape(-1, 3, 3))
        uvs.append(_flat_uv(p)[:, fan].reshape(-1, 3, 2))
        facets.append(np.repeat(np.array(members, np.int32), n - 2))
    soup = np.concatenate(points)
    return Solid(soup, _flat(soup), np.concatenate(uvs), np.concatenate(facets), closed)


def _flat_uv(p: Floats) -> Floats:
    """Coordinates K x N x 2 in the planes of polygons K x N x 3, u along the first edge."""
    edge, other = p[:, 1] - p[:, 0], p[:, -1] - p[:, 0]
    x = unit(edge)
    y = cross(unit(cross(edge, other)), x)
    d = p - p[:, :1]
    return np.stack([np.einsum("knj,kj->kn", d, x), np.einsum("knj,kj->kn", d, y)], axis=-1).astype(np.float32)


_CORNER = np.float32([(-1, 0, -1), (1, 0, -1), (1, 1, -1), (-1, 1, -1), (-1, 0, 1), (1, 0, 1), (1, 1, 1), (-1, 1, 1)])
_FACES = np.array([(4, 5, 6, 7), (1, 0, 3, 2), (5, 1, 2, 6), (0, 4, 7, 3), (7, 6, 2, 3), (0, 1, 5, 4)])
_FACE_TRIANGLES = _FACES[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
_FACE_NORMALS = np.repeat(
    np.float32([(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)]), 6, axis=0
).reshape(12, 3, 3)  # fmt: skip
_FACE_UV = np.array([(0, 1), (0, 1), (2, 1), (2, 1), (0, 2), (0, 2)])
_FACE_FACET = np.repeat(np.arange(6, dtype=np.int32), 2)


def box(width: float, height: float, depth: float, taper: float = 1.0) -> Solid:
    """A box standing on y = 0; `taper` shrinks its top."""
    c = _CORNER * np.float32([width / 2, height, depth / 2])
    if taper != 1.0:
        c = np.where(_CORNER[:, 1:2] > 0, c * np.float32([taper, 1, taper]), c)
        return polygons([c[list(face)].tolist() for face in _FACES])
    points = c[_FACE_TRIANGLES]
    uv = np.take_along_axis(points, np.repeat(np.repeat(_FACE_UV, 2, 0)[:, None], 3, 1), axis=2)
    return Solid(points, _FACE_NORMALS, uv, _FACE_FACET)


def boxes(bases: Floats, sizes: Floats) -> Solid:
    """Many upright boxes at once: N x 3 middles of their floors and N x 3 widths, heights, depths."""
    k = np.asarray(sizes, np.float32) * np.float32([0.5, 1, 0.5])
    c = _CORNER[None] * k[:, None] + np.asarray(bases, np.float32)[:, None]
    n = len(c)
    points = c[:, _FACE_TRIANGLES].reshape(-1, 3, 3)
    axes = np.tile(np.repeat(np.repeat(_FACE_UV, 2, 0)[:, None], 3, 1), (n, 1, 1))
    facet = np.tile(_FACE_FACET, n) + np.repeat(np.arange(n, dtype=np.int32) * 6, 12)
    uv = np.take_along_axis(points, axes, axis=2)
    return Solid(points, np.tile(_FACE_NORMALS, (n, 1, 1)), uv, facet.astype(np.int32))


def triangulate(outline: Floats) -> np.ndarray:
    """Ear clipping of a simple outline N x 2 (counter-clockwise): triangles M x 3 of indices."""
    p = np.asarray(outline, float)
    left = list(range(len(p)))
    out: list[tuple[int, int, int]] = []

    def turn(a: int, b: int, c: int) -> float:
        return float((p[b, 0] - p[a, 0]) * (p[c, 1] - p[a, 1]) - (p[b, 1] - p[a, 1]) * (p[c, 0] - p[a, 0]))

    while len(left) > 3:
        for k in range(len(left)):
            a, b, c = left[k - 1], left[k], left[(k + 1) % len(left)]
            if turn(a, b, c) <= 1e-12:
                continue
            if any(
                min(turn(a, b, d), turn(b, c, d), turn(c, a, d)) >= -1e-12
                and not any(np.allclose(p[d], p[e], atol=1e-9) for e in (a, b, c))
                for d in left
                if d not in (a, b, c)
            ):
                continue
            out.append((a, b, c))
            del left[k]
            break
        else:
            del left[
                int(np.argmin([abs(turn(left[k - 1], left[k], left[(k + 1) % len(left)])) for k in range(len(left))]))
            ]
    out.append((left[0], left[1], left[2]))
    return np.asarray(out, np.int32)


def area(outline: Floats) -> float:
    """The signed area of an outline N x 2; positive when counter-clockwise (y up)."""
    x, y = outline[:, 0], outline[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def extrude(outline: Sequence[Point] | Floats, depth: float, smooth: bool = False) -> Solid:
    """An outline N x 2 in the x-y plane as a slab from z = -depth/2 to depth/2."""
    p = np.asarray(outline, np.float32)
    if area(p) < 0:
        p = p[::-1]
    tri = triangulate(p)
    z = np.float32(depth / 2)
    front = np.concatenate([p, np.full((len(p), 1), z)], axis=1)
    back = np.concatenate([p, np.full((len(p), 1), -z)], axis=1)
    q = np.roll(np.arange(len(p)), -1)
    side = np.concatenate([np.stack([front, back, back[q]], axis=1), np.stack([front, back[q], front[q]], axis=1)])
    points = np.concatenate([front[tri], back[tri[:, ::-1]], side]).astype(np.float32)
    normals = _flat(points)
    walls = np.arange(len(p), dtype=np.int32)
    facet = np.concatenate([np.zeros(len(tri)), np.ones(len(tri)), 2 + (0 * walls if smooth else walls)])
    facet = np.concatenate([facet, 2 + (0 * walls if smooth else walls)]).astype(np.int32)
    uv = points[..., :2].copy()
    return Solid(points, normals, uv, facet)


def lathe(profile: Sequence[Point] | Floats, around: int = 14, smooth: bool = True) -> Solid:
    """A profile of (radius, height), bottom to top, turned about the y axis; u runs around."""
    p = np.asarray(profile, np.float32)
    ring = _ring(around)
    slope = _slope(p, 0)
    slope = slope / np.maximum(np.sqrt((slope * slope).sum(1, keepdims=True)), 1e-9)
    rows, normals = np.empty((around + 1, len(p), 3), np.float32), np.empty((around + 1, len(p), 3), np.float32)
    for k in (0, 2):
        rows[..., k] = ring[:, None, k] * p[None, :, 0]
        normals[..., k] = ring[:, None, k] * slope[None, :, 1]
    rows[..., 1], normals[..., 1] = p[:, 1], -slope[:, 0]
    uv = np.empty((around + 1, len(p), 2), np.float32)
    uv[..., 0] = np.linspace(0, 2 * np.pi, around + 1, dtype=np.float32)[:, None] * max(float(p[:, 0].max()), 1e-6)
    uv[1:, ..., 1] = 0
    uv[..., 1] = np.append(np.float32(0), np.cumsum(np.sqrt(((p[1:] - p[:-1]) ** 2).sum(1))))
    thin = p[:, 0] < 1e-7
    sound = np.tile(np.stack([~thin[:-1], ~thin[1:]], axis=1).reshape(-1), around)
    index = _grid(around + 1, len(p))[sound]
    points = rows.reshape(-1, 3)[index]
    facet = np.zeros(len(index), np.int32)
    if not smooth:
        facet = (np.arange(around * 2 * (len(p) - 1), dtype=np.int32) // 2)[sound]
        return Solid(points, _flat(points), uv.reshape(-1, 2)[index], facet)
    return Solid(points, normals.reshape(-1, 3)[index], uv.reshape(-1, 2)[index], facet)


@cache
def _ring(around: int) -> Floats:
    a = np.linspace(0, 2 * np.pi, around + 1, dtype=np.float32)
    ring = np.stack([-np.sin(a), np.zeros_like(a), np.cos(a)], axis=1)
    ring[-1] = ring[0]
    return ring


def ball(rx: float, ry: float | None = None, rz: float | None = None, around: int = 14, rows: int = 9) -> Solid:
    """An ellipsoid centred at the origin."""
    one = _unit_ball(around, rows)
    sized = Solid(one.points, one.points, one.uv * np.float32(rx), one.facet)
    return sized.scaled(rx, rx if ry is None else ry, rx if rz is None else rz)


@cache
def _unit_ball(around: int, rows: int) -> Solid:
    t = np.linspace(-np.pi / 2, np.pi / 2, rows)
    radius = np.cos(t)
    radius[[0, -1]] = 0.0
    return lathe(np.stack([radius, np.sin(t)], axis=1), around)


def capsule(a: Point | Floats, b: Point | Floats, ra: float, rb: float, around: int = 9) -> Solid:
    """A limb from a to b with round ends, tapering from radius `ra` to `rb`; u runs along it."""
    start, end = np.asarray(a, np.float32), np.asarray(b, np.float32)
    length = float(np.linalg.norm(end - start))
    t = np.float32([-1.0, -0.6, 0.0])
    low = np.stack([ra * np.sqrt(1 - t**2), ra * t], axis=1)
    high = np.stack([rb * np.sqrt(1 - t[::-1] ** 2), length - rb * t[::-1]], axis=1)
    return spindle(np.concatenate([low, high]), around).by(aim(end - start if length > 1e-6 else (0, 1, 0)), start)


def spindle(profile: Sequence[Point] | Floats, around: int = 10) -> Solid:
    """A lathe whose u runs along its axis: for limbs, stems, masts."""
    solid = lathe(np.asarray(profile, np.float32), around)
    return Solid(solid.points, solid.normals, solid.uv[..., ::-1].copy(), solid.facet, solid.closed)


def cone(radius: float, height: float, around: int = 12, smooth: bool = True) -> Solid:
    """A cone standing on y = 0 with its floor."""
    solid = lathe([(0.0, 0.0), (radius, 0.0)], around, smooth=False)
    mantle = lathe([(radius, 0.0), (radius * 0.5, height * 0.5), (0.004, height)], around, smooth)
    facet = np.concatenate([solid.facet * 0, mantle.facet + 1])
    return Solid(
        np.concatenate([solid.points, mantle.points]),
        np.concatenate([solid.normals, mantle.normals]),
        np.concatenate([solid.uv, mantle.uv]),
        facet,
    )


def cylinder(radius: float, height: float, around: int = 14, top: float | None = None) -> Solid:
    """A cylinder (or frustum) standing on y = 0, with lids."""
    k = radius if top is None else top
    parts = [[(0.0, 0.0), (radius, 0.0)], [(radius, 0.0), (k, height)], [(k, height), (0.0, height)]]
    solids = [lathe(p, around) for p in parts]
    facet = np.concatenate([s.facet + i for i, s in enumerate(solids)])
    return Solid(
        np.concatenate([s.points for s in solids]),
        np.concatenate([s.normals for s in solids]),
        np.concatenate([s.uv for s in solids]),
        facet,
    )


def tube(path: Sequence[Point] | Floats, radii: Sequence[float] | Floats, around: int = 8) -> Solid:
    """A bent tube through points N x 3 with a radius at each; u runs along it. Ends close where their radius is 0."""
    p = np.asarray(path, np.float32)
    r = np.broadcast_to(np.asarray(radii, np.float32), (len(p),))
    along = unit(np.gradient(p, axis=0))
    frames = _carried(along)
    a = np.linspace(0, 2 * np.pi, around + 1, dtype=np.float32)
    ring = np.stack([np.sin(a), np.zeros_like(a), np.cos(a)], axis=1)
    rows = p[:, None] + np.einsum("nij,kj->nki", frames, ring) * r[:, None, None]
    length = np.cumsum(np.linalg.norm(np.diff(p, axis=0, prepend=p[:1]), axis=-1))
    uv = np.stack(np.broadcast_arrays(length[:, None], (a * float(r.mean()))[None]), axis=-1)
    solid = sheet(rows, uv)
    return Solid(solid.points, solid.normals, solid.uv, solid.facet)


def _carried(along: Floats) -> Floats:
    """Frames N x 3 x 3 whose y follows the path and that never twist about it."""
    frames = [aim(along[0], (0, 0, 1) if abs(float(along[0, 2])) < 0.8 else (1, 0, 0))]
    for d in along[1:]:
        y = d if float(d @ d) > 0.5 else frames[-1][:, 1]
        x = unit(frames[-1][:, 0] - y * float(frames[-1][:, 0] @ y))
        frames.append(np.stack([x, y, cross(x, y)], axis=1).astype(np.float32))
    return np.stack(frames)


def curve(points: Sequence[Point] | Floats, steps: int = 8) -> Floats:
    """A smooth curve (Catmull-Rom) through points N x D."""
    p = np.asarray(points, np.float32)
    q = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    out = []
    for i in range(1, len(q) - 2):
        a, b, c, d = q[i - 1], q[i], q[i + 1], q[i + 2]
        out.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*out, p[-1:]]).astype(np.float32)


def disc(radius: float, around: int = 12, rx: float = 1.0) -> Solid:
    """A flat disc in the x-y plane, facing +z; seen from both sides."""
    a = np.linspace(0, 2 * np.pi, around, endpoint=False)
    p = np.stack([np.cos(a) * radius * rx, np.sin(a) * radius, 0 * a], axis=1)
    return polygons([p.tolist()], closed=False)


def ground(height: Callable[[Floats, Floats], Floats], xs: Floats, zs: Floats) -> Solid:
    """A height field over a grid of x and z, facing up; u runs along x."""
    x, z = np.meshgrid(xs, zs, indexing="ij")
    rows = np.stack([x, height(x, z), z], axis=-1)
    return sheet(rows, np.stack([x, z], axis=-1))
