"""Looks: are the pictures, as a whole, like the World's, and are they new?"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from underpaint.primer.judge import Judge, judge_input
from underpaint.primer.report.rows import Row
from underpaint.primer.stagecraft.scene import FACTORS, sample_scene
from underpaint.primer.stagecraft.truth import render

_DIMENSIONS = 32
_BAR = 0.15
Features = NDArray[np.float64]
Pictures = Sequence[NDArray[np.uint8]]


@torch.no_grad()
def features(judge: Judge, pictures: Pictures, size: int) -> Features:
    """What the judge sees before it names anything: one row a picture."""
    rows = [judge.features(judge_input(picture[None], size))[0].float().numpy() for picture in pictures]
    return np.stack(rows).astype(np.float64)


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


def look_rows(
    judge: Judge, size: int, painted: Pictures, renders: Pictures, trained_on: Pictures, seed: int
) -> list[Row]:
    """The Frechet distance over the floor of two fresh sets, in units of day against night in other styles; and how
    near the nearest training picture is."""
    count = len(painted)
    ours, fresh = features(judge, painted, size), features(judge, renders, size)
    again = features(judge, _renders(count, seed, {}), size)
    styles = FACTORS["style"]
    half = len(styles) // 2
    one = _renders(count // 2, seed + 1, {"time": ("noon", "dawn"), "style": styles[:half]})
    other = _renders(count // 2, seed + 2, {"time": ("sunset", "night"), "style": styles[half:]})
    day, night = features(judge, one, size), features(judge, other, size)
    fresh, ours, again, day, night, known = principal(fresh, ours, again, day, night, features(judge, trained_on, size))
    floor = frechet(fresh, again)
    distance = (frechet(fresh, ours) - floor) / max(frechet(day, night) - floor, 1e-9)
    rows = [Row("Frechet distance, in yardsticks", distance, distance, distance, count, None, f"at most {_BAR}",
                distance <= _BAR)]  # fmt: skip
    near, usual = (float(np.median(_nearest(rows_, known))) for rows_ in (ours, fresh))
    rows.append(Row("nearest training picture, against fresh renders", near / usual, near / usual, near / usual, count,
                    1.0, "no nearer", near >= 0.95 * usual))  # fmt: skip
    return rows


def _nearest(rows: Features, known: Features) -> Features:
    return np.array([np.sqrt(((known - row) ** 2).sum(1).min()) for row in rows])


def _renders(count: int, seed: int, kinds: dict[str, tuple[str, ...]]) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng([seed, 21])
    out = []
    for _ in range(count):
        fixed = {name: str(rng.choice(values)) for name, values in kinds.items()}
        out.append(render(sample_scene(rng, fixed=fixed, allow_held_out=True)))
    return out
