"""Pixel art: big square pixels, few tones, ordered dither, a dark rim round the subject."""

import cv2
import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, saturate

_BAYER = np.float32([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.47


def paint(stage: Stage) -> Array:
    """A quarter of the resolution, a dozen tones a channel, doubled up again."""
    width, height = stage.scene.size
    small = (max(1, width // 4), max(1, height // 4))
    p = cv2.resize(saturate(stage.lit, 1.2), small, interpolation=cv2.INTER_AREA)
    ink = cv2.resize(stage.buffers.lines.astype(np.float32) / 255, small, interpolation=cv2.INTER_AREA)
    subject = cv2.resize(cv2.dilate(stage.buffers.at("subject"), np.ones((5, 5))), small, interpolation=cv2.INTER_AREA)
    rim = ((ink > 0.3) * (0.12 + 0.38 * (subject > 0.4)))[..., None]
    p = p * (1 - rim)
    dither = np.tile(_BAYER, (small[1] // 4 + 1, small[0] // 4 + 1))[: small[1], : small[0], None]
    levels = 11.0
    p = np.round(np.clip(p, 0, 1) * levels + dither * 0.5) / levels
    return np.asarray(np.clip(cv2.resize(p, (width, height), interpolation=cv2.INTER_NEAREST), 0, 1), np.float32)
