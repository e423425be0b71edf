"""The examination asks fairly and counts rightly."""

from collections import Counter

import numpy as np
import pytest
import torch

from underpaint.primer.judge import Judge, ask, judge_input
from underpaint.primer.report.looks import frechet, principal
from underpaint.primer.report.page import table
from underpaint.primer.report.rows import most, shares
from underpaint.primer.report.words import answers, counting, questions, relating, said, value_shares, word_rows
from underpaint.primer.stagecraft.scene import FACTORS, held_out, sample_scene


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


def test_answers_count_what_is_right(judge: Judge) -> None:
    asked = questions(16, 1)
    pictures = [np.full((64, 64, 3), 20 * i % 255, np.uint8) for i in range(16)]
    right = answers(judge, 32, asked, pictures)
    named = ask(judge, np.stack(pictures), 32).named
    for name in FACTORS:
        assert right[name] == [named[name][i] == q.factors[name] for i, q in enumerate(asked)]
    rows = word_rows(asked, right, right)
    assert {row.name for row in rows} >= set(FACTORS)
    assert set(value_shares(asked, right)) == {f"{name}: {q.factors[name]}" for q in asked for name in FACTORS}


def test_counts_and_relations_are_asked_as_they_are_rendered() -> None:
    for question in counting(6, 3):
        scene = sample_scene(np.random.default_rng(0), fixed=question.pinned, allow_held_out=True)
        assert str(scene.who.count) == question.factors["count"]
        number = {"1": scene.who.colour, "2": "two ", "3": "three "}[question.factors["count"]]
        assert question.prompt.startswith(number)
    for number, question in enumerate(relating(4, 3)):
        pinned = {k: v for k, v in question.pinned.items() if k != "drawn"}
        scene = sample_scene(np.random.default_rng([3, 3, number]), fixed=pinned, allow_held_out=True)
        assert scene.other is not None and scene.relation == question.factors["relation"]
        assert f"{scene.relation} a {scene.other.colour} {scene.other.kind}" in question.prompt


def test_a_row_says_how_sure_it_is_and_whether_the_bar_is_met() -> None:
    row = shares("style", [True] * 90 + [False] * 10, [True] * 95 + [False] * 5, 0.92)
    assert row.met and row.share == pytest.approx(0.9 / 0.95)
    assert row.low == pytest.approx(0.826, abs=2e-3) and row.high == pytest.approx(0.945, abs=2e-3)
    assert not shares("style", [True] * 80 + [False] * 20, [True] * 95 + [False] * 5, 0.92).met
    assert not most("dE", [9.0, 9.5], None, 8.0).met
    assert "| style | 0.90 |" in table([row])


def test_the_distance_of_a_set_to_itself_is_nothing_and_grows_with_a_shift() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 40))
    first, same, moved = principal(rows, rows.copy(), rows + 0.5, count=8)
    assert first.shape == (200, 8)
    assert frechet(first, same) == pytest.approx(0.0, abs=1e-6)
    assert frechet(first, moved) > 0.1


def test_judge_input_is_square_and_centred() -> None:
    pictures = np.zeros((2, 96, 160, 3), np.uint8)
    pictures[1] = 255
    given = judge_input(pictures, 32)
    assert given.shape == (2, 3, 32, 32)
    assert float(given[0].max()) == -1.0 and float(given[1].min()) == 1.0
