"""From OKLab back to what a screen can show: lightness and hue are kept, colourfulness gives way."""

import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb

_ROUNDS = 9
_SLACK = 1e-4


def shown(lab: FloatArray) -> FloatArray:
    """OKLab (..., 3) -> sRGB (..., 3) in 0..1: colours beyond are made greyer until they fit, by bisection."""
    flat = np.array(lab, np.float32).reshape(-1, 3)
    flat[:, 0] = np.clip(flat[:, 0], 0, 1)
    result = oklab_to_srgb(flat)
    outside = np.flatnonzero(((result < -_SLACK) | (result > 1 + _SLACK)).any(axis=1))
    if outside.size:
        kept = flat[outside]
        low, high = np.zeros(len(kept), np.float32), np.ones(len(kept), np.float32)
        for _ in range(_ROUNDS):
            middle = np.asarray((low + high) / 2, np.float32)
            tried = oklab_to_srgb(_greyer(kept, middle))
            fits = ((tried >= -_SLACK) & (tried <= 1 + _SLACK)).all(axis=1)
            low = np.where(fits, middle, low).astype(np.float32)
            high = np.where(fits, high, middle).astype(np.float32)
        result[outside] = oklab_to_srgb(_greyer(kept, low))
    return np.clip(result, 0, 1).reshape(lab.shape)


def _greyer(lab: FloatArray, share: FloatArray) -> FloatArray:
    return np.concatenate([lab[:, :1], lab[:, 1:] * share[:, None]], axis=1).astype(np.float32)
