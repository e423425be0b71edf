"""Bodies of animals: legs, tails, spikes, wings, spots, and the pieces that sit on them."""

import skia

from underpaint.primer.world.animal_heads import AnimalHead
from underpaint.primer.world.shapes import (
    Part,
    blob,
    cross,
    dim,
    limb,
    line,
    mix,
    oval,
    place,
    poly,
    smooth,
    spline,
    union,
)


def flip(parts: list[Part]) -> list[Part]:
    """The same turned to face the other way."""
    return place(parts, skia.Matrix.Scale(-1, 1))


class AnimalBody(AnimalHead):
    """Limbs and trimmings."""

    def _leg(self, x: float, cy: float, swing: float, thick: float, shade: float) -> Part:
        foot = (x + swing * 1.5, -0.035)
        leg = limb(
            [(x, cy), (x + swing * 0.4, cy * 0.5), (foot[0], foot[1])], [thick * 1.7, thick * 1.05, thick * 0.85]
        )
        paw = oval(foot[0] + thick * 0.25, -0.03, thick * 0.75, 0.032)
        toes = tuple(line((foot[0] + d * thick, -0.035), (foot[0] + d * thick + 0.005, -0.005)) for d in (0.3, 0.65))
        return self.part(
            union(leg, paw), dim(self.coat.main, shade), inner=toes if self.detail > 0.5 else (), angle=1.4
        )

    def _tail(self, x: float, y: float) -> list[Part]:
        c, rng = self.coat, self.rng
        up = float(rng.uniform(0.1, 0.3))
        match self.kit.tail:
            case "curl":
                path = limb(
                    [(x + 0.04, y), (x - 0.13, y - up * 0.3), (x - 0.15, y - up), (x - 0.06, y - up * 1.3)],
                    [0.06, 0.055, 0.05, 0.04],
                )
            case "thin":
                path = limb(
                    [(x + 0.04, y), (x - 0.1, y + 0.02), (x - 0.2, y + up * 0.4), (x - 0.26, y + 0.02)],
                    [0.045, 0.03, 0.024, 0.02],
                )
            case "short":
                return [self.part(blob(rng, x - 0.02, y - 0.02, 0.07, 0.065, 0.1), c.light)]
            case "bush":
                path = limb([(x + 0.03, y), (x - 0.12, y - 0.05), (x - 0.2, y - up)], [0.05, 0.17, 0.1])
            case "spike":
                tail = limb(
                    [(x + 0.1, y + 0.02), (x - 0.15, y + 0.1), (x - 0.33, y - 0.02), (x - 0.38, y - up * 0.7)],
                    [0.16, 0.1, 0.05, 0.025],
                )
                tip = poly([(x - 0.38, y - up * 0.7 - 0.1), (x - 0.45, y - up * 0.7), (x - 0.31, y - up * 0.7 + 0.01)])
                return [self.part(tip, c.dark), self.part(tail, angle=0.2)]
            case _:
                return []
        return [self.part(path, angle=0.8)]

    def _spikes(self, along: list[tuple[float, float]]) -> list[Part]:
        c = spline(along, 9)
        return [
            self.part(poly([(x - 0.035, y + 0.05), (x - 0.02, y - 0.055), (x + 0.04, y + 0.05)]), self.coat.light)
            for x, y in c
        ]

    def _wing(self, x: float, y: float, scale: float) -> list[Part]:
        rng = self.rng
        a, b = float(rng.uniform(0.36, 0.52)) * scale, float(rng.uniform(0.28, 0.45)) * scale
        tips = [
            (x - a * 0.2, y - b * 1.2),
            (x - a, y - b * 0.85),
            (x - a * 1.1, y - b * 0.15),
            (x - a * 0.55, y + b * 0.12),
        ]
        p = [
            (x, y),
            (x + a * 0.05, y - b * 0.6),
            tips[0],
            (x - a * 0.6, y - b * 0.85),
            tips[1],
            (x - a * 0.85, y - b * 0.4),
            tips[2],
            (x - a * 0.65, y - b * 0.12),
            tips[3],
        ]
        ribs = tuple(line((x - 0.01, y - 0.02), ((x + t[0]) / 2, (y + t[1]) / 2 - 0.02), t) for t in tips[1:3])
        return [
            self.part(smooth(p, tension=0.55), self.coat.dark if scale < 1 else self.coat.light, inner=ribs, angle=0.6)
        ]

    def _spots(self, inside: object, cx: float, cy: float, w: float, h: float) -> list[Part]:
        rng, out = self.rng, []
        for _ in range(int(rng.integers(2, 5))):
            spot = blob(
                rng,
                cx + float(rng.uniform(-w, w)),
                cy + float(rng.uniform(-h, h)),
                float(rng.uniform(0.035, 0.09)),
                float(rng.uniform(0.03, 0.07)),
            )
            out.append(self.part(cross(spot, inside), mix(self.coat.main, self.coat.dark, 0.8)))  # type: ignore[arg-type]
        return out
