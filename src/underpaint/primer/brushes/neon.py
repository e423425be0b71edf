"""Neon: the scene by its own glow, dark planes, rims and lines that shine, wet ground that mirrors them."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, brightest, double, halve, luma, ramp, streak
from underpaint.primer.brushes.hands import Hand, ink
from underpaint.primer.brushes.weather import before

_TUBE = Hand(width=1.05, swell=-0.15, taper=0.05)


def paint(easel: Easel) -> Array:
    """Dark ground colours of the hour, tubes in pure local colours, their bloom, their mirror in the ground."""
    step = easel.unit / easel.seen.scale
    tubes = _tubes(easel)
    glow = blur(tubes, 1.4 * step) * 0.6 + blur(tubes, 4.5 * step) * 1.2 + blur(tubes, 15 * step) * 1.5
    picture = _dark(easel) * (1 + 0.7 * luma(glow)[..., None]) + glow * 0.8
    picture += _mirror(easel, tubes + glow * 0.5)
    core = np.clip(luma(tubes)[..., None] * 1.2 - 0.35, 0, 1)
    picture = picture + tubes * 0.9 + core * 0.32
    sun = easel.small(np.maximum(easel.disc, easel.halo**1.3 * easel.sky * 0.6))[..., None]
    picture += sun * (1.7 * _orb_colour(easel) - picture)
    picture = 1 - np.exp(-1.35 * np.maximum(picture, 0))
    return before(easel, picture * (1 + 0.018 * easel.grain(0.5, "film", small=True))[..., None])


def _hour(easel: Easel) -> tuple[Array, Array]:
    """Sky at the top and at the horizon: the scene's own, deep and pure."""
    tops = [np.array(c, np.float32) for c in (easel.seen.light.sky_top, easel.seen.light.sky_bottom)]
    pure = [np.clip(c + (c - luma(c)) * 1.9, 0.01, 1) for c in tops]
    violet = np.array([0.09, 0.02, 0.17], np.float32)
    top = pure[0] * np.float32(0.32 - 0.16 * easel.darkness) + violet * np.float32(0.5)
    return top, pure[1] * np.float32(0.72 - 0.30 * easel.darkness) + violet * np.float32(0.6)


def _dark(easel: Easel) -> Array:
    """Planes in deep colour, a coloured light from the light's side and a cold one from the other; small."""
    seen = easel.seen
    beam = ramp(seen.lit, 0.1, 0.8)
    tone = easel.tone(0.05 + 1.0 * beam)
    tone = np.clip(tone + (tone - luma(tone)[..., None]) * 0.5, 0, 1)
    top, low = _hour(easel)
    height = seen.size[1]
    rise = np.clip(np.arange(height, dtype=np.float32) / max(min(seen.horizon / seen.scale, height), 1), 0, 1) ** 1.6
    heaven = (top + (low - top) * rise[:, None])[:, None, :]
    air = easel.small(seen.haze)[..., None]
    solid = tone**1.25 * ((0.24 + 0.26 * easel.small(easel.focus)) * (0.55 + 0.85 * easel.small(beam)))[..., None]
    wet = easel.small(easel.ground)[..., None]
    solid = solid * (1 - 0.35 * wet) + (1 - tone) * np.array([0.012, 0.008, 0.040], np.float32)
    solid = solid + air * (low * 0.6 - solid)
    sky = easel.small(easel.sky)[..., None]
    nx = easel.small(seen.normal[..., 0]) * np.sign(easel.towards[0] or 1.0)
    away = ramp(-nx, 0.2, 0.9)[..., None] * (1 - sky) * np.array([0.01, 0.03, 0.09], np.float32)
    return solid * (1 - sky) + heaven * sky + away * (0.5 + 0.5 * easel.small(easel.focus))[..., None]


def _tubes(easel: Easel) -> Array:
    """What shines: lines and rims in the pure local colour, lamps and windows, stars; small H x W x 3."""
    seen = easel.seen
    line = easel.small(ink(easel, _TUBE, "tube", light=0.6))
    nx, ny, nz = (seen.normal[..., c] for c in range(3))
    tx, ty = easel.towards
    rim = (
        ramp(1 - nz, 0.45, 0.95)
        * ramp(nx * tx - ny * ty, 0.2, 0.8)
        * np.maximum(seen.lit, 0.3)
        * ~(easel.sky | easel.ground)
    )
    rim = rim * np.minimum(blur(easel.edges, 2.2 * easel.unit) * easel.unit * 3.2, 1)
    local = np.stack([easel.small(seen.albedo[..., c]) for c in range(3)], -1)
    grey = luma(local)[..., None]
    pure = np.clip(grey + (local - grey) * 2.2, 0, None)
    pure = pure / np.maximum(brightest(pure)[..., None], 0.25)
    dull = np.clip(1 - (brightest(local) + brightest(-local)) * 4, 0, 1)[..., None]
    accent = np.array([0.25, 0.85, 1.0] if easel.rng("accent").random() < 0.5 else [1.0, 0.32, 0.78], np.float32)
    pure = pure + dull * 0.75 * (accent * np.clip(grey * 1.2 + 0.25, 0, 1) - pure)
    focus = easel.small(easel.focus)
    bright = 0.4 + 0.8 * blur(easel.small(seen.lit), 3.0 * easel.unit / seen.scale)
    power = line * (0.08 + 0.92 * focus**1.5) * bright + 1.1 * easel.small(rim) * focus
    tubes = pure * power[..., None] + local * (easel.small(easel.glow) * 0.8)[..., None]
    for x, y, size in easel.stars(60).tolist():
        tubes[int(y / seen.scale), int(x / seen.scale)] += np.float32(0.15 + 0.3 * size)
    return tubes


def _mirror(easel: Easel, light: Array) -> Array:
    """Light drawn down over the ground as on wet asphalt; small H x W x 3."""
    ground = easel.small(easel.ground)
    if not ground.any():
        return np.zeros_like(light)
    step = easel.unit / easel.seen.scale
    drawn = double(streak(halve(light), 6 * step, 0), light.shape)
    shift = round(14 * step)
    drawn = np.concatenate([np.repeat(drawn[:1], shift, 0), drawn[:-shift]], 0)
    ripple = 1 + 0.35 * easel.grain(2.5, "ripple", small=True)
    return drawn * (ground * np.clip(ripple, 0.2, 2) * 0.75)[..., None]


def _orb_colour(easel: Easel) -> Array:
    """Sun or moon as a sign."""
    colour = easel.orb_colour
    return np.clip(colour + (colour - luma(colour)) * 0.8, 0, 1)
