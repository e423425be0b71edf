"""How ill a colour suits a swatch: what steering and snapping have in common. Constants in OKLab units."""

import numpy as np

from underpaint.controls.ramps import Ramps
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import Swatch

LIGHT_SHARE = 0.04
"""Dark spots lean to dark swatches: how much the square of a difference in lightness counts beside colour."""
SOFTNESS = 0.02**2
"""Differences of squared distance below which two swatches are mixed rather than one chosen."""
ACCENT = 0.05**2
"""How much nearer an accent must be than any other swatch to be taken."""
ROLE = 0.3
"""How strongly swatches for darks and lights keep to theirs."""
ROLE_SHARES = {"ground": 0.4, "main": 0.3, "accent": 0.05, "any": 0.15, "dark": 0.15, "light": 0.15}
"""Shares of the picture for swatches that have a role and none of their own."""


def role_costs(swatches: tuple[Swatch, ...], light: FloatArray) -> FloatArray:
    """K x ...: what its role adds to the cost of each swatch at OKLab lightnesses (...)."""
    added = np.zeros((len(swatches), *light.shape), np.float32)
    for number, swatch in enumerate(swatches):
        if swatch.role == "dark":
            added[number] = ROLE * np.square(np.maximum(light - 0.5, 0))
        elif swatch.role == "light":
            added[number] = ROLE * np.square(np.maximum(0.6 - light, 0))
        elif swatch.role == "accent":
            added[number] = ACCENT
    return added


def costs(lab: FloatArray, swatches: tuple[Swatch, ...], known: Ramps) -> tuple[FloatArray, FloatArray]:
    """For OKLab colours (n x 3): the cost of every swatch (K x n), and its ramp's a and b at their lightness
    (K x n x 2)."""
    wanted = known.at(lab[:, 0])
    apart = np.square(wanted - lab[None, :, 1:]).sum(-1)
    apart += LIGHT_SHARE * np.square(known.lights[:, None] - lab[None, :, 0])
    return apart + role_costs(swatches, lab[:, 0]), wanted
