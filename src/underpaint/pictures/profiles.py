"""Colour profiles (ICC): to sRGB for painting, back for writing. LittleCMS works here with 8 bits a channel."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from underpaint.imaging.arrays import ByteArray

_SPACES = {"GRAY": 1, "RGB": 3, "CMYK": 4}
_MODES = {1: "L", 3: "RGB"}
_PROBE = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), axis=-1).reshape(6, 36, 3)


def fits(icc: bytes, channels: int) -> bool:
    """Whether this is a readable profile for pictures of so many channels (alpha included)."""
    color = channels - 1 if channels in (2, 4) else channels
    return _channels(icc) == color


@lru_cache(maxsize=8)
def _channels(icc: bytes) -> int:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return _SPACES.get(str(profile.profile.xcolor_space).strip(), 0)
    except (OSError, ImageCms.PyCMSError, TypeError, ValueError):
        return 0


def to_srgb(color: NDArray[Any], icc: bytes) -> ByteArray | None:
    """Colour (H x W x 1 or 3, uint8 or uint16) -> sRGB uint8 H x W x 3; None where it is sRGB already."""
    transform = _transform(icc, color.shape[2], True)
    return None if transform is None else _apply(transform, _eight(color))


def from_srgb(color: ByteArray, icc: bytes, channels: int) -> ByteArray | None:
    """sRGB uint8 H x W x 3 -> the profile's own colours, H x W x 1 or 3; None where that is sRGB."""
    transform = _transform(icc, channels, False)
    return None if transform is None else _apply(transform, color)


@lru_cache(maxsize=8)
def _transform(icc: bytes, channels: int, inward: bool) -> ImageCms.ImageCmsTransform | None:
    mode = _MODES[channels]
    profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    try:
        there = _build(profile, srgb, mode, "RGB") if inward or channels == 3 else None
        # Rounding aside, an sRGB profile changes nothing: then neither do we, and exactness is kept.
        if there is not None and channels == 3 and _same(there):
            return None
        return there if inward else _build(srgb, profile, "RGB", mode)
    except (OSError, ImageCms.PyCMSError):
        return None


def _build(source: Any, target: Any, in_mode: str, out_mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(source, target, in_mode, out_mode, ImageCms.Intent.RELATIVE_COLORIMETRIC,
                                   ImageCms.Flags.BLACKPOINTCOMPENSATION)


def _same(transform: ImageCms.ImageCmsTransform) -> bool:
    return bool(np.abs(_apply(transform, _PROBE).astype(int) - _PROBE).max() <= 1)


def _apply(transform: ImageCms.ImageCmsTransform, color: ByteArray) -> ByteArray:
    image = Image.fromarray(np.ascontiguousarray(color[..., 0] if color.shape[2] == 1 else color))
    result = ImageCms.applyTransform(image, transform)
    assert result is not None, "a transform that is not in place returns a picture"
    array = np.array(result)
    return array[..., None] if array.ndim == 2 else array


def _eight(color: NDArray[Any]) -> ByteArray:
    if color.dtype == np.uint16:
        return np.asarray(np.rint(color / 257.0), np.uint8)
    return np.asarray(color, np.uint8)


def flatten(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK, Lab and the like -> 8-bit sRGB, by the profile where there is a fitting one."""
    srgb = ImageCms.createProfile("sRGB")
    try:
        if image.mode == "LAB":
            lab = ImageCms.createProfile("LAB")
            return _converted(image, _build(lab, srgb, "LAB", "RGB"))
        if image.mode == "CMYK" and icc is not None and _channels(icc) == 4:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return _converted(image, _build(profile, srgb, "CMYK", "RGB"))
    except (OSError, ImageCms.PyCMSError):
        pass  # a damaged profile: the plain conversion below is the best guess
    return image.convert("RGB")


def _converted(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    assert result is not None, "a transform that is not in place returns a picture"
    return result
