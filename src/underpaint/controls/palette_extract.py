"""The colours of a picture as a few swatches with their shares: k-means in OKLab."""

import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab

_SAMPLES, _ROUNDS = 40_000, 30
_BIN = 0.02
SAME = 0.015
"""OKLab distance below which two swatches are one."""


def main_colours(picture: FloatArray, count: int) -> list[tuple[tuple[float, float, float], float]]:
    """At most `count` sRGB colours with their shares of an sRGB H x W x 3 picture, the largest first.

    Colours weigh in by the root of how often they appear, so that a small accent is seen beside a large ground.
    Starting points by k-means++ (Arthur and Vassilvitskii 2007); the same picture always gives the same swatches.
    """
    step = max(1, int(np.ceil(np.sqrt(picture.shape[0] * picture.shape[1] / _SAMPLES))))
    lab = srgb_to_oklab(picture[::step, ::step, :3]).reshape(-1, 3).astype(np.float64)
    bins, often = np.unique(np.rint(lab / _BIN).astype(np.int32), axis=0, return_counts=True)
    spots, weights = bins * _BIN, np.sqrt(often)
    centres = _starts(spots, weights, count)
    for _ in range(_ROUNDS):
        which = _nearest(spots, centres)
        total = np.bincount(which, weights, minlength=len(centres))
        sums = np.stack([np.bincount(which, weights * spots[:, axis], minlength=len(centres)) for axis in range(3)], 1)
        moved = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-9)[:, None], centres)
        if np.allclose(moved, centres, atol=1e-5):
            break
        centres = moved
    shares = np.bincount(_nearest(lab, centres), minlength=len(centres)) / len(lab)
    order = [one for one in np.argsort(-shares, kind="stable") if shares[one] > 0]
    shown = np.clip(oklab_to_srgb(centres.astype(np.float32)), 0, 1)
    return [((float(shown[one][0]), float(shown[one][1]), float(shown[one][2])), float(shares[one]))
            for one in order]


def _starts(lab: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    chosen = [lab[rng.choice(len(lab), p=weights / weights.sum())]]
    while len(chosen) < count:
        apart = np.square(lab[:, None] - np.array(chosen)[None]).sum(-1).min(1)
        chance = np.where(apart < SAME**2, 0, apart * weights)
        if not chance.any():
            break
        chosen.append(lab[rng.choice(len(lab), p=chance / chance.sum())])
    return np.array(chosen)


def _nearest(lab: np.ndarray, centres: np.ndarray) -> np.ndarray:
    apart = np.square(lab).sum(1)[:, None] - 2 * lab @ centres.T + np.square(centres).sum(1)[None]
    return np.asarray(apart.argmin(1))


def thinned(lab: FloatArray, count: int) -> np.ndarray:
    """Which `count` of n OKLab colours keep the most of their variety (farthest first, Gonzalez 1985)."""
    kept = [0]
    apart = np.square(lab - lab[0]).sum(1)
    while len(kept) < count:
        kept.append(int(apart.argmax()))
        apart = np.minimum(apart, np.square(lab - lab[kept[-1]]).sum(1))
    return np.sort(np.array(kept))
