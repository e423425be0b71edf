"""Pastel: chalk strokes on toothed, tinted paper that shows through."""

import cv2
import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, brush, saturate


def paint(stage: Stage) -> Array:
    """Strokes broken by the tooth of the paper, smudged underneath, bright on top."""
    p, ridge, mark = brush(stage, stage.lit, 26, 4, "chalk")
    smudge = cv2.GaussianBlur(stage.lit, (0, 0), 1.2)
    paper = smudge * 0.45 + np.float32([0.66, 0.62, 0.58]) * 0.45
    tooth = stage.noise(0.8, "tooth") * 0.55 + stage.noise(2.5, "tooth2") * 0.25
    cover = np.clip(0.8 + tooth * 0.17 + (ridge - 0.5) * 0.24 + (mark - 0.5) * 0.2, 0, 1)[..., None]
    p = saturate(p, 1.15) * 1.04 + 0.03 + ((mark - 0.5) * 0.07)[..., None]
    return np.asarray(np.clip(p * cover + paper * (1 - cover), 0, 1), np.float32)
