"""An inking brush: smooth strokes whose width swells on the shadow side and tapers at free ends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import skia
from numpy.typing import NDArray

Point = tuple[float, float]
_Curve = NDArray[np.float64]

_SHADOW = np.array([0.6, 0.8])
"""Where shadows fall: contours that face this way are drawn heavier."""


class Inking:
    """A sheet of white paper and a brush with black ink."""

    def __init__(self, width: int, height: int, seed: int = 1) -> None:
        self.surface = skia.Surface(width, height)
        self.canvas = self.surface.getCanvas()
        self.canvas.clear(skia.ColorWHITE)
        self._rng = np.random.default_rng(seed)

    def line(self, points: Sequence[Point], weight: float, taper: tuple[float, float] = (0.5, 0.6)) -> None:
        """An open stroke through `points`; `taper` is the share of it that swells in and fades out."""
        curve = smooth(points)
        along = _progress(curve)
        pressure = np.minimum(_rise(along, taper[0]), _rise(1.0 - along, taper[1]))
        self._stroke(curve, weight * (0.12 + 0.88 * pressure))

    def shape(self, parts: Sequence[Sequence[Point]], weight: float, hidden: Sequence[int] = ()) -> None:
        """A closed form of smooth parts that meet at corners: hides what lies under it, then is outlined.

        Parts listed in `hidden` are not outlined, where the form grows out of another.
        """
        curves = [smooth(part) for part in parts]
        whole = np.concatenate(curves)
        self.canvas.drawPath(_path(whole), _paint(skia.ColorWHITE))
        turn = 1.0 if _area(whole) > 0 else -1.0
        for index, curve in enumerate(curves):
            if index in hidden:
                continue
            direction = np.gradient(curve, axis=0)
            direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
            outward = np.stack([direction[:, 1], -direction[:, 0]], axis=1) * turn
            facing = np.clip(outward @ _SHADOW, -0.5, 1.0)
            along = _progress(curve)
            ends = np.minimum(_rise(along, 0.12), _rise(1.0 - along, 0.12))
            self._stroke(curve, weight * (0.78 + 0.5 * facing) * (0.62 + 0.38 * ends))

    def solid(self, parts: Sequence[Sequence[Point]]) -> None:
        """A closed form filled with black."""
        self.canvas.drawPath(_path(np.concatenate([smooth(part) for part in parts])), _paint(skia.ColorBLACK))

    def blank(self, parts: Sequence[Sequence[Point]]) -> None:
        """A closed form of bare paper, without an outline."""
        self.canvas.drawPath(_path(np.concatenate([smooth(part) for part in parts])), _paint(skia.ColorWHITE))

    def hatch(self, start: Point, end: Point, stroke: Point, count: int, weight: float) -> None:
        """`count` short strokes of direction and length `stroke`, set along the way from start to end."""
        for place in np.linspace(0.0, 1.0, count):
            jitter = self._rng.uniform(-2.5, 2.5, 4)
            reach = self._rng.uniform(0.75, 1.1)
            x = start[0] + (end[0] - start[0]) * place + jitter[0]
            y = start[1] + (end[1] - start[1]) * place + jitter[1]
            bend = (x + stroke[0] * reach * 0.5 + jitter[2], y + stroke[1] * reach * 0.5 + jitter[3])
            self.line([(x, y), bend, (x + stroke[0] * reach, y + stroke[1] * reach)], weight, (0.2, 0.8))

    def picture(self) -> NDArray[np.uint8]:
        """What was drawn, H x W, 0 = ink, 255 = paper."""
        pixels = self.surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
        return np.ascontiguousarray(pixels[..., 0])

    def _stroke(self, curve: _Curve, widths: NDArray[Any]) -> None:
        """One filled outline round the curve, and a round cap where it is wide."""
        direction = np.gradient(curve, axis=0)
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
        side = np.stack([-direction[:, 1], direction[:, 0]], axis=1) * (widths[:, None] / 2)
        ink = _paint(skia.ColorBLACK)
        path = _path(np.concatenate([curve + side, (curve - side)[::-1]]))
        path.setFillType(skia.PathFillType.kWinding)
        self.canvas.drawPath(path, ink)
        for end in (0, -1):
            self.canvas.drawCircle(float(curve[end, 0]), float(curve[end, 1]), float(widths[end]) / 2, ink)


def smooth(points: Sequence[Point], step: float = 2.0) -> _Curve:
    """A centripetal Catmull-Rom curve through the points, one sample about every `step` pixels."""
    given = np.array(points, dtype=np.float64)
    if len(given) == 2:
        count = max(2, int(np.linalg.norm(given[1] - given[0]) / step))
        return np.asarray(given[0] + (given[1] - given[0]) * np.linspace(0, 1, count)[:, None])
    knots = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    pieces = [_piece(knots[i : i + 4], step, last=i == len(given) - 2) for i in range(len(given) - 1)]
    return np.concatenate(pieces)


def _piece(knots: _Curve, step: float, *, last: bool) -> _Curve:
    """Barry and Goldman's form of the curve between the middle two of four knots."""
    gaps = np.maximum(np.linalg.norm(np.diff(knots, axis=0), axis=1) ** 0.5, 1e-3)
    t0, t1, t2, t3 = np.concatenate([[0.0], np.cumsum(gaps)])
    count = max(3, int(np.linalg.norm(knots[2] - knots[1]) / step))
    t = np.linspace(t1, t2, count, endpoint=last)[:, None]
    a1 = (t1 - t) / (t1 - t0) * knots[0] + (t - t0) / (t1 - t0) * knots[1]
    a2 = (t2 - t) / (t2 - t1) * knots[1] + (t - t1) / (t2 - t1) * knots[2]
    a3 = (t3 - t) / (t3 - t2) * knots[2] + (t - t2) / (t3 - t2) * knots[3]
    b1 = (t2 - t) / (t2 - t0) * a1 + (t - t0) / (t2 - t0) * a2
    b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
    return np.asarray((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2)


def _progress(curve: _Curve) -> NDArray[Any]:
    """Share of the curve's length passed at each sample."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return np.asarray(lengths / max(float(lengths[-1]), 1e-6))


def _rise(along: NDArray[Any], share: float) -> NDArray[Any]:
    if share <= 0:
        return np.ones_like(along)
    t = np.clip(along / share, 0.0, 1.0)
    return np.asarray(t * (2.0 - t))


def _area(curve: _Curve) -> float:
    x, y = curve[:, 0], curve[:, 1]
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def _path(curve: _Curve) -> Any:
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in curve], True)
    return path


def _paint(color: int) -> Any:
    return skia.Paint(AntiAlias=True, Color=color)
