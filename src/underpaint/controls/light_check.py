"""Does the light come from the planned side? Measured on the finished pixels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.color import lightness

SLIGHT = 0.015
"""Change of lightness across the picture below which the light has no side."""


@dataclass(frozen=True)
class LightCheck:
    """`toward`: how much lighter (OKLab L, 0..1) the picture gets across its width or height toward the planned
    light. `direction`: degrees in which it gets lighter. `mean`, `spread`: of lightness."""

    toward: float
    direction: float
    mean: float
    spread: float

    @property
    def from_planned_side(self) -> bool:
        """True when the picture plainly gets lighter toward the planned light."""
        return self.toward > SLIGHT


def check_light(picture: NDArray[np.float32], direction: float) -> LightCheck:
    """Fit a plane to the lightness of an sRGB H x W x 3 picture (the mean shading gradient).

    `direction` is the planned one in degrees: 0 right, 90 above, 180 left. A plan mostly from one side is judged
    on that axis alone, since skies are lighter than ground whatever the light.
    """
    light = lightness(picture[..., :3]).astype(np.float64)
    height, width = light.shape
    across = np.linspace(-0.5, 0.5, width)[None, :]
    upward = np.linspace(0.5, -0.5, height)[:, None]
    slope_x = float((light * across).mean() / np.square(across).mean()) if width > 1 else 0.0
    slope_y = float((light * upward).mean() / np.square(upward).mean()) if height > 1 else 0.0
    along_x, along_y = math.cos(math.radians(direction)), math.sin(math.radians(direction))
    sideways = abs(along_x) >= abs(along_y) * 0.75
    toward = slope_x * math.copysign(1, along_x) if sideways else slope_y * math.copysign(1, along_y)
    return LightCheck(toward, math.degrees(math.atan2(slope_y, slope_x)) % 360, float(light.mean()),
                      float(light.std()))
