"""The artist's own order: learned, said when it is not known, never above an explicit word."""

import numpy as np
import pytest

from underpaint.errors import PlanError
from underpaint.review.picks import LEAST_PICKS, Looks, Preference, Rated, Taste, learn, next_pair, preferences


def studio(count: int = 80, seed: int = 0) -> tuple[Looks, np.ndarray]:
    """Pictures with fourteen measured qualities, and how an artist with hidden weights would value each."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(count, 14)).astype(np.float32)
    vectors = rng.normal(size=(count, 40)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Looks(tuple(f"p{one}" for one in range(count)), numbers, vectors), numbers @ rng.normal(size=14)


def answers(looks: Looks, worth: np.ndarray, count: int, among: int, seed: int = 1) -> list[Preference]:
    rng = np.random.default_rng(seed)
    said = []
    for _ in range(count):
        one, other = rng.choice(among, 2, replace=False)
        better, worse = (one, other) if worth[one] > worth[other] else (other, one)
        said.append(Preference(looks.keys[better], looks.keys[worse]))
    return said


def test_fifty_answers_foretell_new_pairs() -> None:
    right = []
    for seed in range(6):
        looks, worth = studio(seed=seed)
        taste = learn(looks, answers(looks, worth, 50, 50, seed))
        rng = np.random.default_rng(seed + 99)
        for _ in range(60):
            one, other = rng.choice(np.arange(50, 80), 2, replace=False)
            chance = taste.chance(looks.keys[one], looks.keys[other])
            right.append((chance > 0.5) == (worth[one] > worth[other]))
    assert np.mean(right) >= 0.75


def test_under_ten_picks_it_abstains() -> None:
    looks, worth = studio()
    taste = learn(looks, answers(looks, worth, LEAST_PICKS - 1, 50))
    assert not taste.knows and taste.chance("p0", "p1") == 0.5 and taste.right is None
    assert taste.says == "9 of at least 10 picks: too few to know your taste"
    assert taste.order(["p3", "p1", "p2"]) == ["p3", "p1", "p2"]


def test_random_answers_are_no_taste() -> None:
    looks, _ = studio()
    rng = np.random.default_rng(5)
    said = [Preference(*(looks.keys[int(i)] for i in rng.choice(80, 2, replace=False))) for _ in range(120)]
    taste = learn(looks, said)
    assert not taste.knows and "no order in them that holds" in taste.says and taste.worth == {}


def test_contradicting_answers_are_told_and_weigh_nothing() -> None:
    looks, _ = studio()
    said = [Preference("p0", "p1"), Preference("p1", "p0")] * 10
    taste = learn(looks, said)
    assert taste.contradicted == 10 and not taste.knows


def test_nothing_guessed_stands_above_what_was_said() -> None:
    taste = Taste(True, 40, 0.9, 0, "", {"a": -3.0, "b": 5.0, "c": 4.0, "d": 9.0, "e": 1.0})
    rated = {"a": Rated("a", picked=True), "b": Rated("b", stars=2), "c": Rated("c", stars=4),
             "d": Rated("d", rejected=True)}
    assert taste.order(["d", "e", "b", "c", "a"], rated) == ["a", "c", "b", "e", "d"]


def test_stars_rejects_and_picks_become_pairs_within_their_job() -> None:
    rated = [Rated("a", stars=5), Rated("b", stars=2), Rated("c"), Rated("d", rejected=True), Rated("x", picked=True)]
    jobs = dict.fromkeys("abcd", "one") | {"x": "two"}
    said = {(one.better, one.worse) for one in preferences(rated, (), jobs)}
    assert said == {("a", "b"), ("a", "d"), ("b", "d"), ("c", "d")}
    jobs["c"] = "two"
    assert ("x", "c") in {(one.better, one.worse) for one in preferences(rated, (), jobs)}


def test_thousands_of_stars_become_no_millions_of_pairs() -> None:
    rated = [Rated(f"{number}", stars=number % 5 + 1) for number in range(3000)]
    found = preferences(rated)
    assert len(found) <= 3000 * 100 and len({one.worse for one in found}) == 2400
    for_one = [one for one in found if one.better == "4"]
    assert 80 <= len(for_one) <= 100 and sum(one.weight for one in for_one) == pytest.approx(2)


def test_pairs_are_asked_once_each_and_then_no_more() -> None:
    nothing = learn(studio()[0], [])
    rng, asked = np.random.default_rng(0), []
    while (pair := next_pair(["a", "b", "c", "d", "a"], nothing, asked, rng)) is not None:
        asked.append(pair)
    assert len(asked) == 6 and len({frozenset(pair) for pair in asked}) == 6
    assert next_pair(["a"], nothing, [], rng) is None


def test_pictures_without_numbers_are_refused() -> None:
    with pytest.raises(PlanError, match="every picture needs"):
        Looks(("a",), np.zeros((2, 3), np.float32), np.zeros((1, 3), np.float32))
