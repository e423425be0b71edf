"""Measured qualities: a few numbers that artists have words for, on which a taste can be learned."""

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.review.shape import opaque

QUALITIES = ("light", "contrast", "colourful", "warm", "red or green", "fine detail", "large forms", "calm", "dark",
             "light above", "light from the left", "symmetric", "weight in the middle", "hues")
"""What each number is; all are about -1 to 1."""
_SIDE = 128


def qualities(picture: FloatArray) -> FloatArray:
    """The `QUALITIES` of H x W x 1 to 4 floats, 0..1."""
    color = opaque(picture)
    how = cv2.INTER_AREA if min(color.shape[:2]) > _SIDE else cv2.INTER_LINEAR
    lab = srgb_to_oklab(cv2.resize(color, (_SIDE, _SIDE), interpolation=how))
    light, chroma = np.ascontiguousarray(lab[..., 0]), np.hypot(lab[..., 1], lab[..., 2])
    soft, coarse = cv2.GaussianBlur(light, (0, 0), 1.5), cv2.GaussianBlur(light, (0, 0), 8.0)
    fine, forms = np.abs(light - soft), np.abs(soft - coarse)
    low, high = np.percentile(light, (5, 95))
    half = _SIDE // 2
    busy = fine + forms + chroma
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / (_SIDE - 1) - 0.5
    far = float((np.hypot(x, y) * busy).sum() / max(float(busy.sum()), 1e-6))
    hue = np.arctan2(lab[..., 2], lab[..., 1])
    together = float(np.hypot((np.cos(hue) * chroma).sum(), (np.sin(hue) * chroma).sum()) / max(chroma.sum(), 1e-6))
    values = (light.mean() * 2 - 1, (high - low) * 2 - 1, chroma.mean() * 10 - 0.6, lab[..., 2].mean() * 10,
              lab[..., 1].mean() * 10, fine.mean() * 40 - 0.8, forms.mean() * 20 - 0.8, (forms < 0.01).mean() * 2 - 1,
              (light < 0.3).mean() * 2 - 0.6, (light[:half].mean() - light[half:].mean()) * 3,
              (light[:, :half].mean() - light[:, half:].mean()) * 4,
              1 - np.abs(coarse - coarse[:, ::-1]).mean() * 8, 1.5 - far * 4, 0.5 - together)
    return np.asarray([min(max(float(one), -2.0), 2.0) for one in values], np.float32)
