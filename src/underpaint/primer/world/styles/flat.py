"""Flat vector: few clean tones, no texture, posterised light."""

import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, saturate


def paint(stage: Stage) -> Array:
    """Clean tones; the light steps instead of fading."""
    p = saturate(stage.lit, 1.12)
    return np.asarray(np.clip(p, 0, 1), np.float32)
