"""Gouache: opaque, matte, broad flat strokes with dry edges."""

import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, brush, saturate


def paint(stage: Stage) -> Array:
    """Wide strokes, tones pulled together, chalky lights, paper tooth in the dry ends."""
    p, ridge, mark = brush(stage, stage.lit, 44, 15, "wide")
    levels = 9.0
    p = 0.45 * p + 0.55 * np.round(p * levels) / levels
    p = saturate(p, 0.95) * 0.9 + 0.07
    dry = np.clip(stage.noise(0.7, "dry") * 0.4 + (ridge < 0.1) * 0.7 - 0.6, 0, 1)
    p = p * (1 + (mark - 0.5) * 0.1)[..., None] + (dry * 0.1)[..., None]
    return np.asarray(np.clip(p, 0, 1), np.float32)
