"""Gouache: flat opaque shapes in a few tones, dry edges, broad strokes in the large planes, chalky lights."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, moved, ramp, saturate, wobble
from underpaint.primer.brushes.marks import marks
from underpaint.primer.brushes.sky import bloom, clouds, with_clouds
from underpaint.primer.brushes.strokes import Reach, at, cover, rounded, scattered, walk
from underpaint.primer.brushes.weather import before


def paint(easel: Easel) -> Array:
    """Three tones with dragged borders, one broad pass of the brush, a few light dabs."""
    seen, unit = easel.seen, easel.unit
    value, drag = _brushed(easel)
    ragged = wobble(easel.shape, 0.75 * unit, 5 * unit, easel.rng("wobble"))
    lit = moved(blur(seen.lit, 1.2 * unit), ragged) + drag * (0.065 - 0.035 * easel.faces)
    light = 0.10 + 0.46 * ramp(lit, 0.22, 0.28) + 0.34 * ramp(lit, 0.62, 0.68)
    open_ = 0.72 + 0.28 * ramp(seen.occlusion + drag * 0.12, 0.42, 0.5)
    picture = with_clouds(easel, easel.tone(light, open_, where=ragged), clouds(easel, crisp=0.95, amount=0.1))
    disc = easel.small(moved(easel.disc, ragged))[..., None]
    halo = easel.small(easel.halo * easel.sky * 0.3)[..., None]
    picture += np.maximum(disc, halo) * (easel.orb_colour - picture)
    picture = saturate(picture, 1.2)
    picture = picture * (1 + 0.055 * easel.small(value * (1 - 0.6 * easel.faces)))[..., None]
    picture = picture * 0.98 + 0.03 * (1 - 0.6 * easel.darkness)
    said = marks(easel, spacing=5.0, width=2.0)
    picture = picture * (1 + easel.small(said.amount * said.tone)[..., None] * 0.24)
    picture += bloom(easel, 5) * 0.5
    dry = _dry_edge(easel)
    picture += dry[..., None] * (0.10 + 0.12 * picture)
    return before(easel, picture * (1 + 0.012 * easel.grain(0.5, "matte", small=True))[..., None])


def _brushed(easel: Easel) -> tuple[Array, Array]:
    """How light each broad stroke is against its neighbours, and the streaks its bristles leave, both about -1..1."""
    unit, rng = easel.unit, easel.rng("brush")
    start = scattered(easel.shape, 11 * unit, rng)
    paths = walk(easel.flow, easel.seen.part, start, 52 * unit, 4, turn=0.6)
    width = (
        (9 - 4.5 * at(easel.focus, start))
        * (1 - 0.45 * at(easel.faces, start))
        * unit
        * (0.8 + 0.4 * easel.lots("gouache width", paths.middle)[:, 0])
    )
    samples = cover(paths, width.astype(np.float32), easel.shape, Reach(rounded, 0.95))
    mark = 2 * easel.lots("gouache mark", paths.middle)[:, 0] - 1
    bristles = easel.bell("gouache hairs", paths.middle, 24)
    hair = bristles[samples.stroke, ((samples.across + 1) * 11.9).astype(np.intp)]
    value, drag = np.zeros(easel.shape, np.float32), np.zeros(easel.shape, np.float32)
    value.ravel()[samples.at] = mark[samples.stroke] * 0.75 + hair * 0.16
    drag.ravel()[samples.at] = hair * 0.7 + mark[samples.stroke] * 0.3
    return value, drag


def _dry_edge(easel: Easel) -> Array:
    """Where the brush ran dry at the border of a shape the ground shows through in specks; small H x W."""
    near = easel.small(blur(easel.edges, 1.3 * easel.unit)) * easel.unit
    specks = ramp(easel.grain(0.8, "specks", small=True) + easel.grain(6, "where dry", small=True), 1.0, 1.7)
    return np.clip(near, 0, 1) * specks
