"""Ink: pen lines and hatching that follow the form, tone by density, over thin washes of the local colour."""

import numpy as np

from underpaint.primer.brushes import paper
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, ramp, saturate
from underpaint.primer.brushes.hands import HANDS, ink
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.strokes import Reach, at, cover, seeds, tapered, walk
from underpaint.primer.brushes.tones import darkness_of, diagonal
from underpaint.primer.brushes.weather import before

_BLACK = np.array([0.085, 0.080, 0.100], np.float32)


def paint(easel: Easel) -> Array:
    """Washes first, then three layers of hatching from half-tone to the darkest, then the outline."""
    dark = darkness_of(easel)
    hatched = np.zeros(easel.shape, np.float32)
    crossing = diagonal(easel)
    for layer, (above, turned) in enumerate(((0.27, False), (0.52, True), (0.74, False))):
        flow = easel.seen.flow if not turned else crossing
        hatched = np.maximum(hatched, _hatch(easel, dark, flow, above, layer))
    hatched = np.minimum(blur(hatched, 0.5) * 1.25, 1)
    said = marks(easel, few=0.6)
    hatched = np.maximum(hatched, blur(said.amount * (said.tone < 0.3), 0.5) * (0.35 + 0.65 * ramp(dark, 0.02, 0.3)))
    line = ink(easel, HANDS["pen"], "pen")
    total = np.clip(1 - (1 - hatched * (0.94 - 0.2 * easel.focus)) * (1 - line), 0, 1)
    total = np.maximum(total, ramp(dark, 0.93, 0.99) * (easel.seen.depth < 1e3))
    return before(easel, _washed(easel) * (1 - easel.small(total)[..., None] * (1 - _BLACK)))


def _hatch(easel: Easel, dark: Array, flow: Array, above: float, layer: int) -> Array:
    """One layer of short strokes where it is darker than `above`, thicker the darker it is."""
    unit, rng = easel.unit, easel.rng(f"hatch {layer}")
    start = seeds(flow, (2.05 + 0.3 * (layer == 1)) * unit, 14 * unit, rng)
    start = start[at(dark, start) + 0.035 * at(easel.grain(22, "hatched where"), start) > above]
    paths = walk(flow, easel.seen.part, start, 19 * unit, 5)
    over = np.clip((at(dark, paths.points) - above) * 4.2 + 0.3, 0, 1)
    width = (
        (0.30 + 0.62 * over) * unit * (over > 0.05) * (0.8 + 0.35 * easel.lots(f"hatch {layer} width", paths.middle))
    )
    samples = cover(paths, width.astype(np.float32), easel.shape, Reach(tapered, 0.85, top=False))
    out = np.zeros(easel.shape, np.float32)
    out.ravel()[samples.at] = 1
    return out


def _washed(easel: Easel) -> Array:
    """Cream paper with diluted colour: light on places, fuller on subjects, fuller in the shade and by night."""
    local = easel.tone(0.34 + 0.5 * ramp(easel.seen.lit, 0.3, 0.5), 0.95)
    local = saturate(local, 1.12)
    strength = easel.small(0.46 + 0.36 * easel.focus) + 0.16 * easel.darkness
    strength = strength * (1 + 0.10 * easel.grain(34, "wash", cloudy=True, small=True))
    edge = easel.small(blur(easel.edges, 0.9 * easel.unit)) * easel.unit
    strength = np.clip(strength + edge * 0.12, 0, 0.95)[..., None]
    dents = paper.cold_press(easel)
    sheet = paper.lit_paper(paper.CREAM, dents, 0.012)
    picture = sheet * (1 - strength + strength * np.clip(local * 1.06, 0, 1))
    halo = easel.small(np.maximum(easel.disc, easel.halo * easel.sky * 0.35))[..., None]
    return picture + halo * (easel.orb_colour * sheet - picture)
