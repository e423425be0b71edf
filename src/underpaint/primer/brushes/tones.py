"""Tone and direction shared by the ways of painting that draw: how dark a place is, and which way a hatch may run."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import LUMA, Array, blur, ramp


def darkness_of(easel: Easel, local: float = 0.45, sky: float = 0.12) -> Array:
    """0 (bare paper) to 1 (solid): shade first, then how dark the local colour is, then the hour; skies by `sky`.

    Faces are spared, subjects stand out by night.
    """
    seen = easel.seen
    light = ramp(blur(seen.lit, 0.6 * easel.unit), 0.0, 0.62)
    form = 1 - light * 0.85 - 0.15 * seen.occlusion + 0.25 * (1 - seen.occlusion)
    colour = 1 - np.sqrt(np.clip(seen.albedo @ LUMA, 0, 1))
    dark = 0.62 * form + local * colour * (0.6 + 0.4 * form)
    dark = dark + (0.26 - 0.10 * light) * easel.darkness * (1 - 0.5 * easel.subject)
    dark = dark * (1 - 0.5 * easel.faces) * (1 - 0.22 * easel.darkness * easel.subject)
    dark = dark * (1 - 0.75 * seen.haze)
    land = float(dark[::4, ::4][~easel.sky[::4, ::4]].mean()) if not easel.sky.all() else 0.0
    dark = dark * np.float32(min(1.0, (0.30 + 0.20 * easel.darkness) / max(land, 1e-3)))
    heaven = (sky + 0.75 * easel.darkness**1.5) * np.sqrt(np.clip(colour, 0, 1)) - 0.55 * easel.halo
    heaven = np.minimum(heaven, 0.32 + 0.16 * easel.darkness + 0.55 * (seen.light.time == "night"))
    dark = np.where(easel.sky, heaven * (0.9 + 0.1 * easel.grain(24, "sky tone", cloudy=True)), dark)
    dark = dark * (2 - easel.sweep)
    return np.clip(dark * (1 - np.maximum(easel.glow, easel.disc)), 0, 1).astype(np.float32)


def diagonal(easel: Easel) -> Array:
    """Unit directions for a second layer of hatching: the flow turned by some 60 degrees, skies slanting."""
    angle = np.float32(1.05)
    x, y = easel.seen.flow[..., 0], easel.seen.flow[..., 1]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.ascontiguousarray(np.stack([x * cos - y * sin, x * sin + y * cos], -1), np.float32)
