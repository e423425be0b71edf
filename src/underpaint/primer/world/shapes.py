"""Shapes: closed curves made of points, and the `Part` that carries one with its paint.

Points are float arrays N x 2 in x-right, y-down coordinates; subjects are built about one unit high, standing on y = 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import skia
from numpy.typing import ArrayLike, NDArray

Colour = tuple[float, float, float]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One painted shape: local colour (sRGB 0..1), how round it is, what is inked inside it.

    `colour2` makes a vertical gradient down the shape. `depth` is 0 near, 1 far. `angle` is the direction of the brush
    in radians. `glow` is how far it shines by itself (sky, lamp, window at night). `extra` marks
    the sky, the stars in it and a wall.
    """

    path: skia.Path
    colour: Colour
    colour2: Colour | None = None
    form: float = 1.0
    inner: tuple[skia.Path, ...] = ()
    outline: bool = True
    depth: float = 0.0
    angle: float = 0.7
    glow: float = 0.0
    subject: bool = False
    extra: dict[str, float] = field(default_factory=dict)


def poly(points: ArrayLike, closed: bool = True) -> skia.Path:
    """Straight edges through the points."""
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in np.asarray(points, float)], closed)
    return path


def smooth(points: ArrayLike, closed: bool = True, tension: float = 1.0) -> skia.Path:
    """A Catmull-Rom curve through the points, as cubics."""
    p = np.asarray(points, float)
    if closed:
        before, after = np.roll(p, 1, 0), np.roll(p, -1, 0)
    else:
        before, after = np.vstack([p[:1], p[:-1]]), np.vstack([p[1:], p[-1:]])
    tangent = (after - before) * (tension / 6)
    path = skia.Path()
    path.moveTo(*p[0])
    count = len(p) if closed else len(p) - 1
    for i in range(count):
        j = (i + 1) % len(p)
        c1, c2 = p[i] + tangent[i], p[j] - tangent[j]
        path.cubicTo(c1[0], c1[1], c2[0], c2[1], p[j][0], p[j][1])
    if closed:
        path.close()
    return path


def ring(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, count: int = 12) -> Points:
    """Points on an ellipse, clockwise from its right end, turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = rx * np.cos(t), ry * np.sin(t)
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([cx + c * x - s * y, cy + s * x + c * y], 1)


def oval(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> skia.Path:
    """An ellipse."""
    return smooth(ring(cx, cy, rx, ry, turn), tension=1.02)


def blob(
    rng: np.random.Generator, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.15, count: int = 9
) -> skia.Path:
    """A lumpy ellipse."""
    p = ring(0, 0, 1, 1, float(rng.uniform(0, 6.3)), count) * (1 + rng.uniform(-wobble, wobble, (count, 1)))
    return smooth(p * (rx, ry) + (cx, cy))


def rect(x: float, y: float, w: float, h: float) -> skia.Path:
    """An upright rectangle from its top left corner."""
    return poly([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])


def spline(points: ArrayLike, count: int = 10) -> Points:
    """`count` points evenly in parameter along an open Catmull-Rom curve."""
    p = np.asarray(points, float)
    q = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, len(p) - 1 - 1e-9, count)
    i = t.astype(int)
    u = (t - i)[:, None]
    a, b, c, d = q[i], q[i + 1], q[i + 2], q[i + 3]
    return 0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)


def limb(points: ArrayLike, widths: Sequence[float], count: int = 9, pointed: bool = False) -> skia.Path:
    """A tube along the points, its full width running through `widths`, round or pointed at its end."""
    c = spline(points, count)
    w = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    t = np.gradient(c, axis=0)
    t /= np.linalg.norm(t, axis=1, keepdims=True) + 1e-9
    n = np.stack([-t[:, 1], t[:, 0]], 1)
    tip = c[-1:] + t[-1:] * (w[-1] * (1.0 if not pointed else 2.5))
    tail = c[:1] - t[:1] * w[0] * 0.9
    if pointed:
        return smooth(np.vstack([c[:-1] + n[:-1] * w[:-1], tip, (c[:-1] - n[:-1] * w[:-1])[::-1], tail]))
    return smooth(np.vstack([c + n * w, tip, (c - n * w)[::-1], tail]))


def union(*paths: skia.Path) -> skia.Path:
    """One outline round all the shapes; where the path arithmetic fails they are simply added."""
    out = paths[0]
    for path in paths[1:]:
        merged = skia.Op(out, path, skia.PathOp.kUnion_PathOp)
        if merged is None:
            merged = skia.Path(out)
            merged.addPath(path)
        out = merged
    return out


def cross(a: skia.Path, b: skia.Path) -> skia.Path:
    """What two shapes share."""
    return skia.Op(a, b, skia.PathOp.kIntersect_PathOp) or skia.Path()


def line(*points: tuple[float, float]) -> skia.Path:
    """An open curve for an inner line."""
    return smooth(np.asarray(points, float), closed=False)


def place(parts: Iterable[Part], matrix: skia.Matrix, **changes: object) -> list[Part]:
    """The parts moved by a matrix, with fields replaced."""
    out = []
    for part in parts:
        path = skia.Path()
        part.path.transform(matrix, path)
        inner = []
        for stroke in part.inner:
            moved = skia.Path()
            stroke.transform(matrix, moved)
            inner.append(moved)
        out.append(replace(part, path=path, inner=tuple(inner), **changes))  # type: ignore[arg-type]
    return out


def bounds(parts: Iterable[Part]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all the parts together."""
    boxes = np.array([(b.left(), b.top(), b.right(), b.bottom()) for b in (p.path.getBounds() for p in parts)])
    return (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())


def mix(a: Sequence[float], b: Sequence[float], t: float) -> Colour:
    """From colour a to colour b."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def dim(colour: Sequence[float], factor: float) -> Colour:
    """Darker (below 1) or lighter (above 1), kept in range."""
    return (min(1.0, colour[0] * factor), min(1.0, colour[1] * factor), min(1.0, colour[2] * factor))
