"""Mask 0 is outside: nothing here may turn an outside pixel into an inside one unasked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from underpaint.errors import PictureError
from underpaint.imaging.masks import MaskSource, feather, grow, invert, normalise

masks = arrays(np.float32, (17, 23), elements=st.sampled_from([0.0, 0.0, 0.25, 1.0]))


@given(masks, st.integers(0, 9))
@settings(max_examples=60)
def test_feather_stays_inside(mask: np.ndarray, pixels: int) -> None:
    soft = feather(mask, pixels)
    assert (soft[mask == 0] == 0).all()
    assert (soft <= mask).all() and (soft >= 0).all()


def test_feather_is_soft_inside_and_full_in_the_middle() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 16:] = 1
    soft = feather(mask, 6)
    assert (np.diff(soft[32, 15:26]) >= 0).all() and 0 < soft[32, 16] < 0.2
    assert (soft[24:40, 24:] == 1).all()  # the picture's own edge stays hard
    assert (feather(np.ones((5, 5), np.float32), 3) == 1).all()


@given(masks, st.integers(1, 5))
@settings(max_examples=40)
def test_grow_only_adds_and_shrink_only_takes(mask: np.ndarray, pixels: int) -> None:
    assert (grow(mask, pixels) >= mask).all()
    assert (grow(mask, -pixels) <= mask).all()


def test_grow_is_round() -> None:
    mask = np.zeros((21, 21), np.float32)
    mask[10, 10] = 1
    grown = grow(mask, 5)
    yy, xx = np.mgrid[-10:11, -10:11]
    assert (grown == (xx * xx + yy * yy <= 25)).all()
    assert grow(grown, -5).sum() >= 1
    assert (grow(np.zeros((4, 4), np.float32), 2) == 0).all()
    assert (grow(np.ones((4, 4), np.float32), -2) == 1).all()
    assert (invert(invert(grown)) == grown).all()


def test_every_kind_of_mask_file_is_read() -> None:
    hard = np.zeros((8, 8), bool)
    hard[2:5, 3:7] = True
    expected = hard.astype(np.float32)
    grey = hard.astype(np.uint8) * 255
    assert (normalise(hard) == expected).all()
    assert (normalise(grey) == expected).all()
    assert (normalise(grey.astype(np.uint16) * 257) == expected).all()
    assert (normalise(np.dstack([grey] * 3)) == expected).all()
    assert (normalise(255 - grey, black_paints=True) == expected).all()
    strokes = np.dstack([np.full_like(grey, 30)] * 3 + [grey])
    assert (normalise(strokes) == expected).all()
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    assert (normalise(np.dstack([picture, 255 - grey])) == expected).all()
    assert (normalise(np.dstack([grey, grey, grey, np.full_like(grey, 255)])) == expected).all()
    half = np.full((2, 2, 3), 128, np.uint8)
    assert normalise(half) == pytest.approx(128 / 255, abs=1e-6)
    with pytest.raises(PictureError, match="no transparency"):
        normalise(grey, MaskSource.HOLE)
    with pytest.raises(PictureError, match="not a picture"):
        normalise(np.zeros((2, 2, 7), np.uint8))
