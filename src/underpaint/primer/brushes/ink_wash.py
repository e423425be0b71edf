"""Ink wash: few wet tones of diluted ink that bleed into rice paper, a brush line, mineral colour on what matters."""

import numpy as np

from underpaint.primer.brushes import paper
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, moved, ramp, saturate, wobble
from underpaint.primer.brushes.hands import HANDS, ink
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.tones import darkness_of
from underpaint.primer.brushes.weather import before

_INK = np.array([0.10, 0.10, 0.125], np.float32)


def paint(easel: Easel) -> Array:
    """Pale, middle and dark ink over each other, each drier than the last; distance dissolves into the paper."""
    unit, scale = easel.unit, easel.seen.scale
    feather = wobble(easel.shape, 1.6 * unit, 3.5 * unit, easel.rng("feather"))
    dark = moved(darkness_of(easel, local=0.75, sky=0.2), feather)
    flow = easel.grain(26, "water", cloudy=True)
    wet = easel.small(blur(dark + 0.035 * flow, 1.1 * unit))
    pale, middle, deep = ramp(wet, 0.05, 0.20), ramp(wet, 0.24, 0.36), ramp(wet, 0.46, 0.60)
    tone = 0.13 * pale + 0.22 * middle + 0.34 * deep + 0.22 * wet
    tone = tone + (0.44 - 0.24 * easel.small(easel.focus)) * easel.darkness * (1 - easel.small(easel.glow))
    dx, dy = np.gradient(middle + deep)
    tone = tone + np.clip(np.hypot(dx, dy), 0, 0.5) * 0.28
    said = marks(easel, spacing=7.0, width=1.7)
    tone = tone + easel.small(said.amount * np.maximum(said.tone, 0)) * 0.34
    fibres = paper.cold_press(easel)
    tone = tone * (1 - 0.38 * easel.small(easel.focus)) * (1 + 0.10 * fibres + 0.10 * easel.small(flow)) * _mist(easel)
    sheet = paper.lit_paper(paper.RICE, fibres, 0.014)
    line = easel.small(ink(easel, HANDS["brush"], "brush", light=0.82))
    dry = ramp(fibres + 0.8, -0.4, 0.5)
    line = blur(line, 0.35 * unit / scale) * (0.78 + 0.22 * dry) * (0.35 + 0.65 * _mist(easel))
    picture = sheet * (1 - _colour(easel, feather))
    amount = np.clip(1 - (1 - np.clip(tone, 0, 0.95)) * (1 - line * 0.95), 0, 1)[..., None]
    picture = picture * (1 - amount) + _INK * amount * (0.3 + 0.7 * picture.clip(0.2, 1))
    lamp = easel.small(easel.glow)[..., None] * 0.9
    picture += lamp * (np.stack([easel.small(p) for p in easel.albedo], -1) * sheet - picture)
    shine = easel.small(np.maximum(easel.disc, easel.halo * easel.sky * 0.5 * easel.darkness))[..., None]
    return before(easel, picture + shine * (easel.orb_colour * sheet - picture))


def _mist(easel: Easel) -> Array:
    """1 near, less where far things dissolve at their foot; small."""
    away = easel.small(easel.seen.haze)
    return 1 - 0.55 * ramp(away + 0.1 * easel.grain(30, "mist", cloudy=True, small=True), 0.2, 0.8)


def _colour(easel: Easel, feather: np.ndarray) -> Array:
    """What mineral colour takes from the paper's white: full on subjects, a breath elsewhere; H x W x 3 small."""
    local = np.clip(saturate(easel.tone(0.9, 1.0, where=feather), 1.1), 0, 1)
    local = local**0.72
    amount = easel.small(moved(0.22 + 0.62 * easel.focus * (easel.focus > 0.5), feather))
    amount = amount * (1 + 0.14 * easel.grain(16, "mineral", cloudy=True, small=True))
    sky = easel.small(easel.sky) * 0.55
    amount = np.clip(blur(amount, 0.7 * easel.unit / easel.seen.scale) + sky, 0, 0.92)
    return (1 - local) * amount[..., None]
