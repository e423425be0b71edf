"""Looks: are the pictures, as a whole, like the World's, and are they new?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from underpaint.files import atomic_write
from underpaint.primer.judge import Judge, judge_input
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.rows import Row, redrawn
from underpaint.primer.report.words import Question, asked_in_words, painted, rendered
from underpaint.primer.stagecraft.scene import FACTORS
from underpaint.training.shards import complete_shards

_DIMENSIONS = 32
_BAR, _BAR_FEW = 0.15, 0.25
_AGAIN, _DAY, _NIGHT = 1, 2, 3
_BATCH = 32
Features = NDArray[np.float64]


def looks_part(desk: Desk) -> list[Row]:
    """The Frechet distance over the floor of two fresh sets, in units of day against night in other styles; and how
    near the nearest training picture is."""
    asked = asked_in_words(desk)
    fresh = features(desk.judge, rendered(desk, "words", asked), desk.size)
    again = features(desk.judge, rendered(desk, "words", asked, _AGAIN), desk.size)
    styles = FACTORS["style"]
    half = len(styles) // 2
    day, night = (
        features(desk.judge, rendered(desk, name, pinned(asked, times, kinds), salt), desk.size)
        for name, times, kinds, salt in (
            ("day", ("dawn", "noon"), styles[:half], _DAY),
            ("night", ("sunset", "night"), styles[half:], _NIGHT),
        )
    )
    known = training_features(desk)
    rows = []
    for hand in desk.hands:
        ours = features(desk.judge, painted(desk, "words", asked, hand), desk.size)
        low = principal(fresh, again, day, night, ours, known)
        found = [distance_row(_BAR_FEW if hand is desk.few else _BAR, *low[:5]), nearest_row(low[4], low[0], low[5])]
        rows += [row.by_few() for row in found] if hand is desk.few else found
    return rows


def pinned(asked: list[Question], times: Sequence[str], styles: Sequence[str]) -> list[Question]:
    """The same questions, their times and ways of painting changed to some in turn."""
    changes = [
        {"time": times[i % len(times)], "style": styles[i // len(times) % len(styles)]} for i in range(len(asked))
    ]
    return [
        replace(q, pinned=q.pinned | change, factors=q.factors | change)
        for q, change in zip(asked, changes, strict=True)
    ]


@torch.no_grad()
def features(judge: Judge, pictures: Sequence[NDArray[np.uint8]], size: int) -> Features:
    """What the judge sees before it names anything: one row a picture."""
    starts = range(0, len(pictures), _BATCH)
    given = (judge_input(pictures[start : start + _BATCH], size) for start in starts)
    return np.concatenate([judge.features(batch).float().numpy() for batch in given]).astype(np.float64)


def training_features(desk: Desk) -> Features:
    """The features of every training picture, kept shard by shard."""
    out = []
    for shard in complete_shards(desk.shop.pictures_folder, "pictures"):
        path = desk.folder / "known" / f"{shard.number:05d}-{desk.judge_mark}.npy"
        if not path.is_file():
            found = features(desk.judge, shard.array("pictures"), desk.size)
            with atomic_write(path) as file:
                np.save(file, found.astype(np.float32), allow_pickle=False)
        out.append(np.load(path, allow_pickle=False))
    return np.concatenate(out).astype(np.float64)


def frechet(first: Features, second: Features) -> float:
    """The squared Frechet distance of two sets as Gaussians (Dowson and Landau, 1982)."""
    means = first.mean(0) - second.mean(0)
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    # The trace of a product's root is the sum of the roots of its eigenvalues, some of which may be nothing.
    roots = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None)).sum()
    return float(means @ means + np.trace(a + b) - 2 * roots)


def principal(reference: Features, *others: Features, count: int = _DIMENSIONS) -> list[Features]:
    """The sets in the first principal dimensions of the reference."""
    middle = reference.mean(0)
    axes = np.linalg.svd(reference - middle, full_matrices=False)[2][:count]
    return [(rows - middle) @ axes.T for rows in (reference, *others)]


def distance_row(bar: float, fresh: Features, again: Features, day: Features, night: Features, ours: Features) -> Row:
    """The Frechet distance of ours from fresh renders over the floor of two fresh sets, as a share of the yardstick."""

    def yardsticks(fresh: Features, again: Features, day: Features, night: Features, ours: Features) -> float:
        floor = frechet(fresh, again)
        return (frechet(fresh, ours) - floor) / max(frechet(day, night) - floor, 1e-9)

    value = yardsticks(fresh, again, day, night, ours)
    low, high = redrawn(yardsticks, fresh, again, day, night, ours)
    return Row("Frechet distance, in yardsticks", value, low, high, len(ours), None, f"at most {bar:g}", value <= bar)


def nearest_row(ours: Features, fresh: Features, known: Features) -> Row:
    """How far the nearest training picture is, beside how far it is from fresh renders (1: as far)."""

    def compared(ours: Features, fresh: Features) -> float:
        return float(np.median(ours) / max(float(np.median(fresh)), 1e-9))

    near, usual = nearest(ours, known), nearest(fresh, known)
    value = compared(near, usual)
    low, high = redrawn(compared, near, usual)
    return Row("nearest training picture, against fresh renders", value, low, high, len(ours), 1.0,
               "no nearer (1 within the interval, or above)", high >= 1.0)  # fmt: skip


def nearest(rows: Features, known: Features) -> Features:
    """The distance of each row from the nearest known one."""
    return np.array([np.sqrt(((known - row) ** 2).sum(1).min()) for row in rows])
