"""Watercolour: thin paint on white paper that pools at its edges, granulates and leaves gaps."""

import cv2
import numpy as np

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.stage import Stage, luma, saturate


def paint(stage: Stage) -> Array:
    """Transparent pigment: density from the lit picture, pooled at borders, thinned in blooms, broken by the paper."""
    paper = np.float32([0.985, 0.975, 0.95])
    wet = cv2.GaussianBlur(stage.lit, (0, 0), 2.2)
    keep = np.clip(1.2 - stage.inside / 7, 0.25, 1)[..., None] * 0.6
    p = saturate(stage.lit * keep + wet * (1 - keep), 1.25)
    density = -np.log(np.clip(p, 0.06, 1) / paper)
    pool = np.exp(-((stage.inside - 0.8) ** 2) / 2.6)
    flow = 1 + 0.17 * stage.noise(22, "flow") + 0.1 * np.tanh(stage.noise(11, "bloom") * 4)
    grain = 1 + 0.06 * stage.noise(0.8, "grain") * np.clip(luma(density) + 0.2, 0, 1)
    density = density * (np.clip(flow, 0.45, 1.6) * grain * (0.62 + 0.5 * pool))[..., None]
    gap = (stage.edges > 0) * (stage.noise(6, "gaps") > 0.95)
    density = density * (1 - 0.85 * cv2.GaussianBlur(gap.astype(np.float32), (0, 0), 0.7))[..., None]
    density = density * _border(stage)[..., None]
    return np.asarray(np.clip(paper * np.exp(-density), 0, 1), np.float32)


def _border(stage: Stage) -> Array:
    """1 where the washes reach, 0 on the ragged unpainted margin of the sheet."""
    rng = stage.scene.rng("margin")
    if rng.random() < 0.5:
        return np.ones(stage.buffers.index.shape, np.float32)
    width, height = stage.scene.size
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :].astype(np.float32)
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None].astype(np.float32)
    d = np.minimum(x, y) + 3.5 * stage.noise(10, "rag") + 1.2 * stage.noise(2.5, "rag2")
    margin = float(rng.uniform(6, 13)) * min(width, height) / 256
    return np.asarray(
        np.maximum(np.clip((d - margin) / 1.5, 0, 1), 0.9 * (stage.buffers.at("subject") > 0)), np.float32
    )
