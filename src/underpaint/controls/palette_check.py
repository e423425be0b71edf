"""Is the picture on its palette? Measured on pixels by CIEDE2000 in CIE Lab; what steers works in OKLab."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.ramps import LEVELS, ramps
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb
from underpaint.recipe import Swatch

ON = 5.0
"""CIEDE2000 to the nearest shade ramp, at the pixel's own lightness, up to which a pixel is on the palette."""
_SAMPLES = 60_000
_NEAREST = 3


@dataclass(frozen=True, eq=False)
class PaletteCheck:
    """`on`: share of the picture on the palette. `worst_blob`: share of the picture that the largest connected area
    off it takes. `shares`: what each swatch takes, in their order. `off`: h x w on a coarser grid, True off it."""

    on: float
    worst_blob: float
    shares: tuple[float, ...]
    off: NDArray[np.bool_]

    def sentence(self) -> str:
        """As an artist would say it."""
        return f"{self.on:.0%} on the palette, largest spot off it {self.worst_blob:.1%} of the picture"

    def overlay(self, picture: FloatArray) -> FloatArray:
        """The picture, greyed where it is on the palette, in its colours with red over them where it is not."""
        off = cv2.resize(self.off.astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)[..., None]
        grey = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.6 + 0.4, 3, axis=-1)
        marked = picture[..., :3] * 0.5 + np.array([0.95, 0.1, 0.1], np.float32) * 0.5
        return np.where(off > 0, marked, grey).astype(np.float32)


def check_palette(picture: FloatArray, swatches: tuple[Swatch, ...]) -> PaletteCheck:
    """Compare every (of a large picture every n-th) pixel with the shade ramps of the swatches."""
    from skimage.color import deltaE_ciede2000, rgb2lab  # a slow import, wanted here alone

    samples = _SAMPLES // max(1, len(swatches) // 64)  # hundreds of swatches are asked of fewer pixels
    step = max(1, int(np.ceil(np.sqrt(picture.shape[0] * picture.shape[1] / samples))))
    seen = picture[::step, ::step, :3]
    lab = rgb2lab(np.clip(seen, 0, 1)).reshape(-1, 3)
    wanted = _at_lightness(swatches, lab[:, 0])
    apart = np.square(wanted - lab[None, :, 1:]).sum(-1)
    near = np.argpartition(apart, _NEAREST, axis=0)[:_NEAREST] if len(apart) > _NEAREST else np.argsort(apart, axis=0)
    best, which = np.full(len(lab), np.inf), np.zeros(len(lab), np.intp)
    for row in near:
        ab = wanted[row, np.arange(len(lab))]
        found = deltaE_ciede2000(lab, np.concatenate([lab[:, :1], ab], axis=1))
        which = np.where(found < best, row, which)
        best = np.minimum(best, found)
    off = (best > ON).reshape(seen.shape[:2])
    shares = np.bincount(which, minlength=len(swatches)) / len(lab)
    return PaletteCheck(float(1 - off.mean()), _largest(off), tuple(float(one) for one in shares), off)


def _at_lightness(swatches: tuple[Swatch, ...], light: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE a* and b* (K x n x 2) of every shade ramp at CIE lightnesses (n)."""
    from skimage.color import rgb2lab

    table = ramps(swatches).table
    levels = np.broadcast_to(np.linspace(0, 1, LEVELS, dtype=np.float32)[:, None], (*table.shape[:2], 1))
    lab = rgb2lab(np.clip(oklab_to_srgb(np.concatenate([levels, table], axis=-1)), 0, 1))
    return np.stack([np.stack([np.interp(light, one[:, 0], one[:, axis]) for axis in (1, 2)], axis=-1)
                     for one in lab])


def _largest(mask: NDArray[np.bool_]) -> float:
    if not mask.any():
        return 0.0
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return float(stats[1:, cv2.CC_STAT_AREA].max() / mask.size)
