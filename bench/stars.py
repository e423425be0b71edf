"""Takes that an artist would star: how many of them would stopping early have thrown away?

Takes are painted to their ends while what foretells them looks on, so that every stop can be held against the picture
that it would have cost. Simulated artists (hidden weights over measured qualities, and a liking for sound craft) star
the best four of each 24; apart from them stands the separate judge's own choice, takes that show all that was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.counting import Found, counted, many, share, share_of_kin
from bench.judging import MISSING, Judging
from bench.table import Row
from underpaint.engine.protocols import Seen
from underpaint.imaging.arrays import FloatArray
from underpaint.plan.painter import Painter
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import Scene, sample_scene
from underpaint.recipe import CreateRecipe
from underpaint.review.early import Early
from underpaint.review.places import EARLY, review_folder
from underpaint.review.qualities import qualities
from underpaint.review.stopping import StopEarly, StoppedEarly
from underpaint.review.verdict import Asked, Reviewer
from underpaint.review.wording import Wording

SEED = 8_500
SHOWN, STARRED, ARTISTS = 24, 4, 24


@dataclass(frozen=True, eq=False)
class Take:
    """A finished take, whether it would have been stopped, what it was of, and its numbers for a taste."""

    picture: FloatArray
    stopped: bool
    scene: Scene
    numbers: FloatArray


class WouldStop:
    """Looks on as `StopEarly` does, notes what that would have done, and lets the run go on."""

    def __init__(self, early: Early) -> None:
        self._early = StopEarly(early)
        self.stopped = False

    def __call__(self, seen: Seen) -> None:
        """Note a stop."""
        if seen.step.call == 0:
            self.stopped = False
        try:
            self._early(seen)
        except StoppedEarly:
            self.stopped = True


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    what = f"starred takes ({STARRED} of {SHOWN}) that would have been stopped early"
    folder = review_folder(EARLY)
    if not (folder / "early.json").is_file():
        return [Row.skipped(what, "nothing to foretell with in the package yet", "<= 2 %")]
    takes = paint(many(SHOWN, 16 * SHOWN), Early.read(folder), base)
    lost = starred_and_stopped(takes, SEED)
    usual = share([one.stopped for one in takes])
    rows = [Row(f"{what}, {ARTISTS} simulated artists on {len(takes)} takes",
                f"{lost.percent()}; of all takes {usual.percent()}", "<= 2 %", lost.value <= 0.02)]
    judge = Judging.open()
    if judge is None:
        return [*rows, Row.skipped("stopped of takes that show all that was asked", MISSING, "reported")]
    right = share([one.stopped for one in takes if judge.good(one.picture, one.scene.factors())])
    what = f"stopped of {right.count} takes that show all that was asked"
    return [*rows, Row(what, right.percent(), "reported", True)]


def paint(count: int, early: Early, base: CreateRecipe | None = None) -> list[Take]:
    """Takes of scenes that nobody else draws, each watched to its end."""
    rng, painter, reviewer, wording = np.random.default_rng(SEED), Painter(), Reviewer(), Wording()
    watcher, made = WouldStop(early), []
    for number in counted(range(count), "takes to star"):
        scene = sample_scene(rng, allow_held_out=True)
        prompt = captions(scene, rng).list
        recipe = (base or CreateRecipe()).changed(prompt=prompt, seed=SEED * 1000 + number)
        picture = painter.paint(recipe, {}, observers=[watcher]).picture
        verdict, = reviewer.review([Asked(picture, wording.measured(picture, prompt, {}))])
        made.append(Take(picture, watcher.stopped, scene, np.append(qualities(picture), 2 * verdict.score - 1)))
    return made


def starred_and_stopped(takes: Sequence[Take], seed: int) -> Found:
    """Which share of what simulated artists star was to be stopped. What they like is drawn at random, but for craft:
    nobody stars what is badly made."""
    numbers = np.stack([one.numbers for one in takes])
    plain = (numbers - numbers.mean(axis=0)) / np.maximum(numbers.std(axis=0), 1e-3)
    hits: dict[int, list[bool]] = {}
    for artist in range(ARTISTS):
        rng = np.random.default_rng(seed + artist)
        weights = rng.normal(size=plain.shape[1])
        weights[-1] = np.abs(weights[-1]) + 1
        worth = plain @ weights
        for first in range(0, len(takes) - SHOWN + 1, SHOWN):
            best = first + np.argsort(-worth[first: first + SHOWN])[:STARRED]
            hits.setdefault(first, []).extend(takes[int(at)].stopped for at in best)
    return share_of_kin(list(hits.values()))
