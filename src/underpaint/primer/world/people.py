"""Figures with jointed limbs: girl, boy, girl with a sword, knight; one unit high, standing on y = 0."""

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.person_heads import PersonHead
from underpaint.primer.world.shapes import (
    Part,
    cross,
    dim,
    limb,
    line,
    oval,
    poly,
    rect,
    ring,
    smooth,
    union,
)

_ARMS = {  # shoulder and elbow angles from hanging straight down, outwards, in radians
    "standing": ((0.25, 0.1), (0.25, 0.1)),
    "walking": ((0.55, 0.9), (0.5, 0.3)),
    "arms raised": ((2.3, 2.8), (2.3, 2.8)),
    "sitting": ((0.35, -0.5), (0.35, -0.5)),
}


def build_person(kind: str, rng: np.random.Generator, coat: Coat, pose: str, detail: float) -> list[Part]:
    """The parts of one figure, back to front, facing the viewer or turned a little to one side."""
    return _Person(kind, rng, coat, pose, detail).parts()


class _Person(PersonHead):
    def parts(self) -> list[Part]:
        arms = [self._arm(-1), self._arm(1)]
        far = 0 if self.side > 0 else 1
        out: list[Part] = []
        if self.kind == "knight" or self.rng.random() < 0.25:
            out += self._cape()
        if self.girl:
            out += self._back_hair()
        out += self._legs()
        if self.pose != "arms raised":
            out += arms[far]
        out += self._torso()
        if self.pose == "arms raised":
            out += arms[far]
        if self.scarf:
            out += self._neck_cloth()
        out += self._head()
        out += arms[1 - far]
        if self.kind == "knight":
            out += self._shield(far)
        return out

    def _legs(self) -> list[Part]:
        w, hip = self.width, self.hip
        cloth = self.steel if self.kind == "knight" else self.coat.dark if not self.dress else self.coat.skin
        boot = self.coat.leather
        stride = 0.11 if self.pose == "walking" else 0.02
        out = []
        for s in (-1, 1):
            x0 = s * w * 0.45 + self.lean * 0.3
            if self.pose == "sitting":
                knee, foot = (s * w * 1.1 + self.side * 0.14, hip + 0.03), (s * w * 1.2 + self.side * 0.17, -0.03)
            else:
                fx = s * (w * 0.5 + stride)
                knee = (x0 * 0.5 + fx * 0.5 + self.side * stride * 0.4, hip * 0.5)
                fy = -0.03 - (0.05 if self.pose == "walking" and s == -self.side else 0)
                foot = (fx, fy)
            leg = limb([(x0, hip), knee, foot], [w * 0.95, w * 0.75, w * 0.5])
            out.append(Part(leg, dim(cloth, 0.92 if s == -self.side else 1.0), angle=1.5, subject=True))
            toe = self.side * 0.035 if self.turn or self.pose in ("walking", "sitting") else s * 0.02
            shaft = limb(
                [(foot[0] * 0.97 + knee[0] * 0.03, foot[1] - 0.09), (foot[0], foot[1] - 0.01)], [w * 0.66, w * 0.58]
            )
            shoe = union(shaft, oval(foot[0] + toe * 0.6, foot[1] + 0.008, 0.048, 0.024))
            out.append(Part(shoe, boot, angle=0.2, subject=True))
        return out

    def _torso(self) -> list[Part]:
        w, hip, sh, lean = self.width, self.hip, self.shoulder, self.lean
        waist, c = hip - 0.1, self.coat
        if self.dress:
            flare = float(self.rng.uniform(0.13, 0.22))
            hem = (hip * float(self.rng.uniform(0.2, 0.55))) if self.pose != "sitting" else hip + 0.13
            sway = self.side * (0.04 if self.pose == "walking" else 0.0)
            shape = smooth(
                [
                    (lean - w, sh + 0.015),
                    (lean, sh - 0.012),
                    (lean + w, sh + 0.015),
                    (w * 0.72 + lean * 0.6, waist),
                    (flare * 0.75, (waist + hem) / 2),
                    (flare - sway, hem),
                    (0, hem + 0.025),
                    (-flare - sway, hem),
                    (-flare * 0.75, (waist + hem) / 2),
                    (-w * 0.72 + lean * 0.6, waist),
                ]
            )
            folds = [
                line(
                    (x * w + lean * 0.5, waist + 0.02),
                    (x * 1.4 * flare, (waist + hem) / 2),
                    (x * 1.7 * flare - sway, hem - 0.01),
                )
                for x in self.rng.uniform(-0.5, 0.5, 1 + int(2.9 * self.detail))
            ]
            inner = [*folds, line((lean - w * 0.7, waist), (0, waist + 0.015), (lean + w * 0.7, waist))]
            out = [Part(shape, c.main, inner=tuple(inner), angle=1.4, subject=True)]
            belt = cross(shape, rect(-0.3, waist - 0.012, 0.6, 0.032))
            return [*out, Part(belt, c.leather, angle=0, subject=True, form=0.5)]
        hem = hip + (0.1 if self.kind == "knight" else 0.06)
        shape = smooth(
            [
                (lean - w * 1.1, sh + 0.02),
                (lean, sh - 0.01),
                (lean + w * 1.1, sh + 0.02),
                (w * 0.85 + lean * 0.6, waist),
                (w * 1.12, hem),
                (0, hem + 0.012),
                (-w * 1.12, hem),
                (-w * 0.85 + lean * 0.6, waist),
            ]
        )
        inner = [
            line((lean, sh + 0.02), (lean * 0.7, waist), (0.005, hem)),
            line((-w * 0.5, hem - 0.07), (-w * 0.62, hem - 0.01)),
        ]
        out = [Part(shape, c.main, inner=tuple(inner[: 1 + int(self.detail * 1.5)]), angle=1.4, subject=True)]
        out.append(Part(cross(shape, rect(-0.3, waist + 0.01, 0.6, 0.034)), c.leather, angle=0, subject=True, form=0.5))
        if self.kind == "knight":
            out.append(Part(oval(lean, sh + 0.09, w * 0.4, 0.035), c.accent, subject=True, angle=0))
        return out

    def _arm(self, s: int) -> list[Part]:
        w = self.width
        upper, fore = _ARMS[self.pose][0 if s < 0 else 1]
        if self.pose == "walking":
            upper *= 1.0 if s == self.side else 0.7
        sword = self.sword and s == (1 if self.side > 0 else -1)
        if sword:
            upper, fore = [(0.7, 1.9), (1.9, 2.4), (0.45, 0.6)][int(self.rng.integers(3))]
        upper += float(self.rng.uniform(-0.15, 0.15))
        a = np.array([s * w * 0.92 + self.lean, self.shoulder + 0.04])
        b = a + 0.155 * np.array([s * np.sin(upper), np.cos(upper)])
        h = b + 0.14 * np.array([s * np.sin(fore), np.cos(fore)])
        sleeve = self.steel if self.kind == "knight" else self.coat.main
        arm = limb([a, b, h], [w * 0.72, w * 0.58, w * 0.5])
        fist = oval(float(h[0]), float(h[1]), 0.029, 0.029)
        out = []
        if sword:
            out += self._blade(h, s, fore)
        cuff = line(tuple(h + 0.03 * (b - h) / 0.14 + (0, -0.02)), tuple(h + 0.03 * (b - h) / 0.14 + (0, 0.02)))
        out.append(Part(fist, self.steel if self.kind == "knight" else self.coat.skin, subject=True))
        out.append(Part(arm, dim(sleeve, 0.97), inner=(cuff,) if self.detail > 0.5 else (), angle=1.2, subject=True))
        return out

    def _blade(self, hand: np.ndarray, s: int, fore: float) -> list[Part]:
        lift = float(self.rng.uniform(0.2, 0.7)) if fore > 1 else float(self.rng.uniform(2.0, 2.5))
        d = np.array([s * np.sin(lift), -np.cos(lift)])
        n = np.array([-d[1], d[0]])
        long = float(self.rng.uniform(0.36, 0.5))
        width = float(self.rng.uniform(0.014, 0.022))
        base, tip = hand + d * 0.05, hand + d * long
        blade = poly(
            [
                base + n * width,
                tip - d * 0.05 + n * width * 0.8,
                tip,
                tip - d * 0.05 - n * width * 0.8,
                base - n * width,
            ]
        )
        guard = limb([base + n * 0.06, base - n * 0.06], [0.022, 0.022], 4)
        grip = limb([hand - d * 0.055, base], [0.022, 0.02], 4)
        ridge = line(tuple(base), tuple((base + tip) / 2), tuple(tip - d * 0.06))
        angle = float(np.arctan2(d[1], d[0]))
        return [
            Part(blade, (0.82, 0.86, 0.9), inner=(ridge,), angle=angle, subject=True),
            Part(grip, self.coat.leather, subject=True, angle=angle),
            Part(guard, (0.8, 0.62, 0.25), subject=True, angle=angle),
        ]

    def _cape(self) -> list[Part]:
        w, sh = self.width, self.shoulder
        wide, fly = float(self.rng.uniform(0.14, 0.24)), float(self.rng.uniform(-0.12, 0.12))
        hem = self.hip * 0.25 if self.pose != "sitting" else -0.05
        shape = smooth(
            [
                (-w * 0.8, sh),
                (w * 0.8, sh),
                (wide * 0.8 + fly * 0.4, sh * 0.55),
                (wide + fly, hem),
                (fly, hem - 0.02),
                (-wide + fly, hem + 0.01),
                (-wide * 0.8 + fly * 0.4, sh * 0.55),
            ]
        )
        folds = tuple(
            line((x * w, sh + 0.1), (x * wide + fly, hem - 0.02)) for x in self.rng.uniform(-1, 1, int(3 * self.detail))
        )
        colour = self.coat.main if self.kind == "knight" else self.coat.accent
        return [Part(shape, colour, inner=folds, angle=1.45, subject=True)]

    def _shield(self, far: int) -> list[Part]:
        s = -1 if far == 0 else 1
        x, y, k = s * (self.width + 0.07), self.shoulder + 0.2, float(self.rng.uniform(0.09, 0.12))
        face = smooth(
            [
                (x - k, y - k),
                (x, y - k * 1.15),
                (x + k, y - k),
                (x + k * 0.85, y + k * 0.5),
                (x, y + k * 1.4),
                (x - k * 0.85, y + k * 0.5),
            ]
        )
        inner = [
            (x - k * 0.7, y - k * 0.75),
            (x, y - k * 0.85),
            (x + k * 0.7, y - k * 0.75),
            (x + k * 0.58, y + k * 0.38),
            (x, y + k * 1.05),
            (x - k * 0.58, y + k * 0.38),
        ]
        return [
            Part(face, self.steel, subject=True, angle=1.4),
            Part(smooth(inner), self.coat.main, subject=True, angle=1.4, inner=(line((x, y - k * 0.8), (x, y + k)),)),
            Part(poly(ring(x, y, k * 0.22, k * 0.22, 0, 8)), self.coat.accent, subject=True),
        ]
