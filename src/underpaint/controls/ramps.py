"""Shade ramps: every lightness of a swatch, from black through the swatch itself to white, within what a screen shows.

Below the swatch the ramp is the swatch in less light (in OKLab that is a straight line to black, since scaling light
scales all three coordinates alike); above it the swatch is mixed with white.
"""

from dataclasses import dataclass

import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab
from underpaint.recipe import Swatch

LEVELS = 129
"""Steps of lightness in a ramp's table, from 0 to 1."""
_HALVINGS = 12


@dataclass(frozen=True, eq=False)
class Ramps:
    """`table`: K x LEVELS x 2, OKLab a and b at each lightness; `lights`: K, each swatch's own OKLab L."""

    table: FloatArray
    lights: FloatArray

    def at(self, light: FloatArray) -> FloatArray:
        """The a and b (K x ... x 2) of every ramp at OKLab lightnesses (...)."""
        place = np.clip(light, 0, 1) * (LEVELS - 1)
        low = np.minimum(place.astype(np.intp), LEVELS - 2)
        part = (place - low)[..., None].astype(np.float32)
        return np.asarray(self.table[:, low] * (1 - part) + self.table[:, low + 1] * part)


def ramps(swatches: tuple[Swatch, ...]) -> Ramps:
    """The shade ramps of a palette's swatches."""
    lab = srgb_to_oklab(np.array([rgb_of(one.colour) for one in swatches], dtype=np.float32))
    levels = np.linspace(0, 1, LEVELS, dtype=np.float32)[None]
    own = lab[:, :1]
    share = np.where(levels <= own, levels / np.maximum(own, 1e-4),
                     (1 - levels) / np.maximum(1 - own, 1e-4)).clip(0, 1)
    table = share[..., None] * lab[:, None, 1:]
    return Ramps(within_gamut(np.broadcast_to(levels, share.shape), table), lab[:, 0])


def within_gamut(light: FloatArray, ab: FloatArray) -> FloatArray:
    """The a and b (... x 2) at their lightness (...), their chroma lowered as far as sRGB needs."""
    low, high = np.zeros(light.shape, np.float32), np.ones(light.shape, np.float32)
    if _shown(light, ab).all():
        return ab.astype(np.float32)
    fits = _shown(light, ab)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = _shown(light, (ab * middle[..., None]).astype(np.float32))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    factor = np.where(fits, 1.0, low)
    return np.asarray(ab * factor[..., None], dtype=np.float32)


def _shown(light: FloatArray, ab: FloatArray) -> np.ndarray:
    shown = oklab_to_srgb(np.concatenate([light[..., None], ab], axis=-1))
    return np.asarray(((shown > -2e-3) & (shown < 1 + 2e-3)).all(-1))


def rgb_of(colour: str) -> tuple[float, float, float]:
    """`#rrggbb` as sRGB 0..1."""
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255
