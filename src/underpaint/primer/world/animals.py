"""Animals and made-up creatures from one kit: on four legs, sitting up, as head and shoulders, or a monster.

Named animals fix a few of the kit's choices; a "creature" leaves all of them to chance, which is what makes lines the
model never saw (somebody's kitten, somebody's hippo) look like something it knows.
"""

import numpy as np

from underpaint.primer.world.animal_bodies import AnimalBody, flip
from underpaint.primer.world.animal_heads import EYE, kit_of
from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Part,
    cross,
    dim,
    limb,
    line,
    oval,
    poly,
    ring,
    smooth,
    union,
)


def build_animal(
    kind: str, rng: np.random.Generator, coat: Coat, pose: str, detail: float, near: bool = False
) -> list[Part]:
    """An animal about one unit high on y = 0, on four legs seen from the side or sitting up facing us.

    `near` asks for head and shoulders only, to be cut by the lower edge of the picture.
    """
    kit = kit_of(kind, rng)
    upright = rng.random() < (0.75 if pose in ("sitting", "arms raised") else 0.3)
    if kind == "dragon":
        upright = rng.random() < 0.35
    builder = _Animal(kit, rng, coat, pose, detail)
    chance = float(rng.random())
    if near:
        parts = builder.bust()
    elif kind == "creature" and chance < 0.3:
        parts = builder.monster()
    else:
        parts = builder.upright() if upright else builder.side()
    return flip(parts) if rng.random() < 0.5 else parts


class _Animal(AnimalBody):
    def side(self) -> list[Part]:
        k, rng, c = self.kit, self.rng, self.coat
        long, leg, fat = float(rng.uniform(0.26, 0.42)), k.legs, k.fat
        cy = -(leg + fat * 0.75)
        walk = 0.09 if self.pose == "walking" else 0.025
        thick = float(rng.uniform(0.07, 0.11)) * (1.5 if k.trunk else 1.0) * (0.7 + fat * 1.8)
        out: list[Part] = []
        if k.wings:
            out += self._wing(-0.05, cy - fat * 0.5, 0.9)
        out += self._tail(-long * 0.95, cy - fat * 0.3)
        for x, s in ((-long * 0.62, 1), (long * 0.62, -1)):
            out.append(self._leg(x + 0.06, cy, s * walk, thick, 0.78))
        arch = float(rng.uniform(-0.25, 0.25)) * fat
        body = smooth(
            [
                (-long, cy),
                (-long * 0.7, cy - fat),
                (0, cy - fat * 0.95 + arch),
                (long * 0.7, cy - fat),
                (long * 1.02, cy - fat * 0.1),
                (long * 0.7, cy + fat * 0.75),
                (0, cy + fat * 0.9),
                (-long * 0.7, cy + fat * 0.85),
            ]
        )
        head_r = k.head
        hx = long + head_r * float(rng.uniform(0.3, 0.8))
        hy = min(cy - fat * 0.5 - head_r * float(rng.uniform(0.1, 0.9)), -head_r * 1.05)
        hy -= 0.45 * self.neck
        throat = (hx - head_r * 0.2, hy + head_r * 0.2)
        bow = (long * 0.8 + 0.06 * self.neck, (cy + hy) / 2 + 0.05)
        neck = limb([(long * 0.6, cy - fat * 0.2), bow, throat], [fat * 1.3, head_r * 1.15, head_r * 1.0], 8)
        folds = [
            line((long * 0.25, cy - fat * 0.1), (long * 0.35, cy + fat * 0.4), (long * 0.3, cy + fat * 0.75)),
            line((-long * 0.75, cy - fat * 0.2), (-long * 0.42, cy - fat * 0.05), (-long * 0.38, cy + fat * 0.5)),
        ]
        if k.spikes:
            out += self._spikes(
                [(-long, cy - fat * 0.6), (0, cy - fat * 1.1), (long * 0.8, cy - fat), (hx - head_r * 0.6, hy)]
            )
        torso = union(body, neck)
        out.append(self.part(torso, inner=tuple(folds[: int(2.5 * self.detail)]), angle=0.15))
        if self.belly != c.main:
            out.append(self.part(cross(torso, oval(0, cy + fat * 0.95, long * 0.8, fat * 0.42)), self.belly, angle=0.1))
        if self.spotted:
            out += self._spots(torso, 0, cy - fat * 0.3, long * 0.8, fat * 0.6)
        for x, s in ((-long * 0.68, -1), (long * 0.62, 1)):
            out.append(self._leg(x, cy, s * walk, thick, 1.0))
        if k.wings:
            out += self._wing(0.02, cy - fat * 0.6, 1.0)
        return out + self._head(hx, hy, head_r, float(rng.uniform(0.45, 0.7)))

    def upright(self) -> list[Part]:
        k, rng, c = self.kit, self.rng, self.coat
        fat = k.fat * 1.05
        r = min(0.26, k.head * 1.12)
        cy, top = -0.06 - fat, -0.55 - float(rng.uniform(0, 0.06))
        out: list[Part] = []
        if k.wings:
            out += self._wing(0.1, -0.4, 0.8) + flip(self._wing(0.1, -0.4, 0.8))
        out += self._tail(-fat * 0.9, -0.1)
        waist = float(rng.uniform(0.5, 0.85)) * fat
        body = smooth(
            [
                (-waist * 0.7, top + 0.1),
                (0, top + 0.02),
                (waist * 0.7, top + 0.1),
                (waist, cy - fat * 0.4),
                (fat, cy + fat * 0.3),
                (fat * 0.75, -0.02),
                (0, -0.005),
                (-fat * 0.75, -0.02),
                (-fat, cy + fat * 0.3),
                (-waist, cy - fat * 0.4),
            ]
        )
        out.append(self.part(body, angle=1.4))
        if self.belly != c.main:
            out.append(self.part(cross(body, oval(0, cy + fat * 0.1, waist * 0.72, fat * 1.05)), self.belly, angle=1.4))
        if self.spotted:
            out += self._spots(body, 0, cy, fat * 0.7, fat * 0.7)
        up = self.pose == "arms raised"
        w = float(rng.uniform(0.07, 0.1))
        for s in (-1, 1):
            foot = oval(s * fat * 0.72, -0.03, 0.105, 0.055)
            toes = tuple(line((s * fat * 0.72 + d, -0.045), (s * fat * 0.72 + d, 0.0)) for d in (-0.03, 0.03))
            out.append(self.part(foot, dim(c.main, 0.94), inner=toes if self.detail > 0.5 else ()))
            end = (
                (s * fat * 1.5, top - 0.05)
                if up
                else (s * waist * float(rng.uniform(0.2, 1.3)), cy + fat * float(rng.uniform(-0.2, 0.5)))
            )
            elbow = (s * waist * 1.5, top + (0.12 if up else 0.24))
            if s > 0 and k.beak:
                end, elbow = (s * waist * 1.4, cy + 0.05), (s * waist * 1.5, top + 0.2)
            out.append(self.part(limb([(s * waist * 0.72, top + 0.14), elbow, end], [w, w, w * 0.9]), angle=1.2))
        return out + self._head(0, top - r * 0.62, r, float(rng.choice([0.0, 0.0, 0.35])))

    def bust(self) -> list[Part]:
        """Head and shoulders, near."""
        k, rng, c = self.kit, self.rng, self.coat
        r, y = 0.3, -0.52
        wide = float(rng.uniform(0.26, 0.38))
        chest = smooth(
            [
                (-wide * 0.55, y + r * 0.7),
                (0, y + r * 0.55),
                (wide * 0.55, y + r * 0.7),
                (wide, -0.1),
                (wide * 1.05, 0.02),
                (0, 0.03),
                (-wide * 1.05, 0.02),
                (-wide, -0.1),
            ]
        )
        out = [
            self.part(
                chest,
                angle=1.4,
                inner=(line((wide * 0.6, -0.12), (wide * 0.5, 0.0)), line((-wide * 0.6, -0.12), (-wide * 0.5, 0.0))),
            )
        ]
        if self.belly != c.main:
            out.append(self.part(cross(chest, oval(0, 0.0, wide * 0.5, 0.2)), self.belly, angle=1.4))
        if rng.random() < 0.4 and not k.trunk:
            scarf = limb(
                [(-wide * 0.6, y + r * 0.85), (0, y + r * 1.08), (wide * 0.6, y + r * 0.85)], [0.09, 0.11, 0.09]
            )
            out.append(
                self.part(scarf, c.accent, inner=(line((-0.05, y + r * 0.95), (-0.03, y + r * 1.15)),), angle=0.1)
            )
        return out + self._head(0, y, r, float(rng.choice([0.0, 0.3, 0.5])))

    def monster(self) -> list[Part]:
        """A doodle with its face in its body: one lumpy shape, stubby or noodle limbs, any number of eyes."""
        rng, c = self.rng, self.coat
        u = rng.uniform
        w, h, leg = float(u(0.22, 0.38)), float(u(0.24, 0.4)), float(u(0.04, 0.2))
        cy = -leg - h * 0.9
        out = self._tail(-w * 0.9, cy + h * 0.5)
        thick = float(u(0.05, 0.1))
        raised = self.pose == "arms raised" or rng.random() < 0.3
        for s in (-1, 1):
            foot_x = s * w * float(u(0.35, 0.6))
            limb_ = limb([(foot_x * 0.9, cy + h * 0.6), (foot_x, -0.03)], [thick * 1.3, thick])
            out.append(
                self.part(union(limb_, oval(foot_x + 0.015, -0.025, thick * 0.85, 0.03)), dim(c.main, 0.85), angle=1.5)
            )
            end = (s * w * float(u(1.25, 1.6)), cy - h * float(u(0.4, 0.9)) if raised else cy + h * float(u(0.2, 0.7)))
            arm = limb(
                [(s * w * 0.75, cy + h * 0.05), (s * w * 1.3, cy + h * float(u(-0.1, 0.4))), end],
                [thick, thick * 0.8, thick * 0.75],
            )
            out.append(self.part(arm, dim(c.main, 0.92), angle=1.0))
        if self.kit.wings:
            out += self._wing(-w * 0.5, cy, 0.8) + flip(self._wing(-w * 0.5, cy, 0.8))
        out += self._ears(0, cy - h * 0.2, min(w, h) * 0.95, back=True)
        n = int(rng.integers(8, 14))
        body = smooth(ring(0, cy, w, h, float(u(0, 1)), n) * (1 + rng.uniform(-0.06, 0.06, (n, 1))))
        out.append(self.part(body, angle=0.9))
        if self.belly != c.main:
            out.append(
                self.part(
                    cross(body, oval(0, cy + h * 0.6, w * 0.65, h * 0.5)),
                    self.belly,
                    inner=tuple(
                        line((-w * 0.3, cy + h * y), (0, cy + h * (y + 0.05)), (w * 0.3, cy + h * y))
                        for y in (0.55, 0.75)[: int(2 * self.detail)]
                    ),
                    angle=0.1,
                )
            )
        if self.spotted:
            out += self._spots(body, 0, cy, w * 0.8, h * 0.7)
        out += self._ears(0, cy - h * 0.2, min(w, h) * 0.95, back=False)
        eyes, r = int(rng.choice([1, 2, 2, 2, 3])), float(u(0.05, 0.09))
        for i in range(eyes):
            ex, ey = (i - (eyes - 1) / 2) * r * 2.5, cy - h * float(u(0.3, 0.36))
            out.append(self.part(oval(ex, ey, r, r * float(u(1.0, 1.25))), (0.97, 0.97, 0.94), form=0.3))
            out.append(self.part(oval(ex + r * 0.1, ey + r * 0.1, r * 0.45, r * 0.5), EYE, form=0))
        mw, my, open_ = w * float(u(0.3, 0.6)), cy + h * 0.08, h * float(u(0.05, 0.3))
        mouth = smooth(
            [
                (-mw, my),
                (0, my + open_ * 0.35),
                (mw, my),
                (mw * 0.6, my + open_ * 0.8),
                (0, my + open_ * 1.1),
                (-mw * 0.6, my + open_ * 0.8),
            ]
        )
        out.append(self.part(mouth, (0.42, 0.12, 0.16), form=0.2))
        for x in rng.uniform(-0.6, 0.6, int(rng.integers(0, 4))):
            out.append(
                self.part(
                    cross(mouth, poly([(x * mw - 0.022, my - 0.02), (x * mw + 0.022, my - 0.02), (x * mw, my + 0.06)])),
                    (0.97, 0.96, 0.9),
                    form=0.2,
                )
            )
        return out
