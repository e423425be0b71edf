"""The examination asks fairly and counts rightly."""

from collections import Counter

import numpy as np
import pytest
import torch

from underpaint.primer.evaluate import grade, questions, report, said
from underpaint.primer.judge import Judge, ask, judge_input
from underpaint.primer.world import FACTORS, held_out


def test_half_of_the_questions_were_never_seen() -> None:
    asked = questions(128, 4)
    assert sum(q.held_out for q in asked) == 64
    assert all(held_out(q.factors) == q.held_out for q in asked)
    assert asked == questions(128, 4)
    assert {q.size for q in asked} > {(256, 256)}
    for start in range(0, 128, 8):
        assert len({q.size for q in asked[start : start + 8]}) == 1


def test_factors_are_drawn_evenly() -> None:
    asked = questions(512, 4)
    for name, values in FACTORS.items():
        counts = Counter(q.factors[name] for q in asked)
        assert set(counts) == set(values)
        assert min(counts.values()) > 0.35 * 512 / len(values)


def test_a_prompt_says_every_factor() -> None:
    factors = {"subject": "cat", "colour": "blue", "style": "oil", "place": "town", "time": "night",
               "position": "left", "light": "behind"}  # fmt: skip
    assert said(factors) == "blue cat, in a town, at night, on the left, oil, light from behind"


@pytest.fixture(scope="module")
def judge() -> Judge:
    torch.manual_seed(0)
    return Judge(4).eval()


def test_grades_count_right_answers(judge: Judge) -> None:
    asked = questions(16, 1)
    pictures = [np.full((64, 64, 3), 20 * i % 255, np.uint8) for i in range(16)]
    result = grade(judge, 32, asked, pictures)
    named = ask(judge, np.stack(pictures), 32).named
    for name in FACTORS:
        right = np.mean([named[name][i] == q.factors[name] for i, q in enumerate(asked)])
        assert result["factors"][name] == pytest.approx(right, abs=1e-4)
    assert set(result["factors"]) == set(FACTORS)
    table = report({"painted": result, "renders": result})
    assert table.count("\n| subject: ") == len({q.factors["subject"] for q in asked})


def test_judge_input_is_square_and_centred() -> None:
    pictures = np.zeros((2, 96, 160, 3), np.uint8)
    pictures[1] = 255
    given = judge_input(pictures, 32)
    assert given.shape == (2, 3, 32, 32)
    assert float(given[0].max()) == -1.0 and float(given[1].min()) == 1.0
