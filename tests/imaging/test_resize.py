"""Resizing keeps flat colour flat; padding and cropping are inverses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.imaging.geometry import Bounds, Extent, Padding
from underpaint.imaging.resize import PadMode, Resample, pad, resize

sizes = st.integers(1, 40)


@given(sizes, sizes, sizes, sizes, st.sampled_from(list(Resample)), st.sampled_from([0, 1, 3, 4]))
@settings(max_examples=80)
def test_flat_stays_flat_at_every_size(w: int, h: int, to_w: int, to_h: int, how: Resample, channels: int) -> None:
    shape = (h, w, channels) if channels else (h, w)
    resized = resize(np.full(shape, 0.3, np.float32), Extent(to_w, to_h), how)
    assert resized.shape == (to_h, to_w, *shape[2:]) and resized.dtype == np.float32
    assert resized == pytest.approx(0.3, abs=1e-5)


@given(sizes, sizes, st.builds(Padding, *[st.integers(0, 64)] * 4), st.sampled_from(list(PadMode)))
def test_padding_keeps_the_picture_bit_for_bit(w: int, h: int, margins: Padding, mode: PadMode) -> None:
    picture = np.random.default_rng(w * 100 + h).random((h, w, 3), dtype=np.float32)
    padded = pad(picture, margins, mode)
    assert Extent.of(padded) == margins.around(Extent(w, h))
    assert (padded[Bounds(margins.left, margins.top, w, h).slices] == picture).all()


def test_area_keeps_the_mean_and_lanczos_stays_in_range() -> None:
    picture = np.random.default_rng(1).random((96, 64, 3), dtype=np.float32)
    assert resize(picture, Extent(16, 24)).mean() == pytest.approx(picture.mean(), abs=1e-4)
    steps = np.kron(np.eye(8, dtype=np.float32), np.ones((8, 8), np.float32))
    large = resize(steps, Extent(200, 200))
    assert large.min() >= 0 and large.max() <= 1


def test_hidden_colour_does_not_bleed() -> None:
    layer = np.zeros((32, 32, 4), np.float32)
    layer[..., 1] = 1.0  # green where nothing can be seen
    layer[8:24, 8:24] = (0.8, 0.1, 0.1, 1.0)
    small = resize(layer, Extent(13, 13))
    visible = small[small[..., 3] > 0.02]
    assert np.abs(visible[:, :3] - (0.8, 0.1, 0.1)).max() < 1e-3


def test_the_same_size_is_the_same_pixels() -> None:
    layer = np.random.default_rng(2).random((5, 6, 4), dtype=np.float32)
    assert (resize(layer, Extent(6, 5)) == layer).all()
