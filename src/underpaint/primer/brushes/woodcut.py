"""Woodcut: a key block cut along the form in lines that swell with the dark, and one or two flat inks beneath it."""

import numpy as np

from underpaint.primer.brushes import paper
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, luma, ramp, wobble
from underpaint.primer.brushes.hands import Hand, ink
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.strokes import Reach, at, cover, seeds, walk
from underpaint.primer.brushes.tones import darkness_of
from underpaint.primer.brushes.weather import before

_KEY = np.array([0.105, 0.095, 0.115], np.float32)
_GOUGE = Hand(width=1.7, swell=0.8, taper=0.4, shake=0.35)


def paint(easel: Easel) -> Array:
    """Colour blocks, then the key block printed black over them, a little uneven and a hair out of register."""
    key = _key_block(easel)
    uneven = easel.grain(0.7, "press", small=True) + 0.6 * easel.grain(9, "press wide", small=True)
    key = easel.small(key) * (1 - 0.5 * ramp(uneven, 1.5, 2.6))
    sheet = paper.lit_paper(paper.CREAM, paper.cold_press(easel), 0.012)
    picture = sheet * _colour_blocks(easel)
    return before(easel, picture * (1 - np.clip(key, 0, 1)[..., None] * (1 - _KEY)))


def _key_block(easel: Easel) -> Array:
    """Black lines along the flow, as wide as it is dark, closing to solid black; cut lines round things."""
    unit, rng = easel.unit, easel.rng("gouge")
    dark = ramp(darkness_of(easel, local=0.8, sky=0.55), 0.10, 0.9)
    spacing = 2.7 * unit
    start = seeds(easel.seen.flow, spacing, 30 * unit, rng, jitter=0.12)
    paths = walk(easel.seen.flow, easel.seen.part, start, 36 * unit, 7)
    share = at(dark, paths.points)
    width = np.where(share > 0.14, spacing * (share * 1.18 + 0.03), 0) * (
        0.9 + 0.2 * easel.lots("gouge width", paths.middle)
    )
    samples = cover(paths, width.astype(np.float32), easel.shape, Reach(pitch=0.85, top=False))
    block = np.zeros(easel.shape, np.float32)
    block.ravel()[samples.at] = 1
    block = ramp(blur(block, 0.35 * unit), 0.3, 0.62)
    white = blur(easel.outlines, 0.55 * unit) * unit > 0.2
    rescued = white & (dark > 0.6)
    block = np.where(rescued, 0.0, block)
    said = marks(easel, spacing=5.2, width=1.3, few=0.5)
    block = np.where(said.amount > 0, np.where(dark > 0.45, 0.0, 1.0), block)
    line = ink(easel, _GOUGE, "cut", light=0.85) * (1 - rescued * ramp(dark, 0.5, 0.8))
    block = np.maximum(block, line)
    return block * (1 - np.maximum(easel.disc, easel.glow > 0.3))


def _colour_blocks(easel: Easel) -> Array:
    """One flat ink per part, the sky's ink wiped from dark to light, wood grain in all; small H x W x 3."""
    seen = easel.seen
    shift = wobble(easel.shape, 0.5 * easel.unit, 7 * easel.unit, easel.rng("register"))
    rng = easel.rng("offset")
    dx, dy = (int(v) for v in np.rint(rng.uniform(-1.0, 1.0, 2) * easel.unit))
    shift = np.roll(shift, (dy, dx), (0, 1))
    flat = easel.tone(0.30 + 0.42 * ramp(seen.lit, 0.35, 0.42), 1.0, where=shift)
    grey = luma(flat)[..., None]
    flat = np.clip(grey + (flat - grey) * 1.25, 0, 1)
    flat = np.clip(flat * 1.12 + 0.06, 0, 1)
    y = np.arange(seen.size[1], dtype=np.float32)[:, None]
    bend = easel.grain(30, "board", small=True) * 3
    rings = np.sin((y + bend * 4) * 1.1) * 0.5 + 0.6 * easel.grain(2, "fibre", small=True)
    strength = easel.small(0.62 + 0.28 * easel.focus) + 0.08 * easel.darkness
    strength = np.clip(strength * (1 + 0.07 * rings), 0, 0.97)[..., None]
    light = easel.small(np.maximum(easel.disc, 0.4 * easel.halo * easel.sky))[..., None]
    inks = 1 - strength * (1 - flat)
    return inks + light * (easel.orb_colour - inks)
