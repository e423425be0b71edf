"""A glance at a painter in training: few pictures, the same questions each time, for the plots over time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from underpaint.controls.line_check import check_lines
from underpaint.errors import ModelError
from underpaint.imaging.arrays import to_float
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.report.hands import BATCH, Pictures
from underpaint.primer.report.words import answers, questions
from underpaint.primer.stages import Workshop, load_judge

_ASKED = 2 * BATCH


def glance(shop: Workshop, box: Paintbox) -> dict[str, float]:
    """The share of right answers by factor and in all ("right"), from words alone; empty without a judge that fits.

    A factor's share is of sixteen pictures and says little by itself; over time it says whether it grows.
    """
    try:
        judge = load_judge(shop)
    except ModelError:
        # Training needs no judge.
        return {}
    settings = shop.config.evaluate
    asked = [question for question in questions(2 * _ASKED, settings.seed + 1) if question.size == (256, 256)][:_ASKED]
    pictures: Pictures = []
    for start in range(0, len(asked), BATCH):
        prompts = [question.prompt for question in asked[start : start + BATCH]]
        order = Order(prompts, steps=shop.config.defaults.steps, guidance=settings.guidance, seed=settings.seed + start)
        pictures += list(paint(box, order))
    right = answers(judge, shop.config.judge.size, asked, pictures)
    shares = {name: float(np.mean(marks)) for name, marks in right.items()}
    return {"right": round(float(np.mean(list(shares.values()))), 4)} | {n: round(s, 4) for n, s in shares.items()}


def lines_kept(pictures: Sequence[NDArray[np.uint8]], inks: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """The mean F1 of lines (1 = ink, H x W) that pictures were painted under."""
    found = [check_lines(to_float(picture), ink).f1 for picture, ink in zip(pictures, inks, strict=True)]
    return {"lines F1": round(float(np.mean(found)), 4)} if found else {}
