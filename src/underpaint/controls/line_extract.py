"""Lines out of a picture, for steering by a photo or a painting instead of a drawing. H x W maps, 1 = ink."""

from collections.abc import Callable

import cv2
import numpy as np
from skimage.morphology import remove_small_objects, skeletonize

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import lightness, srgb_to_oklab


def _scale(picture: FloatArray) -> float:
    """Line widths follow the picture: 1 for one of 768 pixels."""
    return float(max(0.75, min(picture.shape[:2]) / 768))


def clean(picture: FloatArray) -> FloatArray:
    """Clean inked lines with solid darks (XDoG: Winnemoeller, Kyprianidis and Olsen 2012)."""
    return _difference_of_gaussians(picture, 0.9 * _scale(picture))


def _difference_of_gaussians(picture: FloatArray, sigma: float, *, strength: float = 18.0) -> FloatArray:
    light = lightness(picture)
    near, far = cv2.GaussianBlur(light, (0, 0), sigma), cv2.GaussianBlur(light, (0, 0), 1.6 * sigma)
    sharpened = near + strength * (near - far)
    threshold = 0.8 * cv2.GaussianBlur(light, (0, 0), 12 * sigma)
    white = np.where(sharpened >= threshold, 1.0, 1.0 + np.tanh(18 * (sharpened - threshold)))
    return np.asarray(np.clip(1 - white, 0, 1), dtype=np.float32)


def canny(picture: FloatArray) -> FloatArray:
    """Hard edges one pixel wide, wherever lightness steps (Canny 1986); thresholds from the picture itself."""
    light = cv2.GaussianBlur(lightness(picture), (0, 0), 1.4 * _scale(picture))
    across, down = cv2.Scharr(light, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(light, cv2.CV_32F, 0, 1) / 32
    high = max(float(np.quantile(np.hypot(across, down), 0.93)), 0.012)
    fixed = [np.clip(one * 65536, -32767, 32767).astype(np.int16) for one in (across, down)]
    edges = cv2.Canny(fixed[0], fixed[1], 0.4 * high * 65536, high * 65536, L2gradient=True)
    return np.asarray(edges > 0, dtype=np.float32)


def soft(picture: FloatArray) -> FloatArray:
    """Soft edges: how much the colour changes, over three widths."""
    lab, scale = srgb_to_oklab(picture), _scale(picture)
    total = np.zeros(picture.shape[:2], np.float32)
    for sigma in (1.0, 2.0, 4.0):
        smooth = cv2.GaussianBlur(lab, (0, 0), sigma * scale)
        steps = [cv2.Scharr(smooth, cv2.CV_32F, *axis) / 32 for axis in ((1, 0), (0, 1))]
        total += np.sqrt(sum(np.square(step).sum(-1) for step in steps)) * sigma
    return np.asarray(np.clip(total / max(float(np.quantile(total, 0.98)), 0.02), 0, 1) ** 1.5, dtype=np.float32)


def scribble(picture: FloatArray) -> FloatArray:
    """A few loose strokes round the large shapes."""
    scale = _scale(picture)
    smooth = cv2.GaussianBlur(picture, (0, 0), 3 * scale)
    strokes = skeletonize(canny(smooth) > 0)
    kept = remove_small_objects(strokes, max_size=round(30 * scale), connectivity=2)
    width = max(1, round(1.5 * scale))
    wide = cv2.dilate(kept.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1,) * 2))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 0.6), dtype=np.float32)


def thinned(picture: FloatArray) -> FloatArray:
    """The middle of the clean lines, one pixel wide."""
    return np.asarray(skeletonize(clean(picture) > 0.5), dtype=np.float32)


WAYS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "clean": clean, "canny": canny, "soft": soft, "scribble": scribble, "thinned": thinned}
