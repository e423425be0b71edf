"""Pencil: graphite hatching that follows the form on toothed paper, coloured pencils where the colour matters."""

import numpy as np

from underpaint.primer.brushes import paper
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, luma, ramp, saturate
from underpaint.primer.brushes.hands import HANDS, ink
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.strokes import Reach, at, cover, heap, seeds, walk
from underpaint.primer.brushes.tones import darkness_of, diagonal
from underpaint.primer.brushes.weather import before

_GRAPHITE = np.array([0.20, 0.20, 0.225], np.float32)


def paint(easel: Easel) -> Array:
    """Rubbed tone, three directions of strokes, contours drawn more than once."""
    dark = darkness_of(easel, local=0.5)
    grains = paper.tooth(easel)
    strokes = sum(_layer(easel, dark, number) for number in range(3)) + 0.8 * marks(easel, few=0.45).amount
    rubbed = blur(easel.small(dark), 1.2 * easel.unit / easel.seen.scale)
    lead = 1 - np.exp(-1.1 * easel.small(blur(np.asarray(strokes, np.float32), 0.7)))
    lead = lead * (0.78 + 0.22 * ramp(grains, -1.0, 0.8)) + rubbed * 0.62 * (0.8 + 0.25 * grains)
    line = easel.small(ink(easel, HANDS["scratchy"], "pencil", light=0.85)) * (0.8 + 0.2 * ramp(grains, -1, 1))
    sheet = paper.lit_paper(paper.CARTRIDGE, grains, 0.010)
    picture = sheet * (1 - np.clip(lead, 0, 0.93)[..., None] * (1 - _lead_colour(easel)))
    picture = picture * (1 - _crayon(easel, grains))
    picture = picture * (1 - np.clip(line, 0, 0.95)[..., None] * (1 - _GRAPHITE))
    glow = easel.small(np.maximum(easel.disc, 0.6 * easel.glow))[..., None]
    return before(easel, picture + glow * (easel.orb_colour * sheet - picture) * 0.9)


def _layer(easel: Easel, dark: Array, number: int) -> Array:
    """One direction of hatching; a stroke is pressed as hard as it is dark beneath it."""
    unit, rng = easel.unit, easel.rng(f"pencil {number}")
    flow = (easel.seen.flow, diagonal(easel), easel.seen.flow)[number]
    above = (0.08, 0.36, 0.56)[number]
    start = seeds(flow, (1.6, 1.9, 1.4)[number] * unit, 18 * unit, rng, jitter=0.2)
    start = start[at(dark, start) > above + 0.05 * at(easel.grain(26, "hatched where"), start)]
    paths = walk(flow, easel.seen.part, start, (30, 23, 18)[number] * unit, 5)
    here = at(dark, paths.middle)
    samples = cover(paths, (0.75 + 1.3 * here) * unit, easel.shape, Reach(pitch=0.95, top=False))
    press = np.clip((here - above) * 1.5 + 0.22, 0.1, 0.95)
    press *= 0.8 + 0.35 * easel.lots(f"pencil {number} press", paths.middle)[:, 0]
    lift = np.minimum(1, (1 - samples.along) * 1.6 + 0.1)
    weight = press.astype(np.float32)[samples.stroke] * lift * (1.05 - 0.5 * np.abs(samples.across))
    return heap(samples, weight, easel.shape)


def _lead_colour(easel: Easel) -> Array:
    """Graphite, or a coloured lead of the local colour's darks on what matters; small H x W x 3."""
    local = np.clip(saturate(easel.tone(0.7, 1.0), 1.2), 0, 1)
    local = local * np.minimum(1, 0.5 / np.maximum(luma(local), 0.12))[..., None]
    share = np.clip(easel.small(easel.focus) * 1.05 - 0.1, 0, 0.85)[..., None]
    return _GRAPHITE + (local - _GRAPHITE) * share


def _crayon(easel: Easel, grains: Array) -> Array:
    """The side of a coloured pencil over the tooth: what it takes from white; small H x W x 3."""
    local = np.clip(saturate(easel.tone(0.85, 1.0), 1.08), 0, 1)
    share = 0.26 + (0.22 + 0.3 * easel.darkness) * easel.sky + 0.62 * easel.focus * (easel.focus > 0.5)
    amount = easel.small(share) * (0.84 + 0.16 * ramp(grains, -1.1, 0.6))
    sides = easel.small(blur(ramp(easel.grain(1.4, "side"), -1.8, 0.8), 0.5))
    amount = np.clip(amount * (0.8 + 0.2 * sides), 0, 0.95)
    return (1 - local) * amount[..., None]
