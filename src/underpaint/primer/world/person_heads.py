"""Heads of figures: proportions, face, hair, hat, helmet, scarf."""

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Part,
    cross,
    dim,
    limb,
    line,
    oval,
    smooth,
    union,
)


class PersonHead:
    """The figure's proportions, fixed once, and everything from the neck up."""

    def __init__(self, kind: str, rng: np.random.Generator, coat: Coat, pose: str, detail: float) -> None:
        self.kind, self.rng, self.coat, self.pose, self.detail = kind, rng, coat, pose, detail
        self.girl = kind.startswith("girl")
        self.sword = kind in ("girl with a sword", "knight")
        self.head = float(rng.uniform(0.095, 0.14))
        self.turn = float(rng.choice([-1, 0, 1]) * rng.uniform(0.2, 0.45))
        self.side = float(rng.choice([-1, 1]))
        self.drop = 0.2 if pose == "sitting" else 0.0
        self.hip = -0.43 + self.drop
        self.shoulder = -1 + 2 * self.head + 0.03 + self.drop
        self.width = float(rng.uniform(0.085, 0.115))
        self.lean = float(rng.uniform(-0.04, 0.04)) + (0.03 * self.side if pose == "walking" else 0)
        self.dress = self.girl and rng.random() < 0.75
        self.tail = self.girl and rng.random() < 0.4
        self.scarf = self.kind != "knight" and rng.random() < 0.3
        self.steel = (0.66, 0.69, 0.74)

    def _neck_cloth(self) -> list[Part]:
        w, sh, x, s = self.width, self.shoulder, self.lean, self.side
        wind = float(self.rng.uniform(0.1, 0.28))
        end = limb(
            [(x, sh), (x - s * wind * 0.6, sh + 0.06), (x - s * wind, sh + float(self.rng.uniform(-0.02, 0.16)))],
            [0.05, 0.06, 0.075],
        )
        loop = limb([(x - w * 0.75, sh - 0.005), (x, sh + 0.035), (x + w * 0.75, sh - 0.005)], [0.05, 0.06, 0.05])
        fold = line((x - w * 0.4, sh + 0.005), (x, sh + 0.03), (x + w * 0.2, sh + 0.02))
        return [
            Part(end, self.coat.accent, angle=0.4, subject=True),
            Part(loop, self.coat.accent, inner=(fold,), angle=0.1, subject=True),
        ]

    def _tail_hair(self) -> list[Part]:
        """A ponytail or two plaits."""
        r, x, y, out = self.head, self.lean, self._head_y(), []
        two = self.rng.random() < 0.5
        fly, long = float(self.rng.uniform(0.2, 1.0)) * r, float(self.rng.uniform(1.4, 2.8)) * r
        for s in (-1, 1) if two else (-self.side,):
            knot = (x + s * r * 0.95, y - r * (0.1 if two else 0.6))
            tail = limb(
                [knot, (knot[0] + s * (fly + r * 0.3), knot[1] + long * 0.35), (knot[0] + s * fly, knot[1] + long)],
                [r * 0.35, r * 0.55, r * 0.15],
                pointed=True,
            )
            strand = line(
                knot, (knot[0] + s * (fly + r * 0.25), knot[1] + long * 0.4), (knot[0] + s * fly, knot[1] + long * 0.9)
            )
            out += [
                Part(tail, dim(self.coat.hair, 0.9), inner=(strand,), angle=1.4, subject=True),
                Part(oval(*knot, r * 0.2, r * 0.2), self.coat.accent, subject=True),
            ]
        return out

    def _back_hair(self) -> list[Part]:
        if self.tail:
            return self._tail_hair()
        r, y = self.head, self._head_y()
        drop = float(self.rng.uniform(0.6, 3.2)) * r
        fly = float(self.rng.uniform(-0.12, 0.12))
        shape = smooth(
            [
                (-r * 1.05, y - r * 0.2),
                (0, y - r * 1.2),
                (r * 1.05, y - r * 0.2),
                (r * 1.15 + fly * 0.5, y + drop * 0.6),
                (r * 0.6 + fly, y + drop),
                (fly * 0.5, y + drop * 0.85),
                (-r * 0.7 + fly, y + drop),
                (-r * 1.15 + fly * 0.5, y + drop * 0.55),
            ]
        )
        lock = (
            line((r * 0.8, y), (r * 0.9 + fly * 0.5, y + drop * 0.7)),
            line((-r * 0.8, y), (-r * 0.8 + fly * 0.5, y + drop * 0.7)),
        )
        return [
            Part(shape, dim(self.coat.hair, 0.85), inner=lock if self.detail > 0.6 else (), angle=1.5, subject=True)
        ]

    def _head_y(self) -> float:
        return self.shoulder - self.head * 0.9

    def _head(self) -> list[Part]:
        r, x, y, c = self.head, self.lean, self._head_y(), self.coat
        neck = limb([(x, y + r * 0.6), (x, self.shoulder + 0.02)], [r * 0.62, r * 0.7], 4)
        out = [Part(neck, dim(c.skin, 0.93), subject=True)]
        t = self.turn
        if self.kind == "knight":
            return out + self._helmet(x, y, r)
        chin = [
            (x - r * 0.92, y - r * 0.1),
            (x - r * 0.7, y + r * 0.55),
            (x + t * r * 0.3, y + r * 0.95),
            (x + r * 0.7, y + r * 0.55),
            (x + r * 0.92, y - r * 0.1),
            (x + r * 0.6, y - r * 0.85),
            (x - r * 0.6, y - r * 0.85),
        ]
        nose = line(
            (x + t * r, y + r * 0.2), (x + t * r * 1.25 + 0.004, y + r * 0.36), (x + t * r * 0.95, y + r * 0.38)
        )
        smile = float(self.rng.uniform(0.0, 0.12)) * r
        mouth = line(
            (x + (t - 0.25) * r, y + r * 0.6), (x + t * r, y + r * 0.6 + smile), (x + (t + 0.25) * r, y + r * 0.6)
        )
        brows = tuple(
            line((x + (t + s * 0.22) * r, y - r * 0.12), (x + (t + s * 0.52) * r, y - r * 0.15)) for s in (-1, 1)
        )
        out.append(
            Part(smooth(chin), c.skin, inner=(mouth, nose, *brows)[: 1 + int(3 * self.detail)], subject=True, form=0.8)
        )
        for s in (-1, 1):
            ex, ey = x + (t + s * 0.38) * r, y + r * 0.12
            out.append(
                Part(
                    oval(ex, ey, r * 0.13, r * 0.18), (0.12, 0.1, 0.13), subject=True, form=0, outline=self.detail > 0.5
                )
            )
            if self.detail > 0.6:
                out.append(
                    Part(
                        oval(ex - r * 0.03, ey - r * 0.06, r * 0.045, r * 0.055),
                        (1, 1, 1),
                        subject=True,
                        form=0,
                        outline=False,
                    )
                )
        return out + self._hair(x, y, r)

    def _hair(self, x: float, y: float, r: float) -> list[Part]:
        t, rng, c = self.turn, self.rng, self.coat
        part = float(rng.uniform(-0.5, 0.5)) * r
        low = 0.35 if self.girl else 0.05
        fringe = [
            (x + r * 1.0, y + r * low),
            (x + r * 0.72 + t * r * 0.2, y - r * 0.28),
            (x + r * 0.3 + part * 0.4, y - r * 0.3),
            (x + part, y - r * 0.62),
            (x - r * 0.35 + part * 0.4, y - r * 0.25),
            (x - r * 0.72 + t * r * 0.2, y - r * 0.25),
            (x - r * 1.0, y + r * low),
            (x - r * 1.08, y - r * 0.45),
            (x - r * 0.6, y - r * 1.08),
            (x, y - r * 1.24),
            (x + r * 0.6, y - r * 1.08),
            (x + r * 1.08, y - r * 0.45),
        ]
        if not self.girl:
            fringe = [(px + float(rng.normal(0, 0.06)) * r, py + float(rng.normal(0, 0.07)) * r) for px, py in fringe]
        strand = line((x + part, y - r * 0.62), (x + part * 0.6, y - r * 0.9), (x + part * 0.4, y - r * 1.1))
        out = [Part(smooth(fringe), c.hair, inner=(strand,), angle=1.2, subject=True)]
        if rng.random() < 0.35:
            brim = oval(x, y - r * 0.62, r * 1.5, r * 0.3)
            crown = smooth(
                [
                    (x - r * 0.85, y - r * 0.65),
                    (x - r * 0.7, y - r * 1.45),
                    (x, y - r * 1.6),
                    (x + r * 0.7, y - r * 1.45),
                    (x + r * 0.85, y - r * 0.65),
                ]
            )
            out += [
                Part(
                    union(brim, crown),
                    c.main,
                    inner=(line((x - r * 0.85, y - r * 0.75), (x, y - r * 0.62), (x + r * 0.85, y - r * 0.75)),),
                    subject=True,
                    angle=0.1,
                )
            ]
        return out

    def _helmet(self, x: float, y: float, r: float) -> list[Part]:
        c, t = self.coat, self.turn
        plume = limb(
            [(x - t * r, y - r), (x - self.side * r * 0.6, y - r * 1.9), (x - self.side * r * 1.7, y - r * 1.3)],
            [r * 0.5, r * 0.8, r * 0.2],
        )
        dome = smooth(
            [
                (x - r, y + r * 0.75),
                (x - r * 1.02, y - r * 0.3),
                (x - r * 0.6, y - r * 1.02),
                (x, y - r * 1.2),
                (x + r * 0.6, y - r * 1.02),
                (x + r * 1.02, y - r * 0.3),
                (x + r, y + r * 0.75),
                (x, y + r * 1.0),
            ]
        )
        slit = limb(
            [(x + (t - 0.6) * r, y - r * 0.05), (x + t * r, y + r * 0.02), (x + (t + 0.6) * r, y - r * 0.05)],
            [r * 0.16, r * 0.2, r * 0.16],
        )
        ridge = line((x + t * r, y + r * 0.1), (x + t * r, y + r * 0.9))
        rim = line((x - r * 0.95, y - r * 0.35), (x + t * r, y - r * 0.22), (x + r * 0.95, y - r * 0.35))
        return [
            Part(plume, c.main, subject=True, angle=0.5),
            Part(dome, self.steel, inner=(ridge, rim), subject=True, angle=1.3),
            Part(cross(slit, dome), (0.1, 0.1, 0.12), subject=True, form=0),
        ]
