"""Ink: black line, hatching that follows the shadow, a few diluted washes of colour on cream paper."""

import cv2
import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, luma, saturate


def paint(stage: Stage) -> Array:
    """Washes in steps, two layers of hatching by darkness, the line art on top."""
    paper = np.float32([0.97, 0.945, 0.885])
    light = luma(stage.lit)
    subject = stage.buffers.at("subject")[..., None]
    wash = cv2.GaussianBlur(stage.lit, (0, 0), 1.0)
    colour = saturate(wash, 1.15) * subject + saturate(wash, 1.1) * (1 - subject)
    strength = 0.62 + 0.25 * subject
    p = paper * (1 - strength) + colour * paper * strength
    p = p * (0.94 + 0.06 * np.clip(1 + stage.noise(12, "wash") * 0.5, 0, 1.5))[..., None]
    lift = 0.75 * max(0.0, 0.58 - float(light.mean()))
    dark = hatch(stage, light + lift)[..., None] * (1 - 0.35 * subject)
    p = p * (1 - 0.72 * dark)
    ink = cv2.dilate(stage.buffers.lines, np.ones((2, 2))) if stage.scene.line_width < 1.8 else stage.buffers.lines
    ink = np.clip(ink.astype(np.float32) / 255 * (1.1 + 0.12 * stage.noise(2.5, "nib")), 0, 1)[..., None] * 0.92
    return np.asarray(np.clip(p * (1 - ink) + np.float32([0.09, 0.08, 0.10]) * ink, 0, 1), np.float32)


def hatch(stage: Stage, light: Array) -> Array:
    """Parallel strokes where it is dark, crossed where it is darker, 0..1."""
    height, width = light.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wobble = stage.noise(9, "hatch") * 0.8
    out = np.zeros_like(light)
    for angle, limit in ((0.9, 0.46), (2.2, 0.27), (1.5, 0.14)):
        phase = (x * np.cos(angle) + y * np.sin(angle) + wobble) * (2 * np.pi / 4.6)
        thick = np.clip((limit - light) * 4.5, 0, 0.85)
        out = np.maximum(out, np.clip((np.cos(phase) - (1 - 1.5 * thick)) * 2.2, 0, 1) * (thick > 0.03))
    return out
