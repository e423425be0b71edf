"""Stopping early: how much sooner are so many good takes there, how many good ones does it cost, is the rest as good?

Every take is painted twice in turn, to its end and with what foretells it watching, and both are timed with decoding
and review; prompts and seeds are of its own. What is stopped does not hang on the bar for good, and a seed paints
one picture; so the bar can be set afterwards, where painting everything accepts so many, and what each stop cost is
known to the take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bench.counting import Found, counted, many, share
from bench.judging import MISSING, Judging
from bench.table import Row
from underpaint.imaging.arrays import FloatArray
from underpaint.plan.painter import Painter
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.recipe import CreateRecipe
from underpaint.review.early import Early
from underpaint.review.places import EARLY, review_folder
from underpaint.review.stopping import StopEarly, StoppedEarly
from underpaint.review.verdict import Asked, Reviewer
from underpaint.review.wording import Wording

SEED = 9_300
PROMPTS, WANTED = 64, 200
ACCEPTED = (0.25, 0.10, 0.50)
"""What share of takes the bar lets pass; the first is the one that counts, the others are told."""


@dataclass(frozen=True)
class Tried:
    """One take, to its end and watched: seconds of each, whether it was stopped, the review's score, and whether the
    judge sees all that was asked (None without a judge)."""

    seconds: float
    watched: float
    stopped: bool
    score: float
    right: bool | None = None


@dataclass(frozen=True)
class Arm:
    """One way to so many good takes: the takes' numbers that were kept, and the seconds until the last of them."""

    kept: tuple[int, ...]
    seconds: float


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    folder = review_folder(EARLY)
    if not (folder / "early.json").is_file():
        return [Row.skipped("stopping early", "nothing to foretell with in the package yet", "<= 60 % of the time")]
    tried = try_all(many(16, 1000), Early.read(folder), base)
    return [row for accepted in ACCEPTED[: many(1, 3)] for row in rows_of(tried, accepted)]


def try_all(count: int, early: Early, base: CreateRecipe | None = None) -> list[Tried]:
    """So many takes of the fixed prompts, both ways in turn, now one first and now the other."""
    rng, easel, judge, watcher = np.random.default_rng(SEED), _Easel(), Judging.open(), StopEarly(early)
    scenes = [sample_scene(rng, allow_held_out=True) for _ in range(PROMPTS)]
    prompts = [captions(scene, rng).list for scene in scenes]
    base, found = base or CreateRecipe(), list[Tried]()
    easel.timed(base.changed(prompt=prompts[0], seed=SEED), ())  # loads what both need
    for number in counted(range(count), "takes both ways"):
        at = number % PROMPTS
        recipe = base.changed(prompt=prompts[at], seed=SEED * 1000 + number)
        ways = [(), (watcher,)]
        told = {len(way): easel.timed(recipe, way) for way in (ways if number % 2 else reversed(ways))}
        (seconds, picture, score), (watched, there, _) = told[0], told[1]
        assert picture is not None
        right = None if judge is None else judge.good(picture, scenes[at].factors())
        found.append(Tried(seconds, watched, there is None, score, right))
    return found


class _Easel:
    def __init__(self) -> None:
        self._painter, self._reviewer, self._wording = Painter(), Reviewer(), Wording()

    def timed(self, recipe: CreateRecipe, observers: Sequence[StopEarly]) -> tuple[float, FloatArray | None, float]:
        """Seconds of painting and review, the picture (None: stopped) and its score."""
        began = perf_counter()
        try:
            picture = self._painter.paint(recipe, {}, observers=observers).picture
        except StoppedEarly:
            return perf_counter() - began, None, 0.0
        measured = self._wording.measured(picture, recipe.prompt, {})
        verdict, = self._reviewer.review([Asked(picture, measured)])
        return perf_counter() - began, picture, verdict.score


def rows_of(tried: Sequence[Tried], accepted: float) -> list[Row]:
    """The rows where painting everything accepts such a share."""
    counts, bar = accepted == ACCEPTED[0], float(np.quantile([one.score for one in tried], 1 - accepted))
    plain, stopping = arms(tried, bar)
    what = f"stopping early at {accepted:.0%}: "
    if not plain.kept or not stopping.kept:
        return [Row.skipped(f"{what}wall time", "too few takes", "<= 60 %")]
    wall = stopping.seconds / plain.seconds
    good = [one.score >= bar for one in tried]
    lost = share([one.stopped for one, fine in zip(tried, good, strict=True) if fine])
    passed, usual = share(good), float(np.mean([one.stopped for one in tried]))
    return [Row(f"{what}painting everything accepts, of {len(tried)} takes", passed.percent(), f"{accepted:.0%} +-3",
                abs(passed.value - accepted) <= 0.03 or not counts),
            Row(f"{what}wall time to {len(plain.kept)} kept", f"{wall:.0%} ({usual:.0%} of takes stopped)",
                "<= 60 %" if counts else "reported", wall <= 0.6 or not counts),
            Row(f"{what}good takes falsely stopped", lost.percent(), "<= 10 %" if counts else "reported",
                lost.value <= 0.1 or not counts),
            _as_good(what, tried, plain, stopping)]


def arms(tried: Sequence[Tried], bar: float, wanted: int = WANTED) -> tuple[Arm, Arm]:
    """Painting everything, and with stopping, each to as many kept takes as both reach, at most `wanted`."""
    fine = [number for number, one in enumerate(tried) if one.score >= bar]
    left = [number for number in fine if not tried[number].stopped]
    most = min(wanted, len(left), len(fine))
    return (_arm(fine[:most], [one.seconds for one in tried]), _arm(left[:most], [one.watched for one in tried]))


def _arm(kept: Sequence[int], seconds: Sequence[float]) -> Arm:
    return Arm(tuple(kept), float(sum(seconds[: kept[-1] + 1])) if kept else 0.0)


def _as_good(what: str, tried: Sequence[Tried], plain: Arm, stopping: Arm) -> Row:
    """The judge's share of right ones among what either way kept, and the interval of their difference (Newcombe)."""
    shares = [share([bool(tried[number].right) for number in arm.kept]) for arm in (stopping, plain)]
    if tried[0].right is None:
        return Row.skipped(f"{what}right among the kept, by the judge", MISSING, "equal within its interval")
    low, high = apart(*shares)
    return Row(f"{what}right among the kept, by the judge", f"{shares[0].percent()} against {shares[1].percent()}, "
               f"apart {100 * low:+.0f} to {100 * high:+.0f}", "equal within its interval", low <= 0 <= high)


def apart(one: Found, other: Found) -> tuple[float, float]:
    """The interval of a difference of two shares, from the intervals of each (Newcombe 1998)."""
    assert one.low is not None and one.high is not None and other.low is not None and other.high is not None
    gap = one.value - other.value
    return (gap - float(np.hypot(one.value - one.low, other.high - other.value)),
            gap + float(np.hypot(one.high - one.value, other.value - other.low)))
