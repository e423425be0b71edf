"""What all places are made with: the sky and what hangs in it, ridges, trees, grass."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.world.scene import Scene
from underpaint.primer.world.shapes import (
    Colour,
    Part,
    blob,
    dim,
    mix,
    oval,
    poly,
    rect,
    smooth,
)

SKIES: dict[str, tuple[Colour, Colour]] = {  # top, horizon
    "dawn": ((0.62, 0.66, 0.86), (0.99, 0.80, 0.76)),
    "noon": ((0.28, 0.56, 0.90), (0.78, 0.90, 0.97)),
    "sunset": ((0.42, 0.30, 0.52), (1.00, 0.62, 0.28)),
    "night": ((0.04, 0.06, 0.17), (0.15, 0.21, 0.40)),
}
_STORM_SKY: Colour = (0.36, 0.40, 0.46)


@dataclass(frozen=True)
class Ground:
    """What stands behind the subject, in front of it, and where the horizon is (pixels from the top)."""

    behind: list[Part]
    front: list[Part]
    horizon: float


def sky_of(scene: Scene) -> tuple[Colour, Colour]:
    """The colours of the sky at the top and at the horizon."""
    top, low = SKIES[scene.time]
    if scene.weather in ("storm", "rain"):
        grey = dim(_STORM_SKY, 0.35 if scene.time == "night" else 1.0)
        k = 0.75 if scene.weather == "storm" else 0.5
        top, low = mix(top, dim(grey, 0.75), k), mix(low, grey, k * 0.7)
    if scene.weather in ("mist", "snow"):
        k = 0.55
        pale = mix(low, (0.9, 0.92, 0.94) if scene.time != "night" else (0.3, 0.34, 0.44), 0.5)
        top, low = mix(top, pale, k), mix(low, pale, k)
    return top, low


class PlaceKit:
    """Small drawing words shared by all places, and the place's own random numbers."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rng = scene, scene.rng("place/" + scene.place)
        self.w, self.h = scene.size
        close = scene.framing == "close"
        self.horizon = self.h * float(self.rng.uniform(0.5, 0.62) if not close else self.rng.uniform(0.55, 0.75))

    def sky(self) -> list[Part]:
        top, low = sky_of(self.scene)
        out = [
            Part(
                rect(-2, -2, self.w + 4, self.h + 4),
                top,
                low,
                form=0,
                outline=False,
                depth=1,
                glow=1,
                angle=0.1,
                extra={"sky": 1.0},
            )
        ]
        return out + self._orb() + self._clouds()

    def _orb(self) -> list[Part]:
        s, rng = self.scene, self.scene.rng("orb")
        if s.weather in ("storm", "rain", "snow") or (s.time == "noon" and s.light != "behind"):
            return []
        x = {
            "left": 0.14,
            "right": 0.86,
            "above": 0.5 + float(rng.uniform(-0.1, 0.1)),
            "behind": 0.5 + float(rng.uniform(-0.2, 0.2)),
        }[s.light]
        y = {"night": 0.16, "noon": 0.16}.get(s.time, 0.3 if s.light != "above" else 0.12) + float(
            rng.uniform(-0.05, 0.05)
        )
        r = min(self.w, self.h) * float(rng.uniform(0.045, 0.075))
        colour = {
            "night": (0.96, 0.95, 0.84),
            "noon": (1.0, 0.99, 0.88),
            "dawn": (1.0, 0.93, 0.8),
            "sunset": (1.0, 0.88, 0.5),
        }[s.time]
        out = []
        if s.time == "night":
            for sx, sy in rng.random((18, 2)):
                out.append(
                    Part(
                        oval(sx * self.w, sy * self.horizon * 0.85, 0.9, 0.9),
                        (0.9, 0.92, 1.0),
                        form=0,
                        outline=False,
                        glow=1,
                        depth=1,
                        extra={"sky": 1.0, "star": 1.0},
                    )
                )
        return [*out, Part(oval(x * self.w, y * self.h, r, r), colour, form=0, depth=1, glow=1, extra={"sky": 1.0})]

    def _clouds(self) -> list[Part]:
        s, rng = self.scene, self.scene.rng("clouds")
        heavy = s.weather in ("storm", "rain")
        top, low = sky_of(s)
        pale = mix(low, (1, 1, 1), 0.55) if not heavy else dim(top, 0.8)
        if s.time == "night":
            pale = mix(top, low, 0.9)
        out = []
        for _ in range(int(rng.integers(0, 4)) + (3 if heavy else 0)):
            cx, cy = float(rng.random()) * self.w, float(rng.uniform(0.05, 0.8)) * self.horizon * 0.8
            wide = float(rng.uniform(0.1, 0.26)) * self.w * (1.4 if heavy else 1)
            n = 6
            top_edge = [
                (
                    cx + wide * (2 * i / n - 1),
                    cy - wide * 0.32 * float(rng.uniform(0.4, 1.0)) * np.sin(np.pi * (i + 0.5) / (n + 1)),
                )
                for i in range(n + 1)
            ]
            base = [(cx + wide * 0.9, cy + wide * 0.06), (cx, cy + wide * 0.1), (cx - wide * 0.9, cy + wide * 0.06)]
            out.append(
                Part(
                    smooth(top_edge + base),
                    pale,
                    mix(pale, low, 0.6),
                    form=0.35,
                    depth=1,
                    glow=0.85,
                    angle=0.05,
                    extra={"sky": 1.0},
                )
            )
        return out

    def ridge(
        self,
        y: float,
        rough: float,
        colour: Colour,
        colour2: Colour | None = None,
        *,
        sharp: bool = False,
        depth: float = 0.6,
        count: int = 8,
        **more: object,
    ) -> Part:
        """A band of land from its wavy upper edge down to the bottom of the picture."""
        xs = np.linspace(-0.1 * self.w, 1.1 * self.w, count)
        ys = y + self.rng.uniform(-1, 1, count) * rough * self.h
        edge = list(zip(xs.tolist(), ys.tolist(), strict=True))
        frame = [(1.1 * self.w, self.h + 4.0), (-0.1 * self.w, self.h + 4.0)]
        path = poly(edge + frame)
        if not sharp:
            path = smooth(edge, closed=False)
            path.lineTo(*frame[0])
            path.lineTo(*frame[1])
            path.close()
        return Part(path, colour, colour2, **({"form": 0.25, "depth": depth, "angle": 0.15} | more))  # type: ignore[arg-type]

    def tuft(self, x: float, y: float, size: float, colour: Colour) -> Part:
        """A few blades of grass."""
        d = self.rng.uniform(-0.3, 0.3, 3) * size
        pts = [
            (x - size * 0.4, y),
            (x - size * 0.45 + d[0], y - size * 0.8),
            (x - size * 0.12, y - size * 0.2),
            (x + d[1], y - size * 1.1),
            (x + size * 0.12, y - size * 0.2),
            (x + size * 0.45 + d[2], y - size * 0.75),
            (x + size * 0.4, y),
        ]
        return Part(poly(pts), colour, form=0.3, angle=1.5)

    def pine(self, x: float, y: float, size: float, colour: Colour, depth: float) -> Part:
        """A fir as one silhouette."""
        pts = [(x, y - size)]
        for i, r in enumerate((0.16, 0.24, 0.3)):
            yy = y - size * (0.66 - 0.28 * i)
            pts.append((x + r * size, yy))
            pts.append((x + r * size * 0.45, yy - 0.02 * size))
        pts += [(x + 0.05 * size, y - 0.1 * size), (x + 0.05 * size, y)]
        pts += [(2 * x - px, py) for px, py in pts[:0:-1]]
        return Part(poly(pts), colour, form=0.7, depth=depth, angle=1.3)

    def bush(self, x: float, y: float, size: float, colour: Colour, depth: float = 0.3) -> Part:
        """A round leafy mass."""
        return Part(blob(self.rng, x, y, size, size * 0.75, 0.13, 11), colour, form=0.9, depth=depth, angle=0.8)
