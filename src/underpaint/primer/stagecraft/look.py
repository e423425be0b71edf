"""Looking: from a scene to everything that is known of each pixel."""

from dataclasses import replace

import numpy as np

from underpaint.primer.stagecraft.contour import lines_of
from underpaint.primer.stagecraft.lighting import cast, haze, light_of, openness, soften
from underpaint.primer.stagecraft.raster import Surface, resolve
from underpaint.primer.stagecraft.scene import Scene
from underpaint.primer.stagecraft.seen import Floats, Light, Seen
from underpaint.primer.stagecraft.stage import Built, build

SCALE = 2
"""What is seen is twice as fine as the picture painted from it."""


def see(scene: Scene, built: Built | None = None, *, scale: int = SCALE, lines: bool = True) -> Seen:
    """What the camera sees of a scene, at its size times `scale`; `lines=False` leaves line art out (faster)."""
    built = build(scene) if built is None else built
    width, height = scene.size[0] * scale, scene.size[1] * scale
    surface = resolve(built.mesh, built.camera, width, height)
    there = surface.triangle >= 0
    part = np.where(there, built.mesh.part[np.maximum(surface.triangle, 0)], 0).astype(np.int32)
    light = light_of(scene, built.camera, built.towards, _orb(built, width, height))
    parts = (replace(built.parts[0], colour=light.sky_bottom), *built.parts[1:])
    ends = built.camera.horizon(width, height)
    level = height * 2.0 if ends is None else (ends[0][1] + ends[1][1]) / 2
    surface.normal[~there] = (0, 0, 1)
    return Seen(
        part=part,
        depth=surface.depth,
        normal=surface.normal,
        flow=surface.flow,
        uv=surface.uv,
        albedo=_albedo(built, surface, light, level),
        lit=_lit(scene, built, surface, light),
        occlusion=openness(surface),
        haze=haze(scene, surface.depth, built.reach),
        parts=parts,
        light=light,
        lines=lines_of(built.mesh, surface, parts, built.folds, built.camera) if lines else (),
        scale=scale,
        seed=scene.seed,
        horizon=level,
        weather=scene.weather,
        style=scene.style,
    )


def _orb(built: Built, width: int, height: int) -> tuple[float, float, float] | None:
    if built.orb is None:
        return None
    centre, radius = built.orb
    x, y, depth = (float(v) for v in built.camera.place(centre, width, height))
    r = radius / max(depth, 1e-3) * built.camera.optics(width, height)[0]
    inside = depth > 0 and -r < x < width + r and -r < y < height + r
    return (x, y, float(r)) if inside else None


def _albedo(built: Built, surface: Surface, light: Light, level: float) -> Floats:
    """Local colours; the sky as a ramp from the horizon up."""
    height, width = surface.triangle.shape
    focal = built.camera.optics(width, height)[0]
    rise = np.clip((level - np.arange(height, dtype=np.float32)) / np.float32(0.75 * focal), 0, 1) ** 0.8
    bottom, top = np.float32(light.sky_bottom), np.float32(light.sky_top)
    ramp = bottom + (top - bottom) * rise[:, None]
    out = np.take(built.mesh.colour, surface.triangle.ravel(), axis=0, mode="clip").reshape(height, width, 3)
    y, x = np.nonzero(surface.triangle < 0)
    out[y, x] = ramp[y]
    return out


def _lit(scene: Scene, built: Built, surface: Surface, light: Light) -> Floats:
    """Direct light: how squarely it falls, and whether it arrives at all."""
    facing = surface.normal @ np.float32(light.direction)
    form = np.clip(facing * 0.92 + 0.08, 0, 1)
    casts = np.array([p.role != "sky" and p.material not in ("grass", "cloud") for p in built.parts])
    arrives = cast(built.mesh, surface, built.camera, built.towards, max(built.reach, 0.5) * 1.7, casts)
    blur = 1 if scene.hardness == "hard" else 3
    out = form * soften(arrives, blur)
    out[surface.triangle < 0] = 1.0
    return np.clip(out, 0, 1).astype(np.float32)
