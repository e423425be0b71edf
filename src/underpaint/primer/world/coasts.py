"""Places by the water: the cliff and the shore."""

from underpaint.primer.world.place_kit import Ground, PlaceKit
from underpaint.primer.world.shapes import Colour, Part, blob, dim, limb, line, mix, poly, rect, smooth


def cliff(p: PlaceKit) -> Ground:
    """A grassy edge of rock above the sea."""
    s = float(p.rng.choice([-1, 1]))
    sea = Part(rect(-2, p.horizon, p.w + 4, p.h), (0.42, 0.58, 0.68), (0.22, 0.40, 0.52), form=0, depth=0.7, angle=0.02)
    edge = 0.5 + s * float(p.rng.uniform(0.28, 0.4))
    top = p.h * 0.74
    pts = [
        (-0.1, 0.0),
        (edge - 0.15 * s, -0.02),
        (edge, 0.015),
        (edge + 0.03 * s, 0.1),
        (edge - 0.03 * s, 0.18),
        (edge + 0.02 * s, 0.4),
    ]
    if s < 0:
        pts = [(1.1, 0.0), *pts[1:]]
    shape = [(x * p.w, top + y * p.h) for x, y in pts] + [((1.1 if s < 0 else -0.1) * p.w, p.h * 1.1)]
    rock = (0.56, 0.50, 0.46)
    cracks = tuple(
        line((edge * p.w - s * d * p.w, top + 0.06 * p.h), (edge * p.w - s * (d + 0.02) * p.w, top + 0.2 * p.h))
        for d in p.rng.uniform(0.03, 0.5, int(6 * p.scene.detail))
    )
    cliff = Part(poly(shape), rock, dim(rock, 0.7), form=0.5, inner=cracks, depth=0.05, angle=1.5)
    grass_line = [(x * p.w, top + y * p.h) for x, y in pts[:3]]
    back = [(x, y + 0.045 * p.h + float(p.rng.uniform(-0.01, 0.01)) * p.h) for x, y in grass_line[::-1]]
    grass = Part(smooth(grass_line + back, tension=0.5), (0.46, 0.58, 0.28), form=0.4, depth=0.05, angle=0.1)
    rocks = [
        Part(
            blob(p.rng, float(x) * p.w, p.horizon + float(d) * p.h, float(r) * p.w, float(r) * p.w * 0.8, 0.3, 7),
            (0.46, 0.44, 0.46),
            form=0.8,
            depth=0.5,
            angle=1.2,
        )
        for x, d, r in zip(
            0.5 + s * p.rng.uniform(0.3, 0.5, 3),
            p.rng.uniform(0.01, 0.06, 3),
            p.rng.uniform(0.02, 0.06, 3),
            strict=True,
        )
    ]
    return Ground(
        [*p.sky(), *_far_land(p), sea, *_waves(p, sea.colour, p.horizon, p.h * 0.9), *rocks, cliff, grass], [], top
    )


def shore(p: PlaceKit) -> Ground:
    """Sea, a line of foam, sand and stones."""
    sea = Part(rect(-2, p.horizon, p.w + 4, p.h), (0.36, 0.60, 0.72), (0.30, 0.62, 0.68), form=0, depth=0.6, angle=0.02)
    y = p.horizon + 0.13 * p.h
    foam = p.ridge(y - 0.012 * p.h, 0.014, (0.95, 0.97, 0.97), depth=0.3, count=7, form=0.1)
    xs_state = p.rng.bit_generator.state
    sand = p.ridge(y + 0.01 * p.h, 0.014, (0.93, 0.84, 0.64), (0.84, 0.72, 0.50), depth=0.1, count=7)
    p.rng.bit_generator.state = xs_state
    stones = [
        Part(blob(p.rng, float(a) * p.w, float(b) * p.h, 0.022 * p.w, 0.014 * p.w, 0.2, 7), (0.6, 0.56, 0.54), form=0.9)
        for a, b in zip(p.rng.random(4), p.rng.uniform(0.8, 0.97, 4), strict=True)
    ]
    return Ground([*p.sky(), *_far_land(p), sea, *_waves(p, sea.colour, p.horizon, y), foam, sand, *stones], [], y)


def _far_land(p: PlaceKit) -> list[Part]:
    x, wide = float(p.rng.random()) * p.w, float(p.rng.uniform(0.2, 0.5)) * p.w
    hill = smooth(
        [
            (x - wide, p.horizon + 2),
            (x - wide * 0.3, p.horizon - 0.06 * p.h),
            (x + wide * 0.2, p.horizon - 0.03 * p.h),
            (x + wide, p.horizon + 2),
        ],
        tension=0.8,
    )
    return [Part(hill, (0.50, 0.56, 0.62), form=0.3, depth=0.9, angle=0.2)] if p.rng.random() < 0.7 else []


def _waves(p: PlaceKit, colour: Colour, y0: float, y1: float) -> list[Part]:
    out = []
    for t in p.rng.random(7):
        y = y0 + (y1 - y0) * (0.05 + 0.9 * float(t) ** 1.5)
        size = (y - y0) / (y1 - y0)
        x, wide = float(p.rng.random()) * p.w, (0.05 + 0.12 * size) * p.w
        out.append(
            Part(
                limb([(x - wide, y), (x, y - 0.008 * p.h), (x + wide, y)], [1.0, 1.5 + 4 * size, 1.0], 7),
                mix(colour, (1, 1, 1), 0.4),
                form=0,
                depth=0.6,
                angle=0.02,
                outline=p.scene.detail > 0.6,
            )
        )
    return out
