"""Parts to pixels: local colour, form light, which part is where, and the ink, all drawn from the same paths."""

from dataclasses import dataclass

import cv2
import numpy as np
import skia
from numpy.typing import NDArray

from underpaint.primer.world.colours import mood_table
from underpaint.primer.world.scene import Scene
from underpaint.primer.world.shapes import Part

Array = NDArray[np.float32]
TOWARDS: dict[str, tuple[float, float]] = {
    "left": (-0.9, -0.45),
    "right": (0.9, -0.45),
    "above": (0.0, -1.0),
    "behind": (0.0, -0.7),
}
"""Where the light is, as a direction in the picture."""
CRISP = ("flat", "anime", "pixel")
"""Styles whose form shadows have an edge whatever the light."""


@dataclass(frozen=True)
class Buffers:
    """What is known at each pixel before any light or style: H x W (x 3) float32 0..1 unless said otherwise.

    `index` (int32) numbers the part on top; `table` holds per part: depth, angle, glow, subject, sky, wall, form.
    `lines` is uint8, 255 where there is ink; `drawing` is the same,
    or the subject's ink alone where only that is drawn.
    """

    albedo: Array
    shade: Array
    index: NDArray[np.int32]
    lines: NDArray[np.uint8]
    drawing: NDArray[np.uint8]
    table: dict[str, Array]
    horizon: float

    def at(self, name: str) -> Array:
        """A per-part value spread over the pixels."""
        return np.asarray(self.table[name][self.index])


class _Canvas:
    """A raster canvas on a numpy array."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.pixels = np.zeros((size[1], size[0], 4), np.uint8)
        self.surface = skia.Surface.MakeRasterDirect(
            skia.ImageInfo.Make(size[0], size[1], skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType), self.pixels
        )
        self.canvas = self.surface.getCanvas()


def rasterise(scene: Scene, parts: list[Part], horizon: float) -> Buffers:
    """Draw all parts, back to front, into every buffer."""
    colours = _moody_colours(scene, parts)
    albedo, shade, index, lines, drawing = (_Canvas(scene.size) for _ in range(5))
    shade.canvas.clear(0xFFFFFFFF)
    lines.canvas.clear(0xFF000000)
    drawing.canvas.clear(0xFF000000)
    light = _FormLight(scene, shade.canvas)
    alone = scene.inked == "subject"
    for number, part in enumerate(parts):
        bounds = part.path.getBounds()
        _fill_albedo(albedo.canvas, part, colours[number], bounds)
        light.add(part, bounds)
        if "star" not in part.extra:
            index.canvas.drawPath(part.path, skia.Paint(Color=_index_colour(number), AntiAlias=False))
        _ink(lines.canvas, part, scene.line_width)
        if alone:
            _ink(drawing.canvas, part, scene.line_width, erase_only=not part.subject)
        _tone_inner(albedo.canvas, light.canvas, part, colours[number, 0], scene, light.towards)
    width = index.pixels.astype(np.int32)
    return Buffers(
        albedo=albedo.pixels[..., :3].astype(np.float32) / 255,
        shade=shade.pixels[..., 0].astype(np.float32) / 255,
        index=width[..., 0] + 256 * width[..., 1],
        lines=lines.pixels[..., 0].copy(),
        drawing=(drawing if alone else lines).pixels[..., 0].copy(),
        table=_table(parts),
        horizon=horizon,
    )


def _moody_colours(scene: Scene, parts: list[Part]) -> np.ndarray:
    """Both colours of all parts after the palette, N x 2 x 3."""
    pairs = np.array([(p.colour, p.colour2 or p.colour) for p in parts], float)
    strength = np.repeat([0.3 if p.subject else 1.0 for p in parts], 2)
    return mood_table(scene, pairs.reshape(-1, 3), strength).reshape(-1, 2, 3)


def _table(parts: list[Part]) -> dict[str, Array]:
    def row(get: object) -> Array:
        return np.array([get(p) for p in parts], np.float32)  # type: ignore[operator]

    return {
        "depth": row(lambda p: p.depth),
        "angle": row(lambda p: p.angle),
        "glow": row(lambda p: p.glow),
        "subject": row(lambda p: p.subject),
        "form": row(lambda p: p.form),
        "sky": row(lambda p: p.extra.get("sky", 0.0)),
        "wall": row(lambda p: p.extra.get("wall", 0.0)),
    }


def _index_colour(number: int) -> int:
    return int(skia.ColorSetRGB(number % 256, number // 256, 0))


def _colour(rgb: np.ndarray, alpha: float = 1.0) -> skia.Color4f:
    return skia.Color4f(float(rgb[0]), float(rgb[1]), float(rgb[2]), alpha)


def _fill_albedo(canvas: skia.Canvas, part: Part, pair: np.ndarray, bounds: skia.Rect) -> None:
    paint = skia.Paint(Color4f=_colour(pair[0]), AntiAlias=True)
    if part.colour2 is not None:
        ends = [skia.Point(0, bounds.top()), skia.Point(0, bounds.bottom())]
        paint.setShader(skia.GradientShader.MakeLinear(ends, [_colour(pair[0]).toColor(), _colour(pair[1]).toColor()]))
    canvas.drawPath(part.path, paint)


def _ink(canvas: skia.Canvas, part: Part, width: float, erase_only: bool = False) -> None:
    """Erase what the part hides, then its outline and inner lines."""
    canvas.drawPath(part.path, skia.Paint(Color=0xFF000000, AntiAlias=True))
    if erase_only:
        return
    pen = skia.Paint(Color=0xFFFFFFFF, AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width,
                     StrokeCap=skia.Paint.kRound_Cap, StrokeJoin=skia.Paint.kRound_Join)  # fmt: skip
    if part.inner:
        pen.setStrokeWidth(width * 0.8)
        canvas.save()
        canvas.clipPath(part.path, skia.ClipOp.kIntersect, True)
        for stroke in part.inner:
            canvas.drawPath(stroke, pen)
        canvas.restore()
    if part.outline:
        pen.setStrokeWidth(width * (1.0 - 0.35 * part.depth))
        canvas.drawPath(part.path, pen)


def _tone_inner(
    albedo: skia.Canvas, shade: skia.Canvas, part: Part, rgb: np.ndarray, scene: Scene, towards: tuple[float, float]
) -> None:
    """Inner lines are folds: darker paint along them and a shadow on the side away from the light."""
    if not part.inner:
        return
    thin = scene.line_width * 0.9
    dark = skia.Paint(Color4f=_colour(rgb * 0.5 if rgb.sum() > 0.6 else rgb + 0.16, 0.75), AntiAlias=True,
                      Style=skia.Paint.kStroke_Style, StrokeWidth=thin, StrokeCap=skia.Paint.kRound_Cap)  # fmt: skip
    fold = skia.Paint(
        Color4f=skia.Color4f(0.25, 0.25, 0.25, 0.5),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=thin * 2.6,
    )
    for canvas, paint, shift in ((shade, fold, thin * 1.3), (albedo, dark, 0.0)):
        canvas.save()
        canvas.clipPath(part.path, skia.ClipOp.kIntersect, True)
        canvas.translate(-towards[0] * shift, -towards[1] * shift)
        for stroke in part.inner:
            canvas.drawPath(stroke, paint)
        canvas.restore()


class _FormLight:
    """Draws how much of the key light each part gets: a lit side and, away from the light, a shadow side."""

    def __init__(self, scene: Scene, canvas: skia.Canvas) -> None:
        self.canvas, self.scene = canvas, scene
        self.towards = TOWARDS[scene.light]
        self.crisp = scene.style in CRISP
        self.soft = not self.crisp and scene.hardness == "soft"
        self.seen = skia.Path()
        self.unit = min(scene.size) / 256

    def add(self, part: Part, bounds: skia.Rect) -> None:
        size = min(bounds.width(), bounds.height())
        low = 1.0 - 0.8 * min(1.0, part.form)
        if part.subject and self.scene.light != "behind":
            self._occlude(part)
        if part.form <= 0.05 or part.glow >= 0.95:
            self._fill(part.path, 1.0)
            return
        if size > 0.6 * min(self.scene.size) and not part.subject:
            self._fill(part.path, *(1.0, 1.0 - 0.5 * part.form), bounds=bounds)
            return
        dark = max(0.12, low)
        self._fill(part.path, *(dark + 0.12, dark), bounds=bounds)
        self.canvas.save()
        self.canvas.clipPath(part.path, skia.ClipOp.kIntersect, True)
        shift = 0.24 * size
        self.canvas.translate(self.towards[0] * shift, self.towards[1] * shift)
        blur = 0.1 * size if self.soft else 0.035 * size
        self._fill(
            part.path,
            *(1.0, 0.94 if self.crisp else 0.72),
            bounds=bounds,
            blur=0.0 if self.crisp or size < 5 else blur,
        )
        self.canvas.restore()

    def _fill(
        self, path: skia.Path, lit: float, far: float | None = None, bounds: skia.Rect | None = None, blur: float = 0.0
    ) -> None:
        paint = skia.Paint(Color4f=skia.Color4f(lit, lit, lit, 1), AntiAlias=True)
        if far is not None and bounds is not None and abs(far - lit) > 0.02:
            cx, cy, k = bounds.centerX(), bounds.centerY(), 0.5
            dx, dy = self.towards[0] * bounds.width() * k, self.towards[1] * bounds.height() * k
            grey = [skia.Color4f(v, v, v, 1).toColor() for v in (lit, far)]
            paint.setShader(
                skia.GradientShader.MakeLinear([skia.Point(cx + dx, cy + dy), skia.Point(cx - dx, cy - dy)], grey)
            )
        if blur > 0.4:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        self.canvas.drawPath(path, paint)

    def _occlude(self, part: Part) -> None:
        """The shadow a part throws on the parts of the subject already there."""
        if not self.seen.isEmpty():
            canvas, reach = self.canvas, 4.0 * self.unit
            canvas.save()
            canvas.clipPath(self.seen, skia.ClipOp.kIntersect, False)
            canvas.translate(-self.towards[0] * reach, -self.towards[1] * reach)
            paint = skia.Paint(Color4f=skia.Color4f(0.1, 0.1, 0.1, 0.5), AntiAlias=True)
            if not self.crisp:
                paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 1.5 * self.unit))
            canvas.drawPath(part.path, paint)
            canvas.restore()
        self.seen.addPath(part.path)


def cast_shadow(buffers: Buffers, scene: Scene) -> Array:
    """Where the subject's shadow lies on the ground, 0..1: away from the light, longer when the sun is low."""
    mask = buffers.at("subject")
    rows = np.flatnonzero(mask.any(1))
    height, width = mask.shape
    if not len(rows):
        return np.zeros_like(mask)
    foot = float(rows[-1])
    low_sun = scene.time in ("dawn", "sunset")
    skew = {"left": 1.0, "right": -1.0}.get(scene.light, 0.0) * (1.1 if low_sun else 0.65)
    squash = {"behind": -0.55 if low_sun else -0.4, "above": 0.07}.get(scene.light, 0.1)
    matrix = np.array([[1, -skew, skew * foot], [0, squash, foot * (1 - squash) - 1]], np.float32)
    cast = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    blur = 0.8 if scene.hardness == "hard" or scene.style in CRISP else 3.5
    cast = cv2.GaussianBlur(cast, (0, 0), blur * min(scene.size) / 256)
    ground = (1 - mask) * (buffers.at("sky") == 0)
    top = buffers.horizon - 2
    ground[: max(0, int(top))] = 0
    return np.asarray(cast * ground)
