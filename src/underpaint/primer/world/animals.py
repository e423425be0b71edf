"""Animals and made-up creatures from one kit: bodies, heads, ears, tails and legs with free proportions.

Named animals fix a few of the kit's choices; a "creature" leaves all of them to chance, which is what makes lines the
model never saw (somebody's kitten, somebody's hippo) look like something it knows.
"""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Colour, Part, blob, cross, dim, limb, line, mix, oval, poly, ring, smooth, union,
)  # fmt: skip

EYE: Colour = (0.08, 0.07, 0.09)
_EARS = ("point", "round", "flop", "long", "big", "none", "horn")
_TAILS = ("curl", "thin", "short", "bush", "spike", "none")


@dataclass
class Kit:
    """The choices that make an animal."""

    ears: str
    tail: str
    muzzle: float
    head: float
    legs: float
    fat: float
    trunk: bool = False
    beak: bool = False
    wings: bool = False
    spikes: bool = False
    eye: float = 0.16


def kit_of(kind: str, rng: np.random.Generator) -> Kit:
    """The kit of a named animal, or any kit for a creature."""
    u = rng.uniform
    match kind:
        case "cat":
            return Kit("point", str(rng.choice(["curl", "thin"])), u(0.3, 0.4), u(0.18, 0.25), u(0.26, 0.36), u(0.15, 0.2), eye=u(0.16, 0.24))
        case "dog":
            return Kit("flop", str(rng.choice(["curl", "short", "thin"])), u(0.5, 0.75), u(0.17, 0.24), u(0.28, 0.4), u(0.14, 0.2))
        case "rabbit":
            return Kit("long", "short", u(0.3, 0.42), u(0.17, 0.22), u(0.16, 0.22), u(0.18, 0.22))
        case "elephant":
            return Kit("big", "thin", 0.3, u(0.19, 0.24), u(0.28, 0.36), u(0.23, 0.3), trunk=True, eye=0.1)
        case "dragon":
            return Kit("horn", "spike", u(0.6, 0.9), u(0.13, 0.18), u(0.22, 0.34), u(0.15, 0.2), wings=True, spikes=True, eye=0.15)
    return Kit(
        str(rng.choice(_EARS)), str(rng.choice(_TAILS)), u(0.2, 0.95), u(0.14, 0.32), u(0.08, 0.42), u(0.12, 0.3),
        trunk=bool(rng.random() < 0.12), beak=bool(rng.random() < 0.25), wings=bool(rng.random() < 0.15),
        spikes=bool(rng.random() < 0.15), eye=u(0.1, 0.28),
    )  # fmt: skip


def build_animal(kind: str, rng: np.random.Generator, coat: Coat, pose: str, detail: float, near: bool = False) -> list[Part]:
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


def flip(parts: list[Part]) -> list[Part]:
    """The same turned to face the other way."""
    import skia

    from underpaint.primer.world.shapes import place

    return place(parts, skia.Matrix.Scale(-1, 1))


class _Animal:
    def __init__(self, kit: Kit, rng: np.random.Generator, coat: Coat, pose: str, detail: float) -> None:
        self.kit, self.rng, self.coat, self.pose, self.detail = kit, rng, coat, pose, detail
        self.belly = mix(coat.main, coat.light, float(rng.choice([0.0, 1.0])))
        self.spotted = rng.random() < 0.3
        self.neck = float(rng.uniform(0.0, 1.0)) ** 2.5 if not kit.wings else float(rng.uniform(0.2, 0.8))

    def part(self, path: object, colour: Colour | None = None, **more: object) -> Part:
        return Part(path, colour or self.coat.main, subject=True, **more)  # type: ignore[arg-type]

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
        body = smooth([(-long, cy), (-long * 0.7, cy - fat), (0, cy - fat * 0.95 + arch), (long * 0.7, cy - fat), (long * 1.02, cy - fat * 0.1),
                       (long * 0.7, cy + fat * 0.75), (0, cy + fat * 0.9), (-long * 0.7, cy + fat * 0.85)])  # fmt: skip
        head_r = k.head
        hx = long + head_r * float(rng.uniform(0.3, 0.8))
        hy = min(cy - fat * 0.5 - head_r * float(rng.uniform(0.1, 0.9)), -head_r * 1.05)
        hy -= 0.45 * self.neck
        throat = (hx - head_r * 0.2, hy + head_r * 0.2)
        bow = (long * 0.8 + 0.06 * self.neck, (cy + hy) / 2 + 0.05)
        neck = limb([(long * 0.6, cy - fat * 0.2), bow, throat], [fat * 1.3, head_r * 1.15, head_r * 1.0], 8)
        folds = [line((long * 0.25, cy - fat * 0.1), (long * 0.35, cy + fat * 0.4), (long * 0.3, cy + fat * 0.75)),
                 line((-long * 0.75, cy - fat * 0.2), (-long * 0.42, cy - fat * 0.05), (-long * 0.38, cy + fat * 0.5))]  # fmt: skip
        if k.spikes:
            out += self._spikes([(-long, cy - fat * 0.6), (0, cy - fat * 1.1), (long * 0.8, cy - fat), (hx - head_r * 0.6, hy)])
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
        body = smooth([(-waist * 0.7, top + 0.1), (0, top + 0.02), (waist * 0.7, top + 0.1), (waist, cy - fat * 0.4), (fat, cy + fat * 0.3),
                       (fat * 0.75, -0.02), (0, -0.005), (-fat * 0.75, -0.02), (-fat, cy + fat * 0.3), (-waist, cy - fat * 0.4)])  # fmt: skip
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
            end = (s * fat * 1.5, top - 0.05) if up else (s * waist * float(rng.uniform(0.2, 1.3)), cy + fat * float(rng.uniform(-0.2, 0.5)))
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
        chest = smooth([(-wide * 0.55, y + r * 0.7), (0, y + r * 0.55), (wide * 0.55, y + r * 0.7), (wide, -0.1), (wide * 1.05, 0.02), (0, 0.03), (-wide * 1.05, 0.02), (-wide, -0.1)])
        out = [self.part(chest, angle=1.4, inner=(line((wide * 0.6, -0.12), (wide * 0.5, 0.0)), line((-wide * 0.6, -0.12), (-wide * 0.5, 0.0))))]
        if self.belly != c.main:
            out.append(self.part(cross(chest, oval(0, 0.0, wide * 0.5, 0.2)), self.belly, angle=1.4))
        if rng.random() < 0.4 and not k.trunk:
            scarf = limb([(-wide * 0.6, y + r * 0.85), (0, y + r * 1.08), (wide * 0.6, y + r * 0.85)], [0.09, 0.11, 0.09])
            out.append(self.part(scarf, c.accent, inner=(line((-0.05, y + r * 0.95), (-0.03, y + r * 1.15)),), angle=0.1))
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
            out.append(self.part(union(limb_, oval(foot_x + 0.015, -0.025, thick * 0.85, 0.03)), dim(c.main, 0.85), angle=1.5))
            end = (s * w * float(u(1.25, 1.6)), cy - h * float(u(0.4, 0.9)) if raised else cy + h * float(u(0.2, 0.7)))
            arm = limb([(s * w * 0.75, cy + h * 0.05), (s * w * 1.3, cy + h * float(u(-0.1, 0.4))), end], [thick, thick * 0.8, thick * 0.75])
            out.append(self.part(arm, dim(c.main, 0.92), angle=1.0))
        if self.kit.wings:
            out += self._wing(-w * 0.5, cy, 0.8) + flip(self._wing(-w * 0.5, cy, 0.8))
        out += self._ears(0, cy - h * 0.2, min(w, h) * 0.95, back=True)
        n = int(rng.integers(8, 14))
        body = smooth(ring(0, cy, w, h, float(u(0, 1)), n) * (1 + rng.uniform(-0.06, 0.06, (n, 1))))
        out.append(self.part(body, angle=0.9))
        if self.belly != c.main:
            out.append(self.part(cross(body, oval(0, cy + h * 0.6, w * 0.65, h * 0.5)), self.belly, inner=tuple(line((-w * 0.3, cy + h * y), (0, cy + h * (y + 0.05)), (w * 0.3, cy + h * y)) for y in (0.55, 0.75)[: int(2 * self.detail)]), angle=0.1))
        if self.spotted:
            out += self._spots(body, 0, cy, w * 0.8, h * 0.7)
        out += self._ears(0, cy - h * 0.2, min(w, h) * 0.95, back=False)
        eyes, r = int(rng.choice([1, 2, 2, 2, 3])), float(u(0.05, 0.09))
        for i in range(eyes):
            ex, ey = (i - (eyes - 1) / 2) * r * 2.5, cy - h * float(u(0.3, 0.36))
            out.append(self.part(oval(ex, ey, r, r * float(u(1.0, 1.25))), (0.97, 0.97, 0.94), form=0.3))
            out.append(self.part(oval(ex + r * 0.1, ey + r * 0.1, r * 0.45, r * 0.5), EYE, form=0))
        mw, my, open_ = w * float(u(0.3, 0.6)), cy + h * 0.08, h * float(u(0.05, 0.3))
        mouth = smooth([(-mw, my), (0, my + open_ * 0.35), (mw, my), (mw * 0.6, my + open_ * 0.8), (0, my + open_ * 1.1), (-mw * 0.6, my + open_ * 0.8)])
        out.append(self.part(mouth, (0.42, 0.12, 0.16), form=0.2))
        for x in rng.uniform(-0.6, 0.6, int(rng.integers(0, 4))):
            out.append(self.part(cross(mouth, poly([(x * mw - 0.022, my - 0.02), (x * mw + 0.022, my - 0.02), (x * mw, my + 0.06)])), (0.97, 0.96, 0.9), form=0.2))
        return out

    def _leg(self, x: float, cy: float, swing: float, thick: float, shade: float) -> Part:
        foot = (x + swing * 1.5, -0.035)
        leg = limb([(x, cy), (x + swing * 0.4, cy * 0.5), (foot[0], foot[1])], [thick * 1.7, thick * 1.05, thick * 0.85])
        paw = oval(foot[0] + thick * 0.25, -0.03, thick * 0.75, 0.032)
        toes = tuple(line((foot[0] + d * thick, -0.035), (foot[0] + d * thick + 0.005, -0.005)) for d in (0.3, 0.65))
        return self.part(union(leg, paw), dim(self.coat.main, shade), inner=toes if self.detail > 0.5 else (), angle=1.4)

    def _tail(self, x: float, y: float) -> list[Part]:
        c, rng = self.coat, self.rng
        up = float(rng.uniform(0.1, 0.3))
        match self.kit.tail:
            case "curl":
                path = limb([(x + 0.04, y), (x - 0.13, y - up * 0.3), (x - 0.15, y - up), (x - 0.06, y - up * 1.3)], [0.06, 0.055, 0.05, 0.04])
            case "thin":
                path = limb([(x + 0.04, y), (x - 0.1, y + 0.02), (x - 0.2, y + up * 0.4), (x - 0.26, y + 0.02)], [0.045, 0.03, 0.024, 0.02])
            case "short":
                return [self.part(blob(rng, x - 0.02, y - 0.02, 0.07, 0.065, 0.1), c.light)]
            case "bush":
                path = limb([(x + 0.03, y), (x - 0.12, y - 0.05), (x - 0.2, y - up)], [0.05, 0.17, 0.1])
            case "spike":
                tail = limb([(x + 0.1, y + 0.02), (x - 0.15, y + 0.1), (x - 0.33, y - 0.02), (x - 0.38, y - up * 0.7)], [0.16, 0.1, 0.05, 0.025])
                tip = poly([(x - 0.38, y - up * 0.7 - 0.1), (x - 0.45, y - up * 0.7), (x - 0.31, y - up * 0.7 + 0.01)])
                return [self.part(tip, c.dark), self.part(tail, angle=0.2)]
            case _:
                return []
        return [self.part(path, angle=0.8)]

    def _spikes(self, along: list[tuple[float, float]]) -> list[Part]:
        from underpaint.primer.world.shapes import spline

        c = spline(along, 9)
        return [self.part(poly([(x - 0.035, y + 0.05), (x - 0.02, y - 0.055), (x + 0.04, y + 0.05)]), self.coat.light) for x, y in c]

    def _wing(self, x: float, y: float, scale: float) -> list[Part]:
        rng = self.rng
        a, b = float(rng.uniform(0.36, 0.52)) * scale, float(rng.uniform(0.28, 0.45)) * scale
        tips = [(x - a * 0.2, y - b * 1.2), (x - a, y - b * 0.85), (x - a * 1.1, y - b * 0.15), (x - a * 0.55, y + b * 0.12)]
        p = [(x, y), (x + a * 0.05, y - b * 0.6), tips[0], (x - a * 0.6, y - b * 0.85), tips[1], (x - a * 0.85, y - b * 0.4), tips[2],
             (x - a * 0.65, y - b * 0.12), tips[3]]  # fmt: skip
        ribs = tuple(line((x - 0.01, y - 0.02), ((x + t[0]) / 2, (y + t[1]) / 2 - 0.02), t) for t in tips[1:3])
        return [self.part(smooth(p, tension=0.55), self.coat.dark if scale < 1 else self.coat.light, inner=ribs, angle=0.6)]

    def _spots(self, inside: object, cx: float, cy: float, w: float, h: float) -> list[Part]:
        rng, out = self.rng, []
        for _ in range(int(rng.integers(2, 5))):
            spot = blob(rng, cx + float(rng.uniform(-w, w)), cy + float(rng.uniform(-h, h)), float(rng.uniform(0.035, 0.09)), float(rng.uniform(0.03, 0.07)))
            out.append(self.part(cross(spot, inside), mix(self.coat.main, self.coat.dark, 0.8)))  # type: ignore[arg-type]
        return out

    def _head(self, x: float, y: float, r: float, turn: float) -> list[Part]:
        """A head whose features slide by `turn` heads to the right of its middle."""
        k, rng, c = self.kit, self.rng, self.coat
        out = self._ears(x, y, r, back=True)
        wide = float(rng.uniform(1.0, 1.18))
        skull = smooth(ring(x, y, r * wide, r, 0, 10) + rng.normal(0, 0.02 * r, (10, 2)))
        if k.muzzle > 0.5 and turn > 0.3 and not k.beak:
            snout = limb([(x + r * 0.3, y + r * 0.25), (x + r * (0.9 + k.muzzle * 0.7), y + r * 0.4)], [r * 1.1, r * 0.75], 5)
            skull = union(skull, snout)
        tuft = (line((x - r * 0.2, y - r * 0.9), (x, y - r * 0.7), (x + r * 0.15, y - r * 0.92)),) if self.detail > 0.8 else ()
        out.append(self.part(skull, inner=tuft, angle=0.6))
        out += self._ears(x, y, r, back=False)
        fx = x + turn * r
        out += self._face(x, y, r, turn)
        eye = k.eye * r * float(rng.uniform(1.0, 1.4))
        gap = r * float(rng.uniform(0.3, 0.42)) * (1 - 0.35 * turn)
        ey = y - r * float(rng.uniform(0.08, 0.3))
        big = rng.random() < 0.45
        for s in (-1, 1):
            ex = fx * 0.75 + x * 0.25 + s * gap
            if big:
                out.append(self.part(oval(ex, ey, eye * 1.35, eye * 1.75), (0.97, 0.97, 0.95), form=0.3))
            out.append(self.part(oval(ex + turn * eye * 0.3, ey + eye * 0.1, eye * 0.72, eye * 0.95), EYE, form=0))
            if self.detail > 0.6:
                out.append(self.part(oval(ex - eye * 0.15, ey - eye * 0.3, eye * 0.22, eye * 0.26), (1.0, 1.0, 1.0), form=0, outline=False))
        return out

    def _face(self, x: float, y: float, r: float, turn: float) -> list[Part]:
        k, rng, c = self.kit, self.rng, self.coat
        fx = x + turn * r
        if k.trunk:
            curl = float(rng.uniform(-0.5, 0.9))
            trunk = limb([(fx, y + r * 0.15), (fx + r * 0.55, y + r * 1.0), (fx + r * (0.7 + curl * 0.4), y + r * 1.7), (fx + r * (1.1 + curl * 0.4), y + r * (1.9 - curl))],
                         [r * 0.75, r * 0.52, r * 0.4, r * 0.3])  # fmt: skip
            rings = tuple(line((fx + r * (0.25 + d * 0.3), y + r * (0.9 + d)), (fx + r * (0.75 + d * 0.3), y + r * (0.75 + d))) for d in (0.0, 0.3, 0.6))
            tusk = limb([(fx + r * 0.1, y + r * 0.6), (fx + r * 0.45, y + r * 1.05), (fx + r * 0.85, y + r * 1.0)], [r * 0.18, r * 0.13, r * 0.05], pointed=True)
            return [self.part(tusk, (0.96, 0.93, 0.85)), self.part(trunk, inner=rings[: int(3 * self.detail)], angle=1.3)]
        if k.beak:
            lift = float(rng.uniform(-0.1, 0.2)) * r
            beak = smooth([(fx - r * 0.3, y + r * 0.1), (fx + r * (0.2 + turn), y + r * 0.02), (fx + r * (0.5 + k.muzzle * turn * 1.6), y + r * 0.35 - lift),
                           (fx + r * 0.2, y + r * 0.62), (fx - r * 0.3, y + r * 0.5)])  # fmt: skip
            split = line((fx - r * 0.28, y + r * 0.34), (fx + r * 0.2, y + r * 0.36), (fx + r * (0.45 + k.muzzle * turn * 1.4), y + r * 0.34 - lift))
            return [self.part(beak, (0.97, 0.68, 0.2), inner=(split,))]
        my = y + r * 0.42
        mx = fx + (r * k.muzzle * 0.6 if turn > 0.3 else 0)
        size = r * float(rng.uniform(0.34, 0.5))
        out = []
        if rng.random() < 0.7:
            out.append(self.part(oval(mx, my, size * 1.15, size * 0.85), c.light))
        nose = smooth([(mx - size * 0.4, my - size * 0.62), (mx + size * 0.4, my - size * 0.62), (mx + size * 0.05, my - size * 0.18), (mx - size * 0.05, my - size * 0.18)])
        mouth = (line((mx, my - size * 0.2), (mx, my + size * 0.15)),
                 line((mx - size * 0.6, my + size * 0.1), (mx - size * 0.3, my + size * 0.38), (mx, my + size * 0.15), (mx + size * 0.3, my + size * 0.38), (mx + size * 0.6, my + size * 0.1)))  # fmt: skip
        base = self.part(oval(mx, my, size * 0.9, size * 0.7), out[-1].colour if out else c.main, inner=mouth, form=0, outline=False)
        out.append(base)
        out.append(self.part(nose, mix(EYE, (0.8, 0.4, 0.45), float(rng.choice([0.0, 0.8]))), form=0.4))
        return out

    def _ears(self, x: float, y: float, r: float, back: bool) -> list[Part]:
        c, rng, kind = self.coat, self.rng, self.kit.ears
        tall = float(rng.uniform(0.85, 1.15)) * r
        out: list[Part] = []
        in_front = kind == "flop" or (kind == "big" and rng.random() < 0.5)
        if back == in_front and kind != "big" or (kind == "big" and not back):
            return []
        inner_pink: Colour = (0.93, 0.68, 0.66)
        for s in (-1, 1):
            match kind:
                case "point":
                    e = smooth([(x + s * r * 0.98, y - r * 0.2), (x + s * r * 0.95, y - r * 0.6 - tall * 0.8), (x + s * r * 0.15, y - r * 0.8)], tension=0.35)
                    i = smooth([(x + s * r * 0.85, y - r * 0.4), (x + s * r * 0.85, y - r * 0.5 - tall * 0.62), (x + s * r * 0.35, y - r * 0.8)], tension=0.35)
                    out += [self.part(e), self.part(i, inner_pink)]
                case "round":
                    out += [self.part(oval(x + s * r * 0.85, y - r * 0.75, tall * 0.45, tall * 0.45)), self.part(oval(x + s * r * 0.85, y - r * 0.72, tall * 0.26, tall * 0.28), inner_pink)]
                case "flop":
                    e = limb([(x + s * r * 0.75, y - r * 0.75), (x + s * r * 1.2, y - r * 0.3), (x + s * r * 1.2, y + tall * 0.5)], [r * 0.3, r * 0.5, r * 0.4])
                    out.append(self.part(e, mix(c.main, c.dark, 0.6), angle=1.4))
                case "long":
                    tip = float(rng.uniform(-0.2, 0.5)) * r
                    e = limb([(x + s * r * 0.4, y - r * 0.7), (x + s * r * 0.5, y - r * 0.8 - tall), (x + s * (r * 0.55 + tip), y - r * 0.8 - tall * 1.8)], [r * 0.4, r * 0.55, r * 0.3])
                    i = limb([(x + s * r * 0.43, y - r * 0.9), (x + s * r * 0.5, y - r * 0.8 - tall), (x + s * (r * 0.53 + tip * 0.8), y - r * 0.8 - tall * 1.55)], [r * 0.15, r * 0.27, r * 0.15])
                    out += [self.part(e, angle=1.5), self.part(i, inner_pink, angle=1.5)]
                case "big":
                    e = blob(rng, x + s * r * 1.15, y + r * 0.05, tall * 0.8, tall * 1.0, 0.1)
                    i = oval(x + s * r * 1.15, y + r * 0.08, tall * 0.5, tall * 0.68)
                    out += [self.part(e), self.part(i, mix(c.main, inner_pink, 0.5))]
                case "horn":
                    e = limb([(x + s * r * 0.4, y - r * 0.7), (x + s * r * 0.7, y - r * 1.3), (x + s * r * 0.5, y - r * 1.3 - tall * 0.5)], [r * 0.32, r * 0.22, r * 0.08], pointed=True)
                    out.append(self.part(e, (0.93, 0.88, 0.74), angle=1.3))
        return out


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
        foot = smooth([(x - 0.04, -0.02), (x + 0.02, -0.045), (x + 0.12, -0.015), (x + 0.1, 0.005), (x - 0.02, 0.005)], tension=0.6)
        out.append(Part(union(shank, foot), orange, subject=True))
    tail = smooth([(-long * 0.7, cy - fat * 0.4), (-long * 1.5, cy - fat * (0.2 + lean)), (-long * 1.55, cy + fat * 0.0), (-long * 0.7, cy + fat * 0.4)], tension=0.6)
    body = smooth([(-long, cy), (-long * 0.5, cy - fat * 0.75), (long * 0.35, cy - fat * 0.85), (long, cy - fat * 0.1), (long * 0.75, cy + fat * 0.7), (0, cy + fat), (-long * 0.7, cy + fat * 0.6)])
    neck = limb([(long * 0.5, cy - fat * 0.1), (hx, hy + r * 0.3)], [fat * 1.2, r * 1.3], 5)
    torso = union(union(tail, body), neck)
    out.append(Part(torso, coat.main, angle=0.2, subject=True))
    out.append(Part(cross(torso, oval(long * 0.5, cy + fat * 0.6, long * 0.7, fat * 0.6)), coat.light, angle=0.3, subject=True))
    wing = smooth([(long * 0.4, cy - fat * 0.35), (long * 0.25, cy + fat * 0.35), (-long * 0.5, cy + fat * 0.35), (-long * 1.15, cy - fat * 0.05), (-long * 0.4, cy - fat * 0.55)])
    quills = tuple(line((long * (0.1 - d), cy - fat * 0.1 + d * 0.1), (-long * (0.2 + d), cy + fat * 0.15), (-long * (0.5 + d * 0.8), cy + fat * (0.28 - d * 0.4))) for d in (0.0, 0.3))
    out.append(Part(wing, mix(coat.main, coat.dark, 0.75), inner=quills[: int(2.5 * detail)], angle=0.1, subject=True))
    beak = smooth([(hx + r * 0.6, hy - r * 0.25), (hx + r * float(u(1.6, 2.2)), hy + r * 0.15), (hx + r * 1.5, hy + r * 0.4), (hx + r * 0.6, hy + r * 0.4)], tension=0.6)
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
    body = smooth([(-long, cy), (-long * 0.4, cy - fat * 0.8), (long * 0.3, cy - fat), (long, cy), (long * 0.3, cy + fat), (-long * 0.4, cy + fat * 0.8)])
    spread = float(u(0.16, 0.28))
    tail = smooth([(-long * 0.8, cy), (-long * 1.2, cy - spread), (-long * 1.55, cy - spread * 1.1), (-long * 1.3, cy), (-long * 1.55, cy + spread * 1.1), (-long * 1.2, cy + spread)], tension=0.8)
    back = smooth([(-long * 0.35, cy - fat * 0.7), (-long * 0.1, cy - fat * 1.6), (long * 0.45, cy - fat * 1.3), (long * 0.4, cy - fat * 0.8)])
    rays = tuple(line((-long * 1.0, cy + d * 0.4), (-long * 1.35, cy + d)) for d in (-spread * 0.6, spread * 0.6))
    out = [Part(tail, coat.dark, inner=rays, angle=0.0, subject=True), Part(back, coat.dark, angle=1.2, subject=True), Part(body, coat.main, angle=0.1, subject=True)]
    out.append(Part(cross(body, oval(0, cy + fat * 0.95, long * 0.9, fat * 0.6)), coat.light, angle=0.1, subject=True))
    if rng.random() < 0.5:
        for x in (-0.35, 0.05):
            out.append(Part(cross(body, smooth([(long * x, cy - fat), (long * (x + 0.2), cy - fat), (long * (x + 0.12), cy), (long * (x + 0.2), cy + fat), (long * x, cy + fat), (long * (x - 0.08), cy)])), coat.accent, angle=1.5, subject=True))
    gill = line((long * 0.45, cy - fat * 0.55), (long * 0.35, cy), (long * 0.45, cy + fat * 0.5))
    out.append(Part(cross(body, oval(long * 0.9, cy, long * 0.5, fat)), mix(coat.main, coat.light, 0.2), form=0.6, inner=(gill, line((long * 0.98, cy + fat * 0.12), (long * 0.78, cy + fat * 0.2))), subject=True))
    out.append(Part(smooth([(long * 0.25, cy + fat * 0.2), (-long * 0.05, cy + fat * 0.15), (-long * 0.2, cy + fat * 0.6), (long * 0.1, cy + fat * 0.55)]), coat.dark, subject=True, angle=0.4))
    r = fat * float(u(0.2, 0.28))
    out.append(Part(oval(long * 0.66, cy - fat * 0.2, r, r), (0.97, 0.97, 0.95), form=0.2, subject=True))
    out.append(Part(oval(long * 0.69, cy - fat * 0.2, r * 0.55, r * 0.55), EYE, form=0, subject=True))
    return flip(out) if rng.random() < 0.5 else out
