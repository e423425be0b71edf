"""The one kind of picture held in memory, and the way to and from stored integers.

A picture is float32, H x W x C, sRGB-encoded, 0..1, straight alpha, channels in RGB(A) order.
A mask is float32, H x W, 0..1, with 1 = paint here and 0 = outside, untouched.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
WordArray = NDArray[np.uint16]


def to_float(stored: NDArray[Any]) -> FloatArray:
    """Stored integers (bool, 8-bit, 16-bit) or floats -> float32 0..1, same shape.

    Floats pass through, clipped to 0..1. `to_bytes(to_float(a)) == a` for every 8-bit array and
    `to_words(to_float(a)) == a` for every 16-bit one. Raises PictureError for other kinds and for NaN.
    """
    if stored.dtype == np.bool_:
        return stored.astype(np.float32)
    if stored.dtype in (np.uint8, np.uint16):
        return (stored / np.float32(np.iinfo(stored.dtype).max)).astype(np.float32, copy=False)
    if stored.dtype.kind != "f":
        raise PictureError(
            f"pixels stored as {stored.dtype} cannot be used",
            hint="Use 8-bit, 16-bit or floating-point pixels.",
        )
    if not np.isfinite(stored).all():
        raise PictureError("the picture has pixels that are not numbers", hint="Save it again as 8 or 16 bits.")
    return np.asarray(np.clip(stored, 0.0, 1.0), dtype=np.float32)


def to_bytes(picture: FloatArray) -> ByteArray:
    """Float 0..1 -> 8-bit, rounded to nearest; values outside are clipped."""
    return np.asarray(np.rint(np.clip(picture, 0.0, 1.0) * 255.0), dtype=np.uint8)


def to_words(picture: FloatArray) -> WordArray:
    """Float 0..1 -> 16-bit, rounded to nearest; values outside are clipped."""
    return np.asarray(np.rint(np.clip(picture.astype(np.float64), 0.0, 1.0) * 65535.0), dtype=np.uint16)
