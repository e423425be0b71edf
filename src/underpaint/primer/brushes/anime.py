"""Cel anime: two hard tones with cool shadows, thin coloured outlines, a soft bright sky."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, luma, ramp, saturate
from underpaint.primer.brushes.hands import Hand, ink
from underpaint.primer.brushes.sky import bloom, clouds, with_clouds
from underpaint.primer.brushes.weather import before

_LINE = Hand(width=0.95, swell=0.35, taper=0.35)


def paint(easel: Easel) -> Array:
    """Cels over a painted sky, a rim of light, lines in a darker shade of what they bound."""
    seen, unit = easel.seen, easel.unit
    hard = ramp(blur(seen.lit, 0.7 * unit), 0.30, 0.36)
    deep = ramp(blur(seen.occlusion, 1.0 * unit), 0.34, 0.42)
    picture = saturate(easel.tone(0.16 + 0.80 * hard, 0.72 + 0.28 * deep), 1.28)
    shade = easel.small((1 - hard) * ~easel.sky)[..., None]
    picture += shade * np.array([-0.012, -0.012, 0.045], np.float32)
    painted_sky = with_clouds(easel, picture, clouds(easel, crisp=0.9, amount=0.15))
    picture = painted_sky
    picture += _shines(easel, hard)[..., None] * (easel.orb_colour - picture)
    sun = easel.small(np.maximum(easel.disc, easel.halo**1.5 * easel.sky * 0.55))[..., None]
    picture += sun * (np.minimum(easel.orb_colour * 1.04, 1) - picture)
    picture += bloom(easel, 8) * 0.8
    bright = np.clip(luma(picture) - 0.72, 0, 1)[..., None] * picture
    picture = picture + blur(bright, 4.5 * unit / seen.scale) * 0.45
    line = easel.small(ink(easel, _LINE, "line", light=0.75)) * easel.small(0.45 + 0.5 * easel.focus)
    dark = picture * np.array([0.34, 0.22, 0.30], np.float32)
    return before(easel, picture + line[..., None] * (dark - picture))


def _shines(easel: Easel, hard: Array) -> Array:
    """A rim where the form turns away towards the light, and a spot on glossy matter; small H x W."""
    nx, ny, nz = (easel.seen.normal[..., c] for c in range(3))
    tx, ty = easel.towards
    turned = ramp(1 - nz, 0.55, 0.75) * ramp(nx * tx - ny * ty, 0.35, 0.6)
    near = blur(easel.outlines, 1.1 * easel.unit) * easel.unit > 0.28
    behind = 1.0 if easel.seen.light.direction[2] < 0 else 0.45
    rim = turned * near * easel.subject * behind
    lx, ly, lz = easel.seen.light.direction
    hx, hy, hz = lx, ly, lz + 1
    size = max(float(np.sqrt(hx * hx + hy * hy + hz * hz)), 1e-3)
    glossy = easel.table(
        [p.material in ("metal", "glass", "hair", "scale", "leather", "eye") for p in easel.seen.parts]
    )
    spot = ramp((nx * hx + ny * hy + nz * hz) / size, 0.955, 0.965) * hard * glossy
    return easel.small(np.clip(rim * 0.7 + spot * 0.5, 0, 0.8)) * np.float32(1 - 0.5 * easel.darkness)
