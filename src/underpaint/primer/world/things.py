"""Things: tree, boat, flower, cart and the still-life shape; about one unit high on y = 0."""

import numpy as np

from underpaint.primer.world.buildings import WOOD, build_castle, build_house, build_lighthouse, hard_part
from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    blob,
    cross,
    limb,
    line,
    mix,
    oval,
    poly,
    ring,
    smooth,
    union,
)


def build_thing(kind: str, rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """The parts of a named thing, back to front."""
    return _BUILDERS[kind](rng, coat, detail)


def _tree(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    w, bend = float(rng.uniform(0.07, 0.11)), float(rng.uniform(-0.08, 0.08))
    if rng.random() < 0.3:
        out = [hard_part(limb([(0, 0), (bend * 0.3, -0.3)], [w * 1.4, w]), WOOD, form=1.0, angle=1.5)]
        for i in range(4):
            y, h, r = -0.18 - 0.19 * i, 0.3, 0.32 - 0.065 * i
            tier = smooth(
                [
                    (-r, y),
                    (-r * 0.4, y + 0.035),
                    (0, y),
                    (r * 0.4, y + 0.035),
                    (r, y),
                    (r * 0.3, y - h * 0.6),
                    (0, y - h),
                    (-r * 0.3, y - h * 0.6),
                ],
                tension=0.7,
            )
            out.append(hard_part(tier, mix(coat.main, coat.light, 0.08 * i), form=1.0, angle=1.2))
        return out
    folds = (line((bend * 0.3 - w * 0.2, -0.05), (bend * 0.6, -0.3)),)
    trunk = union(
        limb([(0, 0.01), (bend * 0.4, -0.25), (bend, -0.55)], [w * 1.7, w, w * 0.7]),
        limb([(bend * 0.5, -0.3), (bend + 0.15, -0.52)], [w * 0.7, w * 0.4]),
    )
    out = [hard_part(trunk, WOOD, form=1.0, inner=folds, angle=1.45)]
    clumps = []
    for _ in range(int(rng.integers(4, 7))):
        a = float(rng.uniform(0, 6.3))
        clumps.append((bend + 0.2 * np.cos(a), -0.68 + 0.13 * np.sin(a), float(rng.uniform(0.13, 0.2))))
    clumps.sort(key=lambda q: q[1])
    for i, (x, y, r) in enumerate([(bend, -0.7, 0.26), *clumps]):
        leaf = blob(rng, x, y, r * 1.1, r * 0.92, 0.1, 11)
        marks = tuple(
            line((x + r * dx, y + r * dy), (x + r * dx + 0.03, y + r * dy + 0.02), (x + r * dx + 0.06, y + r * dy))
            for dx, dy in rng.uniform(-0.5, 0.4, (int(2 * detail), 2))
        )
        out.append(
            hard_part(
                leaf,
                mix(coat.main, coat.light if i % 2 else coat.dark, 0.16),
                form=1.1,
                inner=marks,
                angle=float(rng.uniform(0.3, 1.0)),
            )
        )
    return out


def _boat(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    long, deep = float(rng.uniform(0.36, 0.46)), float(rng.uniform(0.14, 0.2))
    mast = float(rng.uniform(-0.06, 0.06))
    sail: Colour = mix((0.96, 0.93, 0.86), coat.light, 0.5)
    belly = float(rng.uniform(0.04, 0.12))
    out = [hard_part(limb([(mast, -deep), (mast, -0.98)], [0.03, 0.018], 4), WOOD, angle=1.5)]
    main = smooth(
        [
            (mast + 0.02, -0.94),
            (mast + 0.02 + long * 0.5 + belly, -0.5),
            (mast + long * 0.85, -deep - 0.07),
            (mast + 0.02, -deep - 0.06),
        ],
        tension=0.5,
    )
    seams = tuple(
        line((mast + 0.03, y), (mast + long * (0.9 + y) * 0.9, y + 0.02)) for y in (-0.7, -0.45)[: int(2.5 * detail)]
    )
    out.append(hard_part(main, coat.main, form=0.9, inner=seams, angle=1.3))
    out.append(
        hard_part(
            smooth(
                [
                    (mast - 0.03, -0.88),
                    (mast - 0.03, -deep - 0.06),
                    (mast - long * 0.8, -deep - 0.05),
                    (mast - long * 0.4, -0.42),
                ],
                tension=0.5,
            ),
            sail,
            form=0.9,
            angle=1.8,
        )
    )
    flag = smooth([(mast, -0.99), (mast + 0.12, -0.97), (mast, -0.93)], tension=0.6)
    hull = smooth(
        [
            (-long, -deep),
            (0, -deep * 0.86),
            (long * 1.1, -deep * 1.15),
            (long * 0.85, -0.02),
            (0, 0.025),
            (-long * 0.8, -0.01),
        ],
        tension=0.65,
    )
    plank = (line((-long * 0.93, -deep * 0.62), (0, -deep * 0.5), (long * 0.98, -deep * 0.68)),)
    out += [hard_part(flag, coat.main), hard_part(hull, mix(coat.main, WOOD, 0.25), form=1.0, inner=plank, angle=0.05)]
    return out


def _flower(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    bend, r = float(rng.uniform(-0.12, 0.12)), float(rng.uniform(0.19, 0.28))
    y = -1 + r + 0.02
    green: Colour = (0.28, 0.52, 0.24)
    out = [hard_part(limb([(0, 0.01), (bend, -0.35), (bend * 0.4, y)], [0.045, 0.04, 0.035]), green, angle=1.5)]
    for s in (-1, 1):
        a, b = float(rng.uniform(0.18, 0.3)), float(rng.uniform(0.1, 0.25))
        leaf = smooth(
            [(bend * 0.6, -0.2), (s * a * 0.5, -0.2 - b), (s * a, -0.25 - b), (s * a * 0.7, -0.14)], tension=0.9
        )
        out.append(
            hard_part(
                leaf,
                mix(green, (0.5, 0.7, 0.3), float(rng.random()) * 0.5),
                inner=(line((bend * 0.6, -0.2), (s * a * 0.8, -0.22 - b * 0.8)),),
                form=1.0,
                angle=0.5 * s,
            )
        )
    if rng.random() < 0.3:
        cup = smooth(
            [
                (bend * 0.4 - r * 0.75, y - r * 0.8),
                (bend * 0.4 - r * 0.3, y - r * 0.3),
                (bend * 0.4, y - r * 1.1),
                (bend * 0.4 + r * 0.3, y - r * 0.3),
                (bend * 0.4 + r * 0.75, y - r * 0.8),
                (bend * 0.4 + r * 0.65, y + r * 0.5),
                (bend * 0.4, y + r * 0.9),
                (bend * 0.4 - r * 0.65, y + r * 0.5),
            ],
            tension=0.8,
        )
        return [
            *out,
            hard_part(
                cup,
                coat.main,
                form=1.0,
                inner=(
                    line((bend * 0.4 - r * 0.3, y - r * 0.3), (bend * 0.4 - r * 0.1, y + r * 0.5)),
                    line((bend * 0.4 + r * 0.3, y - r * 0.3), (bend * 0.4 + r * 0.1, y + r * 0.5)),
                ),
                angle=1.5,
            ),
        ]
    n, cx = int(rng.integers(5, 10)), bend * 0.4
    fat = r * float(rng.uniform(0.75, 1.2)) * 3.4 / n
    for layer in (1.0, 0.62) if rng.random() < 0.5 else (1.0,):
        for i in range(n):
            a = 2 * np.pi * (i + (0.5 if layer < 1 else 0)) / n + 0.2
            px, py = cx + np.cos(a) * r * 0.58 * layer, y + np.sin(a) * r * 0.58 * layer
            petal = oval(float(px), float(py), r * 0.5 * layer, fat * 0.62 * layer, float(a))
            vein = line((cx + np.cos(a) * r * 0.3 * layer, y + np.sin(a) * r * 0.3 * layer), (float(px), float(py)))
            out.append(
                hard_part(
                    petal,
                    coat.main if layer == 1 else mix(coat.main, coat.light, 0.5),
                    form=0.9,
                    inner=(vein,) if detail > 0.6 else (),
                    angle=float(a),
                )
            )
    core: Colour = (0.92, 0.70, 0.2) if coat.main[2] > 0.3 or coat.main[1] < 0.6 else (0.42, 0.25, 0.14)
    return [*out, hard_part(oval(cx, y, r * 0.3, r * 0.3), core, form=1.0)]


def _cart(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    long, r = float(rng.uniform(0.36, 0.46)), float(rng.uniform(0.15, 0.22))
    out = [hard_part(limb([(long * 0.8, -r * 1.1), (long * 1.7, -r * 0.7)], [0.04, 0.035], 4), WOOD, angle=0.2)]
    wheel_x = (-long * 0.55, long * 0.55)
    if rng.random() < 0.6:
        cover = smooth(
            [
                (-long * 0.95, -r * 2.1),
                (-long * 0.95, -0.82),
                (-long * 0.5, -0.97),
                (long * 0.5, -0.97),
                (long * 0.95, -0.82),
                (long * 0.95, -r * 2.1),
            ],
            tension=0.7,
        )
        ribs = tuple(line((x * long, -0.95), (x * long * 1.05, -r * 2.1)) for x in (-0.4, 0.3)[: int(2.5 * detail)])
        out.append(hard_part(cover, coat.main, form=1.0, inner=ribs, angle=1.4))
    else:
        for x in (-0.55, 0.0, 0.5):
            sack = blob(rng, x * long, -r * 2.2 - 0.1, 0.2, 0.17, 0.1)
            out.append(hard_part(sack, mix(coat.main, coat.light, float(rng.random()) * 0.4), form=1.1))
    bed = poly([(-long, -r * 2.3), (long, -r * 2.3), (long * 0.9, -r * 0.95), (-long * 0.9, -r * 0.95)])
    planks = tuple(line((-long * 0.97, -r * f), (long * 0.97, -r * f)) for f in (1.85, 1.4)[: int(2.5 * detail)])
    out.append(hard_part(bed, mix(coat.main, WOOD, 0.35), inner=planks, angle=0.0))
    for x in wheel_x:
        spokes = tuple(
            line((x, -r), (x + np.cos(a) * r * 0.75, -r + np.sin(a) * r * 0.75)) for a in np.arange(6) * np.pi / 3 + 0.3
        )
        out.append(hard_part(oval(x, -r, r, r), coat.leather))
        out.append(hard_part(oval(x, -r, r * 0.76, r * 0.76), mix(WOOD, (1, 0.9, 0.7), 0.35), inner=spokes, form=0.4))
        out.append(hard_part(oval(x, -r, r * 0.22, r * 0.22), coat.leather))
    return out


def _shape(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """Random closed curves piled up with inner lines: what teaches lines to be region borders."""
    out: list[Part] = []
    tints = (coat.main, coat.main, coat.light, coat.dark, coat.accent, mix(coat.main, coat.light, 0.4))
    for i in range(int(rng.integers(2, 7))):
        big = 1.0 if i == 0 else float(rng.uniform(0.3, 0.7))
        x, y = float(rng.uniform(-0.25, 0.25)) * (i > 0), -0.5 + float(rng.uniform(-0.28, 0.28)) * (i > 0)
        rx, ry = 0.42 * big * float(rng.uniform(0.6, 1.1)), 0.46 * big * float(rng.uniform(0.6, 1.0))
        match int(rng.integers(5)):
            case 0:
                path = blob(rng, x, y, rx, ry, 0.35, int(rng.integers(5, 11)))
            case 1:
                path = oval(x, y, rx, ry, float(rng.uniform(0, 3)))
            case 2:
                path = poly(ring(x, y, rx, ry, float(rng.uniform(0, 3)), int(rng.integers(3, 8))))
            case 3:
                h = rng.uniform(0.3, 1.0, 6) * rx
                ys = y + np.linspace(-ry, ry, 6)
                path = smooth(np.vstack([np.stack([x + h, ys], 1), np.stack([x - h, ys], 1)[::-1]]), tension=0.8)
            case _:
                pts = rng.uniform(-1, 1, (4, 2)) * (rx, ry) + (x, y)
                path = limb(pts, list(rng.uniform(0.06, 0.3, 4) * big), 14)
        inner = []
        for _ in range(int(rng.integers(0, 1 + int(4 * detail)))):
            a, b = rng.uniform(-1, 1, (2, 2)) * (rx, ry) * 0.75 + (x, y)
            bow = rng.normal(0, 0.12, 2) * big
            inner.append(line(tuple(a), tuple((a + b) / 2 + bow), tuple(b)))
        out.append(
            hard_part(
                path,
                tints[int(rng.integers(len(tints)))] if i else coat.main,
                form=1.0,
                inner=tuple(inner),
                angle=float(rng.uniform(0, 3)),
            )
        )
        if rng.random() < 0.35:
            band = cross(
                path,
                limb(
                    [(x - rx * 1.2, y), (x, y + ry * float(rng.uniform(-0.4, 0.4))), (x + rx * 1.2, y)],
                    [ry * 0.4, ry * 0.35],
                ),
            )
            out.append(hard_part(band, tints[int(rng.integers(len(tints)))], form=1.0, angle=0.1))
    return out


_BUILDERS = {
    "house": build_house,
    "castle": build_castle,
    "lighthouse": build_lighthouse,
    "tree": _tree,
    "boat": _boat,
    "flower": _flower,
    "cart": _cart,
    "shape": _shape,
}
