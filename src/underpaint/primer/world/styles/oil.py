"""Oil: strokes with a direction, ridges of paint that catch the light."""

import numpy as np

from underpaint.primer.world.raster import TOWARDS, Array
from underpaint.primer.world.styles.stage import Stage, brush, emboss, luma, saturate


def paint(stage: Stage) -> Array:
    """Broad strokes beneath, finer ones on the subject, broken colour, impasto."""
    broad, ridge, mark = brush(stage, stage.lit, 34, 9, "broad")
    fine, ridge2, mark2 = brush(stage, stage.lit, 15, 5, "fine")
    near = (stage.buffers.at("subject") > 0) | (stage.inside < 4)
    p = np.where(near[..., None], fine, broad)
    ridge, mark = np.where(near, ridge2, ridge), np.where(near, mark2, mark)
    p = ((saturate(p, 1.3) - 0.5) * 1.08 + 0.5) * (1 + (mark - 0.5) * 0.12)[..., None]
    p = p + ((mark * 7.31) % 1 - 0.5)[..., None] * np.float32([0.05, 0.0, -0.05])
    relief = emboss(ridge, TOWARDS[stage.scene.light])
    return np.asarray(np.clip(p + relief[..., None] * (0.035 + 0.05 * luma(p))[..., None], 0, 1), np.float32)
