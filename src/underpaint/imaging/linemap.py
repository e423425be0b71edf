"""The line layer at painting size: what steers the model, not what the artist gets back."""

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.drawing import LineLayer
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize


def ink_of(layer: LineLayer) -> FloatArray:
    """How much ink lies where, H x W, 0..1. White fills under the lines are no ink, white lines alone are."""
    alpha = layer.rgba[..., 3]
    tint = 1.0 - layer.rgba[..., :3].min(axis=-1)
    visible = float(alpha.sum())
    if visible > 0 and float(alpha[tint > 0.4].sum()) / visible < 0.01:
        return alpha.copy()
    return np.asarray(alpha * tint, dtype=np.float32)


def line_map(layer: LineLayer, extent: Extent) -> FloatArray:
    """The layer's ink at another size, see `ink_at`."""
    return ink_at(ink_of(layer), extent)


def ink_at(ink: FloatArray, extent: Extent) -> FloatArray:
    """Ink at another size, H x W, 0..1, with hairlines still plain to see after any reduction.

    A line of one pixel keeps a peak of 0.55 or more however far it is shrunk; it gets at most about one pixel wider.
    """
    down, across = ink.shape[0] / extent.height, ink.shape[1] / extent.width
    if max(down, across) <= 1.0:
        return resize(ink, extent)
    brush = np.ones((_brush(down), _brush(across)), np.uint8)
    wide = np.asarray(cv2.dilate(ink, brush), np.float32)
    return np.asarray(np.clip(resize(wide, extent) * 1.5, 0.0, 1.0), dtype=np.float32)


def _brush(factor: float) -> int:
    """Most of a target pixel, so that a hairline fills it wherever it falls."""
    return max(1, round(0.8 * factor))
