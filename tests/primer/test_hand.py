"""Drawn by hand: never far from the line, always a map of ink."""

import cv2
import numpy as np
import pytest

from underpaint.primer.hand import by_hand


def _drawing() -> np.ndarray:
    page = np.zeros((128, 160), np.uint8)
    cv2.circle(page, (80, 64), 40, 255, 2, cv2.LINE_AA)
    cv2.line(page, (10, 110), (150, 100), 255, 2, cv2.LINE_AA)
    return page


@pytest.mark.parametrize("seed", range(30))
def test_lines_stay_within_three_pixels_of_where_they_were(seed: int) -> None:
    drawing = _drawing()
    drawn = by_hand(drawing, np.random.default_rng(seed))
    assert drawn.shape == drawing.shape and drawn.dtype == np.float32
    assert drawn.min() >= 0.0 and drawn.max() <= 1.0
    away = cv2.distanceTransform((drawing < 128).astype(np.uint8), cv2.DIST_L2, 5)
    strong = drawn > 0.5
    # Specks of dirt are few and lie anywhere; lines do not.
    assert (away[strong] > 4).mean() < 0.05
    assert strong.sum() > 0.2 * (drawing > 128).sum()


def test_the_same_generator_draws_the_same_line() -> None:
    first, again = (by_hand(_drawing(), np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, again)


def test_a_blank_page_stays_almost_blank() -> None:
    blank = np.zeros((64, 64), np.uint8)
    assert max(float(by_hand(blank, np.random.default_rng(seed)).mean()) for seed in range(20)) < 0.01
