"""Figures with jointed limbs: girl, boy, girl with a sword, knight; one unit high, standing on y = 0."""

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import Part, cross, dim, limb, line, mix, oval, poly, rect, ring, smooth, union

_ARMS = {  # shoulder and elbow angles from hanging straight down, outwards, in radians
    "standing": ((0.25, 0.1), (0.25, 0.1)),
    "walking": ((0.55, 0.9), (0.5, 0.3)),
    "arms raised": ((2.3, 2.8), (2.3, 2.8)),
    "sitting": ((0.35, -0.5), (0.35, -0.5)),
}


def build_person(kind: str, rng: np.random.Generator, coat: Coat, pose: str, detail: float) -> list[Part]:
    """The parts of one figure, back to front, facing the viewer or turned a little to one side."""
    return _Person(kind, rng, coat, pose, detail).parts()


class _Person:
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
                fx = s * (w * 0.5 + stride * (1 if self.pose == "walking" else 1))
                knee = (x0 * 0.5 + fx * 0.5 + self.side * stride * 0.4, hip * 0.5)
                fy = -0.03 - (0.05 if self.pose == "walking" and s == -self.side else 0)
                foot = (fx, fy)
            leg = limb([(x0, hip), knee, foot], [w * 0.95, w * 0.75, w * 0.5])
            out.append(Part(leg, dim(cloth, 0.92 if s == -self.side else 1.0), angle=1.5, subject=True))
            toe = self.side * 0.035 if self.turn or self.pose in ("walking", "sitting") else s * 0.02
            shaft = limb([(foot[0] * 0.97 + knee[0] * 0.03, foot[1] - 0.09), (foot[0], foot[1] - 0.01)], [w * 0.66, w * 0.58])
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
                [(lean - w, sh + 0.015), (lean, sh - 0.012), (lean + w, sh + 0.015), (w * 0.72 + lean * 0.6, waist),
                 (flare * 0.75, (waist + hem) / 2), (flare - sway, hem), (0, hem + 0.025), (-flare - sway, hem),
                 (-flare * 0.75, (waist + hem) / 2), (-w * 0.72 + lean * 0.6, waist)]
            )  # fmt: skip
            folds = [line((x * w + lean * 0.5, waist + 0.02), (x * 1.4 * flare, (waist + hem) / 2), (x * 1.7 * flare - sway, hem - 0.01))
                     for x in self.rng.uniform(-0.5, 0.5, 1 + int(2.9 * self.detail))]  # fmt: skip
            inner = [*folds, line((lean - w * 0.7, waist), (0, waist + 0.015), (lean + w * 0.7, waist))]
            out = [Part(shape, c.main, inner=tuple(inner), angle=1.4, subject=True)]
            belt = cross(shape, rect(-0.3, waist - 0.012, 0.6, 0.032))
            return [*out, Part(belt, c.leather, angle=0, subject=True, form=0.5)]
        hem = hip + (0.1 if self.kind == "knight" else 0.06)
        shape = smooth(
            [(lean - w * 1.1, sh + 0.02), (lean, sh - 0.01), (lean + w * 1.1, sh + 0.02), (w * 0.85 + lean * 0.6, waist),
             (w * 1.12, hem), (0, hem + 0.012), (-w * 1.12, hem), (-w * 0.85 + lean * 0.6, waist)]
        )  # fmt: skip
        inner = [line((lean, sh + 0.02), (lean * 0.7, waist), (0.005, hem)), line((-w * 0.5, hem - 0.07), (-w * 0.62, hem - 0.01))]
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
        blade = poly([base + n * width, tip - d * 0.05 + n * width * 0.8, tip, tip - d * 0.05 - n * width * 0.8, base - n * width])
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
            [(-w * 0.8, sh), (w * 0.8, sh), (wide * 0.8 + fly * 0.4, sh * 0.55), (wide + fly, hem), (fly, hem - 0.02),
             (-wide + fly, hem + 0.01), (-wide * 0.8 + fly * 0.4, sh * 0.55)]
        )  # fmt: skip
        folds = tuple(line((x * w, sh + 0.1), (x * wide + fly, hem - 0.02)) for x in self.rng.uniform(-1, 1, int(3 * self.detail)))
        colour = self.coat.main if self.kind == "knight" else self.coat.accent
        return [Part(shape, colour, inner=folds, angle=1.45, subject=True)]

    def _neck_cloth(self) -> list[Part]:
        w, sh, x, s = self.width, self.shoulder, self.lean, self.side
        wind = float(self.rng.uniform(0.1, 0.28))
        end = limb([(x, sh), (x - s * wind * 0.6, sh + 0.06), (x - s * wind, sh + float(self.rng.uniform(-0.02, 0.16)))], [0.05, 0.06, 0.075])
        loop = limb([(x - w * 0.75, sh - 0.005), (x, sh + 0.035), (x + w * 0.75, sh - 0.005)], [0.05, 0.06, 0.05])
        fold = line((x - w * 0.4, sh + 0.005), (x, sh + 0.03), (x + w * 0.2, sh + 0.02))
        return [Part(end, self.coat.accent, angle=0.4, subject=True), Part(loop, self.coat.accent, inner=(fold,), angle=0.1, subject=True)]

    def _tail_hair(self) -> list[Part]:
        """A ponytail or two plaits."""
        r, x, y, out = self.head, self.lean, self._head_y(), []
        two = self.rng.random() < 0.5
        fly, long = float(self.rng.uniform(0.2, 1.0)) * r, float(self.rng.uniform(1.4, 2.8)) * r
        for s in (-1, 1) if two else (-self.side,):
            knot = (x + s * r * 0.95, y - r * (0.1 if two else 0.6))
            tail = limb([knot, (knot[0] + s * (fly + r * 0.3), knot[1] + long * 0.35), (knot[0] + s * fly, knot[1] + long)], [r * 0.35, r * 0.55, r * 0.15], pointed=True)
            strand = line(knot, (knot[0] + s * (fly + r * 0.25), knot[1] + long * 0.4), (knot[0] + s * fly, knot[1] + long * 0.9))
            out += [Part(tail, dim(self.coat.hair, 0.9), inner=(strand,), angle=1.4, subject=True), Part(oval(*knot, r * 0.2, r * 0.2), self.coat.accent, subject=True)]
        return out

    def _back_hair(self) -> list[Part]:
        if self.tail:
            return self._tail_hair()
        r, y = self.head, self._head_y()
        drop = float(self.rng.uniform(0.6, 3.2)) * r
        fly = float(self.rng.uniform(-0.12, 0.12))
        shape = smooth(
            [(-r * 1.05, y - r * 0.2), (0, y - r * 1.2), (r * 1.05, y - r * 0.2), (r * 1.15 + fly * 0.5, y + drop * 0.6),
             (r * 0.6 + fly, y + drop), (fly * 0.5, y + drop * 0.85), (-r * 0.7 + fly, y + drop), (-r * 1.15 + fly * 0.5, y + drop * 0.55)]
        )  # fmt: skip
        lock = (line((r * 0.8, y), (r * 0.9 + fly * 0.5, y + drop * 0.7)), line((-r * 0.8, y), (-r * 0.8 + fly * 0.5, y + drop * 0.7)))
        return [Part(shape, dim(self.coat.hair, 0.85), inner=lock if self.detail > 0.6 else (), angle=1.5, subject=True)]

    def _head_y(self) -> float:
        return self.shoulder - self.head * 0.9

    def _head(self) -> list[Part]:
        r, x, y, c = self.head, self.lean, self._head_y(), self.coat
        neck = limb([(x, y + r * 0.6), (x, self.shoulder + 0.02)], [r * 0.62, r * 0.7], 4)
        out = [Part(neck, dim(c.skin, 0.93), subject=True)]
        t = self.turn
        if self.kind == "knight":
            return out + self._helmet(x, y, r)
        chin = [(x - r * 0.92, y - r * 0.1), (x - r * 0.7, y + r * 0.55), (x + t * r * 0.3, y + r * 0.95), (x + r * 0.7, y + r * 0.55),
                (x + r * 0.92, y - r * 0.1), (x + r * 0.6, y - r * 0.85), (x - r * 0.6, y - r * 0.85)]  # fmt: skip
        nose = line((x + t * r, y + r * 0.2), (x + t * r * 1.25 + 0.004, y + r * 0.36), (x + t * r * 0.95, y + r * 0.38))
        smile = float(self.rng.uniform(0.0, 0.12)) * r
        mouth = line((x + (t - 0.25) * r, y + r * 0.6), (x + t * r, y + r * 0.6 + smile), (x + (t + 0.25) * r, y + r * 0.6))
        brows = tuple(line((x + (t + s * 0.22) * r, y - r * 0.12), (x + (t + s * 0.52) * r, y - r * 0.15)) for s in (-1, 1))
        out.append(Part(smooth(chin), c.skin, inner=(mouth, nose, *brows)[: 1 + int(3 * self.detail)], subject=True, form=0.8))
        for s in (-1, 1):
            ex, ey = x + (t + s * 0.38) * r, y + r * 0.12
            out.append(Part(oval(ex, ey, r * 0.13, r * 0.18), (0.12, 0.1, 0.13), subject=True, form=0, outline=self.detail > 0.5))
            if self.detail > 0.6:
                out.append(Part(oval(ex - r * 0.03, ey - r * 0.06, r * 0.045, r * 0.055), (1, 1, 1), subject=True, form=0, outline=False))
        return out + self._hair(x, y, r)

    def _hair(self, x: float, y: float, r: float) -> list[Part]:
        t, rng, c = self.turn, self.rng, self.coat
        part = float(rng.uniform(-0.5, 0.5)) * r
        low = 0.35 if self.girl else 0.05
        fringe = [(x + r * 1.0, y + r * low), (x + r * 0.72 + t * r * 0.2, y - r * 0.28), (x + r * 0.3 + part * 0.4, y - r * 0.3),
                  (x + part, y - r * 0.62), (x - r * 0.35 + part * 0.4, y - r * 0.25), (x - r * 0.72 + t * r * 0.2, y - r * 0.25),
                  (x - r * 1.0, y + r * low), (x - r * 1.08, y - r * 0.45), (x - r * 0.6, y - r * 1.08), (x, y - r * 1.24),
                  (x + r * 0.6, y - r * 1.08), (x + r * 1.08, y - r * 0.45)]  # fmt: skip
        if not self.girl:
            fringe = [(px + float(rng.normal(0, 0.06)) * r, py + float(rng.normal(0, 0.07)) * r) for px, py in fringe]
        strand = line((x + part, y - r * 0.62), (x + part * 0.6, y - r * 0.9), (x + part * 0.4, y - r * 1.1))
        out = [Part(smooth(fringe), c.hair, inner=(strand,), angle=1.2, subject=True)]
        if rng.random() < 0.35:
            brim = oval(x, y - r * 0.62, r * 1.5, r * 0.3)
            crown = smooth([(x - r * 0.85, y - r * 0.65), (x - r * 0.7, y - r * 1.45), (x, y - r * 1.6), (x + r * 0.7, y - r * 1.45), (x + r * 0.85, y - r * 0.65)])
            out += [Part(union(brim, crown), c.main, inner=(line((x - r * 0.85, y - r * 0.75), (x, y - r * 0.62), (x + r * 0.85, y - r * 0.75)),), subject=True, angle=0.1)]
        return out

    def _helmet(self, x: float, y: float, r: float) -> list[Part]:
        c, t = self.coat, self.turn
        plume = limb([(x - t * r, y - r), (x - self.side * r * 0.6, y - r * 1.9), (x - self.side * r * 1.7, y - r * 1.3)], [r * 0.5, r * 0.8, r * 0.2])
        dome = smooth([(x - r, y + r * 0.75), (x - r * 1.02, y - r * 0.3), (x - r * 0.6, y - r * 1.02), (x, y - r * 1.2),
                       (x + r * 0.6, y - r * 1.02), (x + r * 1.02, y - r * 0.3), (x + r, y + r * 0.75), (x, y + r * 1.0)])  # fmt: skip
        slit = limb([(x + (t - 0.6) * r, y - r * 0.05), (x + t * r, y + r * 0.02), (x + (t + 0.6) * r, y - r * 0.05)], [r * 0.16, r * 0.2, r * 0.16])
        ridge = line((x + t * r, y + r * 0.1), (x + t * r, y + r * 0.9))
        rim = line((x - r * 0.95, y - r * 0.35), (x + t * r, y - r * 0.22), (x + r * 0.95, y - r * 0.35))
        return [
            Part(plume, c.main, subject=True, angle=0.5),
            Part(dome, self.steel, inner=(ridge, rim), subject=True, angle=1.3),
            Part(cross(slit, dome), (0.1, 0.1, 0.12), subject=True, form=0),
        ]

    def _shield(self, far: int) -> list[Part]:
        s = -1 if far == 0 else 1
        x, y, k = s * (self.width + 0.07), self.shoulder + 0.2, float(self.rng.uniform(0.09, 0.12))
        face = smooth([(x - k, y - k), (x, y - k * 1.15), (x + k, y - k), (x + k * 0.85, y + k * 0.5), (x, y + k * 1.4), (x - k * 0.85, y + k * 0.5)])
        inner = [(x - k * 0.7, y - k * 0.75), (x, y - k * 0.85), (x + k * 0.7, y - k * 0.75), (x + k * 0.58, y + k * 0.38), (x, y + k * 1.05), (x - k * 0.58, y + k * 0.38)]
        return [
            Part(face, self.steel, subject=True, angle=1.4),
            Part(smooth(inner), self.coat.main, subject=True, angle=1.4, inner=(line((x, y - k * 0.8), (x, y + k)),)),
            Part(poly(ring(x, y, k * 0.22, k * 0.22, 0, 8)), self.coat.accent, subject=True),
        ]


