"""The light on the paper, and what is left when it is divided away: ink.

Light multiplies, so shadows, vignettes and warm paper go away by division. How much of what remains is ink and how
much is grain is told by continuity: lines hang together, grain does not.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold

from underpaint.imaging.arrays import FloatArray

_WORK = 640
"""Longest side of the copy in which the light is estimated."""
_INK_BELOW = 0.45
"""An area darker than this share of the light round it is solid ink, not shadow."""
_CALMED = 0.36
"""What is left of noise from pixel to pixel after the blur that calms it before ink is sought."""


@dataclass(frozen=True)
class Ink:
    """What was found on evenly lit paper."""

    sheet: FloatArray
    """H x W x 3, paper at 1, ink below."""
    gate: FloatArray
    """H x W, 1 at ink, 0 at paper, soft between."""


def gray_of(image: FloatArray) -> FloatArray:
    """Encoded luma of H x W x 3 -> H x W, as a scanner sees darkness."""
    return np.asarray(image[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def paper_light(image: FloatArray, *, shadows: bool) -> FloatArray:
    """What the bare paper would look like everywhere, H x W x 3.

    With `shadows` edges of light and shade are followed, at the price of faint smudges; without, the light is taken
    to change slowly, as on a scan, and grey tones are kept.
    """
    height, width = image.shape[:2]
    small = _bright_copy(image)
    side = min(small.shape[:2])
    size = 2 * max(2, round((0.016 if shadows else 0.03) * side)) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = np.asarray(cv2.morphologyEx(small, cv2.MORPH_CLOSE, brush), np.float32)
    coarse = _coarse_light(closed)
    bare = gray_of(closed) > (_INK_BELOW if shadows else 0.8) * gray_of(coarse)
    if not shadows:
        closed = np.minimum(closed, coarse * 1.05)
    reach = max(1.0, side * (0.004 if shadows else 0.05))
    light = _fill(closed, bare, reach, coarse)
    if shadows:
        light = np.asarray(cv2.medianBlur(light, 5), np.float32)
    full = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(np.asarray(full, np.float32), 1e-3)


def unevenness(image: FloatArray) -> float:
    """How much the light changes over the sheet: 0 even, 0.3 = a third is lost in the darkest tenth."""
    coarse = gray_of(_coarse_light(_bright_copy(image)))
    low, high = np.percentile(coarse, [5, 95])
    return float(1.0 - low / max(float(high), 1e-3))


def find_ink(image: FloatArray, light: FloatArray, *, shadows: bool) -> Ink:
    """Divide the light away and tell ink from grain. H x W x 3 both; `shadows` as for `paper_light`."""
    sheet = image / light  # from here on in place: a scan may have a hundred megapixels
    np.clip(sheet, 0.0, 1.4, out=sheet)
    gray = gray_of(sheet)
    bare = gray > float(np.percentile(gray, 75)) - 0.12
    if bare.sum() > 16:
        sheet /= np.array([max(float(np.median(sheet[..., channel][bare])), 0.3) for channel in range(3)], np.float32)
        gray = gray_of(sheet)
    darkness = 1.0 - gray
    calm = darkness  # in a sliver of a picture a blur would reach from line to line
    if min(gray.shape) >= 16:
        calm = np.asarray(cv2.GaussianBlur(darkness, (0, 0), 0.8), np.float32)
        calm -= np.float32(max(_level(calm), 0.0))  # noise that white has clipped leaves the paper a little dark
    gate = _gate(darkness, calm, _roughness(calm, _CALMED * _speckle(darkness), local=shadows))
    return Ink(np.clip(sheet, 0.0, 1.0, out=sheet), gate)


def without_edge(ink: Ink) -> Ink:
    """The same sheet without the dark fringe where paper ended in the photo: marks that keep to its very edge."""
    height, width = ink.gate.shape
    band = max(3, round(0.012 * min(height, width)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink.gate > 0).astype(np.uint8), connectivity=8)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    fringe = (right <= band) | (bottom <= band) | (left >= width - band) | (top >= height - band)
    fringe[0] = False
    return Ink(ink.sheet, np.where(fringe[labels], np.float32(0.0), ink.gate))


def _bright_copy(image: FloatArray) -> FloatArray:
    """A small copy in which thin lines have given way to the paper beside them."""
    height, width = image.shape[:2]
    factor = max(1, round(max(height, width) / _WORK))
    if factor == 1:
        return image.astype(np.float32)
    brush = np.ones((factor, factor), np.uint8)
    closed = cv2.morphologyEx(image, cv2.MORPH_CLOSE, brush)
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(closed, size, interpolation=cv2.INTER_AREA), np.float32)


def _coarse_light(image: FloatArray) -> FloatArray:
    """The light at the scale of a twelfth of the sheet, ink areas bridged; the size of `image`."""
    height, width = image.shape[:2]
    across = max(1, round(12 * width / max(width, height)))
    down = max(1, round(12 * height / max(width, height)))
    rows = np.linspace(0, height, down + 1).astype(int)
    columns = np.linspace(0, width, across + 1).astype(int)
    cells = np.empty((down, across, 3), np.float32)
    for row in range(down):
        for column in range(across):
            cell = image[rows[row] : max(rows[row + 1], rows[row] + 1)]
            cell = cell[:, columns[column] : max(columns[column + 1], columns[column] + 1)].reshape(-1, 3)
            cells[row, column] = np.percentile(cell, 85, axis=0)
    bright = gray_of(cells)
    cells = _fill(cells, bright > _INK_BELOW * np.percentile(bright, 90), 1.0, cells)
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _fill(values: FloatArray, known: NDArray[np.bool_], reach: float, fallback: FloatArray) -> FloatArray:
    """Blur that looks only at known pixels, with wider and wider reach until every pixel is filled."""
    result, missing = fallback.copy(), np.ones(known.shape, bool)
    while missing.any() and known.any() and reach < 4 * max(known.shape):
        weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), reach, borderType=cv2.BORDER_REPLICATE)
        total = cv2.GaussianBlur(values * known[..., None], (0, 0), reach, borderType=cv2.BORDER_REPLICATE)
        filled = missing & (weight > 0.05)
        result[filled] = total[filled] / weight[filled][:, None]
        missing &= ~filled
        reach *= 2.0
    return result


def _level(darkness: FloatArray) -> float:
    """The commonest darkness: that of bare paper, as long as there is any."""
    counts, edges = np.histogram(darkness, bins=120, range=(-0.3, 0.3))
    peak = int(np.argmax(np.convolve(counts, np.ones(5), mode="same")))
    return float(edges[peak] + edges[peak + 1]) / 2


def _spread(darkness: FloatArray) -> float:
    """Robust standard deviation of the bare paper: how far it strays to the light side of its commonest value.

    Lines and tones lie on the dark side and so do not count.
    """
    paper = _level(darkness)
    lighter = darkness[darkness <= paper]
    return float(1.4826 * np.median(paper - lighter)) if lighter.size else 0.0


def _speckle(darkness: FloatArray) -> float:
    """Standard deviation of noise from pixel to pixel, also where white paper clips its light half.

    Median of the diagonal detail (Donoho and Johnstone 1994), which lines and tone hardly touch.
    """
    detail = darkness[1:, 1:] - darkness[1:, :-1] - darkness[:-1, 1:] + darkness[:-1, :-1]
    return float(np.median(np.abs(detail)) / (2.0 * 0.6745)) if detail.size else 0.0


def _roughness(calm: FloatArray, least: float, *, local: bool) -> FloatArray:
    """The grain at every pixel: that of the whole sheet, or more where deep shadow has roughened a photo."""
    height, width = calm.shape
    everywhere = max(_spread(calm), least)
    cells = np.full((8, 8), everywhere, np.float32)
    if local and min(height, width) >= 128:
        for row, band in enumerate(np.array_split(calm, 8, axis=0)):
            for column, cell in enumerate(np.array_split(band, 8, axis=1)):
                bare = float((cell < 0.06).mean()) > 0.3
                cells[row, column] = min(max(_spread(cell), everywhere), 4.0 * everywhere) if bare else everywhere
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _gate(darkness: FloatArray, calm: FloatArray, grain: FloatArray) -> FloatArray:
    """Where there is ink: what is dark, and what hangs together with it; specks are left out."""
    ink = apply_hysteresis_threshold(calm, np.maximum(0.03, 2.5 * grain), np.maximum(0.075, 6.0 * grain))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    if count <= 1:
        return np.zeros_like(darkness)
    peak = ndimage.maximum(darkness, labels, np.arange(count))
    long_side = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (peak > 0.45) | (long_side >= max(7, round(0.008 * max(darkness.shape))))
    keep[0] = False
    kept = keep[labels].astype(np.uint8)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    near = np.asarray(cv2.dilate(kept, brush), np.float32)
    return np.maximum(near, np.asarray(cv2.GaussianBlur(near, (0, 0), 0.7), np.float32) * (near > 0))
