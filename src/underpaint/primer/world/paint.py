"""From a scene to its picture and its line art."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.world.light import illuminate
from underpaint.primer.world.places import build_place
from underpaint.primer.world.raster import rasterise
from underpaint.primer.world.scene import Scene
from underpaint.primer.world.styles import STYLES, Stage
from underpaint.primer.world.subjects import placed_subject


@dataclass(frozen=True)
class Painted:
    """A picture (uint8 H x W x 3, sRGB) and its line art (uint8 H x W, 255 = ink), exactly registered."""

    picture: NDArray[np.uint8]
    lines: NDArray[np.uint8]


def render(scene: Scene) -> Painted:
    """Paint a scene: the same scene gives the same pixels."""
    ground = build_place(scene)
    parts = [*ground.behind, *placed_subject(scene, ground.horizon), *ground.front]
    buffers = rasterise(scene, parts, ground.horizon)
    picture = STYLES[scene.style](Stage(scene, buffers, illuminate(buffers, scene)))
    return Painted((picture * 255 + 0.5).astype(np.uint8), buffers.drawing)
