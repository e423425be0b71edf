"""Clouds for skies that have none of their own, and the shine of lamps: shared by several ways of painting."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, double, noise, ramp

OVERCAST = {
    "clear": 0.0,
    "windy": 0.25,
    "cloudy": 0.6,
    "rain": 0.7,
    "storm": 0.8,
    "snow": 0.6,
    "mist": -0.6,
    "fog": -0.9,
}


@dataclass(frozen=True)
class Clouds:
    """`cover` 0..1 how much cloud a place of the sky shows, `light` 0..1 how far its light side it is."""

    cover: Array
    light: Array


def clouds(easel: Easel, crisp: float = 0.5, amount: float = 0.0) -> Clouds:
    """Heaps of cloud that flatten towards the horizon; nothing where the scene brought clouds, or by a backdrop."""
    height, width = easel.shape
    blank = np.zeros(easel.shape, np.float32)
    materials = {p.material for p in easel.seen.parts if p.role == "sky"}
    if "cloud" in materials or "sky" not in materials or not easel.sky.any():
        return Clouds(blank, blank)
    half = ((height + 1) // 2, (width + 1) // 2)
    horizon = float(np.clip(easel.seen.horizon, 0.25 * height, 1.4 * height)) / 2
    rise = np.clip((horizon - np.arange(half[0], dtype=np.float32)) / max(horizon, 1), 0, 1)
    heaps = noise((half[0] * 3, half[1]), 22 * easel.unit / 2, easel.rng("clouds"), cloudy=True)
    rows = np.rint((1 - rise) * (1.3 + 0.9 * (1 - rise)) * horizon).astype(int).clip(0, half[0] * 3 - 1)
    field = heaps.take(rows, 0)
    more = OVERCAST.get(easel.seen.weather, 0.0) + amount
    field = field - (0.75 - more * 1.1) - 0.9 * (np.abs(rise - 0.42)[:, None] > 0.42)
    soft = 1.1 - crisp
    cover = ramp(field, -0.05 * soft, 0.05 + 0.5 * soft)
    tx, ty = easel.towards
    step = max(2, round(3.0 * easel.unit / 2))
    ahead = np.roll(blur(cover, 1.2 * easel.unit / 2), (-round((ty - 0.6) * step), -round(tx * step)), (0, 1))
    light = np.clip(0.5 + (cover - ahead) * 1.1 + 0.25 * (field < 0.5), 0, 1)
    return Clouds(double(cover, easel.shape) * easel.sky, double(light, easel.shape))


def cloud_colours(easel: Easel) -> tuple[Array, Array]:
    """A cloud's light and its shade at this hour."""
    sky = np.array(easel.seen.light.sky_bottom, np.float32)
    top = np.array(easel.seen.light.sky_top, np.float32)
    key = easel.key / max(float(easel.key.max()), 1e-3)
    lamp = np.clip(0.35 + 0.65 * key, 0, 1)
    light = sky + (lamp - sky) * np.float32(0.82 - 0.62 * easel.darkness)
    shade = 0.55 * sky + 0.45 * top + (0.12 * (1 - easel.darkness))
    return np.clip(light, 0, 1), np.clip(shade, 0, 1)


def with_clouds(easel: Easel, picture: Array, found: Clouds) -> Array:
    """A small picture with its clouds softly in it."""
    light, shade = cloud_colours(easel)
    lean = easel.small(found.light)[..., None]
    mixed = picture + (easel.small(found.cover) * np.float32(0.92))[..., None] * (
        shade + (light - shade) * lean - picture
    )
    return mixed.astype(np.float32)


def bloom(easel: Easel, reach: float = 7.0) -> Array:
    """The shine of lamps on what is round them, small H x W x 3; stronger the darker the hour."""
    lamps = easel.small(easel.glow)
    if not lamps.any():
        return np.zeros((*lamps.shape, 3), np.float32)
    shine = np.stack([easel.small(easel.glow * easel.seen.albedo[..., c]) for c in range(3)], -1)
    step = easel.unit / easel.seen.scale
    near = blur(shine, reach * 0.35 * step) * 0.45 + blur(shine, reach * step) * 0.9
    return near * np.float32(0.15 + 0.85 * easel.darkness)
