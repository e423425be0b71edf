"""What stopping early costs is counted take by take, and what paints small is held against full size."""

from pathlib import Path

import numpy as np
import pytest

from bench import full_size, judging, stars, stopping
from bench.counting import share
from bench.stars import STARRED, Take, starred_and_stopped
from bench.stopping import Tried, apart, arms, rows_of
from underpaint.primer.config import read_config
from underpaint.primer.judge import Judge
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.recipe import CreateRecipe, Sampling
from underpaint.review.early import LOOKS, Early

QUICK = CreateRecipe(sampling=Sampling(steps=2))


def early(stop: float) -> Early:
    """One that gives every estimate an even chance, and stops below `stop`."""
    channels = 8
    width = 6 * channels + 16
    plain = np.zeros((len(LOOKS), width), np.float32)
    return Early("primer", channels, plain, np.zeros(len(LOOKS), np.float32), plain, plain + 1, (stop,) * len(LOOKS))


def test_a_watched_take_is_painted_to_its_end() -> None:
    held, = stars.paint(1, early(0.9), QUICK)
    free, = stars.paint(1, early(0.1), QUICK)
    assert held.stopped and not free.stopped
    np.testing.assert_array_equal(held.picture, free.picture)


def test_starred_takes_that_were_stopped_are_counted() -> None:
    scene, picture = sample_scene(np.random.default_rng(1)), np.zeros((4, 4, 3), np.float32)
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(48, 5)).astype(np.float32)
    numbers[:, -1] *= 20  # craft that outweighs every liking
    craft = numbers[:, -1] * 1.0
    best = {int(at) for first in (0, 24) for at in first + np.argsort(-craft[first: first + 24])[:STARRED]}
    takes = [Take(picture, number not in best, scene, one) for number, one in enumerate(numbers)]
    assert starred_and_stopped(takes, 1).value < 0.6
    every = [Take(picture, True, scene, one) for one in numbers]
    assert starred_and_stopped(every, 1).value == 1


def test_both_arms_go_to_as_many_kept() -> None:
    tried = [Tried(2.0, 1.0 if number % 2 else 2.0, bool(number % 2), float(number % 4 == 0 or number == 1))
             for number in range(40)]
    plain, stopping_ = arms(tried, 1.0)
    assert len(plain.kept) == len(stopping_.kept) == 10 and 1 in plain.kept and 1 not in stopping_.kept
    assert plain.seconds == 2.0 * 33 and stopping_.seconds == 1.5 * 36 + 2.0
    assert [len(arm.kept) for arm in arms(tried, 1.0, wanted=3)] == [3, 3]


def test_a_stop_that_costs_good_takes_is_missed() -> None:
    scores = np.random.default_rng(1).permutation(400) / 400
    wise = [Tried(1.0, 1.0 if score > 0.6 else 0.3, score <= 0.6, float(score), score > 0.5) for score in scores]
    passed, wall, lost, same = rows_of(wise, 0.25)
    assert passed.reached and wall.reached and lost.reached and same.reached
    blind = [Tried(1.0, 0.3 if number % 2 else 1.0, bool(number % 2), float(score), None)
             for number, score in enumerate(scores)]
    _, wall, lost, same = rows_of(blind, 0.25)
    assert not wall.reached and not lost.reached and same.reached is None and judging.MISSING in same.measured


def test_shares_that_differ_plainly_are_apart() -> None:
    low, high = apart(share([True] * 90 + [False] * 10), share([True] * 60 + [False] * 40))
    assert 0.15 < low < 0.3 < high < 0.45


def test_takes_are_tried_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    save_file(Judge(read_config().judge.width).state_dict(), tmp_path / "judge.safetensors")
    monkeypatch.setattr(judging, "WEIGHTS", tmp_path / "judge.safetensors")
    tried, = stopping.try_all(1, early(0.9), QUICK)
    assert tried.stopped and tried.watched > 0 and 0 < tried.score < 1 and tried.right in (True, False)


def test_without_what_foretells_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (stars, stopping):
        monkeypatch.setattr(part, "review_folder", lambda _: tmp_path)
        row, = part.measure()
        assert row.reached is None and "nothing to foretell with" in row.measured


def test_small_and_enlarged_has_the_full_size() -> None:
    from underpaint.plan.painter import Painter

    made = full_size.small("sharp")(Painter(), "a house", 1)
    assert made.shape == (full_size.HEIGHT, full_size.WIDTH, 3) and made.dtype == np.float32 and made.std() > 0.02


def test_small_is_held_against_full_size() -> None:
    seconds, scores = {"full": [10.0] * 3, "sharp": [2.0] * 3}, {"full": [0.5] * 3, "sharp": [0.5, 0.6, 0.7]}
    rows = full_size._rows("sharp", seconds, scores, {"full": 3000, "sharp": 1400})
    assert [row.reached for row in rows] == [True, True, True]
    worse = {"full": [0.5] * 3, "sharp": [0.5, 0.1, 0.6]}
    rows = full_size._rows("sharp", {"full": [10.0] * 3, "sharp": [3.0] * 3}, worse, {"full": 3000, "sharp": 1600})
    assert [row.reached for row in rows] == [False, False, False]
