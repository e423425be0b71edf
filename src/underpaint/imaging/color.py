"""Colour arithmetic on arrays whose last axis is RGB (or Lab). Pure functions, float32 in and out."""

import numpy as np

from underpaint.imaging.arrays import FloatArray

# Björn Ottosson, "A perceptual color space for image processing", 2020: linear sRGB -> cone response -> Lab.
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def srgb_to_linear(color: FloatArray) -> FloatArray:
    """sRGB-encoded values -> linear light (IEC 61966-2-1), any shape."""
    values = np.asarray(color, dtype=np.float64)
    linear = np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0.0) + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def linear_to_srgb(linear: FloatArray) -> FloatArray:
    """Linear light -> sRGB-encoded values (IEC 61966-2-1), any shape; not clipped."""
    values = np.asarray(linear, dtype=np.float64)
    encoded = np.where(values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 0.0) ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)


def srgb_to_oklab(color: FloatArray) -> FloatArray:
    """sRGB (..., 3) -> OKLab (..., 3): L 0..1, a and b about -0.4..0.4 (Ottosson 2020)."""
    cones = srgb_to_linear(color).astype(np.float64) @ _RGB_TO_LMS.T
    return np.asarray(np.cbrt(cones) @ _LMS_TO_LAB.T, dtype=np.float32)


def oklab_to_srgb(lab: FloatArray) -> FloatArray:
    """OKLab (..., 3) -> sRGB (..., 3); not clipped, so colours that a screen cannot show lie outside 0..1."""
    cones = np.asarray(lab, dtype=np.float64) @ np.linalg.inv(_LMS_TO_LAB).T
    linear = (cones**3) @ np.linalg.inv(_RGB_TO_LMS).T
    return linear_to_srgb(linear.astype(np.float32))


def luminance(color: FloatArray) -> FloatArray:
    """sRGB (..., 3) -> relative luminance Y 0..1 (...), in linear light (Rec. 709 weights)."""
    return np.asarray(srgb_to_linear(color).astype(np.float64) @ _LUMINANCE, dtype=np.float32)


def lightness(color: FloatArray) -> FloatArray:
    """sRGB (..., 3) -> OKLab lightness L 0..1 (...): how light it looks."""
    return np.asarray(srgb_to_oklab(color)[..., 0])


def delta_e_2000(first: FloatArray, second: FloatArray) -> FloatArray:
    """CIEDE2000 difference (D65) of two sRGB arrays (..., 3) -> (...); 1 is just visible, 6 is plain."""
    from skimage.color import deltaE_ciede2000, rgb2lab  # a slow import, wanted by few callers

    difference = deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
    return np.asarray(difference, dtype=np.float32)
