"""Sizes and boxes: the arithmetic holds for every size, not for a few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underpaint.imaging.geometry import Bounds, Extent, Padding

sides = st.integers(1, 5000)
extents = st.builds(Extent, sides, sides)
steps = st.sampled_from([1, 2, 8, 32, 64])


@given(extents, steps)
def test_multiple_of_is_the_smallest_that_holds_the_picture(extent: Extent, step: int) -> None:
    padded = extent.multiple_of(step)
    assert (padded.width % step, padded.height % step) == (0, 0)
    assert 0 <= padded.width - extent.width < step and 0 <= padded.height - extent.height < step
    padding = Padding(0, 0, padded.width - extent.width, padded.height - extent.height)
    assert padding.around(extent) == padded
    assert padding.inside(padded) == Bounds(0, 0, extent.width, extent.height)


@given(extents, st.integers(1, 2_000_000), steps)
def test_fit_area_stays_in_budget_on_the_grid(extent: Extent, area: int, step: int) -> None:
    fitted = extent.fit_area(area, step)
    assert (fitted.width % step, fitted.height % step) == (0, 0)
    assert fitted.area <= area or step in (fitted.width, fitted.height)


@given(st.builds(Extent, st.integers(300, 3000), st.integers(300, 3000)))
def test_fit_area_keeps_shape_and_uses_the_budget(extent: Extent) -> None:
    if not 1 / 3 < extent.ratio < 3:
        return
    fitted = extent.fit_area(512 * 512, 8)
    assert abs(fitted.ratio / extent.ratio - 1) < 0.04
    assert fitted.area > 0.94 * 512 * 512


def test_fit_area_of_what_everybody_paints() -> None:
    assert Extent(1000, 1000).fit_area(256 * 256, 32) == Extent(256, 256)
    assert Extent(1536, 1152).fit_area(256 * 256, 32) == Extent(288, 224)
    assert Extent(100, 90).fit_area(512 * 512, 8, grow=False) == Extent(104, 96)


@given(extents, extents)
def test_fit_within_touches_the_box(extent: Extent, box: Extent) -> None:
    fitted = extent.fit_within(box)
    assert fitted.width <= box.width and fitted.height <= box.height
    assert fitted.width == box.width or fitted.height == box.height
    kept = extent.fit_within(box, grow=False)
    assert kept.width <= max(extent.width, 1) and kept.height <= max(extent.height, 1)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_bounds_from_mask_hold_every_painted_pixel(width: int, height: int, data: st.DataObject) -> None:
    mask = np.zeros((height, width), np.float32)
    points = data.draw(st.lists(st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)), max_size=5))
    for row, column in points:
        mask[row, column] = 0.001
    bounds = Bounds.from_mask(mask)
    if not points:
        assert bounds is None
        return
    assert bounds is not None
    assert (mask[bounds.slices] > 0).sum() == (mask > 0).sum()
    assert bounds.width == len({*range(min(p[1] for p in points), max(p[1] for p in points) + 1)})


@given(extents, st.data(), steps)
def test_growing_a_box_keeps_it_inside_and_holds_the_old_one(extent: Extent, data: st.DataObject, step: int) -> None:
    x = data.draw(st.integers(0, extent.width - 1))
    y = data.draw(st.integers(0, extent.height - 1))
    box = Bounds(x, y, data.draw(st.integers(1, extent.width - x)), data.draw(st.integers(1, extent.height - y)))
    whole = Bounds.whole(extent)
    assert box.padded(step).clipped(extent).contains(box)
    grown = box.multiple_of(step, extent)
    assert whole.contains(grown) and grown.contains(box)
    assert grown.width % step == 0 or grown.width == extent.width
    large = box.at_least(Extent(64, 64), extent)
    assert whole.contains(large) and large.contains(box)
    assert large.width >= min(64, extent.width) and large.height >= min(64, extent.height)


def test_what_has_no_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="no pixels"):
        Extent(0, 5)
    with pytest.raises(ValueError, match="no pixels"):
        Bounds(50, 0, 10, 10).clipped(Extent(20, 20))
    with pytest.raises(ValueError, match="clip it first"):
        _ = Bounds(-1, 0, 10, 10).slices
    with pytest.raises(ValueError, match="negative"):
        Padding(-1)
