"""What a layered document looks like: all its visible layers as one picture.

A pure function, used for the merged picture inside ORA and PSD files and for thumbnails. It works on bands of rows,
so that memory stays a few megabytes whatever the canvas; each pixel depends on its own column of the stack only,
so the bands change nothing.
"""

import numpy as np
import numpy.typing as npt

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.document import Document, Group, Layer, Node, Pixels

_BAND_PIXELS = 1 << 20


def composite(document: Document) -> Pixels:
    """All visible layers of `document` as uint8 height x width x 4, straight alpha; transparent where nothing lies.

    Source-over and blending as in W3C's Compositing and Blending Level 1, in float32 on the stored sRGB values, as
    painting programs do it. A pass-through group of less than full opacity fades between what lies below it and
    what its layers make of that.
    """
    merged = np.zeros((document.height, document.width, 4), np.uint8)
    rows = max(1, _BAND_PIXELS // document.width)
    for top in range(0, document.height, rows):
        bottom = min(top + rows, document.height)
        canvas = _Canvas(top, np.zeros((bottom - top, document.width, 4), np.float32))
        _draw_all(document.layers, canvas)
        merged[top:bottom] = _straight(canvas.pixels)
    return merged


class _Canvas:
    """Some rows of the picture so far: float32, premultiplied, starting at row `top` of the document."""

    def __init__(self, top: int, pixels: npt.NDArray[np.float32]) -> None:
        self.top = top
        self.pixels = pixels


def _draw_all(nodes: tuple[Node, ...], canvas: _Canvas) -> None:
    for node in reversed(nodes):  # the bottom one first
        if not node.visible or node.opacity == 0.0:
            continue
        if isinstance(node, Layer):
            _draw_layer(node, canvas)
        else:
            _draw_group(node, canvas)


def _draw_group(group: Group, canvas: _Canvas) -> None:
    if group.blend_mode == PASS_THROUGH:
        before = canvas.pixels.copy() if group.opacity < 1.0 else None
        _draw_all(group.children, canvas)
        if before is not None:
            canvas.pixels = before + np.float32(group.opacity) * (canvas.pixels - before)
        return
    own = _Canvas(canvas.top, np.zeros_like(canvas.pixels))
    _draw_all(group.children, own)
    _over(canvas.pixels, own.pixels * np.float32(group.opacity), group.blend_mode)


def _draw_layer(layer: Layer, canvas: _Canvas) -> None:
    left, top = layer.offset
    top -= canvas.top
    height, width = layer.pixels.shape[:2]
    rows = slice(max(top, 0), min(top + height, canvas.pixels.shape[0]))
    columns = slice(max(left, 0), min(left + width, canvas.pixels.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = layer.pixels[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    above = part.astype(np.float32) / np.float32(255)
    above[..., 3] *= np.float32(layer.opacity)
    above[..., :3] *= above[..., 3:]
    _over(canvas.pixels[rows, columns], above, layer.blend_mode)


def _over(below: npt.NDArray[np.float32], above: npt.NDArray[np.float32], blend_mode: str) -> None:
    """Lay `above` over `below`, in place; both premultiplied."""
    cover, ground = above[..., 3:], below[..., 3:]
    mix = BLEND_MODES[blend_mode].mix
    if mix is not None:
        mixed = mix(_colour(below), _colour(above))
        # Only where both cover does the formula speak; elsewhere the layer shows as it is.
        above = above.copy()
        above[..., :3] += cover * ground * (mixed - _colour(above))
        cover = above[..., 3:]
    below *= 1 - cover
    below += above


def _colour(premultiplied: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The straight colour; black where there is none."""
    alpha = premultiplied[..., 3:]
    return np.divide(premultiplied[..., :3], alpha, out=np.zeros_like(premultiplied[..., :3]), where=alpha > 0)


def _straight(premultiplied: npt.NDArray[np.float32]) -> Pixels:
    straight = np.concatenate([_colour(premultiplied), premultiplied[..., 3:]], axis=2)
    pixels: Pixels = np.rint(np.clip(straight, 0.0, 1.0) * 255).astype(np.uint8)
    return pixels
