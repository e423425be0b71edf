"""What a surface is made of, said in a few marks: tufts for grass, dashes for water, hairs for fur."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array
from underpaint.primer.brushes.strokes import Paths, Reach, at, cover, scattered, tapered


@dataclass(frozen=True)
class _Mark:
    """Length and width in units at six metres, the chance that a place gets one, and the way it runs: along the form,
    up, level or any way.
    """

    length: float
    width: float
    chance: float
    way: str = "form"


_GRASS, _HAIR, _GRAIN = _Mark(5.5, 0.75, 0.5, "up"), _Mark(6.0, 0.6, 0.5), _Mark(9.0, 0.6, 0.28)
_STONE, _DUST, _LEAF = _Mark(3.2, 0.65, 0.16, "level"), _Mark(1.6, 0.7, 0.22, "level"), _Mark(3.0, 1.1, 0.75, "any")
_MARKS = {
    "grass": _GRASS, "leaf": _LEAF, "fur": _HAIR, "hair": _HAIR, "feather": _HAIR, "scale": _Mark(2.0, 0.8, 0.5, "any"),
    "bark": _GRAIN, "wood": _GRAIN, "water": _Mark(11.0, 0.7, 0.4, "level"), "stone": _STONE, "brick": _STONE,
    "rock": _Mark(5.0, 0.8, 0.2), "plaster": _Mark(2.5, 0.55, 0.06, "level"), "tile": _Mark(2.6, 0.6, 0.25, "level"),
    "sand": _DUST, "earth": _DUST, "snow": _Mark(3.0, 0.6, 0.05, "level"),
}  # fmt: skip
_NONE = _Mark(1.0, 0.5, 0.0)


@dataclass(frozen=True)
class Marks:
    """`amount` 0..1 of a mark on each array pixel, `tone` -1..1 whether it is darker or lighter than its ground."""

    amount: Array
    tone: Array


def marks(easel: Easel, spacing: float = 4.6, width: float = 1.0, few: float = 1.0) -> Marks:
    """Marks for every material that asks for them, smaller and rarer far away; `few` scales how many there are."""
    amount, tone = np.zeros(easel.shape, np.float32), np.zeros(easel.shape, np.float32)
    table = [_MARKS.get(p.material, _NONE) for p in easel.seen.parts]
    rng, unit = easel.rng("marks"), easel.unit
    xy = scattered(easel.shape, spacing * unit, rng)
    size = np.clip(6.0 / np.maximum(at(easel.seen.depth, xy), 0.5), 0.3, 1.5).astype(np.float32)
    chance = np.array([m.chance for m in table])[at(easel.seen.part, xy)]
    chance = chance * np.clip(0.6 + 0.7 * at(easel.grain(20, "clumps"), xy), 0, 1.6)
    kept = easel.lots("mark chance", xy)[:, 0] < chance * few * np.clip(size * 1.6, 0.2, 1) * (
        at(easel.seen.haze, xy) < 0.6
    )
    xy, size = xy[kept], size[kept]
    part = at(easel.seen.part, xy)
    length = (
        np.array([m.length for m in table], np.float32)[part] * size * (0.7 + 0.6 * easel.lots("mark length", xy)[:, 0])
    )
    broad = np.array([m.width for m in table], np.float32)[part] * np.sqrt(size) * width
    heading = _headings(easel, xy, np.array([m.way for m in table])[part])
    paths = _bent(easel, xy, heading * (length * unit)[:, None])
    samples = cover(paths, (broad * unit).astype(np.float32), easel.shape, Reach(tapered, 0.8, easel.seen.part))
    amount.ravel()[samples.at] = 1
    tone.ravel()[samples.at] = (2 * easel.lots("mark tone", xy)[:, 0] - 1)[samples.stroke]
    return Marks(amount, tone)


def _headings(easel: Easel, xy: Array, way: np.ndarray) -> Array:
    """N x 2 unit directions by the way a mark runs, a little loose."""
    form = np.arctan2(*at(easel.seen.flow, xy).T[::-1])
    angle = np.select([way == "up", way == "level"], [-np.pi / 2, 0.0], form) + 0.22 * easel.bell("mark lean", xy)[:, 0]
    angle = np.where(way == "any", 2 * np.pi * easel.lots("mark way", xy)[:, 0], angle)
    return np.stack([np.cos(angle), np.sin(angle)], -1).astype(np.float32)


def _bent(easel: Easel, xy: Array, reach: Array) -> Paths:
    """Strokes of three points with a slight bend."""
    side = np.stack([-reach[:, 1], reach[:, 0]], -1) * 0.16 * easel.bell("mark bend", xy)
    points = np.stack([xy - reach / 2, xy + side, xy + reach / 2], 1).astype(np.float32)
    n = len(xy)
    return Paths(points, np.zeros(n, np.float32), np.full(n, 2, np.float32), at(easel.seen.part, xy))
