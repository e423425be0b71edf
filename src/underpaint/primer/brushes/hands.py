"""Line art as people draw it: one function from the scene's visible lines to ink, for many hands and tools."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, noise, ramp
from underpaint.primer.brushes.strokes import dabs
from underpaint.primer.stagecraft.seen import Seen


@dataclass(frozen=True)
class Hand:
    """How somebody draws a line. Lengths in units of 1/256 of the picture's short side.

    `width` of the pen, `swell` how far it swells on the shade side and thins in the light, `taper` how much of a
    line's ends runs thin, `shake` how far the line strays, `passes` how often it is drawn over, `gaps` the share of it
    that is left out, `grain` how far the paper breaks it, `strength` how black it is, `overshoot` how far it runs on.
    """

    width: float = 1.1
    swell: float = 0.25
    taper: float = 0.1
    shake: float = 0.0
    passes: int = 1
    gaps: float = 0.0
    grain: float = 0.0
    strength: float = 1.0
    overshoot: float = 0.0


HANDS = {
    "clean": Hand(),
    "rough": Hand(width=1.0, shake=0.9, passes=3, strength=0.72, overshoot=3.0, taper=0.3, grain=0.15),
    "broken": Hand(width=1.15, gaps=0.3, shake=0.35, taper=0.45, swell=0.4),
    "scratchy": Hand(width=0.95, shake=0.6, passes=2, grain=0.45, strength=0.9, overshoot=1.5, gaps=0.08, taper=0.35),
    "brush": Hand(width=1.9, swell=0.9, taper=0.8, shake=0.3, gaps=0.05),
    "pen": Hand(width=1.1, swell=0.45, taper=0.4, shake=0.25, gaps=0.015),
}
KINDS = {"outline": 1.0, "crease": 0.72, "detail": 0.6}
_STEP = 1.0  # array pixels between the dabs of which a line is made


def draw_lines(seen: Seen, hand: str = "clean") -> NDArray[np.uint8]:
    """The scene's line art in one of the `HANDS`: uint8 H x W at the picture's size, 255 where there is ink."""
    easel = Easel(seen)
    return np.rint(easel.small(ink(easel, HANDS[hand], "hand/" + hand)) * 255).astype(np.uint8)


def ink(easel: Easel, hand: Hand, name: str, light: float = 1.0) -> Array:
    """How much ink a hand leaves, 0..1 on the arrays; `light` below 1 thins what is far or only place."""
    lines = easel.seen.lines
    total = np.zeros(easel.shape, np.float32)
    rng = easel.rng(name)
    for number in range(hand.passes if lines else 0):
        loose = replace(hand, shake=hand.shake * (0.5 + 0.7 * number))
        total += (1 - total) * np.clip(_pass(easel, loose, rng, light), 0, 1) * hand.strength
    if hand.grain:
        tooth = noise(easel.shape, 1.3 * easel.unit / 2, rng)
        total *= 1 - hand.grain * ramp(tooth, -0.5, 1.1)
    return total


def _pass(easel: Easel, hand: Hand, rng: np.random.Generator, light: float) -> Array:
    """Every line once."""
    xy, along, ends, owner = _dabs(easel, hand, rng)
    unit, shape = easel.unit, easel.shape
    if hand.shake:
        far, near = (noise(shape, scale * unit, rng) for scale in (22, 5))
        for c in (0, 1):
            stray = _look(far, xy, 31 * c) * 0.75 + _look(near, xy, 57 * c) * 0.3
            xy[:, c] += stray * np.float32(hand.shake * unit)
    parts, lines = easel.seen.parts, easel.seen.lines
    care = {"subject": 1.0, "prop": 0.95, "place": 0.8, "ground": 0.75, "sky": 0.7}
    weight = np.array([KINDS[line.kind] * (1 - (1 - light) * (1 - care[parts[line.part].role]) * 3) for line in lines])
    pen = np.float32(hand.width * max(unit, 0.8 * easel.seen.scale))  # a small picture has no thinner lines
    width = np.maximum(weight, 0.25).astype(np.float32).take(owner) * pen
    lit = _look(easel.seen.lit, xy, 0)
    width *= 1 + np.float32(hand.swell) * (0.55 - lit) * 1.2
    if hand.taper:
        reach = np.minimum(along, ends - along) / (np.float32(7 * unit) * hand.taper + 0.01)
        width *= np.clip(reach * (1 - 0.25) + 0.25, 0, 1)
    if hand.gaps:
        lift = _look(noise(shape, 7 * unit, rng), xy, 11) + 0.5 * (lit - 0.5)
        width *= ramp(lift, -2.2 + 2.6 * hand.gaps**0.5, -1.95 + 2.6 * hand.gaps**0.5)
    return dabs(xy, width, shape, _STEP * 0.9)


def _dabs(easel: Easel, hand: Hand, rng: np.random.Generator) -> tuple[Array, Array, Array, NDArray[np.intp]]:
    """All lines as evenly spaced points: N x 2 places, way from the start, whole length, number of the line.

    They are walked as one long line whose joints between two lines have no length.
    """
    lines = easel.seen.lines
    count = np.array([len(line.points) for line in lines])
    points = np.concatenate([line.points for line in lines]).astype(np.float64)
    last = np.cumsum(count) - 1
    first = last - count + 1
    if hand.overshoot:
        extra = (
            hand.overshoot
            * easel.unit
            * easel.lots(f"overshoot {rng.integers(2**31)}", points[first].astype(np.float32))
        )
        extra *= np.hypot(*(points[last] - points[first]).T)[:, None] > 12 * easel.unit
        points[first] -= _headings(points[first + 1] - points[first]) * extra
        points[last] += _headings(points[last] - points[last - 1]) * extra
    legs = np.hypot(*np.diff(points, axis=0).T)
    legs[last[:-1]] = 0
    way = np.concatenate([[0.0], np.cumsum(legs)])
    t = np.arange(0, way[-1], _STEP)
    owner = np.searchsorted(way[first], t, side="right") - 1
    xy = np.stack([np.interp(t, way, points[:, c]) for c in (0, 1)], -1).astype(np.float32)
    along = (t - way[first][owner]).astype(np.float32)
    return xy, along, (way[last] - way[first])[owner].astype(np.float32), owner


def _headings(ways: NDArray[np.float64]) -> NDArray[np.float64]:
    return ways / np.maximum(np.hypot(ways[:, :1], ways[:, 1:]), 1e-6)


def _look(field: Array, xy: Array, shift: int) -> Array:
    """Field values at points, wrapped round the borders by `shift` so that one noise serves twice."""
    height, width = field.shape
    if shift:
        x, y = (xy[:, 0].astype(np.int64) + shift) % width, (xy[:, 1].astype(np.int64) + shift) % height
    else:
        x = np.rint(xy[:, 0]).astype(np.int64).clip(0, width - 1)
        y = np.rint(xy[:, 1]).astype(np.int64).clip(0, height - 1)
    return field.ravel().take(y * width + x)


__all__ = ["HANDS", "Hand", "draw_lines", "ink"]
