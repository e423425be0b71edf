"""KNN matting (Chen, Li and Tang 2013) through pymatting: pixels of like colour share alpha, however far apart."""

import importlib.util

import numpy as np

from underpaint.errors import PlanError
from underpaint.imaging.arrays import FloatArray

INSTALL = "pip install 'underpaint[matting]'"
MOST = 2_000_000
"""Pixels beyond which its tables of neighbours would not fit into memory."""


def is_installed() -> bool:
    """Whether KNN matting can be used here."""
    return importlib.util.find_spec("pymatting") is not None


def knn(color: FloatArray, trimap: FloatArray) -> FloatArray:
    """Alpha of H x W x 3 colours by a trimap of 0, 0.5 and 1. Raises PlanError where it cannot be."""
    if not is_installed():
        raise PlanError("KNN matting needs pymatting, which is not installed", field="method",
                        hint=f"Run: {INSTALL}; or leave --method out.")
    unknown = (trimap > 0) & (trimap < 1)
    if not unknown.any():
        return trimap.astype(np.float32)
    rows, columns = np.nonzero(unknown)
    margin = 32  # known pixels of either kind, for the unknown ones to find their like in
    window = np.s_[max(0, rows.min() - margin):rows.max() + 1 + margin,
                   max(0, columns.min() - margin):columns.max() + 1 + margin]
    part = trimap[window]
    if part.size > MOST:
        raise PlanError(f"KNN matting would look at {part.size:,} pixels", field="method",
                        hint=f"It manages {MOST:,}: leave --method out.")
    if not (part == 0).any() or not (part == 1).any():
        raise PlanError("KNN matting must know something that stays and something that goes", field="method",
                        hint="Add a stroke, or leave --method out.")
    from pymatting import estimate_alpha_knn

    alpha = trimap.astype(np.float32).copy()
    try:
        found = estimate_alpha_knn(color[window].astype(np.float64), part.astype(np.float64))
    except ValueError as error:  # its solver did not get there
        raise PlanError("KNN matting found no answer here", hint="Add a stroke, or leave --method out.",
                        field="method") from error
    alpha[window] = np.where(unknown[window], np.clip(found, 0, 1), part)
    return alpha
