"""The review: is it right about spoilt pictures, does it learn a taste, and what does stopping early save?

Cheap parts run always: spoilt pictures of the World from seeds of their own, and simulated artists. With
UNDERPAINT_BENCH=whole takes are painted as well: the judge in `primer-work` labels fresh ones, and both ways of
painting until enough is good are timed.
"""

import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.table import Row
from underpaint.plan.painter import Painter
from underpaint.primer.early import prompts_of, read_early_config
from underpaint.primer.quality_damage import DAMAGES, Sound, damage
from underpaint.primer.quality_stage import area, calibration_error
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import CreateRecipe
from underpaint.review.early import Early
from underpaint.review.embedding import PlainEmbedder
from underpaint.review.harvest import Harvest, Outcome, Wish
from underpaint.review.picks import LEAST_PICKS, Looks, Preference, Taste, learn
from underpaint.review.places import EARLY, review_folder
from underpaint.review.qualities import qualities
from underpaint.review.stopping import StopEarly, StoppedEarly
from underpaint.review.verdict import Asked, Reviewer, Verdict
from underpaint.review.wording import Wording

SEED = 7_001
"""Nobody trains on scenes of this one."""
SPOILT, ARTISTS, PAIRS = 8, 12, 80
WANTED = {"cheap": 0, "whole": 200}
PROMPTS = 64


def measure() -> list[Row]:
    """Rows of the cheap parts, and of the long ones where they are asked for."""
    pictures = _pictures(60)
    rows = [*_spoilt(pictures), *_artists(pictures)]
    if os.environ.get("UNDERPAINT_BENCH") == "whole":
        rows += [*_fresh_takes(), *_stopping()]
    return rows


def _pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return [render(sample_scene(rng, size=(192, 192), allow_held_out=True)).astype(np.float32) / 255
            for _ in range(count)]


def _spoilt(pictures: list[np.ndarray]) -> list[Row]:
    """Sound pictures against singly damaged ones: told apart, chances true, the reason right."""
    rng, reviewer = np.random.default_rng(SEED + 1), Reviewer()
    sound = reviewer.review([Asked(one) for one in pictures])
    right, bad = 0, []
    for kind, (_, fault) in DAMAGES.items():
        spoilt = [damage(Sound(pictures[int(rng.integers(len(pictures)))]), kind, 0.7, rng).picture
                  for _ in range(SPOILT)]
        verdicts = reviewer.review([Asked(one) for one in spoilt])
        bad += verdicts
        right += sum(verdict.fault == fault for verdict in verdicts)
    chances = np.asarray([one.chances["good"] for one in [*sound, *bad]])
    truth = np.asarray([True] * len(sound) + [False] * len(bad))
    auc, error = area(chances, truth) or 0.0, calibration_error(chances, truth)
    share = right / len(bad)
    rate = f"base rate {truth.mean():.0%}"
    return [Row(f"review: sound or damaged, {len(truth)} pictures, {rate}", f"AUC {auc:.2f}", "0.88", auc >= 0.88),
            Row("review: calibration error on these", f"{error:.3f}", "at most 0.08", error <= 0.08),
            Row(f"review: reason right, {len(bad)} singly damaged", f"{share:.0%}", "80 %", share >= 0.8)]


def _artists(pictures: list[np.ndarray]) -> list[Row]:
    """Artists with hidden weights over measured qualities answer fifty pairs; new pairs and new pictures are asked."""
    numbers, vectors = np.stack([qualities(one) for one in pictures]), PlainEmbedder().embed(pictures)
    keys, half = tuple(str(one) for one in range(len(pictures))), len(pictures) // 2
    plain = (numbers - numbers.mean(axis=0)) / np.maximum(numbers.std(axis=0), 1e-3)
    told, top, silent = [], [], []
    for artist in range(ARTISTS):
        rng = np.random.default_rng(SEED + artist)
        worth = plain @ rng.normal(size=plain.shape[1])
        looks = Looks(keys, numbers, vectors)
        taste = learn(looks, [_answer(worth, rng, half, 0) for _ in range(50)])
        for _ in range(PAIRS):
            pair = _answer(worth, rng, len(keys) - half, half)
            told.append(taste.chance(pair.better, pair.worse) > 0.5)
        shown = [str(one) for one in rng.choice(np.arange(half, len(keys)), 24, replace=False)]
        top.append(max(shown, key=lambda key: worth[int(key)]) in taste.order(shown)[:4])
        few: Taste = learn(looks, [_answer(worth, rng, half, 0) for _ in range(LEAST_PICKS - 1)])
        silent.append(not few.knows)
    share, held = float(np.mean(told)), float(np.mean(top))
    return [Row(f"picks: new pairs after 50, {ARTISTS} simulated artists", f"{share:.0%}", "75 %", share >= 0.75),
            Row("picks: the best of 24 is among the top 4", f"{held:.0%}", "80 %", held >= 0.8),
            Row("picks: abstains under 10", f"{np.mean(silent):.0%}", "100 %", all(silent))]


def _answer(worth: np.ndarray, rng: np.random.Generator, count: int, first: int) -> Preference:
    one, other = (int(v) + first for v in rng.choice(count, 2, replace=False))
    better, worse = (one, other) if worth[one] > worth[other] else (other, one)
    return Preference(str(better), str(worse))


def _fresh_takes() -> list[Row]:
    """Fresh takes, labelled by the judge: a take is good when subject, colour, place and time are named as asked."""
    rng, painter, reviewer, wording = np.random.default_rng(SEED + 5), Painter(), Reviewer(), Wording()
    judge = _Judge()
    chances, scores, truth = [], [], []
    for take in range(160):
        scene = sample_scene(rng, allow_held_out=True)
        prompt = captions(scene, rng).list
        picture = painter.paint(CreateRecipe(prompt=prompt, seed=SEED * 1000 + take), {}).picture
        verdict, = reviewer.review([Asked(picture, wording.measured(picture, prompt, {}))])
        chances.append(verdict.chances["good"])
        scores.append(verdict.score)
        truth.append(judge.good(picture, scene.factors()))
    chance, good = np.asarray(chances), np.asarray(truth)
    kept = np.argsort(-np.asarray(scores))[: len(scores) // 3]
    auc, error, right = area(chance, good) or 0.0, calibration_error(chance, good), float(good[kept].mean())
    rate = f"base rate {good.mean():.0%}"
    return [Row(f"review: {len(good)} fresh takes by the judge, {rate}", f"AUC {auc:.2f}", "0.88", auc >= 0.88),
            Row("review: calibration error on fresh takes", f"{error:.3f}", "at most 0.08", error <= 0.08),
            Row("review: the kept third is right", f"{right:.0%}", "90 %", right >= 0.9)]


class _Judge:
    """The judge that examines the Primer, as the last run of its stage left it."""

    FACTORS = ("subject", "colour", "place", "time")

    def __init__(self) -> None:
        import torch
        from safetensors.torch import load_file

        from underpaint.primer.config import read_config
        from underpaint.primer.judge import Judge

        config = read_config().judge
        self.size = config.size
        self._judge = Judge(config.width)
        self._judge.load_state_dict(load_file(Path("primer-work/judge/weights.safetensors")))
        self._judge.eval()
        torch.set_grad_enabled(False)

    def good(self, picture: np.ndarray, factors: dict[str, str]) -> bool:
        """Whether everything that counts is named as asked."""
        from underpaint.primer.judge import ask

        named = ask(self._judge, (picture[None] * 255).round().astype(np.uint8), self.size).named
        return all(named[name][0] == factors[name] for name in self.FACTORS)


def _stopping() -> list[Row]:
    """Both ways of painting until so many are kept: everything, and with stopping. The bar for good is set so that a
    quarter of all takes passes; false stops are counted by painting on what was stopped."""
    folder = review_folder(EARLY)
    if not (folder / "early.json").is_file():
        return [Row("stopping early: wall time", "nothing to foretell with", "60 %", False)]
    prompts = [one for one in prompts_of(read_early_config()) if one][:PROMPTS]
    runs, rows = _Runs(prompts), []
    for accepted in (0.25, 0.10, 0.50):
        bar = runs.bar(accepted)
        plain, stopping = (runs.until(WANTED["whole"], bar, stops) for stops in (None, Early.read(folder)))
        share = stopping["seconds"] / plain["seconds"]
        rows += [Row(f"stopping early, {accepted:.0%} accepted: wall time", f"{share:.0%}", "60 %",
                     share <= 0.6 or accepted != 0.25),
                 Row("stopping early: false stops", f"{stopping['false']:.0%}", "10 %",
                     stopping["false"] <= 0.1 or accepted != 0.25)]
    print(json.dumps(runs.told, indent=1))
    return rows


class _Runs:
    """Takes of fixed prompts, painted and reviewed one after the other."""

    def __init__(self, prompts: list[str]) -> None:
        self.prompts = prompts
        self.painter, self.reviewer, self.wording = Painter(), Reviewer(), Wording()
        self.told: list[dict[str, Any]] = []

    def take(self, number: int, observers: tuple[Any, ...] = ()) -> Verdict:
        """The verdict on take `number`."""
        prompt = self.prompts[number % len(self.prompts)]
        picture = self.painter.paint(CreateRecipe(prompt=prompt, seed=SEED + number), {}, observers=observers).picture
        found, = self.reviewer.review([Asked(picture, self.wording.measured(picture, prompt, {}))])
        return found

    def bar(self, accepted: float) -> float:
        """The score that so many takes of other seeds reach."""
        scores = [self.take(1_000_000 + number).score for number in range(2 * len(self.prompts))]
        return float(np.quantile(scores, 1 - accepted))

    def until(self, wanted: int, bar: float, early: Early | None) -> dict[str, float]:
        """Paint until so many reach the bar; seconds, and the share of stopped takes that would have reached it."""
        harvest, began, aside = Harvest(Wish(wanted, 10_000)), perf_counter(), 0.0
        observers = () if early is None else (StopEarly(early),)
        stopped, missed, number = 0, 0, 0
        while not harvest.over:
            try:
                score = self.take(number, observers).score
                harvest.note(Outcome(number, "kept" if score >= bar else "left", 1.0, ""))
            except StoppedEarly as stop:
                harvest.note(Outcome(number, "stopped", stop.steps / stop.total, ""))
                stopped += 1
                before = perf_counter()
                if stopped % 5 == 0:  # one in five is painted to its end, off the clock
                    missed += self.take(number).score >= bar
                aside += perf_counter() - before
            number += 1
        missed *= 5
        found = {"seconds": perf_counter() - began - aside, "takes": number, "stopped": stopped,
                 "false": missed / max(1, missed + harvest.kept)}
        self.told.append(found | {"bar": bar, "stopping": early is not None})
        return found
