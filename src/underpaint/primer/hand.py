"""What a hand, a pen and a scanner do to a perfect line drawing, so that the adapter learns people's lines."""

import cv2
import numpy as np
from numpy.typing import NDArray

Lines = NDArray[np.float32]


def by_hand(lines: NDArray[np.uint8], rng: np.random.Generator) -> Lines:
    """A line drawing, H x W with 255 = ink, as somebody might have drawn it: H x W, 0..1, 1 = ink.

    No line moves by more than about a pixel and a half: the painting must stay under the drawing.
    """
    ink = lines.astype(np.float32) / 255.0
    if rng.random() < 0.5:
        ink = _thickness(ink, rng)
    if rng.random() < 0.5:
        ink = _wobble(ink, rng)
    if rng.random() < 0.35:
        ink = _breaks(ink, rng)
    if rng.random() < 0.25:
        ink = _unfinished(ink, rng)
    if rng.random() < 0.6:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.15:
        ink = np.maximum(ink, _specks(ink.shape, rng))
    return np.clip(ink * rng.uniform(0.65, 1.15), 0.0, 1.0).astype(np.float32)


def _thickness(ink: Lines, rng: np.random.Generator) -> Lines:
    """Thicker by one or two pixels, or a little thinner."""
    kind = rng.random()
    if kind < 0.45:
        return cv2.dilate(ink, np.ones((2, 2), np.uint8))
    if kind < 0.75:
        return cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return np.minimum(ink, 0.35 * ink + 0.65 * cv2.erode(ink, np.ones((2, 2), np.uint8)))


def _wobble(ink: Lines, rng: np.random.Generator) -> Lines:
    """Every part of the drawing shifted smoothly by up to about a pixel."""
    height, width = ink.shape
    cells = int(rng.integers(4, 14))
    reach = float(rng.uniform(0.3, 0.8))
    offsets = rng.normal(0.0, reach, (cells, cells, 2)).clip(-1.4, 1.4).astype(np.float32)
    field = cv2.resize(offsets, (width, height), interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(ink, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR)


def _breaks(ink: Lines, rng: np.random.Generator) -> Lines:
    """Gaps where the pen did not touch the paper."""
    height, width = ink.shape
    cell = int(rng.integers(6, 20))
    noise = rng.random((height // cell + 2, width // cell + 2)).astype(np.float32)
    field = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return ink * (field > rng.uniform(0.08, 0.3)).astype(np.float32)


def _unfinished(ink: Lines, rng: np.random.Generator) -> Lines:
    """Small separate strokes, or a corner of the page, left out."""
    if rng.random() < 0.5:
        _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0.3).astype(np.uint8), connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < rng.integers(30, 160)
        gone = small & (rng.random(len(small)) < 0.8)
        gone[0] = False
        return ink * (~gone[labels]).astype(np.float32)
    height, width = ink.shape
    box_height, box_width = (int(rng.uniform(0.2, 0.5) * side) for side in (height, width))
    top, left = int(rng.integers(height - box_height + 1)), int(rng.integers(width - box_width + 1))
    ink = ink.copy()
    ink[top : top + box_height, left : left + box_width] = 0.0
    return ink


def _specks(shape: tuple[int, ...], rng: np.random.Generator) -> Lines:
    """A little dirt."""
    dirt = (rng.random(shape) < 0.0006).astype(np.float32)
    return cv2.GaussianBlur(dirt, (0, 0), 0.8) * 3
