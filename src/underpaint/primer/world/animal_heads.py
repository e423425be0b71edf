"""Heads of animals and made-up creatures: the kit of choices, skull, ears, eyes, muzzle, trunk and beak."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.world.colours import Coat
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    blob,
    limb,
    line,
    mix,
    oval,
    ring,
    smooth,
    union,
)

EYE: Colour = (0.08, 0.07, 0.09)
PINK: Colour = (0.93, 0.68, 0.66)
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
            return Kit(
                "point",
                str(rng.choice(["curl", "thin"])),
                u(0.3, 0.4),
                u(0.18, 0.25),
                u(0.26, 0.36),
                u(0.15, 0.2),
                eye=u(0.16, 0.24),
            )
        case "dog":
            return Kit(
                "flop",
                str(rng.choice(["curl", "short", "thin"])),
                u(0.5, 0.75),
                u(0.17, 0.24),
                u(0.28, 0.4),
                u(0.14, 0.2),
            )
        case "rabbit":
            return Kit("long", "short", u(0.3, 0.42), u(0.17, 0.22), u(0.16, 0.22), u(0.18, 0.22))
        case "elephant":
            return Kit("big", "thin", 0.3, u(0.19, 0.24), u(0.28, 0.36), u(0.23, 0.3), trunk=True, eye=0.1)
        case "dragon":
            return Kit(
                "horn",
                "spike",
                u(0.6, 0.9),
                u(0.13, 0.18),
                u(0.22, 0.34),
                u(0.15, 0.2),
                wings=True,
                spikes=True,
                eye=0.15,
            )
    return Kit(
        str(rng.choice(_EARS)),
        str(rng.choice(_TAILS)),
        u(0.2, 0.95),
        u(0.14, 0.32),
        u(0.08, 0.42),
        u(0.12, 0.3),
        trunk=bool(rng.random() < 0.12),
        beak=bool(rng.random() < 0.25),
        wings=bool(rng.random() < 0.15),
        spikes=bool(rng.random() < 0.15),
        eye=u(0.1, 0.28),
    )


class AnimalHead:
    """What all bodies share: the kit, the coat, one way to make a part, and the head."""

    def __init__(self, kit: Kit, rng: np.random.Generator, coat: Coat, pose: str, detail: float) -> None:
        self.kit, self.rng, self.coat, self.pose, self.detail = kit, rng, coat, pose, detail
        self.belly = mix(coat.main, coat.light, float(rng.choice([0.0, 1.0])))
        self.spotted = rng.random() < 0.3
        self.neck = float(rng.uniform(0.0, 1.0)) ** 2.5 if not kit.wings else float(rng.uniform(0.2, 0.8))

    def part(self, path: object, colour: Colour | None = None, **more: object) -> Part:
        return Part(path, colour or self.coat.main, subject=True, **more)  # type: ignore[arg-type]

    def _head(self, x: float, y: float, r: float, turn: float) -> list[Part]:
        """A head whose features slide by `turn` heads to the right of its middle."""
        k, rng = self.kit, self.rng
        out = self._ears(x, y, r, back=True)
        wide = float(rng.uniform(1.0, 1.18))
        skull = smooth(ring(x, y, r * wide, r, 0, 10) + rng.normal(0, 0.02 * r, (10, 2)))
        if k.muzzle > 0.5 and turn > 0.3 and not k.beak:
            snout = limb(
                [(x + r * 0.3, y + r * 0.25), (x + r * (0.9 + k.muzzle * 0.7), y + r * 0.4)], [r * 1.1, r * 0.75], 5
            )
            skull = union(skull, snout)
        tuft = (
            (line((x - r * 0.2, y - r * 0.9), (x, y - r * 0.7), (x + r * 0.15, y - r * 0.92)),)
            if self.detail > 0.8
            else ()
        )
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
                out.append(
                    self.part(
                        oval(ex - eye * 0.15, ey - eye * 0.3, eye * 0.22, eye * 0.26),
                        (1.0, 1.0, 1.0),
                        form=0,
                        outline=False,
                    )
                )
        return out

    def _face(self, x: float, y: float, r: float, turn: float) -> list[Part]:
        k, rng, c = self.kit, self.rng, self.coat
        fx = x + turn * r
        if k.trunk:
            curl = float(rng.uniform(-0.5, 0.9))
            trunk = limb(
                [
                    (fx, y + r * 0.15),
                    (fx + r * 0.55, y + r * 1.0),
                    (fx + r * (0.7 + curl * 0.4), y + r * 1.7),
                    (fx + r * (1.1 + curl * 0.4), y + r * (1.9 - curl)),
                ],
                [r * 0.75, r * 0.52, r * 0.4, r * 0.3],
            )
            rings = tuple(
                line((fx + r * (0.25 + d * 0.3), y + r * (0.9 + d)), (fx + r * (0.75 + d * 0.3), y + r * (0.75 + d)))
                for d in (0.0, 0.3, 0.6)
            )
            tusk = limb(
                [(fx + r * 0.1, y + r * 0.6), (fx + r * 0.45, y + r * 1.05), (fx + r * 0.85, y + r * 1.0)],
                [r * 0.18, r * 0.13, r * 0.05],
                pointed=True,
            )
            return [
                self.part(tusk, (0.96, 0.93, 0.85)),
                self.part(trunk, inner=rings[: int(3 * self.detail)], angle=1.3),
            ]
        if k.beak:
            lift = float(rng.uniform(-0.1, 0.2)) * r
            beak = smooth(
                [
                    (fx - r * 0.3, y + r * 0.1),
                    (fx + r * (0.2 + turn), y + r * 0.02),
                    (fx + r * (0.5 + k.muzzle * turn * 1.6), y + r * 0.35 - lift),
                    (fx + r * 0.2, y + r * 0.62),
                    (fx - r * 0.3, y + r * 0.5),
                ]
            )
            split = line(
                (fx - r * 0.28, y + r * 0.34),
                (fx + r * 0.2, y + r * 0.36),
                (fx + r * (0.45 + k.muzzle * turn * 1.4), y + r * 0.34 - lift),
            )
            return [self.part(beak, (0.97, 0.68, 0.2), inner=(split,))]
        my = y + r * 0.42
        mx = fx + (r * k.muzzle * 0.6 if turn > 0.3 else 0)
        size = r * float(rng.uniform(0.34, 0.5))
        out = []
        if rng.random() < 0.7:
            out.append(self.part(oval(mx, my, size * 1.15, size * 0.85), c.light))
        nose = smooth(
            [
                (mx - size * 0.4, my - size * 0.62),
                (mx + size * 0.4, my - size * 0.62),
                (mx + size * 0.05, my - size * 0.18),
                (mx - size * 0.05, my - size * 0.18),
            ]
        )
        mouth = (
            line((mx, my - size * 0.2), (mx, my + size * 0.15)),
            line(
                (mx - size * 0.6, my + size * 0.1),
                (mx - size * 0.3, my + size * 0.38),
                (mx, my + size * 0.15),
                (mx + size * 0.3, my + size * 0.38),
                (mx + size * 0.6, my + size * 0.1),
            ),
        )
        base = self.part(
            oval(mx, my, size * 0.9, size * 0.7), out[-1].colour if out else c.main, inner=mouth, form=0, outline=False
        )
        out.append(base)
        out.append(self.part(nose, mix(EYE, (0.8, 0.4, 0.45), float(rng.choice([0.0, 0.8]))), form=0.4))
        return out

    def _ears(self, x: float, y: float, r: float, back: bool) -> list[Part]:
        c, rng, kind = self.coat, self.rng, self.kit.ears
        tall = float(rng.uniform(0.85, 1.15)) * r
        out: list[Part] = []
        in_front = kind == "flop" or (kind == "big" and rng.random() < 0.5)
        if (back == in_front and kind != "big") or (kind == "big" and not back):
            return []
        for s in (-1, 1):
            match kind:
                case "point":
                    e = smooth(
                        [
                            (x + s * r * 0.98, y - r * 0.2),
                            (x + s * r * 0.95, y - r * 0.6 - tall * 0.8),
                            (x + s * r * 0.15, y - r * 0.8),
                        ],
                        tension=0.35,
                    )
                    i = smooth(
                        [
                            (x + s * r * 0.85, y - r * 0.4),
                            (x + s * r * 0.85, y - r * 0.5 - tall * 0.62),
                            (x + s * r * 0.35, y - r * 0.8),
                        ],
                        tension=0.35,
                    )
                    out += [self.part(e), self.part(i, PINK)]
                case "round":
                    out += [
                        self.part(oval(x + s * r * 0.85, y - r * 0.75, tall * 0.45, tall * 0.45)),
                        self.part(oval(x + s * r * 0.85, y - r * 0.72, tall * 0.26, tall * 0.28), PINK),
                    ]
                case "flop":
                    e = limb(
                        [
                            (x + s * r * 0.75, y - r * 0.75),
                            (x + s * r * 1.2, y - r * 0.3),
                            (x + s * r * 1.2, y + tall * 0.5),
                        ],
                        [r * 0.3, r * 0.5, r * 0.4],
                    )
                    out.append(self.part(e, mix(c.main, c.dark, 0.6), angle=1.4))
                case "long":
                    tip = float(rng.uniform(-0.2, 0.5)) * r
                    e = limb(
                        [
                            (x + s * r * 0.4, y - r * 0.7),
                            (x + s * r * 0.5, y - r * 0.8 - tall),
                            (x + s * (r * 0.55 + tip), y - r * 0.8 - tall * 1.8),
                        ],
                        [r * 0.4, r * 0.55, r * 0.3],
                    )
                    i = limb(
                        [
                            (x + s * r * 0.43, y - r * 0.9),
                            (x + s * r * 0.5, y - r * 0.8 - tall),
                            (x + s * (r * 0.53 + tip * 0.8), y - r * 0.8 - tall * 1.55),
                        ],
                        [r * 0.15, r * 0.27, r * 0.15],
                    )
                    out += [self.part(e, angle=1.5), self.part(i, PINK, angle=1.5)]
                case "big":
                    e = blob(rng, x + s * r * 1.15, y + r * 0.05, tall * 0.8, tall * 1.0, 0.1)
                    i = oval(x + s * r * 1.15, y + r * 0.08, tall * 0.5, tall * 0.68)
                    out += [self.part(e), self.part(i, mix(c.main, PINK, 0.5))]
                case "horn":
                    e = limb(
                        [
                            (x + s * r * 0.4, y - r * 0.7),
                            (x + s * r * 0.7, y - r * 1.3),
                            (x + s * r * 0.5, y - r * 1.3 - tall * 0.5),
                        ],
                        [r * 0.32, r * 0.22, r * 0.08],
                        pointed=True,
                    )
                    out.append(self.part(e, (0.93, 0.88, 0.74), angle=1.3))
        return out
