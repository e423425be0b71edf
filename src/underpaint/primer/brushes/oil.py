"""Oil: visible strokes from broad to fine along the form, broken colour, paint thick enough to catch the light."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, luma, ramp, relief, saturate
from underpaint.primer.brushes.paper import canvas
from underpaint.primer.brushes.sky import bloom, clouds, with_clouds
from underpaint.primer.brushes.strokes import Paths, Reach, at, cover, rounded, seeds, walk
from underpaint.primer.brushes.weather import before


@dataclass(frozen=True)
class _Layer:
    """One pass over the canvas: brush width and stroke length in units, colour jitter, thickness of paint."""

    width: float
    length: float
    jitter: float
    body: float


_LAYERS = (_Layer(13, 44, 0.050, 0.5), _Layer(6.5, 26, 0.060, 0.8), _Layer(3.2, 13, 0.050, 1.0))


def paint(easel: Easel) -> Array:
    """Block in, model, then refine what matters; last the relief of the paint under the scene's light."""
    model = saturate(_model(easel), 1.25)
    detail = _detail(easel)
    colour = model.repeat(easel.seen.scale, 0).repeat(easel.seen.scale, 1) * np.float32(0.9)
    colour = np.ascontiguousarray(colour[: easel.shape[0], : easel.shape[1]])
    height = np.zeros(easel.shape, np.float32)
    for number, layer in enumerate(_LAYERS):
        paths, width = _strokes(easel, layer, number, detail)
        _lay(easel, layer, paths, width, model, (colour, height), number)
    small = easel.small(colour)
    small += easel.small(easel.touches)[..., None] * 0.8 * (model - small)
    lean = relief(blur(easel.small(height), 0.5), easel.towards)
    shine = np.clip(lean * 0.16, -0.10, 0.14) * (0.5 + 0.7 * luma(small))
    small += shine[..., None]
    return before(easel, small * (1 + 0.02 * canvas(easel))[..., None])


def _model(easel: Easel) -> Array:
    """The colours to be mixed, small: soft light, warm lights, cool shade, sun and lamps."""
    seen = easel.seen
    picture = with_clouds(easel, easel.tone(0.04 + 0.86 * seen.lit), clouds(easel, crisp=0.4, amount=0.15))
    halo = easel.small(np.maximum(easel.disc, easel.halo * easel.sky * 0.55))[..., None]
    picture += halo * (easel.orb_colour - picture)
    picture += bloom(easel, 9)
    lit = easel.small(ramp(seen.lit, 0.25, 0.6) * ~easel.sky)[..., None] - 0.5
    solid = 1 - easel.small(easel.sky)[..., None]
    warm = np.array([0.035, 0.008, -0.04], np.float32) * (1 - 0.5 * easel.darkness)
    return np.clip(picture * (1 + lit * 0.12 * solid) + lit * warm * solid, 0, 1)


def _detail(easel: Easel) -> Array:
    """Where finer brushes are needed: subjects, borders, the edge of the shade."""
    edge = easel.edges + 0.5 * np.abs(np.gradient(easel.seen.lit, axis=1)) * 6
    near = blur(np.minimum(edge, 1), 3.0 * easel.unit) * easel.unit * 2.4
    return np.clip(easel.focus * 0.7 + near + 0.5 * easel.faces, 0, 1.5)


def _strokes(easel: Easel, layer: _Layer, number: int, detail: Array) -> tuple[Paths, Array]:
    unit, rng = easel.unit, easel.rng(f"oil {number}")
    start = seeds(easel.flow, layer.width * 0.62 * unit, layer.length * 0.5 * unit, rng, jitter=0.5)
    start = start[at(easel.edges, start) == 0]
    if number:
        start = start[
            at(detail, start) + easel.lots(f"oil {number} care", start)[:, 0] * 0.5 - 0.25 > (0.0, 0.12, 0.62)[number]
        ]
    order = np.argsort(-at(easel.seen.depth, start) + easel.lots(f"oil {number} order", start)[:, 0], kind="stable")
    paths = walk(easel.flow, easel.seen.part, start[order], layer.length * unit, 4, turn=0.7)
    width = layer.width * unit * (0.7 + 0.55 * easel.lots(f"oil {number} width", paths.middle)[:, 0])
    return paths, width.astype(np.float32)


def _lay(
    easel: Easel, layer: _Layer, paths: Paths, width: Array, model: Array, onto: tuple[Array, Array], number: int
) -> None:
    """Put the strokes down: one mixed colour each, streaked by the bristles; `onto` is colour and height."""
    within = easel.objects if number < 2 else easel.seen.part
    samples = cover(paths, width, easel.shape, Reach(rounded, 1.0, within))
    pixel, stroke, across, along = samples.at, samples.stroke, samples.across, samples.along
    mixed = at(model, (paths.middle - 0.5) / easel.seen.scale)
    loose = layer.jitter * (1 - 0.6 * at(easel.faces, paths.middle))[:, None]
    mixed = mixed + easel.bell(f"oil {number} value", paths.middle) * loose * (0.12 + mixed)
    mixed = mixed + 0.6 * easel.bell(f"oil {number} hue", paths.middle, 3) * loose * (0.12 + luma(mixed)[:, None])
    hairs = easel.bell(f"oil {number} hairs", paths.middle, 16)
    hair = hairs[stroke, ((across + 1) * 7.9).astype(np.intp)] * (0.6 + 0.4 * along)
    colour, height = onto
    paint = mixed.astype(np.float32)[stroke] * (1 + 0.075 * hair)[:, None]
    colour.reshape(-1, 3)[pixel] = paint
    load = 0.5 * easel.lots(f"oil {number} load", paths.middle)[:, 0]
    ridge = 0.5 * (np.abs(across) > 0.72) + 0.35 * (along < 0.12) - 0.25 * along
    height.ravel()[pixel] = (ridge + hair * 0.5 + load[stroke]) * layer.body
