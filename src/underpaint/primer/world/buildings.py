"""House, castle and lighthouse; about one unit high on y = 0."""

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    cross,
    dim,
    limb,
    line,
    mix,
    poly,
    rect,
    smooth,
)

_WALLS: tuple[Colour, ...] = ((0.92, 0.86, 0.74), (0.86, 0.80, 0.72), (0.80, 0.74, 0.66), (0.93, 0.90, 0.86))
_STONE: Colour = (0.66, 0.64, 0.62)
WOOD: Colour = (0.52, 0.36, 0.22)
_GLASS: Colour = (0.30, 0.36, 0.46)


def hard_part(path: object, colour: Colour, **more: object) -> Part:
    """A part of the subject that is flatter than flesh."""
    return Part(path, colour, subject=True, **({"form": 0.6} | more))  # type: ignore[arg-type]


def _window(x: float, y: float, w: float, h: float, lit: float = 0.6) -> Part:
    bars = (line((x, y - h), (x, y)), line((x - w, y - h / 2), (x + w, y - h / 2)))
    return hard_part(rect(x - w, y - h, 2 * w, h), _GLASS, inner=bars, form=0.2, glow=lit, angle=1.5)


def _courses(rng: np.random.Generator, x0: float, x1: float, y0: float, y1: float, count: int) -> tuple:
    out = []
    for _ in range(count):
        x, y = float(rng.uniform(x0, x1)), float(rng.uniform(y0, y1))
        out.append(poly([(x, y), (x + 0.05, y), (x + 0.05, y + 0.025)], closed=False))
    return tuple(out)


def build_house(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """A gabled house seen a little from one side, its roof in the named colour."""
    w, wall = float(rng.uniform(0.28, 0.42)), float(rng.uniform(0.34, 0.5))
    side = float(rng.choice([-1, 1])) * float(rng.uniform(0.18, 0.36))
    wall_colour = _WALLS[int(rng.integers(len(_WALLS)))]
    ridge = -float(rng.uniform(0.82, 1.0))
    eave = 0.06
    out = []
    far = w * np.sign(side) + side
    cx = far * 0.72
    out.append(hard_part(rect(cx - 0.04, ridge - 0.08, 0.085, 0.35), (0.60, 0.36, 0.30)))
    out.append(
        hard_part(
            poly([(w * np.sign(side), 0), (far, -0.05), (far, -wall - 0.02), (w * np.sign(side), -wall)]),
            dim(wall_colour, 0.82),
            angle=1.5,
        )
    )
    out.append(
        hard_part(
            poly([(-w, 0), (w, 0), (w, -wall), (0, ridge + 0.03), (-w, -wall)]),
            wall_colour,
            inner=_courses(rng, -w * 0.8, w * 0.7, -wall, -0.05, int(4 * detail)),
            angle=1.5,
        )
    )
    tiles = tuple(
        line(
            (w * np.sign(side) * (1 - t) + 0.02, ridge * t - wall * (1 - t)),
            (far - 0.02 - side * 0.1 * t, ridge * t - (wall + 0.02) * (1 - t)),
        )
        for t in (0.3, 0.6)[: int(2.5 * detail)]
    )
    s = float(np.sign(side))
    out.append(
        hard_part(
            poly(
                [
                    (s * (w + eave), -wall + eave),
                    (far + s * eave, -wall + eave * 0.6),
                    (far - s * w * 0.55, ridge + 0.0),
                    (0, ridge),
                ]
            ),
            coat.main,
            inner=tiles,
            angle=0.9 * s,
        )
    )
    slab = poly(
        [
            (-s * (w + eave), -wall + eave),
            (-s * (w + eave * 0.4), -wall + eave + 0.03),
            (0, ridge + 0.09),
            (s * (w + eave * 0.4), -wall + eave + 0.03),
            (s * (w + eave), -wall + eave),
            (0, ridge),
        ]
    )
    out.append(hard_part(slab, coat.dark, angle=0.8))
    dx = float(rng.uniform(-0.12, 0.12))
    door = smooth([(dx - 0.06, 0), (dx - 0.06, -0.17), (dx, -0.215), (dx + 0.06, -0.17), (dx + 0.06, 0)], tension=0.5)
    out.append(hard_part(door, mix(coat.main, WOOD, 0.35), inner=(line((dx, -0.2), (dx, 0)),), angle=1.5))
    out += [_window(dx + 0.17, -0.12, 0.045, 0.11), _window(dx - 0.17, -0.12, 0.045, 0.11)]
    if wall > 0.4:
        out.append(_window(0, -wall - 0.02, 0.045, 0.12))
    return out


def build_castle(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """A keep, a wall with merlons and a gate, two turrets; roofs and flags in the named colour."""
    stone = mix(_STONE, coat.light, 0.25)
    out: list[Part] = []
    wall = float(rng.uniform(0.3, 0.42))
    keep_w, keep_h = float(rng.uniform(0.14, 0.2)), float(rng.uniform(0.62, 0.74))
    for x, w, h, roof in ((float(rng.uniform(-0.1, 0.1)), keep_w, keep_h, 1.0),):
        out += _turret(rng, coat, stone, x, w, h, roof > 0.5, detail)
    merlons = [(-0.42, 0.0), (-0.42, -wall - 0.05)]
    for i in range(9):
        x = -0.42 + i * 0.0933
        merlons += [(x, -wall - 0.05), (x + 0.05, -wall - 0.05), (x + 0.05, -wall), (x + 0.0933, -wall)]
    merlons += [(0.42, -wall), (0.42, 0)]
    out.append(
        hard_part(
            poly(merlons), stone, inner=_courses(rng, -0.38, 0.3, -wall + 0.03, -0.05, int(8 * detail)), angle=0.1
        )
    )
    gate = smooth([(-0.08, 0), (-0.08, -0.14), (0, -0.21), (0.08, -0.14), (0.08, 0)], tension=0.5)
    out.append(hard_part(gate, mix(WOOD, coat.dark, 0.3), inner=(line((0, -0.2), (0, 0)),), angle=1.5))
    for x in (-0.43, 0.43):
        out += _turret(
            rng,
            coat,
            dim(stone, 0.95),
            x,
            float(rng.uniform(0.085, 0.12)),
            wall + float(rng.uniform(0.08, 0.25)),
            True,
            detail,
        )
    return out


def _turret(
    rng: np.random.Generator, coat: Coat, stone: Colour, x: float, w: float, h: float, roof: bool, detail: float
) -> list[Part]:
    out = [hard_part(poly([(x - w, 0), (x + w, 0), (x + w * 0.95, -h), (x - w * 0.95, -h)]), stone, form=1.0, angle=1.5,
                 inner=_courses(rng, x - w * 0.7, x + w * 0.4, -h * 0.9, -0.06, int(3 * detail)))]  # fmt: skip
    tall = float(rng.uniform(0.2, 0.3))
    out.append(hard_part(rect(x - 0.02, -h + 0.07, 0.04, 0.09), _GLASS, form=0.2, glow=0.6))
    if roof:
        out.append(
            hard_part(
                poly([(x, -h - tall), (x + w * 1.25, -h + 0.01), (x - w * 1.25, -h + 0.01)]),
                coat.main,
                form=1.0,
                angle=1.2,
            )
        )
        out.append(
            hard_part(
                smooth(
                    [
                        (x, -h - tall - 0.09),
                        (x + 0.1, -h - tall - 0.07),
                        (x + 0.09, -h - tall - 0.03),
                        (x, -h - tall - 0.035),
                    ],
                    tension=0.7,
                ),
                coat.main,
            )
        )
        out.append(hard_part(limb([(x, -h - tall - 0.1), (x, -h - tall + 0.03)], [0.012, 0.012], 3), WOOD))
    return out


def build_lighthouse(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """A striped tower with a lamp."""
    b, t = float(rng.uniform(0.13, 0.18)), float(rng.uniform(0.08, 0.11))
    top = -0.76
    wall: Colour = (0.95, 0.94, 0.9) if sum(coat.main) < 2.3 else (0.55, 0.62, 0.7)
    shaft = poly([(-b, 0), (b, 0), (t, top), (-t, top)])
    out = [hard_part(shaft, wall, form=1.0, angle=1.5)]
    bands = int(rng.integers(2, 4))
    for i in range(bands):
        y0 = top * (i + 0.25) / bands
        band = cross(
            shaft, poly([(-0.3, y0), (0.3, y0), (0.3, y0 + top * 0.52 / bands), (-0.3, y0 + top * 0.52 / bands)])
        )
        out.append(hard_part(band, coat.main, form=1.0, angle=0.05))
    out.append(hard_part(rect(-0.025, -0.12, 0.05, 0.12), WOOD))
    out += [hard_part(rect(-0.018, top * f, 0.036, 0.06), _GLASS, glow=0.6) for f in (0.45, 0.75)]
    out.append(
        hard_part(
            rect(-t * 0.75, top - 0.11, t * 1.5, 0.11),
            (0.98, 0.9, 0.6),
            glow=1.0,
            form=0.3,
            inner=(line((0, top - 0.11), (0, top)),),
        )
    )
    out.append(hard_part(rect(-t * 1.4, top - 0.015, t * 2.8, 0.035), coat.dark))
    out.append(
        hard_part(
            smooth([(-t * 1.05, top - 0.1), (0, top - 0.24), (t * 1.05, top - 0.1)], tension=0.5), coat.main, form=1.0
        )
    )
    return out
