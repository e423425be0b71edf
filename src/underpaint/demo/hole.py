"""The hole of the demo: a soft-edged place of a drawing that is painted again."""

import numpy as np
from numpy.typing import NDArray

Shares = tuple[float, float, float, float]


def hole(shares: Shares, width: int, height: int) -> NDArray[np.uint8]:
    """A mask H x W, 255 inside the ellipse that fills a box (left, top, right, bottom as shares), else 0."""
    left, top, right, bottom = shares
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    x = (across - (left + right) / 2) / ((right - left) / 2)
    y = (down - (top + bottom) / 2) / ((bottom - top) / 2)
    return np.where(x[None, :] ** 2 + y[:, None] ** 2 <= 1, np.uint8(255), np.uint8(0))
