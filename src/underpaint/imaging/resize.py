"""Resizing and padding of float pictures. Colour under empty pixels never bleeds into a layer's edges."""

from enum import StrEnum

import cv2
import numpy as np
from PIL import Image

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent, Padding


class Resample(StrEnum):
    """How pixels are made from others."""

    AUTO = "auto"
    """Area where the picture gets smaller on both sides, Lanczos otherwise."""
    LANCZOS = "lanczos"
    AREA = "area"
    LINEAR = "linear"
    NEAREST = "nearest"


class PadMode(StrEnum):
    """What fills a margin."""

    REFLECT = "reflect"
    EDGE = "edge"


def resize(picture: FloatArray, extent: Extent, how: Resample = Resample.AUTO) -> FloatArray:
    """H x W (x C) -> the given size, clipped to 0..1; the same pixels if the size is already right.

    Four channels are taken as RGBA with straight alpha and are averaged by their alpha.
    """
    current = Extent.of(picture)
    if current == extent:
        return picture.copy()
    if how is Resample.AUTO:
        smaller = extent.width <= current.width and extent.height <= current.height
        how = Resample.AREA if smaller else Resample.LANCZOS
    if picture.ndim == 2:
        return _plane(picture, extent, how)
    if picture.shape[2] != 4 or how is Resample.NEAREST:
        planes = [_plane(picture[..., channel], extent, how) for channel in range(picture.shape[2])]
        return np.stack(planes, axis=-1)
    return _layer(picture, extent, how)


def pad(picture: FloatArray, padding: Padding, mode: PadMode = PadMode.REFLECT) -> FloatArray:
    """Margins round H x W (x C), filled by reflection or by the edge; a margin may be wider than it."""
    if padding.empty:
        return picture.copy()
    margins = [(padding.top, padding.bottom), (padding.left, padding.right)] + [(0, 0)] * (picture.ndim - 2)
    return np.pad(picture, margins, mode="reflect" if mode is PadMode.REFLECT else "edge")


def _plane(plane: FloatArray, extent: Extent, how: Resample) -> FloatArray:
    size = (extent.width, extent.height)
    plane = np.ascontiguousarray(plane, dtype=np.float32)
    if how is Resample.AREA:
        smaller = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        return np.clip(np.asarray(smaller, np.float32), 0.0, 1.0)
    filters = {
        Resample.LANCZOS: Image.Resampling.LANCZOS,
        Resample.LINEAR: Image.Resampling.BILINEAR,
        Resample.NEAREST: Image.Resampling.NEAREST,
    }
    # Pillow widens its filters when it shrinks; OpenCV's Lanczos and linear would leave moire.
    return np.clip(np.asarray(Image.fromarray(plane).resize(size, filters[how]), np.float32), 0.0, 1.0)


def _layer(picture: FloatArray, extent: Extent, how: Resample) -> FloatArray:
    alpha = picture[..., 3]
    planes = [_plane(picture[..., channel] * alpha, extent, how) for channel in range(3)]
    alpha = _plane(alpha, extent, how)
    color = np.stack(planes, axis=-1)
    color = np.divide(color, alpha[..., None], out=np.zeros_like(color), where=alpha[..., None] > 1e-6)
    return np.concatenate([np.clip(color, 0.0, 1.0), alpha[..., None]], axis=-1)
