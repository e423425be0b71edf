"""How well holes are filled is measured fairly: the probe, its scores, and all of it once, tiny."""

from pathlib import Path

import numpy as np
import pytest
from untrained import untrained_shop

from underpaint.engine import machine
from underpaint.primer.report.desk import Desk, Places
from underpaint.primer.report.holes import HoleCounts, auc, holes_part, outside_row, probe, probe_row


def test_scores_are_compared_pair_by_pair() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        wholes, filled = rng.integers(0, 6, 9).astype(float), rng.integers(1, 7, 7).astype(float)
        pairs = [(f > w) + 0.5 * (f == w) for w in wholes for f in filled]
        assert auc(wholes, filled) == pytest.approx(float(np.mean(pairs)))
    assert auc(np.zeros(4), np.ones(3)) == 1 and auc(np.ones(4), np.ones(3)) == 0.5


def test_a_probe_finds_what_differs_however_little_shows_and_nothing_where_nothing_does() -> None:
    rng = np.random.default_rng(2)
    scenes = rng.normal(size=(240, 60)) * np.linspace(0.1, 3, 60)
    direction = np.zeros(60)
    direction[:3] = 0.2
    again, marked = scenes + rng.normal(size=scenes.shape) * 0.05, scenes + direction
    told = probe_row(scenes, marked, 160)
    assert told.value is not None and told.value > 0.9 and not told.met and told.count == 80
    same = probe_row(scenes, again, 160)
    assert same.value is not None and same.low is not None and same.high is not None
    assert 0.3 < same.value < 0.7 and same.met and same.low < 0.5 < same.high
    assert same.asked == "under 0.75"


def test_a_probe_may_have_fewer_pairs_than_numbers() -> None:
    rng = np.random.default_rng(3)
    wholes = rng.normal(size=(6, 40))
    scored = probe(wholes, wholes + 1)
    assert auc(scored(wholes), scored(wholes + 1)) == 1


def test_a_single_pixel_outside_is_counted() -> None:
    whole, mask = np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8)
    mask[1, 1] = 255
    filled = whole.copy()
    filled[1, 1] = 9
    assert outside_row([whole], [mask], [filled]).met
    filled[3, 4, 2] = 1
    found = outside_row([whole, whole], [mask, mask], [filled, whole])
    assert found.value == 1 and found.count == 2 and not found.met


def test_holes_are_filled_measured_and_read_again(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The program's painter takes every core it may; so tiny a model is faster on one.
    monkeypatch.setattr(machine, "_THREADS", 1)
    shop = untrained_shop(tmp_path)
    desk = Desk(shop, Places(shop.folder / "primer", None))
    counts = HoleCounts(2, 1)
    told, outside = rows = holes_part(desk, counts)
    assert told.count == 1 and told.value is not None and 0 <= told.value <= 1
    assert "does not bring" in told.note
    assert outside.count == 3 and outside.value == 0 and outside.met
    (kept,) = (desk.folder / "pictures").glob("holes-0.4-*.npz")
    before = kept.stat().st_mtime_ns
    assert holes_part(desk, counts) == rows and kept.stat().st_mtime_ns == before
    with np.load(kept) as sheets:
        whole, mask, filled = np.split(sheets["1"], 3)
    assert 0.37 < float((mask[..., 0] > 0).mean()) < 0.43
    np.testing.assert_array_equal(filled[mask == 0], whole[mask == 0])
    assert (filled[mask > 0] != whole[mask > 0]).mean() > 0.5
