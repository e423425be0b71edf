"""Stopping early, and the yield of painting until enough is good."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from underpaint.engine.protocols import Seen, Step
from underpaint.errors import ModelError, PlanError
from underpaint.review.early import LOOKS, Early, features
from underpaint.review.following import Demand
from underpaint.review.harvest import Harvest, Outcome, Wish, Yield, by_difficulty
from underpaint.review.quality import Grading
from underpaint.review.stopping import StopEarly, StoppedEarly
from underpaint.review.verdict import judge

CHANNELS = 4
WIDTH = len(features(np.zeros((CHANNELS, 8, 8), np.float32), None))


def early(stops: tuple[float, ...] = (0.3, 0.3, 0.3)) -> Early:
    """Promises much where the first channel is bright."""
    weights = np.zeros((len(LOOKS), WIDTH), np.float32)
    weights[:, 0] = 4
    return Early("primer", CHANNELS, weights, np.zeros(3, np.float32), np.zeros_like(weights), np.ones_like(weights),
                 stops)


def run(observer: StopEarly, bright: float, steps: int = 16, channels: int = CHANNELS) -> int:
    """Let a run of so many steps go by; how many the observer let be painted."""
    for number in range(steps):
        step = Step(number, 0, steps, number, steps, 999 - number, 1.0, 0.5, 0.5)
        latents = torch.full((1, channels, 6, 9), bright)
        observer(Seen(step, latents, lambda latents=latents: latents))
    return steps


def test_a_run_that_promises_nothing_stops_at_a_quarter_and_the_next_begins_anew() -> None:
    observer = StopEarly(early())
    for _ in range(2):
        with pytest.raises(StoppedEarly) as stopped:
            run(observer, -1.0)
        assert (stopped.value.steps, stopped.value.total) == (5, 16) and stopped.value.chance < 0.3
    assert run(observer, 1.0) == 16 and len(observer.chances) == len(LOOKS)


def test_no_patience_limit_and_unknown_latents_never_stop() -> None:
    assert run(StopEarly(early(), patience=0.0), -1.0) == 16
    assert run(StopEarly(early()), -1.0, channels=16) == 16


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_the_shortest_runs_are_looked_at_too(steps: int) -> None:
    assert run(StopEarly(early()), 1.0, steps) == steps


def test_features_are_finite_for_any_size() -> None:
    rng = np.random.default_rng(0)
    for height, width in ((1, 1), (2, 9), (33, 17)):
        field = rng.normal(size=(CHANNELS, height, width)).astype(np.float32)
        numbers = features(field, field + 1)
        assert len(numbers) == WIDTH and np.isfinite(numbers).all()


def test_it_is_written_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "early.json").write_text(json.dumps(early().to_json()))
    again = Early.read(tmp_path)
    numbers = np.linspace(-1, 1, WIDTH, dtype=np.float32)
    assert again.chance(1, numbers) == pytest.approx(early().chance(1, numbers), abs=1e-6)
    assert again.stops == (0.3, 0.3, 0.3)


@pytest.mark.parametrize("change", [{"schema": 9}, {"weights": [[1.0]]}, {"stops": [0.1]}, {"spread": "x"}, None])
def test_what_is_damaged_is_refused(tmp_path: Path, change: dict | None) -> None:
    (tmp_path / "early.json").write_text("{" if change is None else json.dumps(early().to_json() | change))
    with pytest.raises(ModelError):
        Early.read(tmp_path)


def test_a_harvest_is_over_with_enough_good_takes_or_a_spent_budget() -> None:
    harvest = Harvest(Wish(2, 3.0))
    for seed, state, share in ((1, "kept", 1.0), (2, "stopped", 0.25), (3, "left", 1.0)):
        assert not harvest.over
        harvest.note(Outcome(seed, state, share, "x"))
    assert harvest.spent == pytest.approx(2.25) and not harvest.over
    harvest.note(Outcome(4, "kept", 1.0, "x"))
    assert harvest.over and harvest.kept == 2
    poor = Harvest(Wish(2, 2.0))
    poor.note(Outcome(1, "left", 1.0, "x"))
    poor.note(Outcome(2, "left", 1.0, "x"))
    assert poor.over and poor.kept == 0


@pytest.mark.parametrize(("good", "budget"), [(0, 3), (2000, 3000), (4, 3), (1, 1e9), (1, float("nan"))])
def test_wishes_that_cannot_be_are_refused(good: int, budget: float) -> None:
    with pytest.raises(PlanError):
        Wish(good, budget)


def test_the_yield_counts_why_and_how_many_takes_a_brief_needed() -> None:
    asked = (Demand("words", "a cat", True, "", 0.9), Demand("words", "rain", False, "not in the picture: rain", 0.1))
    met = (asked[0], Demand("words", "rain", True, "", 0.9))
    sure = Grading(0.95, 0.04, 0.01)
    outcomes = [Outcome.of(1, judge(sure, (), asked)), Outcome(2, "stopped", 0.25, "stopped after 4 of 16 steps"),
                Outcome.of(3, judge(sure, (), met))]
    total = Yield.of(outcomes)
    assert (total.painted, total.stopped, total.kept, total.demands, total.all_met, total.needed) == (2, 1, 1, 2, 1, 3)
    assert total.why == {"not in the picture: rain": 1} and total.spent == pytest.approx(2.25)
    assert total.sentences()[0].startswith("3 takes begun: 1 good, 1 not, 1 stopped early")
    assert "all were there in 1 of 2 finished takes, first in take 3" in total.sentences()[1]
    hard = [Outcome(9, "left", 1.0, "x", demands=5, met=False)]
    parts = by_difficulty([outcomes, hard])
    assert parts["easy"].kept == 1 and parts["hard"].painted == 1 and parts["hard"].needed is None
