"""Places: the sky and the ground as parts in pixels, far to near, with the colours of their hour."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from underpaint.primer.world.scene import Scene
from underpaint.primer.world.shapes import (
    Colour, Part, blob, dim, limb, line, mix, oval, poly, rect, smooth, union,
)  # fmt: skip

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


def build_place(scene: Scene) -> Ground:
    """The place of a scene with its weather's clouds and its hour's sun, moon and stars."""
    return _BUILDERS[scene.place](_Painter(scene))


class _Painter:
    """Small drawing words shared by all places."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rng = scene, scene.rng("place/" + scene.place)
        self.w, self.h = scene.size
        close = scene.framing == "close"
        self.horizon = self.h * float(self.rng.uniform(0.5, 0.62) if not close else self.rng.uniform(0.55, 0.75))

    def sky(self) -> list[Part]:
        top, low = sky_of(self.scene)
        out = [Part(rect(-2, -2, self.w + 4, self.h + 4), top, low, form=0, outline=False, depth=1, glow=1, angle=0.1, extra={"sky": 1.0})]
        return out + self._orb() + self._clouds()

    def _orb(self) -> list[Part]:
        s, rng = self.scene, self.scene.rng("orb")
        if s.weather in ("storm", "rain", "snow") or (s.time == "noon" and s.light != "behind"):
            return []
        x = {"left": 0.14, "right": 0.86, "above": 0.5 + float(rng.uniform(-0.1, 0.1)), "behind": 0.5 + float(rng.uniform(-0.2, 0.2))}[s.light]
        y = {"night": 0.16, "noon": 0.16}.get(s.time, 0.3 if s.light != "above" else 0.12) + float(rng.uniform(-0.05, 0.05))
        r = min(self.w, self.h) * float(rng.uniform(0.045, 0.075))
        colour = {"night": (0.96, 0.95, 0.84), "noon": (1.0, 0.99, 0.88), "dawn": (1.0, 0.93, 0.8), "sunset": (1.0, 0.88, 0.5)}[s.time]
        out = []
        if s.time == "night":
            for sx, sy in rng.random((18, 2)):
                out.append(Part(oval(sx * self.w, sy * self.horizon * 0.85, 0.9, 0.9), (0.9, 0.92, 1.0), form=0, outline=False, glow=1, depth=1, extra={"sky": 1.0, "star": 1.0}))
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
            top_edge = [(cx + wide * (2 * i / n - 1), cy - wide * 0.32 * float(rng.uniform(0.4, 1.0)) * np.sin(np.pi * (i + 0.5) / (n + 1))) for i in range(n + 1)]
            base = [(cx + wide * 0.9, cy + wide * 0.06), (cx, cy + wide * 0.1), (cx - wide * 0.9, cy + wide * 0.06)]
            out.append(Part(smooth(top_edge + base), pale, mix(pale, low, 0.6), form=0.35, depth=1, glow=0.85, angle=0.05, extra={"sky": 1.0}))
        return out

    def ridge(self, y: float, rough: float, colour: Colour, colour2: Colour | None = None, *, sharp: bool = False, depth: float = 0.6, count: int = 8, **more: object) -> Part:
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
        pts = [(x - size * 0.4, y), (x - size * 0.45 + d[0], y - size * 0.8), (x - size * 0.12, y - size * 0.2), (x + d[1], y - size * 1.1),
               (x + size * 0.12, y - size * 0.2), (x + size * 0.45 + d[2], y - size * 0.75), (x + size * 0.4, y)]  # fmt: skip
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

    def near(self, x: float, y: float, size: float, colour: Colour) -> list[Part]:
        """Small things near the feet."""
        return [self.tuft(x, y, size, colour)]


def _meadow(p: _Painter) -> Ground:
    g = (0.42, 0.62, 0.24)
    far = p.ridge(p.horizon - 0.06 * p.h, 0.05, (0.36, 0.52, 0.40), depth=0.8, count=7)
    mid = p.ridge(p.horizon + 0.02 * p.h, 0.025, (0.46, 0.62, 0.34), depth=0.5, count=6)
    near = p.ridge(p.horizon + 0.1 * p.h, 0.02, mix(g, (0.6, 0.7, 0.3), 0.3), (0.28, 0.46, 0.17), depth=0.1, count=6)
    trees = [p.bush(float(x) * p.w, p.horizon + 0.005 * p.h, float(s) * p.h, (0.28, 0.46, 0.26), 0.6) for x, s in zip(p.rng.random(4), p.rng.uniform(0.03, 0.07, 4), strict=True)]
    front = [p.tuft(float(x) * p.w, float(y) * p.h, 0.05 * p.h, (0.3, 0.5, 0.2)) for x, y in zip(p.rng.random(5), p.rng.uniform(0.9, 1.0, 5), strict=True)]
    dots: list[Part] = []
    petal = ((0.95, 0.9, 0.5), (0.95, 0.95, 0.95), (0.9, 0.5, 0.6))[int(p.rng.integers(3))]
    for x, y in zip(p.rng.random(9), p.rng.uniform(0.72, 0.98, 9), strict=True):
        dots.append(Part(oval(float(x) * p.w, float(y) * p.h, 0.011 * p.h, 0.009 * p.h), petal, form=0.2, depth=0.1))
    return Ground([*p.sky(), far, *trees, mid, near, *dots], front, p.horizon + 0.1 * p.h)


def _cliff(p: _Painter) -> Ground:
    s = float(p.rng.choice([-1, 1]))
    sea = Part(rect(-2, p.horizon, p.w + 4, p.h), (0.42, 0.58, 0.68), (0.22, 0.40, 0.52), form=0, depth=0.7, angle=0.02)
    edge = 0.5 + s * float(p.rng.uniform(0.28, 0.4))
    top = p.h * 0.74
    pts = [(-0.1, 0.0), (edge - 0.15 * s, -0.02), (edge, 0.015), (edge + 0.03 * s, 0.1), (edge - 0.03 * s, 0.18), (edge + 0.02 * s, 0.4)]
    if s < 0:
        pts = [(1.1, 0.0), *pts[1:]]
    shape = [(x * p.w, top + y * p.h) for x, y in pts] + [((1.1 if s < 0 else -0.1) * p.w, p.h * 1.1)]
    rock = (0.56, 0.50, 0.46)
    cracks = tuple(line((edge * p.w - s * d * p.w, top + 0.06 * p.h), (edge * p.w - s * (d + 0.02) * p.w, top + 0.2 * p.h)) for d in p.rng.uniform(0.03, 0.5, int(6 * p.scene.detail)))
    cliff = Part(poly(shape), rock, dim(rock, 0.7), form=0.5, inner=cracks, depth=0.05, angle=1.5)
    grass_line = [(x * p.w, top + y * p.h) for x, y in pts[:3]]
    back = [(x, y + 0.045 * p.h + float(p.rng.uniform(-0.01, 0.01)) * p.h) for x, y in grass_line[::-1]]
    grass = Part(smooth(grass_line + back, tension=0.5), (0.46, 0.58, 0.28), form=0.4, depth=0.05, angle=0.1)
    rocks = [Part(blob(p.rng, float(x) * p.w, p.horizon + float(d) * p.h, float(r) * p.w, float(r) * p.w * 0.8, 0.3, 7), (0.46, 0.44, 0.46), form=0.8, depth=0.5, angle=1.2)
             for x, d, r in zip(0.5 + s * p.rng.uniform(0.3, 0.5, 3), p.rng.uniform(0.01, 0.06, 3), p.rng.uniform(0.02, 0.06, 3), strict=True)]  # fmt: skip
    return Ground([*p.sky(), *_far_land(p), sea, *_waves(p, sea.colour, p.horizon, p.h * 0.9), *rocks, cliff, grass], [], top)


def _far_land(p: _Painter) -> list[Part]:
    x, wide = float(p.rng.random()) * p.w, float(p.rng.uniform(0.2, 0.5)) * p.w
    hill = smooth([(x - wide, p.horizon + 2), (x - wide * 0.3, p.horizon - 0.06 * p.h), (x + wide * 0.2, p.horizon - 0.03 * p.h), (x + wide, p.horizon + 2)], tension=0.8)
    return [Part(hill, (0.50, 0.56, 0.62), form=0.3, depth=0.9, angle=0.2)] if p.rng.random() < 0.7 else []


def _waves(p: _Painter, colour: Colour, y0: float, y1: float) -> list[Part]:
    out = []
    for t in p.rng.random(7):
        y = y0 + (y1 - y0) * (0.05 + 0.9 * float(t) ** 1.5)
        size = (y - y0) / (y1 - y0)
        x, wide = float(p.rng.random()) * p.w, (0.05 + 0.12 * size) * p.w
        out.append(Part(limb([(x - wide, y), (x, y - 0.008 * p.h), (x + wide, y)], [1.0, 1.5 + 4 * size, 1.0], 7), mix(colour, (1, 1, 1), 0.4), form=0, depth=0.6, angle=0.02, outline=p.scene.detail > 0.6))
    return out


def _shore(p: _Painter) -> Ground:
    sea = Part(rect(-2, p.horizon, p.w + 4, p.h), (0.36, 0.60, 0.72), (0.30, 0.62, 0.68), form=0, depth=0.6, angle=0.02)
    y = p.horizon + 0.13 * p.h
    foam = p.ridge(y - 0.012 * p.h, 0.014, (0.95, 0.97, 0.97), depth=0.3, count=7, form=0.1)
    xs_state = p.rng.bit_generator.state
    sand = p.ridge(y + 0.01 * p.h, 0.014, (0.93, 0.84, 0.64), (0.84, 0.72, 0.50), depth=0.1, count=7)
    p.rng.bit_generator.state = xs_state
    stones = [Part(blob(p.rng, float(a) * p.w, float(b) * p.h, 0.022 * p.w, 0.014 * p.w, 0.2, 7), (0.6, 0.56, 0.54), form=0.9)
              for a, b in zip(p.rng.random(4), p.rng.uniform(0.8, 0.97, 4), strict=True)]  # fmt: skip
    return Ground([*p.sky(), *_far_land(p), sea, *_waves(p, sea.colour, p.horizon, y), foam, sand, *stones], [], y)


def _forest(p: _Painter) -> Ground:
    back = p.ridge(p.horizon - 0.22 * p.h, 0.05, (0.40, 0.54, 0.44), depth=0.8, count=14)
    out = [*p.sky(), back]
    for x in np.sort(p.rng.random(7)):
        out.append(p.pine(float(x) * p.w, p.horizon + 0.03 * p.h, p.h * float(p.rng.uniform(0.3, 0.5)), (0.26, 0.42, 0.32), 0.6))
    ground = p.ridge(p.horizon + 0.02 * p.h, 0.015, (0.36, 0.46, 0.24), (0.26, 0.30, 0.16), depth=0.15)
    out.append(ground)
    keep = {"left": (0.62, 0.95), "right": (0.05, 0.38), "centre": (0.03, 0.2)}[p.scene.position]
    trunks = [float(p.rng.uniform(*keep)), float(p.rng.uniform(0.85, 0.97)) if p.scene.position == "centre" else float(p.rng.uniform(*keep))]
    for x in trunks:
        wide, foot = 0.05 * p.w * float(p.rng.uniform(0.7, 1.3)), p.horizon + 0.09 * p.h
        bark = tuple(line((x * p.w + d * wide, 0.1 * p.h), (x * p.w + d * wide * 1.2, 0.5 * p.h)) for d in (-0.2, 0.15)[: int(2.5 * p.scene.detail)])
        out.append(Part(limb([(x * p.w, -10), (x * p.w + 2, p.h * 0.4), (x * p.w, foot)], [wide, wide, wide * 1.7]), (0.36, 0.27, 0.2), form=1.0, inner=bark, depth=0.1, angle=1.5))
    out.append(Part(union(*(blob(p.rng, float(x) * p.w, -0.02 * p.h, 0.2 * p.w, 0.12 * p.h, 0.12, 12) for x in (0.05, 0.35, 0.65, 0.95))), (0.26, 0.44, 0.22), form=0.8, depth=0.15, angle=0.7))
    ferns = [p.tuft(float(x) * p.w, float(y) * p.h, 0.06 * p.h, (0.28, 0.46, 0.2)) for x, y in zip(p.rng.random(5), p.rng.uniform(0.92, 1.0, 5), strict=True)]
    return Ground(out, ferns, p.horizon + 0.03 * p.h)


def _town(p: _Painter) -> Ground:
    out, base = p.sky(), p.horizon + 0.08 * p.h
    walls: tuple[Colour, ...] = ((0.82, 0.72, 0.58), (0.74, 0.66, 0.62), (0.86, 0.80, 0.70), (0.70, 0.72, 0.70), (0.80, 0.62, 0.52))
    x = -0.08
    while x < 1.0:
        wide, tall = float(p.rng.uniform(0.14, 0.22)), float(p.rng.uniform(0.28, 0.5))
        wall = walls[int(p.rng.integers(len(walls)))]
        x0, y0, ww, hh = x * p.w, base - tall * p.h, wide * p.w, tall * p.h
        out.append(Part(rect(x0, y0, ww, hh), wall, dim(wall, 0.86), form=0.4, depth=0.4, angle=1.5))
        roof_h = 0.1 * p.h * float(p.rng.uniform(0.7, 1.3))
        out.append(Part(poly([(x0 - 2, y0 + 1), (x0 + ww * 0.25, y0 - roof_h), (x0 + ww * 0.75, y0 - roof_h), (x0 + ww + 2, y0 + 1)]), mix((0.52, 0.34, 0.30), (0.40, 0.40, 0.46), float(p.rng.random())), form=0.5, depth=0.4, angle=1.2))
        for fy in (0.12, 0.42):
            for fx in (0.2, 0.6):
                if fy * hh + 0.2 * ww < hh:
                    px, py, ws = x0 + fx * ww, y0 + fy * hh, 0.2 * ww
                    cross_bar = (line((px + ws / 2, py), (px + ws / 2, py + ws * 1.4)),) if p.scene.detail > 0.6 else ()
                    out.append(Part(rect(px, py, ws, ws * 1.4), (0.30, 0.34, 0.42), form=0.1, depth=0.35, glow=0.6 if p.rng.random() < 0.6 else 0, inner=cross_bar, angle=1.5))
        x += wide + 0.004
    street = Part(rect(-2, base, p.w + 4, p.h), (0.66, 0.62, 0.58), (0.54, 0.50, 0.47), form=0.1, depth=0.1, angle=0.03)
    vx = 0.5 * p.w
    seams = [Part(limb([(vx + d * p.w * 0.3, base + 2), (vx + d * p.w, p.h + 4)], [1.0, 3.0], 4), (0.48, 0.45, 0.43), form=0, depth=0.1, outline=p.scene.detail > 0.5) for d in (-1.1, -0.4, 0.4, 1.1)]
    return Ground([*out, street, *seams], [], base)


def _mountains(p: _Painter) -> Ground:
    out = p.sky()
    for i, depth in enumerate((0.85, 0.55)):
        colour = mix((0.42, 0.44, 0.52), (0.55, 0.60, 0.70), depth)
        for x in p.rng.permutation(3)[: 3 - i]:
            cx, tall = (x + float(p.rng.uniform(0.1, 0.9))) / 3 * p.w, float(p.rng.uniform(0.25, 0.48)) * p.h * (1 - 0.25 * i)
            wide, base = tall * float(p.rng.uniform(0.8, 1.15)), p.horizon + 0.06 * p.h
            k = float(p.rng.uniform(-0.1, 0.1)) * wide
            peak = poly([(cx - wide, base), (cx - wide * 0.5, base - tall * 0.52), (cx - wide * 0.36, base - tall * 0.56), (cx + k, base - tall), (cx + wide * 0.35, base - tall * 0.5), (cx + wide * 0.55, base - tall * 0.42), (cx + wide, base)])
            snow = poly([(cx + k, base - tall), (cx + k + wide * 0.18, base - tall * 0.72), (cx + k + wide * 0.08, base - tall * 0.76), (cx + k, base - tall * 0.64), (cx + k - wide * 0.1, base - tall * 0.75), (cx + k - wide * 0.2, base - tall * 0.7)])
            ridge = (line((cx + k, base - tall * 0.64), (cx + k + wide * 0.05, base - tall * 0.35), (cx - wide * 0.05, base - tall * 0.1)),)
            out += [Part(peak, colour, form=1.0, inner=ridge, depth=depth, angle=1.0), Part(snow, (0.94, 0.95, 0.98), form=0.9, depth=depth, angle=1.0)]
    out.append(p.ridge(p.horizon + 0.05 * p.h, 0.02, (0.42, 0.54, 0.34), depth=0.4))
    for x in p.rng.random(4):
        out.append(p.pine(float(x) * p.w, p.horizon + 0.1 * p.h, 0.13 * p.h, (0.22, 0.36, 0.30), 0.3))
    out.append(p.ridge(p.horizon + 0.12 * p.h, 0.015, (0.48, 0.56, 0.34), (0.36, 0.42, 0.24), depth=0.1))
    return Ground(out, [], p.horizon + 0.12 * p.h)


def _desert(p: _Painter) -> Ground:
    out = p.sky()
    if p.rng.random() < 0.6:
        x, wide, tall = float(p.rng.random()) * p.w, 0.16 * p.w, 0.2 * p.h
        mesa = poly([(x - wide, p.horizon + 4), (x - wide * 0.7, p.horizon - tall), (x + wide * 0.6, p.horizon - tall * 0.95), (x + wide, p.horizon + 4)])
        out.append(Part(mesa, (0.74, 0.46, 0.34), form=0.9, depth=0.7, angle=0.1, inner=(line((x - wide * 0.8, p.horizon - tall * 0.5), (x + wide * 0.75, p.horizon - tall * 0.5)),)))
    for i, y in enumerate((0.0, 0.06, 0.15)):
        sand = mix((0.94, 0.76, 0.48), (0.86, 0.62, 0.36), float(p.rng.random()))
        out.append(p.ridge(p.horizon + y * p.h, 0.04 - 0.008 * i, sand, mix(sand, (0.78, 0.55, 0.32), 0.7), depth=0.6 - 0.25 * i, count=5, form=0.5))
    for x in p.rng.random(2):
        size, y = 0.13 * p.h * float(p.rng.uniform(0.7, 1.3)), p.horizon + 0.12 * p.h
        a = float(x) * p.w
        cactus = union(limb([(a, y), (a, y - size)], [size * 0.2, size * 0.18], 4), limb([(a, y - size * 0.4), (a + size * 0.25, y - size * 0.42), (a + size * 0.27, y - size * 0.75)], [size * 0.13, size * 0.13], 7),
                       limb([(a, y - size * 0.3), (a - size * 0.22, y - size * 0.34), (a - size * 0.24, y - size * 0.6)], [size * 0.12, size * 0.12], 7))  # fmt: skip
        out.append(Part(cactus, (0.34, 0.52, 0.30), form=1.0, depth=0.25, angle=1.5))
    return Ground(out, [], p.horizon + 0.14 * p.h)


def _room(p: _Painter) -> Ground:
    s, rng = p.scene, p.rng
    tones: tuple[Colour, ...] = ((0.78, 0.70, 0.58), (0.66, 0.70, 0.66), (0.72, 0.62, 0.62), (0.62, 0.66, 0.74))
    wall = tones[int(rng.integers(len(tones)))]
    floor_y = p.h * float(rng.uniform(0.68, 0.78))
    out = [Part(rect(-2, -2, p.w + 4, p.h + 4), wall, dim(wall, 0.92), form=0, outline=False, depth=0.2, angle=1.5, extra={"wall": 1.0})]
    top, low = sky_of(s)
    wx = {"left": 0.2, "right": 0.8}.get(s.light, 0.5 if s.light == "behind" else (0.76 if s.position == "left" else 0.24)) * p.w
    wy, ww, wh = 0.12 * p.h, 0.15 * p.w, 0.34 * p.h
    out.append(Part(rect(wx - ww - 4, wy - 4, 2 * ww + 8, wh + 8), (0.90, 0.86, 0.78), form=0.3, depth=0.2, angle=1.5))
    bars = (line((wx, wy), (wx, wy + wh)), line((wx - ww, wy + wh * 0.45), (wx + ww, wy + wh * 0.45)))
    out.append(Part(rect(wx - ww, wy, 2 * ww, wh), mix(top, low, 0.35), low, form=0, inner=bars, depth=0.4, glow=1, angle=0.1, extra={"sky": 1.0}))
    cloth = ((0.72, 0.40, 0.34), (0.44, 0.52, 0.60), (0.60, 0.58, 0.42))[int(rng.integers(3))]
    for d in (-1, 1):
        x = wx + d * (ww + 3)
        curtain = smooth([(x - 7, wy - 9), (x + 7, wy - 9), (x + 9 + d * 3, wy + wh * 0.5), (x + 8 + d * 5, wy + wh + 14), (x - 8 + d * 5, wy + wh + 14), (x - 7 + d * 1, wy + wh * 0.5)], tension=0.7)
        out.append(Part(curtain, cloth, form=0.9, inner=(line((x, wy - 6), (x + d * 4, wy + wh + 10)),), depth=0.15, angle=1.5))
    if abs(wx - p.w * 0.5) > p.w * 0.15:
        fx, fy = p.w - wx, p.h * float(rng.uniform(0.18, 0.28))
        out.append(Part(rect(fx - 0.08 * p.w, fy - 0.07 * p.h, 0.16 * p.w, 0.15 * p.h), (0.5, 0.36, 0.22), form=0.4, depth=0.2))
        out.append(Part(rect(fx - 0.062 * p.w, fy - 0.052 * p.h, 0.124 * p.w, 0.114 * p.h), mix(tones[int(rng.integers(4))], (0.3, 0.4, 0.4), 0.4), form=0.3, depth=0.2, inner=(line((fx - 0.06 * p.w, fy + 0.02 * p.h), (fx, fy), (fx + 0.06 * p.w, fy + 0.03 * p.h)),)))
    board = (0.60, 0.44, 0.30)
    out.append(Part(rect(-2, floor_y, p.w + 4, p.h), board, dim(board, 0.8), form=0.1, depth=0.1, angle=0.03))
    out.append(Part(rect(-2, floor_y - 0.02 * p.h, p.w + 4, 0.022 * p.h), mix(wall, (1, 1, 1), 0.4), form=0.2, depth=0.1))
    rug = ((0.60, 0.28, 0.26), (0.30, 0.40, 0.50), (0.54, 0.50, 0.34))[int(rng.integers(3))]
    out.append(Part(oval(p.w * 0.5, (floor_y + p.h) / 2 + 4, p.w * 0.42, (p.h - floor_y) * 0.42), rug, form=0.2, depth=0.05, angle=0.02))
    return Ground(out, [], floor_y)


def _studio(p: _Painter) -> Ground:
    """Plain paper, a plain backdrop, or a patch of colour behind the subject: as most people's own drawings stand."""
    top, low = sky_of(p.scene)
    kind = int(p.rng.integers(4))
    paper = mix(low, (0.96, 0.95, 0.92), 0.25) if p.scene.time != "night" else mix(low, (0.4, 0.42, 0.5), 0.3)
    full = rect(-2, -2, p.w + 4, p.h + 4)
    extra = {"wall": 1.0}
    if kind == 0:
        return Ground([Part(full, paper, form=0, outline=False, depth=0.3, angle=0.7, extra=extra)], [], p.h * 0.7)
    if kind == 1:
        return Ground([Part(full, top, low, form=0, outline=False, depth=0.3, angle=0.7, extra=extra)], [], p.h * 0.7)
    if kind == 2:
        cx = {"left": 0.36, "centre": 0.5, "right": 0.64}[p.scene.position] * p.w
        patch = blob(p.rng, cx, p.h * 0.5, p.w * 0.45, p.h * 0.42, 0.12, 11)
        return Ground([Part(full, paper, form=0, outline=False, depth=0.3, angle=0.7, extra=extra), Part(patch, mix(top, low, 0.4), low, form=0, outline=False, depth=0.3, angle=0.6, extra=extra)], [], p.h * 0.7)
    floor_y = p.h * float(p.rng.uniform(0.66, 0.8))
    floor = Part(rect(-2, floor_y, p.w + 4, p.h), mix(low, (0.6, 0.56, 0.52), 0.45), mix(low, (0.5, 0.46, 0.44), 0.6), form=0, depth=0.2, angle=0.03)
    return Ground([Part(full, mix(top, low, 0.3), low, form=0, outline=False, depth=0.3, angle=0.7, extra=extra), floor], [], floor_y)


_BUILDERS: dict[str, Callable[[_Painter], Ground]] = {
    "meadow": _meadow, "cliff": _cliff, "shore": _shore, "forest": _forest, "town": _town, "mountains": _mountains,
    "desert": _desert, "room": _room, "studio": _studio,
}  # fmt: skip
