"""Watercolour: glazes on white paper that pool at their edges, granulate, bloom back and leave lights unpainted."""

import numpy as np

from underpaint.primer.brushes import paper
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, moved, ramp, saturate, wobble
from underpaint.primer.brushes.hands import Hand, ink
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.weather import before

_PENCIL = Hand(width=0.8, shake=0.4, grain=0.4, strength=0.62, taper=0.4, swell=0.4)


def paint(easel: Easel) -> Array:
    """A light wash, a glaze for the shade, one for the darkest places; a pencil line shows through."""
    seen, unit = easel.seen, easel.unit
    shaky = wobble(easel.shape, 0.75 * unit, 9 * unit, easel.rng("wobble"))
    soft = moved(seen.lit, shaky) + 0.032 * easel.grain(14, "edge of the shade")
    shade = 1 - ramp(soft, 0.27, 0.38)
    deep = 1 - ramp(moved(seen.occlusion, shaky) + 0.05 * easel.grain(8, "deep"), 0.38, 0.52)
    light = easel.tone(0.96, 1.0, where=shaky)
    dark = easel.tone(0.24, 0.95, where=shaky)
    light = saturate(1 - (1 - np.clip(light, 0, 1)) * (0.72 + 0.20 * easel.darkness), 1.15)
    thin, thick = _density(light), _density(saturate(dark, 1.1))
    sky = easel.small(easel.sky)
    shade_small, deep_small = easel.small(shade * ~easel.sky), easel.small(deep * ~easel.sky)
    glaze = np.maximum(thick - thin, 0) * (shade_small * 0.80)[..., None]
    glaze += (thick * 0.45 + 0.1) * (deep_small * 0.6)[..., None]
    pools = _pools(easel, shaky, shade_small)
    density = (thin * _washes(easel, sky)[..., None] + glaze) * pools[..., None]
    said = marks(easel, spacing=5.5, width=1.8)
    density *= 1 + easel.small(said.amount * np.maximum(said.tone + 0.2, 0))[..., None] * 0.4
    density *= _spared(easel, sky, shade_small)[..., None]
    density = _granulate(easel, density)
    dents = paper.cold_press(easel)
    picture = paper.lit_paper(paper.WATERCOLOUR, dents, 0.016) * np.exp(-density)
    line = easel.small(ink(easel, _PENCIL, "underdrawing", light=0.8)) * (0.8 - 0.3 * easel.darkness)
    picture *= 1 - line[..., None] * np.array([0.60, 0.62, 0.62], np.float32)
    return before(easel, _moon(easel, picture))


def _density(colour: Array) -> Array:
    """How much pigment makes white paper that colour."""
    return -np.log(np.clip(colour, 0.03, 0.985))


def _washes(easel: Easel, sky: Array) -> Array:
    """How the water carried the paint: unevenly, in blooms with a crisp rim where a drop ran back."""
    flow = easel.grain(46, "wash", cloudy=True, small=True)
    drops = easel.grain(30, "drops", cloudy=True, small=True)
    front = drops - np.float32(1.15)
    rim = np.exp(-np.abs(front) * 22) * (front < 0.1) * 0.34
    pale = ramp(front, 0.0, 0.7) * 0.36
    calm = 1 - 0.35 * easel.small(easel.subject)
    wet = 1 + flow * (0.13 + 0.10 * sky) * calm + (rim - pale) * calm
    return np.clip(wet, 0.35, 1.7)


def _pools(easel: Easel, shaky: np.ndarray, shade: Array) -> Array:
    """Paint gathers along the border of every wash, and along the border of the shade."""
    edge = moved(easel.edges, shaky)
    near = easel.small(blur(edge, 1.0 * easel.unit)) * easel.unit
    wide = blur(easel.small(edge), 2.6 * easel.unit / easel.seen.scale) * easel.unit
    dx, dy = np.gradient(blur(shade, 0.7))
    rim = np.hypot(dx, dy) * (shade > 0.45)
    return 1 + np.clip(near * 0.62, 0, 0.75) + np.clip(wide * 0.4, 0, 0.22) + np.clip(rim * 1.3, 0, 0.4)


def _spared(easel: Easel, sky: Array, shade: Array) -> Array:
    """Paper left white: slivers between washes on the light side, dry sparkle on full lights, gaps in the sky."""
    edge = easel.small(blur(easel.edges, 0.55 * easel.unit)) * easel.unit * 1.25
    gaps = np.clip(edge - 0.18, 0, 1) * ramp(easel.grain(11, "gaps", small=True), 0.35, 0.7) * (1 - shade)
    crowded = blur(easel.small(easel.edges), 2.4 * easel.unit / easel.seen.scale) * easel.unit
    gaps *= 1 - ramp(crowded, 0.45, 0.8)
    dents = paper.cold_press(easel)
    bright = easel.small(ramp(easel.seen.lit, 0.82, 1.0) * (easel.focus > 0.2)) * (1 - sky) * (1 - easel.darkness)
    sparkle = bright * ramp(dents + 0.5 * easel.grain(7, "dry", small=True), 0.9, 1.3)
    sparkle *= 0.45 + 0.55 * ramp(easel.grain(17, "dry patches", small=True), 0.0, 1.0)
    clouds = ramp(easel.grain(38, "cloud gaps", cloudy=True, small=True), 0.5, 1.5) * sky * (1 - easel.darkness)
    return 1 - np.clip(gaps * 0.85 + sparkle * 0.42 + clouds * 0.55, 0, 0.92)


def _granulate(easel: Easel, density: Array) -> Array:
    """Pigment settles in the dents, heavy dark and blue paint more than thin bright paint."""
    dents = paper.cold_press(easel)
    heavy = np.clip(density.mean(-1) * 0.9, 0.15, 0.8)
    return density * (1 + np.clip(dents, -1.6, 2.2) * heavy * 0.16)[..., None]


def _moon(easel: Easel, picture: Array) -> Array:
    """Sun, moon and stars are paper; a soft lifted glow lies round them."""
    halo = easel.small(easel.halo * easel.sky) * 0.42
    picture += halo[..., None] * (easel.orb_colour - picture)
    picture += easel.small(easel.disc)[..., None] * (easel.orb_colour * 0.99 - picture)
    return picture
