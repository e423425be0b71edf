"""Telling what kind of picture a drawing is, before anything is done to it."""

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.paper import gray_of

_WORK = 1200
"""Shortest side of the copy in which broad tone is told from lines: brushes grow with the picture, and would take
minutes over a scan of thirty megapixels to say the same."""
_WHITE = 253.0 / 255.0


def is_flat(image: FloatArray) -> bool:
    """One colour all over (within what 8 bits can tell apart by eye)."""
    flat = image.reshape(-1, image.shape[-1])
    return bool((flat.max(axis=0) - flat.min(axis=0)).max() < 0.03)


def carries_lines_in_alpha(image: FloatArray) -> bool:
    """H x W x 4: is the drawing what is opaque, rather than a sheet cut out of its surroundings?"""
    alpha = image[..., 3]
    if float(alpha.min()) == float(alpha.max()):
        return False
    visible = alpha > 0.5
    if not visible.any():
        return True
    gray = gray_of(image)[visible]
    paper = float((gray > 0.85).mean())
    dark = float((gray < 0.6).mean())
    return not (paper > 0.5 and dark > 0.001)


def is_light_on_dark(image: FloatArray) -> bool:
    """Thin light lines on a dark ground; heavy blacks in an inked drawing leave broad whites and do not count."""
    gray = gray_of(image)
    low, high = np.percentile(gray, [2, 99.8])
    if high - low < 0.15:
        return False
    level = (float(low) + float(high)) / 2
    light = (gray > level).astype(np.uint8)
    if light.mean() > 0.45 or float(np.median(gray)) > 0.6 * float(high):
        return False
    small = (_at_work(light.astype(np.float32)) > 0.5).astype(np.uint8)
    size = 2 * max(1, round(0.012 * min(small.shape))) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    broad = cv2.morphologyEx(small, cv2.MORPH_OPEN, brush, borderValue=0)
    return float(broad.mean()) < 0.4 * float(light.mean())


def is_clean_white(image: FloatArray) -> bool:
    """Paper that is white to the last bit, lines apart: nothing to even out or clean away."""
    whitest = image.min(axis=-1)
    if float((whitest >= _WHITE).mean()) < 0.2:
        return False
    gray = gray_of(image)
    around = cv2.erode(gray, np.ones((7, 7), np.uint8))
    bare = around > 0.8
    if bare.sum() < 0.05 * gray.size:
        return True
    return float((whitest[bare] < _WHITE).mean()) < 0.03


def tone_share(sheet: FloatArray) -> float:
    """Share of an evenly lit sheet (H x W x 3) that is broad grey or colour; neither line nor solid black."""
    filled = _without_lines(gray_of(sheet))
    return float(((filled < 0.88) & (filled > 0.3)).mean())


def is_painted(sheet: FloatArray, seen: FloatArray) -> bool:
    """Is this a photograph or painting, judged by the evenly lit sheet and by the picture as it came?

    Shadows make a page of lines dark before it is lit evenly, and washes leave tone after; a painting has both.
    """
    if min(sheet.shape[:2]) < 16:
        return False  # too little to tell
    tone = tone_share(sheet)
    if tone > 0.4:
        return True
    gray = gray_of(seen)
    dark = _without_lines(gray / np.float32(max(float(np.percentile(gray, 98)), 0.01))) < 0.75
    return tone > 0.06 and float(dark.mean()) > 0.4


def _without_lines(gray: FloatArray) -> FloatArray:
    """Broad tone alone, in a copy of the picture that is large enough for it."""
    gray = _at_work(gray)
    size = 2 * max(2, round(0.008 * min(gray.shape))) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(gray, cv2.MORPH_CLOSE, brush), np.float32)


def _at_work(plane: FloatArray) -> FloatArray:
    """H x W made smaller where its shortest side is longer than is needed."""
    factor = min(plane.shape) / _WORK
    if factor <= 1:
        return plane
    size = (round(plane.shape[1] / factor), round(plane.shape[0] / factor))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
