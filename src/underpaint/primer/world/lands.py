"""Places on land: meadow, forest, town, mountains, desert."""

import numpy as np

from underpaint.primer.world.place_kit import Ground, PlaceKit
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    blob,
    dim,
    limb,
    line,
    mix,
    oval,
    poly,
    rect,
    union,
)


def meadow(p: PlaceKit) -> Ground:
    """Hills, bushes, grass and small flowers."""
    g = (0.42, 0.62, 0.24)
    far = p.ridge(p.horizon - 0.06 * p.h, 0.05, (0.36, 0.52, 0.40), depth=0.8, count=7)
    mid = p.ridge(p.horizon + 0.02 * p.h, 0.025, (0.46, 0.62, 0.34), depth=0.5, count=6)
    near = p.ridge(p.horizon + 0.1 * p.h, 0.02, mix(g, (0.6, 0.7, 0.3), 0.3), (0.28, 0.46, 0.17), depth=0.1, count=6)
    trees = [
        p.bush(float(x) * p.w, p.horizon + 0.005 * p.h, float(s) * p.h, (0.28, 0.46, 0.26), 0.6)
        for x, s in zip(p.rng.random(4), p.rng.uniform(0.03, 0.07, 4), strict=True)
    ]
    front = [
        p.tuft(float(x) * p.w, float(y) * p.h, 0.05 * p.h, (0.3, 0.5, 0.2))
        for x, y in zip(p.rng.random(5), p.rng.uniform(0.9, 1.0, 5), strict=True)
    ]
    dots: list[Part] = []
    petal = ((0.95, 0.9, 0.5), (0.95, 0.95, 0.95), (0.9, 0.5, 0.6))[int(p.rng.integers(3))]
    for x, y in zip(p.rng.random(9), p.rng.uniform(0.72, 0.98, 9), strict=True):
        dots.append(Part(oval(float(x) * p.w, float(y) * p.h, 0.011 * p.h, 0.009 * p.h), petal, form=0.2, depth=0.1))
    return Ground([*p.sky(), far, *trees, mid, near, *dots], front, p.horizon + 0.1 * p.h)


def forest(p: PlaceKit) -> Ground:
    """Firs behind, two trunks and a roof of leaves near."""
    back = p.ridge(p.horizon - 0.22 * p.h, 0.05, (0.40, 0.54, 0.44), depth=0.8, count=14)
    out = [*p.sky(), back]
    foot, dark = p.horizon + 0.03 * p.h, (0.26, 0.42, 0.32)
    out += [
        p.pine(float(x) * p.w, foot, p.h * float(p.rng.uniform(0.3, 0.5)), dark, 0.6) for x in np.sort(p.rng.random(7))
    ]
    ground = p.ridge(p.horizon + 0.02 * p.h, 0.015, (0.36, 0.46, 0.24), (0.26, 0.30, 0.16), depth=0.15)
    out.append(ground)
    keep = {"left": (0.62, 0.95), "right": (0.05, 0.38), "centre": (0.03, 0.2)}[p.scene.position]
    trunks = [
        float(p.rng.uniform(*keep)),
        float(p.rng.uniform(0.85, 0.97)) if p.scene.position == "centre" else float(p.rng.uniform(*keep)),
    ]
    for x in trunks:
        wide, foot = 0.05 * p.w * float(p.rng.uniform(0.7, 1.3)), p.horizon + 0.09 * p.h
        bark = tuple(
            line((x * p.w + d * wide, 0.1 * p.h), (x * p.w + d * wide * 1.2, 0.5 * p.h))
            for d in (-0.2, 0.15)[: int(2.5 * p.scene.detail)]
        )
        out.append(
            Part(
                limb([(x * p.w, -10), (x * p.w + 2, p.h * 0.4), (x * p.w, foot)], [wide, wide, wide * 1.7]),
                (0.36, 0.27, 0.2),
                form=1.0,
                inner=bark,
                depth=0.1,
                angle=1.5,
            )
        )
    out.append(
        Part(
            union(
                *(
                    blob(p.rng, float(x) * p.w, -0.02 * p.h, 0.2 * p.w, 0.12 * p.h, 0.12, 12)
                    for x in (0.05, 0.35, 0.65, 0.95)
                )
            ),
            (0.26, 0.44, 0.22),
            form=0.8,
            depth=0.15,
            angle=0.7,
        )
    )
    ferns = [
        p.tuft(float(x) * p.w, float(y) * p.h, 0.06 * p.h, (0.28, 0.46, 0.2))
        for x, y in zip(p.rng.random(5), p.rng.uniform(0.92, 1.0, 5), strict=True)
    ]
    return Ground(out, ferns, p.horizon + 0.03 * p.h)


def town(p: PlaceKit) -> Ground:
    """A row of house fronts and a paved street."""
    out, base = p.sky(), p.horizon + 0.08 * p.h
    walls: tuple[Colour, ...] = (
        (0.82, 0.72, 0.58),
        (0.74, 0.66, 0.62),
        (0.86, 0.80, 0.70),
        (0.70, 0.72, 0.70),
        (0.80, 0.62, 0.52),
    )
    x = -0.08
    while x < 1.0:
        wide, tall = float(p.rng.uniform(0.14, 0.22)), float(p.rng.uniform(0.28, 0.5))
        wall = walls[int(p.rng.integers(len(walls)))]
        x0, y0, ww, hh = x * p.w, base - tall * p.h, wide * p.w, tall * p.h
        out.append(Part(rect(x0, y0, ww, hh), wall, dim(wall, 0.86), form=0.4, depth=0.4, angle=1.5))
        roof_h = 0.1 * p.h * float(p.rng.uniform(0.7, 1.3))
        out.append(
            Part(
                poly(
                    [
                        (x0 - 2, y0 + 1),
                        (x0 + ww * 0.25, y0 - roof_h),
                        (x0 + ww * 0.75, y0 - roof_h),
                        (x0 + ww + 2, y0 + 1),
                    ]
                ),
                mix((0.52, 0.34, 0.30), (0.40, 0.40, 0.46), float(p.rng.random())),
                form=0.5,
                depth=0.4,
                angle=1.2,
            )
        )
        for fy in (0.12, 0.42):
            for fx in (0.2, 0.6):
                if fy * hh + 0.2 * ww < hh:
                    px, py, ws = x0 + fx * ww, y0 + fy * hh, 0.2 * ww
                    cross_bar = (line((px + ws / 2, py), (px + ws / 2, py + ws * 1.4)),) if p.scene.detail > 0.6 else ()
                    out.append(
                        Part(
                            rect(px, py, ws, ws * 1.4),
                            (0.30, 0.34, 0.42),
                            form=0.1,
                            depth=0.35,
                            glow=0.6 if p.rng.random() < 0.6 else 0,
                            inner=cross_bar,
                            angle=1.5,
                        )
                    )
        x += wide + 0.004
    street = Part(rect(-2, base, p.w + 4, p.h), (0.66, 0.62, 0.58), (0.54, 0.50, 0.47), form=0.1, depth=0.1, angle=0.03)
    vx = 0.5 * p.w
    seams = [
        Part(
            limb([(vx + d * p.w * 0.3, base + 2), (vx + d * p.w, p.h + 4)], [1.0, 3.0], 4),
            (0.48, 0.45, 0.43),
            form=0,
            depth=0.1,
            outline=p.scene.detail > 0.5,
        )
        for d in (-1.1, -0.4, 0.4, 1.1)
    ]
    return Ground([*out, street, *seams], [], base)


def mountains(p: PlaceKit) -> Ground:
    """Snowy peaks, a green band, firs."""
    out = p.sky()
    for i, depth in enumerate((0.85, 0.55)):
        colour = mix((0.42, 0.44, 0.52), (0.55, 0.60, 0.70), depth)
        for x in p.rng.permutation(3)[: 3 - i]:
            cx, tall = (
                (x + float(p.rng.uniform(0.1, 0.9))) / 3 * p.w,
                float(p.rng.uniform(0.25, 0.48)) * p.h * (1 - 0.25 * i),
            )
            wide, base = tall * float(p.rng.uniform(0.8, 1.15)), p.horizon + 0.06 * p.h
            k = float(p.rng.uniform(-0.1, 0.1)) * wide
            peak = poly(
                [
                    (cx - wide, base),
                    (cx - wide * 0.5, base - tall * 0.52),
                    (cx - wide * 0.36, base - tall * 0.56),
                    (cx + k, base - tall),
                    (cx + wide * 0.35, base - tall * 0.5),
                    (cx + wide * 0.55, base - tall * 0.42),
                    (cx + wide, base),
                ]
            )
            snow = poly(
                [
                    (cx + k, base - tall),
                    (cx + k + wide * 0.18, base - tall * 0.72),
                    (cx + k + wide * 0.08, base - tall * 0.76),
                    (cx + k, base - tall * 0.64),
                    (cx + k - wide * 0.1, base - tall * 0.75),
                    (cx + k - wide * 0.2, base - tall * 0.7),
                ]
            )
            ridge = (
                line(
                    (cx + k, base - tall * 0.64),
                    (cx + k + wide * 0.05, base - tall * 0.35),
                    (cx - wide * 0.05, base - tall * 0.1),
                ),
            )
            out += [
                Part(peak, colour, form=1.0, inner=ridge, depth=depth, angle=1.0),
                Part(snow, (0.94, 0.95, 0.98), form=0.9, depth=depth, angle=1.0),
            ]
    out.append(p.ridge(p.horizon + 0.05 * p.h, 0.02, (0.42, 0.54, 0.34), depth=0.4))
    for x in p.rng.random(4):
        out.append(p.pine(float(x) * p.w, p.horizon + 0.1 * p.h, 0.13 * p.h, (0.22, 0.36, 0.30), 0.3))
    out.append(p.ridge(p.horizon + 0.12 * p.h, 0.015, (0.48, 0.56, 0.34), (0.36, 0.42, 0.24), depth=0.1))
    return Ground(out, [], p.horizon + 0.12 * p.h)


def desert(p: PlaceKit) -> Ground:
    """Dunes, a mesa now and then, cacti."""
    out = p.sky()
    if p.rng.random() < 0.6:
        x, wide, tall = float(p.rng.random()) * p.w, 0.16 * p.w, 0.2 * p.h
        mesa = poly(
            [
                (x - wide, p.horizon + 4),
                (x - wide * 0.7, p.horizon - tall),
                (x + wide * 0.6, p.horizon - tall * 0.95),
                (x + wide, p.horizon + 4),
            ]
        )
        out.append(
            Part(
                mesa,
                (0.74, 0.46, 0.34),
                form=0.9,
                depth=0.7,
                angle=0.1,
                inner=(line((x - wide * 0.8, p.horizon - tall * 0.5), (x + wide * 0.75, p.horizon - tall * 0.5)),),
            )
        )
    for i, y in enumerate((0.0, 0.06, 0.15)):
        sand = mix((0.94, 0.76, 0.48), (0.86, 0.62, 0.36), float(p.rng.random()))
        out.append(
            p.ridge(
                p.horizon + y * p.h,
                0.04 - 0.008 * i,
                sand,
                mix(sand, (0.78, 0.55, 0.32), 0.7),
                depth=0.6 - 0.25 * i,
                count=5,
                form=0.5,
            )
        )
    for x in p.rng.random(2):
        size, y = 0.13 * p.h * float(p.rng.uniform(0.7, 1.3)), p.horizon + 0.12 * p.h
        a = float(x) * p.w
        cactus = union(
            limb([(a, y), (a, y - size)], [size * 0.2, size * 0.18], 4),
            limb(
                [(a, y - size * 0.4), (a + size * 0.25, y - size * 0.42), (a + size * 0.27, y - size * 0.75)],
                [size * 0.13, size * 0.13],
                7,
            ),
            limb(
                [(a, y - size * 0.3), (a - size * 0.22, y - size * 0.34), (a - size * 0.24, y - size * 0.6)],
                [size * 0.12, size * 0.12],
                7,
            ),
        )
        out.append(Part(cactus, (0.34, 0.52, 0.30), form=1.0, depth=0.25, angle=1.5))
    return Ground(out, [], p.horizon + 0.14 * p.h)
