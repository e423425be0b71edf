"""Your picks: an order learned from an artist's stars, picks, paint-overs and blind pairs, on this machine alone.

A Bradley-Terry model (1952): the chance that one picture is preferred is the logistic of the difference of their
worths, and a picture's worth is linear in its measured qualities and its likeness vector, held small by a ridge.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PlanError
from underpaint.imaging.arrays import FloatArray

Doubles = NDArray[np.float64]
LEAST_PICKS = 10
"""With fewer opinions nothing is said."""
_DIRECTIONS = 10
"""Directions of the likeness vectors that are learned on; more than an artist's few dozen answers can tell apart."""
_RIDGE, _RIDGE_LIKENESS = 1.0, 4.0
_ROUNDS = 25
_PARTS = 5
_LEAST_RIGHT = 0.58
"""The share of answers that must be foretold without having been seen, before an order is offered."""
_SURE = 0.72
_PICKED = 6
_RIVALS = 100
"""With so many of those rated lower is a picture compared, others with others: thousands of stars stay few pairs."""


@dataclass(frozen=True)
class Preference:
    """One picture preferred to another, by their keys; `weight` counts how firmly it was said."""

    better: str
    worse: str
    weight: float = 1.0


@dataclass(frozen=True)
class Rated:
    """What an artist said of one picture: 0 to 5 stars, rejected, picked (chosen, or painted over)."""

    key: str
    stars: int = 0
    rejected: bool = False
    picked: bool = False

    @property
    def level(self) -> int:
        """Where the word stands by itself: a pick above all stars, a reject below what nobody spoke of."""
        return _PICKED if self.picked else -1 if self.rejected else self.stars

    @property
    def said(self) -> bool:
        """Whether anything was said of it."""
        return self.level != 0


@dataclass(frozen=True, eq=False)
class Looks:
    """What a taste is learned on: for every key its measured qualities (N x Q) and its unit vector (N x D)."""

    keys: tuple[str, ...]
    qualities: FloatArray
    vectors: FloatArray

    def __post_init__(self) -> None:
        if not len(self.keys) == len(self.qualities) == len(self.vectors):
            raise PlanError("every picture needs its qualities and its vector", field="picks")


@dataclass(frozen=True, eq=False)
class Taste:
    """A learned order. `picks`: how many opinions it comes from; `right`: the share of answers that it foretold without
    having seen them (None: too few to try); `contradicted`: how many answers other answers gainsay; `says` is a
    sentence for the artist. Where `knows` is False it has no opinion, and every chance is a half."""

    knows: bool
    picks: int
    right: float | None
    contradicted: int
    says: str
    worth: Mapping[str, float]

    def chance(self, one: str, other: str) -> float:
        """The chance that the first is preferred; a half where nothing is known."""
        if not self.knows or one not in self.worth or other not in self.worth:
            return 0.5
        return float(_logistic(np.asarray(self.worth[one] - self.worth[other])))

    def order(self, keys: Sequence[str], rated: Mapping[str, Rated] | None = None) -> list[str]:
        """The keys, best first. What the artist said stands above what is guessed: picks, then stars, then what nobody
        spoke of by its worth, then rejects; without an opinion they stay as they came."""
        said = rated or {}

        def place(key: str) -> tuple[float, float]:
            worth = self.worth.get(key, 0.0) if self.knows else 0.0
            return -(said[key].level if key in said else 0), -worth

        return sorted(keys, key=place)


def preferences(rated: Iterable[Rated], answers: Iterable[Preference] = (),
                groups: Mapping[str, str] | None = None) -> list[Preference]:
    """All pairs that an artist's words mean: each answer of a blind pair; and, within a group (a job, a brief; all are
    one without), every picture against those rated lower. What nobody spoke of loses only to picks of its own group:
    it may just not have been looked at."""
    found = list(answers)
    by_group: dict[str, list[Rated]] = {}
    for one in rated:
        by_group.setdefault((groups or {}).get(one.key, ""), []).append(one)
    for name, members in by_group.items():
        below = {level: [one for one in members if one.level < level and (one.said or (level == _PICKED and name))]
                 for level in {one.level for one in members}}
        for number, better in enumerate(members):
            lower = below[better.level]
            apart = -(-len(lower) // _RIVALS) or 1
            lower = lower[number % apart :: apart]
            # One word about one picture counts as one opinion or two, however many others there are.
            share = min(1.0, 2.0 / max(1, len(lower)))
            found += [Preference(better.key, one.key, share) for one in lower]
    return found


def learn(looks: Looks, said: Sequence[Preference], picks: int | None = None) -> Taste:
    """Learn an order from preferences between the pictures of `looks`; others are passed over.

    `picks` counts the artist's separate words, where preferences were made from fewer; one each otherwise. Under ten
    nothing is learned. Answers that gainsay each other weaken each other, and are told.
    """
    known = {key: row for row, key in enumerate(looks.keys)}
    usable = [one for one in said if one.better in known and one.worse in known and one.better != one.worse]
    count = len(usable) if picks is None else min(picks, len(usable)) if usable else 0
    contradicted = _contradicted(usable)
    if count < LEAST_PICKS:
        text = f"{count} of at least {LEAST_PICKS} picks: too few to know your taste"
        return Taste(False, count, None, contradicted, text, {})
    features = _features(looks)
    pairs = np.asarray([[known[one.better], known[one.worse]] for one in usable])
    weights = np.asarray([one.weight for one in usable], np.float64)
    ridge = np.full(features.shape[1], _RIDGE)
    ridge[looks.qualities.shape[1] :] = _RIDGE_LIKENESS
    right = _foretold(features, pairs, weights, ridge)
    worth = features @ _fit(features[pairs[:, 0]] - features[pairs[:, 1]], weights, ridge)
    knows = right >= _LEAST_RIGHT
    return Taste(knows, count, right, contradicted, _sentence(knows, count, right, contradicted),
                 dict(zip(looks.keys, map(float, worth), strict=True)) if knows else {})


def next_pair(keys: Sequence[str], taste: Taste, asked: Iterable[tuple[str, str]],
              rng: np.random.Generator) -> tuple[str, str] | None:
    """The next two pictures to ask about, in no telling order; None when all were asked.

    Of some pairs drawn at random the one is taken that the taste is least sure of, and pictures that were seldom shown
    come first, so that no answer is wasted.
    """
    unique = list(dict.fromkeys(keys))
    seen = {frozenset(pair) for pair in asked}
    shown = Counter(key for pair in seen for key in pair)
    if len(unique) < 2 or len(seen) >= len(unique) * (len(unique) - 1) // 2:
        return None
    best: tuple[float, tuple[str, str]] | None = None
    for _ in range(400):
        one, other = (unique[int(i)] for i in rng.choice(len(unique), 2, replace=False))
        if frozenset((one, other)) in seen:
            continue
        dull = abs(taste.chance(one, other) - 0.5) + 0.08 * (shown[one] + shown[other])
        if best is None or dull < best[0]:
            best = dull, (one, other)
    if best is not None:
        return best[1]
    left = [(one, other) for at, one in enumerate(unique) for other in unique[at + 1 :]
            if frozenset((one, other)) not in seen]
    return left[int(rng.integers(len(left)))] if left else None


def _features(looks: Looks) -> Doubles:
    """Qualities, each of spread 1, beside the main directions of the vectors."""
    plain = np.asarray(looks.qualities, np.float64)
    plain = (plain - plain.mean(axis=0)) / np.maximum(plain.std(axis=0), 1e-3)
    middle = np.asarray(looks.vectors, np.float64) - np.mean(looks.vectors, axis=0)
    left, sizes, _ = np.linalg.svd(middle, full_matrices=False)
    kept = min(_DIRECTIONS, int((sizes > 1e-6).sum()))
    directions = left[:, :kept] * sizes[:kept]
    spread = directions[:, :1].std() if kept else 1.0
    return np.asarray(np.concatenate([plain, directions / max(float(spread), 1e-6)], axis=1), np.float64)


def _fit(differences: Doubles, weights: Doubles, ridge: Doubles) -> Doubles:
    """Weights of the logistic model by Newton's method; the ridge makes it well-behaved for any answers."""
    found = np.zeros(differences.shape[1])
    for _ in range(_ROUNDS):
        chance = _logistic(differences @ found)
        slope = differences.T @ (weights * (1 - chance)) - ridge * found
        bend = (differences * (weights * chance * (1 - chance))[:, None]).T @ differences + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return np.asarray(found)


def _foretold(features: Doubles, pairs: NDArray[np.int64], weights: Doubles, ridge: Doubles) -> float:
    """The share of answers, by weight, that is foretold without having seen them or an answer on the same two."""
    names = {pair: number for number, pair in enumerate(dict.fromkeys(tuple(sorted(p)) for p in pairs.tolist()))}
    part = np.asarray([names[tuple(sorted(pair))] % _PARTS for pair in pairs.tolist()])
    right = 0.0
    for turn in range(_PARTS):
        held = part == turn
        if held.all() or not held.any():
            continue
        away = features[pairs[:, 0]] - features[pairs[:, 1]]
        fitted = _fit(away[~held], weights[~held], ridge)
        right += float((weights[held] * (away[held] @ fitted > 0)).sum())
    return right / max(float(weights.sum()), 1e-9)


def _contradicted(said: Sequence[Preference]) -> int:
    """How many answers stand against the other answers on the same two pictures."""
    told: Counter[tuple[str, str]] = Counter((one.better, one.worse) for one in said)
    return sum(min(count, told[worse, better]) for (better, worse), count in told.items() if better < worse)


def _sentence(knows: bool, count: int, right: float, contradicted: int) -> str:
    against = f"; {contradicted} answers contradict others" if contradicted else ""
    if not knows:
        return f"{count} picks, and still no order in them that holds ({right:.0%} foretold){against}"
    sure = "it knows your taste well" if right >= _SURE else "a first idea of your taste"
    return f"{count} picks: {sure} ({right:.0%} of answers foretold){against}"


def _logistic(value: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))))
