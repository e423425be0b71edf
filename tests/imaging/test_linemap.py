"""The map that steers keeps hairlines visible at painting size."""

import cv2
import numpy as np
import pytest

from underpaint.imaging.drawing import DrawingKind, LineLayer
from underpaint.imaging.geometry import Extent
from underpaint.imaging.linemap import ink_of, line_map


def layer_of(ink: np.ndarray, color: float = 0.0) -> LineLayer:
    rgba = np.dstack([np.full((*ink.shape, 3), color, np.float32), ink.astype(np.float32)])
    return LineLayer(rgba, DrawingKind.TRANSPARENT)


@pytest.mark.parametrize("factor", [2, 3.7, 4, 8, 16])
@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_a_hairline_stays_visible(factor: float, offset: int) -> None:
    ink = np.zeros((800, 640), np.float32)
    ink[:, 300 + offset] = 1.0
    ink[400 + offset, :] = 1.0
    small = line_map(layer_of(ink), Extent(round(640 / factor), round(800 / factor)))
    assert small[: small.shape[0] // 3].max(axis=1).min() >= 0.55
    assert small[:, : small.shape[1] // 3].max(axis=0).min() >= 0.55
    assert (small > 0.05).mean() < 0.05 * factor / 2


def test_slanted_hairlines_do_not_break() -> None:
    ink = np.zeros((900, 900), np.uint8)
    cv2.line(ink, (20, 37), (880, 700), 255, 1, cv2.LINE_AA)
    small = line_map(layer_of(ink / 255.0), Extent(150, 150))
    columns = small[:, 10:140].max(axis=0)
    assert columns.min() > 0.5


def test_the_same_size_is_the_ink_itself_and_larger_is_in_range() -> None:
    ink = np.random.default_rng(0).random((30, 40), dtype=np.float32)
    layer = layer_of(ink)
    assert (line_map(layer, Extent(40, 30)) == ink_of(layer)).all()
    large = line_map(layer, Extent(80, 100))
    assert large.shape == (100, 80) and large.min() >= 0 and large.max() <= 1


def test_white_fills_are_no_ink_but_white_lines_are() -> None:
    ink = np.zeros((20, 20), np.float32)
    ink[5:15, 5:15] = 1.0
    filled = layer_of(ink, 1.0)
    filled.rgba[5, 5:15, :3] = 0.0
    assert ink_of(filled)[5, 5:15].min() == 1 and ink_of(filled)[6:15].max() == 0
    chalk = layer_of(ink, 1.0)
    assert (ink_of(chalk) == ink).all()
