"""Pastel: smeared colour on tinted paper, chalk strokes along the form that the tooth breaks, bright accents last."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, ramp, saturate
from underpaint.primer.brushes.hands import Hand, ink
from underpaint.primer.brushes.sky import bloom, clouds, with_clouds
from underpaint.primer.brushes.strokes import Reach, at, cover, scattered, walk
from underpaint.primer.brushes.weather import before

_EDGE = Hand(width=1.3, shake=0.5, grain=0.5, taper=0.4, gaps=0.08)
_DAY = np.array([0.70, 0.65, 0.60], np.float32)
_NIGHT = np.array([0.13, 0.13, 0.20], np.float32)


def paint(easel: Easel) -> Array:
    """Paper, smear, strokes, accents."""
    seen, unit = easel.seen, easel.unit
    soft = blur(seen.lit, 1.6 * unit)
    model = with_clouds(easel, easel.tone(0.06 + 0.84 * soft), clouds(easel, crisp=0.3, amount=0.1))
    shine = easel.small(np.maximum(easel.disc, easel.halo * easel.sky * 0.6))[..., None]
    model += shine * (easel.orb_colour - model)
    model = np.clip(saturate(model + bloom(easel, 8), 1.3) * 1.07 + 0.012, 0, 1)
    grains = easel.grain(0.75, "tooth", small=True) * 0.8 + easel.grain(2.0, "tooth wide", small=True) * 0.5
    sheet = _DAY + (_NIGHT - _DAY) * easel.darkness
    smear = blur(model, 1.0 * unit / seen.scale)
    cover_ = np.clip(0.88 + 0.08 * grains, 0, 1)[..., None]
    picture = sheet * (1 - cover_) + smear * cover_
    for number in range(2):
        colour, amount = _chalk(easel, model, number)
        broken = amount * ramp(grains + 1.3 * amount, -0.8 + 0.5 * number, 1.5 + 0.2 * number)
        picture += broken[..., None] * (colour - picture)
    picture += easel.small(easel.touches)[..., None] * 0.8 * (model - picture)
    line = easel.small(ink(easel, _EDGE, "chalk line", light=0.7)) * easel.small(easel.focus) * 0.5
    picture *= 1 - line[..., None] * np.array([0.62, 0.70, 0.62], np.float32)
    dust = 0.02 * easel.grain(0.6, "dust", small=True)
    return before(easel, picture * (1 + dust)[..., None])


def _chalk(easel: Easel, model: Array, number: int) -> tuple[Array, Array]:
    """One pass of chalk strokes: colours and how much of them, both small."""
    unit, rng = easel.unit, easel.rng(f"chalk {number}")
    start = scattered(easel.shape, (6.0, 4.6)[number] * unit, rng)
    if number:
        wanted = (
            at(easel.seen.lit, start) * 0.6
            + at(easel.focus, start) * 0.6
            + 0.6 * easel.lots("chalk wanted", start)[:, 0]
            - 0.3
        )
        start = start[wanted > 0.72]
    paths = walk(easel.flow, easel.seen.part, start, (26, 15)[number] * unit, 4, turn=0.7)
    width = (5.6, 2.8)[number] * unit * (0.6 + 0.6 * easel.lots(f"chalk {number} width", paths.middle)[:, 0])
    samples = cover(paths, width.astype(np.float32), easel.shape, Reach(pitch=1.1))
    mixed = at(model, (paths.middle - 0.5) / easel.seen.scale)
    loose = (1 - 0.6 * at(easel.faces, paths.middle))[:, None]
    lift = (0.02 + 0.07 * easel.bell(f"chalk {number} value", paths.middle)) * loose + 0.07 * number
    mixed = mixed + lift * (0.3 + mixed) + 0.03 * easel.bell(f"chalk {number} hue", paths.middle, 3) * (0.3 + mixed)
    colour = np.zeros((*easel.shape, 3), np.float32)
    amount = np.zeros(easel.shape, np.float32)
    colour.reshape(-1, 3)[samples.at] = mixed.astype(np.float32)[samples.stroke]
    amount.ravel()[samples.at] = (1 - 0.35 * samples.across**2) * (1 - 0.5 * samples.along)
    laid = easel.small((amount > 0).astype(np.float32))[..., None]
    return (easel.small(colour) / np.maximum(laid, np.float32(0.25))).astype(np.float32), easel.small(amount)
