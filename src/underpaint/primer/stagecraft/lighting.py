"""Light on what is seen: sun or moon and sky by the hour, cast shadows, openness, air."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.colours import palette_of
from underpaint.primer.stagecraft.mesh import Mesh, cross, unit
from underpaint.primer.stagecraft.raster import Screen, Surface, scan
from underpaint.primer.stagecraft.scene import INDOORS, Scene
from underpaint.primer.stagecraft.seen import RGB, Floats, Light

_MAP = 360


@dataclass(frozen=True)
class _Hour:
    key: RGB
    ambient: RGB
    top: RGB
    bottom: RGB
    haze: RGB
    height: float


_HOURS = {
    "dawn": _Hour((0.62, 0.42, 0.34), (0.56, 0.54, 0.64),
            (0.52, 0.63, 0.84), (0.99, 0.80, 0.70), (0.90, 0.80, 0.80), 20),
    "noon": _Hour((0.60, 0.56, 0.46), (0.52, 0.57, 0.64),
            (0.28, 0.55, 0.88), (0.78, 0.90, 0.97), (0.76, 0.86, 0.94), 52),
    "sunset": _Hour((0.86, 0.48, 0.20), (0.54, 0.45, 0.53),
              (0.33, 0.30, 0.56), (0.99, 0.62, 0.30), (0.92, 0.60, 0.42), 16),
    "night": _Hour((0.29, 0.35, 0.52), (0.28, 0.33, 0.52),
             (0.05, 0.07, 0.19), (0.16, 0.22, 0.42), (0.13, 0.17, 0.33), 42),
}  # fmt: skip
_SIDES = {"left": (-68.0, 0.0), "right": (68.0, 0.0), "above": (20.0, 72.0), "behind": (158.0, 24.0)}
"""Azimuth from the viewer's side (0 = from the camera, positive right) and the least elevation, in degrees."""


def sun(scene: Scene, yaw: float) -> Floats:
    """The world direction towards sun or moon, for a camera that looks along `yaw` (radians, 0 looks along -z)."""
    azimuth, low = _SIDES[scene.light]
    rng = scene.rng("sun")
    azimuth += float(rng.uniform(-12, 12))
    height = np.radians(max(low, _HOURS[scene.time].height + float(rng.uniform(-4, 4))))
    if scene.light == "behind":
        height = min(float(height), np.radians(34.0))
    a = np.radians(azimuth) + yaw
    return np.asarray([np.sin(a) * np.cos(height), np.sin(height), np.cos(a) * np.cos(height)], np.float32)


def light_of(scene: Scene, camera: Camera, towards: Floats, orb: tuple[float, float, float] | None) -> Light:
    """The colours of the hour under the scene's weather, values and palette."""
    hour = _HOURS[scene.time]
    key, ambient = np.float32(hour.key), np.float32(hour.ambient)
    sky = np.float32([hour.top, hour.bottom, hour.haze])
    hard = 1.0 if scene.hardness == "hard" else 0.35
    if scene.weather != "clear":
        grey = {"mist": 0.6, "rain": 0.62, "snow": 0.5, "storm": 0.8}[scene.weather]
        key = key * (1 - 0.55 * grey)
        ambient = ambient * (1 + 0.12 * grey)
        tone = sky.mean(-1, keepdims=True) * (0.62 if scene.weather == "storm" else 0.92)
        sky = sky + (tone * np.float32([0.97, 1.0, 1.05]) - sky) * np.float32(grey)
        hard *= 0.5
    key, ambient = (key * 1.16, ambient * 0.8) if scene.hardness == "hard" else (key * 0.92, ambient)
    if scene.values == "high key":
        key, ambient, sky = key * 0.8, ambient * 1.4 + 0.05, sky * 0.6 + 0.42
    elif scene.values == "low key":
        key, ambient, sky = key * 1.02, ambient * 0.5, sky * 0.55
    if scene.place in INDOORS:
        ambient = ambient * 0.92 + 0.04
        if scene.time == "night" and scene.place != "studio":  # lamps are lit
            key, ambient = np.float32([0.74, 0.56, 0.34]), np.float32([0.50, 0.43, 0.42])
    graded = palette_of(
        scene, np.clip(np.concatenate([sky, key[None], ambient[None]]), 0, 1), np.full(5, 0.7, np.float32)
    )
    graded = np.maximum(graded, 0.0)
    rows = [(float(r), float(g), float(b)) for r, g, b in graded]
    d = unit(camera.axes() @ towards)
    return Light(
        (float(d[0]), float(d[1]), float(d[2])), rows[3], rows[4], rows[0], rows[1], rows[2], hard, scene.time, orb,
        scene.time == "night",
    )  # fmt: skip


def rays(camera: Camera, width: int, height: int, pixels: np.ndarray) -> list[Floats]:
    """World x, y, z of the rays through some pixels (flat indices), one metre deep each."""
    focal, cx, cy = camera.optics(width, height)
    x = ((pixels % width).astype(np.float32) + np.float32(0.5 - cx)) / np.float32(focal)
    y = (np.float32(cy - 0.5) - (pixels // width).astype(np.float32)) / np.float32(focal)
    a = camera.axes()
    return [x * a[0, k] + y * a[1, k] - a[2, k] for k in range(3)]


def cast(mesh: Mesh, surface: Surface, camera: Camera, towards: Floats, reach: float, casts: np.ndarray) -> Floats:
    """H x W: 1 where the key light arrives, 0 in cast shadow, within `reach` metres of what the camera looks at.

    `casts` says of each part whether it throws a shadow. Shadows are looked up for every second pixel.
    """
    back = towards
    right = unit(cross(np.float32([0, 1, 0]), back))
    up = cross(back, right)
    axes = np.stack([right, up, back]).astype(np.float32)
    centre = np.float32(camera.target)
    own = np.flatnonzero(casts[mesh.part])
    p = (mesh.points[own] - centre) @ axes.T
    k = np.float32(_MAP / (2 * reach))
    x, y, w = p[..., 0] * k, -p[..., 1] * k, p[..., 2] / np.float32(8 * reach) + np.float32(1.5)
    half = _MAP / 2
    area = np.abs((x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0]))
    ok = (
        (x.max(1) > -half)
        & (x.min(1) < half)
        & (y.max(1) > -half)
        & (y.min(1) < half)
        & (area > 1e-3)
        & (w.min(1) > 0.5)
    )
    pick = np.flatnonzero(ok & (np.abs(x).max(1) < 4 * half) & (np.abs(y).max(1) < 4 * half))
    eye = np.broadcast_to(np.eye(3, dtype=np.float32), (len(pick), 3, 3))
    _, nearest = scan(Screen(x[pick], y[pick], w[pick], pick.astype(np.int32), eye), _MAP, _MAP)
    height, width = surface.depth.shape
    normals = surface.normal[::2, ::2]
    facing = normals @ (camera.axes() @ towards)
    hit = np.flatnonzero((surface.triangle[::2, ::2] >= 0) & (facing > -0.1))
    depth = surface.depth[::2, ::2].ravel()[hit]
    small = facing.shape
    ray = rays(camera, width, height, hit // small[1] * 2 * width + hit % small[1] * 2)
    start = axes @ (np.float32(camera.eye) - centre)
    # a step off the surface, so that a curved one does not shade itself through the coarseness of the map
    off = (axes @ camera.axes().T) * np.float32(1.6 / k)
    n = normals.reshape(-1, 3)[hit]
    at = [
        (ray[0] * m[0] + ray[1] * m[1] + ray[2] * m[2]) * depth + n @ o + s
        for m, o, s in zip(axes, off, start, strict=True)
    ]
    column = (at[0] * k + half).astype(np.intp)
    row = (at[1] * -k + half).astype(np.intp)
    inside = (column >= 0) & (column < _MAP) & (row >= 0) & (row < _MAP)
    first = nearest.ravel()[np.clip(row, 0, _MAP - 1) * _MAP + np.clip(column, 0, _MAP - 1)]
    bias = np.float32(1.6 / (k * 8 * reach))
    mine = at[2] / np.float32(8 * reach) + np.float32(1.5)
    out = np.ones(small[0] * small[1], np.float32)
    out[hit] = np.where(inside & (first > mine + bias), 0.0, 1.0)
    return np.repeat(np.repeat(out.reshape(small), 2, 0), 2, 1)[:height, :width]


def soften(a: Floats, radius: int) -> Floats:
    """A box blur of an H x W array, twice, keeping its size."""
    for _ in range(2):
        for axis in (0, 1):
            n = a.shape[axis]
            pad = [(radius + 1, radius) if i == axis else (0, 0) for i in (0, 1)]
            wide = np.pad(a, pad, mode="edge")
            total = np.zeros_like(a)
            for o in range(2 * radius + 1):
                total += wide[o + 1 : o + 1 + n] if axis == 0 else wide[:, o + 1 : o + 1 + n]
            a = total * np.float32(1 / (2 * radius + 1))
    return a


def openness(surface: Surface) -> Floats:
    """H x W: how open each place is, 0 (deep in a corner) to 1.

    On a plane 1/depth is linear in the picture, so two opposite neighbours average to the pixel's own value; where they
    are nearer, something stands around it. Far steps (another thing's border) do not count.
    """
    w = np.float32(1) / surface.depth[::2, ::2]
    height, width = w.shape
    total = np.zeros_like(w)
    step = max(2, round(min(height, width) / 85))
    limit = np.float32(0.16)
    for radius in (step, step * 3):
        pad = np.pad(w, radius, mode="edge")

        def rise(dx: int, dy: int, pad: Floats = pad, radius: int = radius) -> Floats:
            there = pad[radius + dy : radius + dy + height, radius + dx : radius + dx + width]
            r = there / w - 1
            return np.where(np.abs(r) > limit * 2.5, np.float32(0), np.clip(r, -limit, limit)).astype(np.float32)

        for angle in (0.3, 1.35, 2.4):
            dx, dy = round(np.cos(angle) * radius), round(np.sin(angle) * radius)
            total += np.maximum(rise(dx, dy) + rise(-dx, -dy), 0)
    flat = soften((1 - np.clip(total * 2.2, 0, 0.8)).astype(np.float32), 1)
    flat[w < 2e-4] = 1
    return np.repeat(np.repeat(flat, 2, 0), 2, 1)[: surface.depth.shape[0], : surface.depth.shape[1]]


def haze(scene: Scene, depth: Floats, reach: float) -> Floats:
    """H x W: how much of what is seen is air, 0..1."""
    far = {"clear": 42.0, "mist": 7.0, "rain": 20.0, "snow": 16.0, "storm": 24.0}[scene.weather] * reach
    if scene.place in INDOORS:
        far *= 6
    air = 1 - np.exp(-np.maximum(depth - 2.2 * reach, 0) / np.float32(far))
    return np.asarray(np.where(depth > 5e3, 0, np.minimum(air, 0.9)), np.float32)
