"""Cel anime: hard shadow shapes, clean colour, glowing sky, thin coloured outlines."""

import cv2
import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, luma, saturate


def paint(stage: Stage) -> Array:
    """Saturated cels over a soft sky, bloom where it is bright, darker coloured lines on the subject."""
    p = saturate(stage.lit, 1.22)
    bright = np.clip(luma(p) - 0.76, 0, 1)[..., None] * p
    p = p + cv2.GaussianBlur(bright, (0, 0), 7) * 0.6
    ink = (stage.buffers.lines.astype(np.float32) / 255)[..., None]
    subject = cv2.dilate(stage.buffers.at("subject"), np.ones((3, 3)))[..., None]
    amount = ink * (0.25 + 0.6 * subject)
    return np.asarray(np.clip(p * (1 - amount) + p * np.float32([0.32, 0.22, 0.28]) * amount, 0, 1), np.float32)
