"""The review: is it right about spoilt pictures, and does it learn a taste?

Cheap parts run always: spoilt pictures of the World from seeds of their own, and simulated artists. With
UNDERPAINT_BENCH=whole takes are painted as well, and the judge in `primer-work` labels them.
"""

import os

import numpy as np

from bench.judging import MISSING, Judging
from bench.table import Row
from underpaint.plan.painter import Painter
from underpaint.primer.quality_damage import DAMAGES, Sound, damage
from underpaint.primer.quality_stage import area, calibration_error
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import CreateRecipe
from underpaint.review.embedding import PlainEmbedder
from underpaint.review.picks import LEAST_PICKS, Looks, Preference, Taste, learn
from underpaint.review.qualities import qualities
from underpaint.review.verdict import Asked, Reviewer
from underpaint.review.wording import Wording

SEED = 7_001
"""Nobody trains on scenes of this one."""
SPOILT, ARTISTS, PAIRS = 8, 12, 80


def measure() -> list[Row]:
    """Rows of the cheap parts, and of the long ones where they are asked for."""
    pictures = _pictures(60)
    rows = [*_spoilt(pictures), *_artists(pictures)]
    if os.environ.get("UNDERPAINT_BENCH") == "whole":
        rows += _fresh_takes()
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
    judge = Judging.open()
    if judge is None:
        return [Row.skipped("review: fresh takes by the judge", MISSING, "0.88")]
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
