"""Colour for pixels that have none: the nearest colours flow under what is transparent."""

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray

_ENOUGH = 1e-3


def spread_under(color: FloatArray, alpha: FloatArray) -> FloatArray:
    """H x W x 3 and H x W -> H x W x 3: opaque pixels as they are, transparent ones from their surroundings.

    Push-pull over a pyramid (Gortler et al. 1996): colours are averaged by alpha from level to level, and what a level
    lacks is taken from the coarser one.
    """
    if float(alpha.max()) <= 0:
        return color
    return _filled(color * alpha[..., None], alpha)


def _filled(weighted: FloatArray, alpha: FloatArray) -> FloatArray:
    known = np.maximum(alpha, _ENOUGH)[..., None]
    own = weighted / known
    if float(alpha.min()) > _ENOUGH or max(alpha.shape) == 1:
        return np.asarray(own, np.float32)
    height, width = alpha.shape
    half = (-(-width // 2), -(-height // 2))
    small = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], weighted.shape[2])
    soft = cv2.resize(alpha, half, interpolation=cv2.INTER_AREA)
    # At least one coarse pixel under every known one counts as known, so that thin strokes are not lost on the way.
    under = cv2.resize(_filled(np.asarray(small, np.float32), np.asarray(soft, np.float32).reshape(half[::-1])),
                       (width, height), interpolation=cv2.INTER_LINEAR).reshape(weighted.shape)
    share = np.clip(alpha / 0.1, 0, 1)[..., None]
    return np.asarray(own * share + under * (1 - share), np.float32)
