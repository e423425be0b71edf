"""What an artist changed on a take: the share of the picture, where, and in which layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.canvas.document import Document, Layer
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.color import luminance, srgb_to_oklab
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.alignment import Fit, lay

VISIBLE = 0.03
"""OKLab differences that count as changed: just above what saving as JPEG does."""
_HEAT_SIDE = 1600
_HEAT = np.array([(1.0, 0.86, 0.35), (0.95, 0.45, 0.13), (0.72, 0.08, 0.16), (0.30, 0.02, 0.20)], np.float32)
_FULL_HEAT = 0.25
_MOST_SIDE = 2048


@dataclass(frozen=True)
class LayerChange:
    """One layer: the share of the picture that it covers, and in a few words what it is."""

    name: str
    visible: bool
    covers: float
    what: str


@dataclass(frozen=True, eq=False)
class Change:
    """`far`: how far each pixel is from the take (H x W, OKLab; of large pictures every n-th), `cover`: where the take
    lies at all. `share` of the picture that was changed; `added`: the
    share that is new canvas; `lost`: the share of the take that was cropped away."""

    far: FloatArray
    cover: FloatArray
    share: float
    added: float
    lost: float


def compare(origin: FloatArray, painting: FloatArray, fit: Fit) -> Change:
    """What differs between a take, laid where it lies in the painting, and the painting."""
    laid, cover = _sampled(*lay(origin, fit, Extent.of(painting)))
    seen, = _sampled(painting)
    far = np.linalg.norm(srgb_to_oklab(laid[..., :3]) - srgb_to_oklab(over_white(seen)), axis=2)
    exact = fit.scale == 1.0 and float(fit.x).is_integer() and float(fit.y).is_integer()
    if not exact:
        far = cv2.blur(np.asarray(far, np.float32), (3, 3))  # a resampled edge is nobody's brush
    far = np.where(cover > 0, far, 0.0).astype(np.float32)
    changed = float((far > VISIBLE).mean())
    return Change(far, cover, changed, float(1 - cover.mean()), max(0.0, 1 - fit.shown))


def heat_picture(painting: FloatArray, change: Change) -> FloatArray:
    """The painting in pale grey, what was changed in colours from yellow to dark red, new canvas hatched."""
    extent = Extent.of(painting).fit_within(Extent(_HEAT_SIDE, _HEAT_SIDE), grow=False)
    grey = np.asarray(luminance(over_white(resize(painting, extent))) ** (1 / 2.2) * 0.5 + 0.45, np.float32)
    far = resize(np.clip(change.far / _FULL_HEAT, 0, 1), extent)
    place = far * (len(_HEAT) - 1)
    low = np.minimum(place.astype(int), len(_HEAT) - 2)
    part = (place - low)[..., None]
    heat = _HEAT[low] * (1 - part) + _HEAT[low + 1] * part
    strength = np.clip(far * _FULL_HEAT / VISIBLE, 0, 1)[..., None] * 0.85
    picture = grey[..., None] * (1 - strength) + heat * strength
    rows, columns = np.mgrid[: extent.height, : extent.width]
    hatched = ((rows + columns) % 12 < 2) & (resize(change.cover, extent) < 0.5)
    picture[hatched] = (0.35, 0.55, 0.75)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def layer_changes(document: Document, origin: FloatArray, lines: Sequence[NDArray[np.uint8]], fit: Fit
                  ) -> list[LayerChange]:
    """Every layer, top first. `origin` is the take without lines, `lines` the drawings that it was painted under."""
    extent = Extent(document.width, document.height)
    laid, cover = _sampled(*lay(origin, fit, extent))
    base = srgb_to_oklab(laid[..., :3])
    told = []
    for layer, groups in document.walk():
        name = " / ".join([*(group.name for group in groups), layer.name])
        seen = layer.visible and layer.opacity > 0 and all(group.visible and group.opacity > 0 for group in groups)
        told.append(_layer_change(layer, name, seen, (base, cover, _stride(extent)), lines))
    return told


def _layer_change(layer: Layer, name: str, seen: bool, base: tuple[FloatArray, FloatArray, int],
                  lines: Sequence[NDArray[np.uint8]]) -> LayerChange:
    lab, cover, stride = base
    height, width = cover.shape
    part, rows, columns = _on_canvas(layer, (height, width), stride)
    alpha = part[..., 3] / np.float32(255)
    covers = float(alpha.sum() / (height * width)) if alpha.size else 0.0
    if any(np.array_equal(layer.pixels, drawing) for drawing in lines):
        return LayerChange(name, seen, covers, "your lines, untouched")
    if alpha.size == 0 or covers == 0:
        return LayerChange(name, seen, 0.0, "empty")
    opaque = alpha > 0.5
    colours = part[opaque][:, :3]
    if opaque.all() and colours.size and (colours == colours[0]).all():
        return LayerChange(name, seen, covers, "one colour")
    known = opaque & (cover[rows, columns] > 0)
    if known.sum() >= 0.3 * height * width:
        far = np.linalg.norm(srgb_to_oklab(to_float(part[..., :3])) - lab[rows, columns], axis=2)[known]
        changed = float((far > VISIBLE).mean())
        if changed < 0.005:
            return LayerChange(name, seen, covers, "the take, untouched")
        if changed < 0.7:
            return LayerChange(name, seen, covers, f"the take, {changed:.0%} of it painted over")
    return LayerChange(name, seen, covers, "painted by you")


def _on_canvas(layer: Layer, shape: tuple[int, int], stride: int) -> tuple[NDArray[np.uint8], slice, slice]:
    """Every n-th pixel of a layer that lies on the canvas, and where these are among every n-th of the canvas."""
    part, places = layer.pixels, []
    for axis, start in ((0, layer.offset[1]), (1, layer.offset[0])):
        first = -(-max(start, 0) // stride)  # the first sampled row or column at or after the layer's own
        last = max(min(-(-(start + layer.pixels.shape[axis]) // stride), shape[axis]), first)
        inside = slice(first * stride - start, max(last * stride - start, 0), stride)
        part = part[inside] if axis == 0 else part[:, inside]
        places.append(slice(first, first + part.shape[axis]))
    return part, places[0], places[1]


def _stride(extent: Extent) -> int:
    return -(-max(extent.width, extent.height) // _MOST_SIDE)


def _sampled(*pictures: FloatArray) -> tuple[FloatArray, ...]:
    """Every n-th pixel: what is equal stays equal, which no smaller version of a large picture would keep."""
    stride = _stride(Extent.of(pictures[0]))
    return tuple(picture[::stride, ::stride] for picture in pictures)


def over_white(picture: FloatArray) -> FloatArray:
    """H x W x 3: a picture as it looks on white paper."""
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:]
    return np.asarray(picture[..., :3] * alpha + (1 - alpha), np.float32)
