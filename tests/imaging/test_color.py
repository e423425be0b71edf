"""Colour arithmetic against published values and against itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underpaint.errors import PictureError
from underpaint.imaging import color
from underpaint.imaging.arrays import to_bytes, to_float, to_words
from underpaint.imaging.blend import flatten, lay_under, over

unit = st.floats(0, 1, width=32)
triples = st.tuples(unit, unit, unit)


@given(triples)
def test_conversions_come_back(rgb: tuple[float, float, float]) -> None:
    pixel = np.array(rgb, np.float32)
    assert color.linear_to_srgb(color.srgb_to_linear(pixel)) == pytest.approx(pixel, abs=2e-6)


def test_oklab_agrees_with_coloraide() -> None:
    from coloraide import Color

    for rgb in ([1, 0, 0], [0.2, 0.7, 0.4], [0, 0, 0], [1, 1, 1], [0.9, 0.1, 0.8]):
        expected = Color("srgb", rgb).convert("oklab").coords()
        assert color.srgb_to_oklab(np.array(rgb, np.float32)) == pytest.approx(expected, abs=2e-4)


def test_differences() -> None:
    red, pink = np.array([1, 0, 0], np.float32), np.array([1, 0.4, 0.5], np.float32)
    from coloraide import Color

    expected = Color("srgb", [1, 0, 0]).delta_e(Color("srgb", [1, 0.4, 0.5]), method="2000")
    assert float(color.delta_e_2000(red, pink)) == pytest.approx(expected, abs=0.3)  # D65 here, D50 there


def test_grey_lightness_and_luminance() -> None:
    grey = np.full((2, 3, 3), 0.5, np.float32)
    assert color.luminance(grey) == pytest.approx(np.full((2, 3), 0.2140411), abs=1e-5)
    assert color.lightness(grey) == pytest.approx(np.full((2, 3), np.cbrt(0.2140411)), abs=1e-3)


def test_stored_integers_come_back_exactly() -> None:
    eight = np.arange(256, dtype=np.uint8).reshape(16, 16)
    sixteen = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert (to_bytes(to_float(eight)) == eight).all()
    assert (to_words(to_float(sixteen)) == sixteen).all()
    assert to_float(np.array([[True, False]])).tolist() == [[1.0, 0.0]]
    with pytest.raises(PictureError, match="not numbers"):
        to_float(np.array([np.nan]))
    with pytest.raises(PictureError, match="int64"):
        to_float(np.array([1]))


def test_over_is_exact_at_both_ends() -> None:
    rng = np.random.default_rng(3)
    top, bottom = rng.random((2, 9, 7, 4), dtype=np.float32)
    top[:3, :, 3], top[3:6, :, 3] = 0.0, 1.0
    result = over(top, bottom)
    assert (result[:3] == bottom[:3]).all()
    assert (result[3:6] == top[3:6]).all()
    bottom[..., 3] = 1.0
    expected = top[..., :3] * top[..., 3:] + bottom[..., :3] * (1 - top[..., 3:])
    assert over(top, bottom)[..., :3] == pytest.approx(expected, abs=1e-6)
    assert lay_under(top, bottom[..., :3]) == pytest.approx(expected, abs=1e-6)


def test_over_is_associative() -> None:
    first, second, third = np.random.default_rng(4).random((3, 8, 8, 4), dtype=np.float32)
    assert over(over(first, second), third) == pytest.approx(over(first, over(second, third)), abs=1e-5)


def test_flatten_takes_every_kind() -> None:
    assert flatten(np.zeros((2, 2, 4), np.float32)).tolist() == np.ones((2, 2, 3)).tolist()
    assert flatten(np.full((2, 2), 0.5, np.float32)).shape == (2, 2, 3)
    assert flatten(np.full((2, 2, 1), 0.5, np.float32)).shape == (2, 2, 3)
    assert flatten(np.zeros((1, 1, 4), np.float32), (0.2, 0.4, 0.6))[0, 0] == pytest.approx([0.2, 0.4, 0.6])
