"""Are the blocked-in colours still there? Measured area by area on finished pixels, by CIEDE2000 and by hue."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import delta_e_2000, oklab_to_srgb, srgb_to_oklab

_STEP, _MOST, _SMALLEST = 0.06, 48, 0.002
"""Colours this near in OKLab are one area's; at most so many colours; areas of this share of the picture and more."""
_COLOURED = 0.03
"""OKLab chroma from which a colour has a hue worth asking about."""


@dataclass(frozen=True, eq=False)
class ColourCheck:
    """`difference`: CIEDE2000 between the mean colours of each area, weighted by size. `hue_shift`: degrees by which
    coloured pixels have turned, on average; None where there are none. `map`: H x W, each area's own difference."""

    difference: float
    hue_shift: float | None
    areas: int
    map: FloatArray

    def sentence(self) -> str:
        """As an artist would say it."""
        turned = f", hues turned by {self.hue_shift:.0f} degrees" if self.hue_shift is not None else ""
        return f"colours of {self.areas} areas off by {self.difference:.1f} on average{turned}"

    def overlay(self, picture: FloatArray) -> FloatArray:
        """The picture, areas the redder the farther their colour is off."""
        off = np.clip(self.map / 25, 0, 1)[..., None]
        return np.asarray(picture[..., :3] * (1 - 0.8 * off) + np.array([0.9, 0.05, 0.05]) * 0.8 * off, np.float32)


def check_colours(picture: FloatArray, colours: FloatArray, opaque: FloatArray) -> ColourCheck | None:
    """Compare an sRGB H x W x 3 picture with blocked-in colours of its size; None where they say nothing."""
    painted, given = srgb_to_oklab(picture[..., :3]), srgb_to_oklab(colours)
    areas = _areas(given, opaque > 0.5)
    if not areas:
        return None
    shown = np.zeros(opaque.shape, np.float32)
    sizes, differences = [], []
    for area in areas:
        means = oklab_to_srgb(np.stack([painted[area].mean(0), given[area].mean(0)]))
        off = float(delta_e_2000(np.clip(means[0], 0, 1), np.clip(means[1], 0, 1)))
        sizes.append(int(area.sum()))
        differences.append(off)
        shown[area] = off
    return ColourCheck(float(np.average(differences, weights=sizes)), _hue_shift(painted, given, opaque > 0.5),
                       len(areas), shown)


def _areas(given: FloatArray, there: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Connected areas of about one colour, a little inside their edges."""
    bins = np.rint(given / _STEP).astype(np.int32) + 100
    codes = bins[..., 0] * 1_000_000 + bins[..., 1] * 1_000 + bins[..., 2]
    often, counts = np.unique(codes[there], return_counts=True)
    found = []
    for code in often[np.argsort(-counts)][:_MOST]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(((codes == code) & there).astype(np.uint8))
        for one in range(1, count):
            if stats[one, cv2.CC_STAT_AREA] >= _SMALLEST * there.size:
                area = labels == one
                inner = cv2.erode(area.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
                found.append(inner if inner.any() else area)
    return found


def _hue_shift(painted: FloatArray, given: FloatArray, there: NDArray[np.bool_]) -> float | None:
    first, second = painted[..., 1:][there], given[..., 1:][there]
    lengths = np.linalg.norm(first, axis=-1), np.linalg.norm(second, axis=-1)
    coloured = (lengths[1] >= _COLOURED) & (lengths[0] >= _COLOURED / 3)
    if not coloured.any():
        return None
    cosine = (first[coloured] * second[coloured]).sum(-1) / (lengths[0][coloured] * lengths[1][coloured])
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())
