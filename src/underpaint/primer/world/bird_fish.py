"""A bird and a fish, seen from the side."""

import numpy as np

from underpaint.primer.world.animal_bodies import flip
from underpaint.primer.world.animal_heads import EYE
from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    cross,
    limb,
    line,
    mix,
    oval,
    smooth,
    union,
)


def build_bird(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """A bird or duck from the side: pear body, folded wing, beak, two thin legs."""
    u = rng.uniform
    lean, r = float(u(0.1, 0.5)), float(u(0.13, 0.19))
    long, fat, leg = float(u(0.28, 0.38)), float(u(0.2, 0.26)), float(u(0.06, 0.2))
    cy = -leg - fat
    hx, hy = long * 0.75, cy - fat * float(u(0.7, 1.1)) - r * 0.5
    orange: Colour = (0.95, 0.6, 0.15)
    out = []
    for x in (-0.02, 0.1):
        shank = limb([(x, cy + fat * 0.8), (x + 0.01, -0.02)], [0.035, 0.03], 4)
        foot = smooth(
            [(x - 0.04, -0.02), (x + 0.02, -0.045), (x + 0.12, -0.015), (x + 0.1, 0.005), (x - 0.02, 0.005)],
            tension=0.6,
        )
        out.append(Part(union(shank, foot), orange, subject=True))
    tail = smooth(
        [
            (-long * 0.7, cy - fat * 0.4),
            (-long * 1.5, cy - fat * (0.2 + lean)),
            (-long * 1.55, cy + fat * 0.0),
            (-long * 0.7, cy + fat * 0.4),
        ],
        tension=0.6,
    )
    body = smooth(
        [
            (-long, cy),
            (-long * 0.5, cy - fat * 0.75),
            (long * 0.35, cy - fat * 0.85),
            (long, cy - fat * 0.1),
            (long * 0.75, cy + fat * 0.7),
            (0, cy + fat),
            (-long * 0.7, cy + fat * 0.6),
        ]
    )
    neck = limb([(long * 0.5, cy - fat * 0.1), (hx, hy + r * 0.3)], [fat * 1.2, r * 1.3], 5)
    torso = union(union(tail, body), neck)
    out.append(Part(torso, coat.main, angle=0.2, subject=True))
    out.append(
        Part(cross(torso, oval(long * 0.5, cy + fat * 0.6, long * 0.7, fat * 0.6)), coat.light, angle=0.3, subject=True)
    )
    wing = smooth(
        [
            (long * 0.4, cy - fat * 0.35),
            (long * 0.25, cy + fat * 0.35),
            (-long * 0.5, cy + fat * 0.35),
            (-long * 1.15, cy - fat * 0.05),
            (-long * 0.4, cy - fat * 0.55),
        ]
    )
    quills = tuple(
        line(
            (long * (0.1 - d), cy - fat * 0.1 + d * 0.1),
            (-long * (0.2 + d), cy + fat * 0.15),
            (-long * (0.5 + d * 0.8), cy + fat * (0.28 - d * 0.4)),
        )
        for d in (0.0, 0.3)
    )
    out.append(Part(wing, mix(coat.main, coat.dark, 0.75), inner=quills[: int(2.5 * detail)], angle=0.1, subject=True))
    beak = smooth(
        [
            (hx + r * 0.6, hy - r * 0.25),
            (hx + r * float(u(1.6, 2.2)), hy + r * 0.15),
            (hx + r * 1.5, hy + r * 0.4),
            (hx + r * 0.6, hy + r * 0.4),
        ],
        tension=0.6,
    )
    split = line((hx + r * 0.7, hy + r * 0.12), (hx + r * 1.6, hy + r * 0.2))
    out.append(Part(beak, orange, inner=(split,), subject=True))
    out.append(Part(oval(hx, hy, r * 1.02, r), coat.main, angle=0.5, subject=True))
    out.append(Part(oval(hx + r * 0.35, hy - r * 0.15, r * 0.2, r * 0.24), (0.97, 0.97, 0.95), form=0.2, subject=True))
    out.append(Part(oval(hx + r * 0.4, hy - r * 0.12, r * 0.11, r * 0.14), EYE, form=0, subject=True))
    return flip(out) if rng.random() < 0.5 else out


def build_fish(rng: np.random.Generator, coat: Coat, detail: float) -> list[Part]:
    """A fish hanging in the air or water, its middle at y = -0.45."""
    u = rng.uniform
    cy, long, fat = -0.45, float(u(0.36, 0.46)), float(u(0.18, 0.3))
    body = smooth(
        [
            (-long, cy),
            (-long * 0.4, cy - fat * 0.8),
            (long * 0.3, cy - fat),
            (long, cy),
            (long * 0.3, cy + fat),
            (-long * 0.4, cy + fat * 0.8),
        ]
    )
    spread = float(u(0.16, 0.28))
    tail = smooth(
        [
            (-long * 0.8, cy),
            (-long * 1.2, cy - spread),
            (-long * 1.55, cy - spread * 1.1),
            (-long * 1.3, cy),
            (-long * 1.55, cy + spread * 1.1),
            (-long * 1.2, cy + spread),
        ],
        tension=0.8,
    )
    back = smooth(
        [
            (-long * 0.35, cy - fat * 0.7),
            (-long * 0.1, cy - fat * 1.6),
            (long * 0.45, cy - fat * 1.3),
            (long * 0.4, cy - fat * 0.8),
        ]
    )
    rays = tuple(line((-long * 1.0, cy + d * 0.4), (-long * 1.35, cy + d)) for d in (-spread * 0.6, spread * 0.6))
    out = [
        Part(tail, coat.dark, inner=rays, angle=0.0, subject=True),
        Part(back, coat.dark, angle=1.2, subject=True),
        Part(body, coat.main, angle=0.1, subject=True),
    ]
    out.append(Part(cross(body, oval(0, cy + fat * 0.95, long * 0.9, fat * 0.6)), coat.light, angle=0.1, subject=True))
    if rng.random() < 0.5:
        for x in (-0.35, 0.05):
            left = [(long * (x + 0.2), cy + fat), (long * x, cy + fat), (long * (x - 0.08), cy)]
            right = [(long * x, cy - fat), (long * (x + 0.2), cy - fat), (long * (x + 0.12), cy)]
            stripe = cross(body, smooth(right + left))
            out.append(Part(stripe, coat.accent, angle=1.5, subject=True))
    gill = line((long * 0.45, cy - fat * 0.55), (long * 0.35, cy), (long * 0.45, cy + fat * 0.5))
    out.append(
        Part(
            cross(body, oval(long * 0.9, cy, long * 0.5, fat)),
            mix(coat.main, coat.light, 0.2),
            form=0.6,
            inner=(gill, line((long * 0.98, cy + fat * 0.12), (long * 0.78, cy + fat * 0.2))),
            subject=True,
        )
    )
    out.append(
        Part(
            smooth(
                [
                    (long * 0.25, cy + fat * 0.2),
                    (-long * 0.05, cy + fat * 0.15),
                    (-long * 0.2, cy + fat * 0.6),
                    (long * 0.1, cy + fat * 0.55),
                ]
            ),
            coat.dark,
            subject=True,
            angle=0.4,
        )
    )
    r = fat * float(u(0.2, 0.28))
    out.append(Part(oval(long * 0.66, cy - fat * 0.2, r, r), (0.97, 0.97, 0.95), form=0.2, subject=True))
    out.append(Part(oval(long * 0.69, cy - fat * 0.2, r * 0.55, r * 0.55), EYE, form=0, subject=True))
    return flip(out) if rng.random() < 0.5 else out
