"""Exact hidden-surface removal in numpy: which triangle each pixel shows, and everything known on it.

Triangles are cut into spans, spans into pixels; of all that fall on one pixel the nearest stays. Inside a triangle
1/depth, and any quantity over depth, is linear in the picture, so depth, normals and surface coordinates are exact.
"""

from typing import NamedTuple

import numpy as np

from underpaint.primer.stagecraft.camera import NEAR, Camera
from underpaint.primer.stagecraft.mesh import Mesh
from underpaint.primer.stagecraft.seen import Floats, Ints


class Screen(NamedTuple):
    """Triangles in the picture: x, y in pixels T x 3 (about the picture's centre), 1/depth T x 3, and their source.

    `corners` T x 3 x 3 are the weights of the source triangle's corners: the identity unless the near plane cut it.
    """

    x: Floats
    y: Floats
    w: Floats
    source: Ints
    corners: Floats


def project(points: Floats, closed: np.ndarray, camera: Camera, width: int, height: int) -> Screen:
    """Triangles T x 3 x 3 through the camera, without what is behind it, outside it or turned away from it."""
    p = camera.see(points)
    depth = -p[..., 2]
    inside = depth > NEAR
    focal, cx, cy = camera.optics(width, height)
    count = inside.sum(1)
    whole = np.flatnonzero(count == 3)
    eye = np.eye(3, dtype=np.float32)
    mixed = np.flatnonzero((count > 0) & (count < 3))
    reach = max(cx, width - cx) / focal, max(cy, height - cy) / focal
    for axis in (0, 1):
        for side in (1, -1):
            beyond = (p[mixed, :, axis] * side > reach[axis] * depth[mixed]).all(1)
            mixed = mixed[~beyond]
    cut_p, cut_source, cut_corners = _clip(p, mixed, inside)
    p = np.concatenate([p[whole], cut_p])
    source = np.concatenate([whole, cut_source]).astype(np.int32)
    corners = np.concatenate([np.broadcast_to(eye, (len(whole), 3, 3)), cut_corners])
    w = np.float32(1) / np.maximum(-p[..., 2], np.float32(NEAR * 0.5))
    x = np.float32(focal) * p[..., 0] * w + np.float32(cx - width / 2)
    y = np.float32(-focal) * p[..., 1] * w + np.float32(cy - height / 2)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    hw, hh = width / 2, height / 2
    keep = (x.max(1) > -hw) & (x.min(1) < hw) & (y.max(1) > -hh) & (y.min(1) < hh) & (np.abs(area) > 1e-7)
    keep &= (area < 0) | ~closed[source]
    k = np.flatnonzero(keep)
    return Screen(x[k], y[k], w[k], source[k], corners[k])


def _clip(p: Floats, mixed: np.ndarray, inside: np.ndarray) -> tuple[Floats, Ints, Floats]:
    """The parts beyond the near plane of the triangles it cuts (few): points, source, corner weights."""
    points, source, corners = [], [], []
    for t in mixed.tolist():
        weights = np.eye(3, dtype=np.float32)
        ring = []
        for i in range(3):
            j = (i + 1) % 3
            if inside[t, i]:
                ring.append(weights[i])
            if inside[t, i] != inside[t, j]:
                a, b = -p[t, i, 2] - NEAR, -p[t, j, 2] - NEAR
                k = np.float32(a / (a - b))
                ring.append(weights[i] * (1 - k) + weights[j] * k)
        for i in range(1, len(ring) - 1):
            m = np.stack([ring[0], ring[i], ring[i + 1]])
            corners.append(m)
            points.append(m @ p[t])
            source.append(t)
    if not points:
        return np.zeros((0, 3, 3), np.float32), np.zeros(0, np.int32), np.zeros((0, 3, 3), np.float32)
    return np.stack(points).astype(np.float32), np.asarray(source, np.int32), np.stack(corners).astype(np.float32)


def planes(screen: Screen, values: Floats) -> Floats:
    """Values T x 3 (x K) at the corners as linear functions of the picture: T (x K) x 3 of a x + b y + c."""
    v = values if values.ndim == 3 else values[..., None]
    x, y = screen.x[..., None], screen.y[..., None]
    ex1, ey1 = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]
    ex2, ey2 = x[:, 2] - x[:, 0], y[:, 2] - y[:, 0]
    inverse = 1 / (ex1 * ey2 - ex2 * ey1)
    d1, d2 = v[:, 1] - v[:, 0], v[:, 2] - v[:, 0]
    a, b = (d1 * ey2 - d2 * ey1) * inverse, (ex1 * d2 - ex2 * d1) * inverse
    out = np.stack([a, b, v[:, 0] - a * x[:, 0] - b * y[:, 0]], axis=-1).astype(np.float32)
    return out if values.ndim == 3 else out[:, 0]


def scan(screen: Screen, width: int, height: int) -> tuple[Ints, Floats]:
    """H x W: the nearest triangle of each pixel (-1: none) and its 1/depth (0 where none)."""
    order = np.argsort(screen.w.mean(1), kind="stable")
    s = Screen(*(f[order] for f in screen))
    plane = planes(s, s.w)
    tri, row, first, count = _spans(s, width, height)
    start = np.cumsum(count) - count
    column = np.arange(int(count.sum())) + np.repeat(first - start, count)
    span = np.repeat(np.arange(len(count)), count)
    a = plane[tri, 0]
    base = a * np.float32(0.5 - width / 2) + plane[tri, 1] * (row.astype(np.float32) + np.float32(0.5 - height / 2))
    base = (base + plane[tri, 2]).astype(np.float32)
    w = a[span] * column.astype(np.float32) + base[span]
    pixel = (row * width)[span] + column
    nearest = np.zeros(width * height, np.float32)
    shown = np.full(width * height, -1)
    nearest[pixel] = w
    shown[pixel] = span
    todo = np.flatnonzero(w > nearest[pixel])
    while len(todo):
        p, mine = pixel[todo], w[todo]
        nearest[p], shown[p] = mine, span[todo]
        todo = todo[mine > nearest[p]]
    ids = np.where(shown >= 0, order[tri[shown]] if len(tri) else -1, -1).astype(np.int32)
    return ids.reshape(height, width), nearest.reshape(height, width)


def _spans(s: Screen, width: int, height: int) -> tuple[Ints, Ints, Ints, Ints]:
    """The rows of pixels that the triangles cover: triangle, row, first column and number of columns."""
    x, y = s.x + np.float32(width / 2), s.y + np.float32(height / 2)
    top = np.clip(np.ceil(y.min(1) - 0.5), 0, height).astype(np.int32)
    rows = np.maximum(np.clip(np.ceil(y.max(1) - 0.5), 0, height).astype(np.int32) - top, 0)
    tri = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(tri)) - np.repeat(np.cumsum(rows) - rows - top, rows)
    centre = row.astype(np.float32) + np.float32(0.5)
    low, high = np.full(len(tri), np.inf, np.float32), np.full(len(tri), -np.inf, np.float32)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        # the same edge must give the same crossing in both triangles that share it: go from its upper end to its lower
        swap = (y[:, j] < y[:, i]) | ((y[:, j] == y[:, i]) & (x[:, j] < x[:, i]))
        y0, y1 = np.where(swap, y[:, j], y[:, i]), np.where(swap, y[:, i], y[:, j])
        x0, x1 = np.where(swap, x[:, j], x[:, i]), np.where(swap, x[:, i], x[:, j])
        rise = y1 - y0
        slope = np.where(rise > 0, (x1 - x0) / np.where(rise > 0, rise, 1), 0).astype(np.float32)
        across = np.clip(slope[tri] * (centre - y0[tri]) + x0[tri], -4, width + 4)
        crossed = (centre >= y0[tri]) & (centre < y1[tri])
        low = np.where(crossed, np.minimum(low, across), low)
        high = np.where(crossed, np.maximum(high, across), high)
    found = np.isfinite(low)
    tri, row, low, high = tri[found], row[found], low[found], high[found]
    first = np.clip(np.ceil(low - 0.5), 0, width).astype(np.intp)
    count = np.clip(np.ceil(high - 0.5), 0, width).astype(np.intp) - first
    full = count > 0
    return tri[full], row[full], first[full], count[full]


class Surface(NamedTuple):
    """What each pixel shows, at H x W: triangle of the mesh (-1 none), depth, camera-space normal, uv, stroke way."""

    triangle: Ints
    depth: Floats
    normal: Floats
    uv: Floats
    flow: Floats


def resolve(mesh: Mesh, camera: Camera, width: int, height: int) -> Surface:
    """The visible surface of a mesh, exactly."""
    screen = project(mesh.points, mesh.closed, camera, width, height)
    ids, w = scan(screen, width, height)
    flat = np.flatnonzero(ids.ravel() >= 0)
    hit = ids.ravel()[flat]
    used = np.flatnonzero(np.bincount(hit, minlength=len(screen.source)))
    slot = np.zeros(len(screen.source), np.intp)
    slot[used] = np.arange(len(used))
    s = Screen(*(f[used] for f in screen))
    table = planes(s, _corners(s, mesh, camera) * s.w[..., None])
    depth = np.full(width * height, 1e4, np.float32)
    near = 1 / w.ravel()[flat]
    depth[flat] = near
    slot_of = slot[hit]
    px = (flat % width).astype(np.float32) + np.float32(0.5 - width / 2)
    py = (flat // width).astype(np.float32) + np.float32(0.5 - height / 2)
    values = []
    for k in range(5):
        a, b, c = (np.take(np.ascontiguousarray(table[:, k, i]), slot_of) for i in range(3))
        a *= px
        b *= py
        a += b
        a += c
        a *= near
        values.append(a)
    source = screen.source[hit]
    normal = np.zeros((width * height, 3), np.float32)
    _face(values, np.flatnonzero(~mesh.closed[source]), camera, (px, py), (width, height))
    length = np.maximum(np.sqrt(values[0] ** 2 + values[1] ** 2 + values[2] ** 2), np.float32(1e-6))
    for k in range(3):
        normal[flat, k] = values[k] / length
    uv = np.zeros((width * height, 2), np.float32)
    uv[flat, 0], uv[flat, 1] = values[3], values[4]
    flow = np.zeros((width * height, 2), np.float32)
    flow[:, 0] = 1
    flow[flat] = np.take(_strokes(s, mesh), slot_of, axis=0)
    triangle = np.full(width * height, -1, np.int32)
    triangle[flat] = source
    shape = (height, width)
    return Surface(
        triangle.reshape(shape), depth.reshape(shape), normal.reshape(*shape, 3), uv.reshape(*shape, 2),
        flow.reshape(*shape, 2),
    )  # fmt: skip


def _corners(s: Screen, mesh: Mesh, camera: Camera) -> Floats:
    """Camera-space normals and uv at the corners of triangles on the screen: T x 3 x 5."""
    corner = np.concatenate([mesh.normals[s.source] @ camera.axes().T, mesh.uv[s.source]], axis=-1)
    cut = np.flatnonzero((s.corners[:, 0, 0] != 1) | (s.corners[:, 1, 1] != 1) | (s.corners[:, 2, 2] != 1))
    if len(cut):
        corner[cut] = np.einsum("tij,tjk->tik", s.corners[cut], corner[cut])
    return np.asarray(corner, np.float32)


def _face(
    values: list[Floats], open_: np.ndarray, camera: Camera, at: tuple[Floats, Floats], size: tuple[int, int]
) -> None:
    """Turns the normals of open sheets to the viewer."""
    focal, cx, cy = camera.optics(*size)
    x, y = at[0][open_] + np.float32(size[0] / 2 - cx), np.float32(cy - size[1] / 2) - at[1][open_]
    n = [values[k][open_] for k in range(3)]
    flip = np.where(np.float32(focal) * n[2] - x * n[0] - y * n[1] < 0, np.float32(-1), np.float32(1))
    for k in range(3):
        values[k][open_] = n[k] * flip


def _strokes(s: Screen, mesh: Mesh) -> Floats:
    """For each triangle, the unit direction in the picture along which u grows."""
    uv = np.einsum("tij,tjk->tik", s.corners, mesh.uv[s.source])
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    k1, k2 = b[:, 1] / det, -a[:, 1] / det
    x = k1 * (s.x[:, 1] - s.x[:, 0]) + k2 * (s.x[:, 2] - s.x[:, 0])
    y = k1 * (s.y[:, 1] - s.y[:, 0]) + k2 * (s.y[:, 2] - s.y[:, 0])
    length = np.hypot(x, y)
    lost = ~(length > 1e-9)
    length = np.where(lost, 1, length) * np.where(x < 0, -1, 1)
    return np.stack([np.where(lost, 1, x / length), np.where(lost, 0, y / length)], axis=1).astype(np.float32)
