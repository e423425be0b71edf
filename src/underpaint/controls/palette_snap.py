"""The last step onto the palette: finished pixels take the colour of their swatch's shade ramp, and keep their
lightness to the bit, so that no band appears and no value changes places."""

import cv2
import numpy as np

from underpaint.controls.palette_cost import SOFTNESS, costs
from underpaint.controls.ramps import ramps
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab
from underpaint.recipe import PaletteControl

_AT_ONCE = 4_000_000
"""Swatches times pixels that are looked at together; keeps memory small."""


def snap(picture: FloatArray, control: PaletteControl) -> FloatArray:
    """An sRGB H x W x 3 picture moved `control.snap` of the way onto the palette's shade ramps.

    Which swatch a pixel belongs to is asked of its smoothed neighbourhood, so that grain does not flicker between
    two of them; between near swatches the choice is soft.
    """
    lab = srgb_to_oklab(picture)
    smooth = cv2.bilateralFilter(np.ascontiguousarray(lab), 7, 0.08, 2.0)
    known, count = ramps(control.swatches), len(control.swatches)
    target = np.empty((lab.shape[0] * lab.shape[1], 2), np.float32)
    light, asked = lab[..., 0].reshape(-1), smooth.reshape(-1, 3)
    rows = max(1, _AT_ONCE // count)
    for start in range(0, len(asked), rows):
        part = slice(start, start + rows)
        cost, _ = costs(asked[part], control.swatches, known)
        wanted = known.at(light[part])
        weight = np.exp((cost.min(0) - cost) / SOFTNESS)
        target[part] = np.einsum("kn,knc->nc", weight / weight.sum(0), wanted)
    moved = lab.copy()
    moved[..., 1:] += control.snap * (target.reshape(*lab.shape[:2], 2) - lab[..., 1:])
    return np.clip(oklab_to_srgb(moved), 0, 1).astype(np.float32)
