"""A team's own good, fair and weak: what their labels change in the review, craft and content learned apart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import ModelError, RecipeError
from underpaint.files import atomic_write
from underpaint.imaging.arrays import FloatArray
from underpaint.models.home import underpaint_home
from underpaint.review.verdict import GRADES, Grade, Verdict, praise

Doubles = NDArray[np.float64]
LEAST_LABELS = 24
_TRUST = 60.0
"""With so many labels a team's word weighs as much as the review's own."""
_RIDGE = 2.0
_SCHEMA = 1
_PARTS = 4


@dataclass(frozen=True)
class Label:
    """What one person said of one picture; None where they said nothing."""

    sha256: str
    craft: Grade | None = None
    content: Grade | None = None

    @classmethod
    def from_json(cls, data: Any) -> "Label":
        """Read what the page wrote. Raises RecipeError."""
        given = data if isinstance(data, dict) else {}
        craft, content, sha256 = given.get("craft"), given.get("content"), given.get("sha256")
        known = (*GRADES, None)
        named = isinstance(sha256, str) and len(sha256) == 64 and set(sha256) <= set("0123456789abcdef")
        if not isinstance(sha256, str) or not named or craft not in known or content not in known:
            raise RecipeError("a label is neither good, fair nor weak, or names no picture", field="learn",
                              hint="Give the file that the page's Save button wrote.")
        return cls(sha256, craft, content)


@dataclass(frozen=True, eq=False)
class Scale:
    """How likely a picture is at least fair, and good: two lines through its numbers. `right`: the share of labels
    that were foretold without having been seen."""

    weights: Doubles
    offsets: Doubles
    labels: int
    right: float

    def chances(self, numbers: Doubles) -> tuple[float, float, float]:
        """Good, fair, weak."""
        fair, good = (float(one) for one in _logistic(self.weights @ numbers + self.offsets))
        good = min(good, fair)
        return good, fair - good, 1 - fair


@dataclass(frozen=True, eq=False)
class Team:
    """What was learned; a scale is None where too few labels or only one kind of them were given."""

    craft: Scale | None
    content: Scale | None
    contradicted: int = 0

    @property
    def says(self) -> str:
        """What a person should know of it."""
        parts = []
        for name, scale in (("craft", self.craft), ("content", self.content)):
            parts.append(f"{name}: {scale.labels} labels, {scale.right:.0%} foretold" if scale else
                         f"{name}: too few labels, or all alike ({LEAST_LABELS} are needed)")
        against = f"; of {self.contradicted} pictures people said different things" if self.contradicted else ""
        return "; ".join(parts) + against

    @property
    def name(self) -> str:
        """What verdicts are made by besides the network."""
        return "".join(f" {name} {float(np.abs(scale.weights).sum()):.6f}" for name, scale in
                       (("craft", self.craft), ("content", self.content)) if scale)

    def adjusted(self, verdict: Verdict, qualities: FloatArray) -> Verdict:
        """The verdict with the team's word in it: the more labels, the more of it."""
        chances = np.asarray([verdict.chances[grade] for grade in GRADES])
        for scale in (self.craft, self.content):
            if scale is not None:
                own = np.asarray(scale.chances(_numbers(verdict.to_json(), qualities)))
                share = scale.labels / (scale.labels + _TRUST)
                mixed = (1 - share) * chances + share * own
                # Good in one's eyes and weak in the other's is not good.
                chances = mixed if scale is self.craft else np.minimum(mixed, [mixed[0], 1, 1])
        chances = chances / chances.sum()
        told = {grade: float(chance) for grade, chance in zip(GRADES, chances, strict=True)}
        grade = max(GRADES, key=lambda one: told[one])
        reason = praise(told["good"]) if verdict.reason == praise(verdict.chances["good"]) else verdict.reason
        if grade != verdict.grade and grade != "good" and verdict.grade == "good":
            reason = f"your team calls pictures like this {grade}"
        return replace(verdict, grade=grade, chances=told, reason=reason)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        def scale(one: Scale | None) -> dict[str, Any] | None:
            return None if one is None else {"weights": one.weights.tolist(), "offsets": one.offsets.tolist(),
                                             "labels": one.labels, "right": one.right}

        return {"schema": _SCHEMA, "craft": scale(self.craft), "content": scale(self.content),
                "contradicted": self.contradicted, "says": self.says}

    def keep(self, path: Path) -> None:
        """Write it where the review looks for it. Raises OutputError."""
        with atomic_write(path) as file:
            file.write(json.dumps(self.to_json()).encode())

    @classmethod
    def read(cls, path: Path) -> "Team | None":
        """What was kept; None where nothing was. Raises ModelError for a damaged file."""
        if not path.is_file():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["schema"] != _SCHEMA:
                raise ValueError("of another version")
            scales = [None if data[name] is None else
                      Scale(np.asarray(data[name]["weights"], np.float64),
                            np.asarray(data[name]["offsets"], np.float64), int(data[name]["labels"]),
                            float(data[name]["right"])) for name in ("craft", "content")]
            for scale in scales:
                if scale is not None and (scale.weights.shape != (2, _WIDTH) or scale.offsets.shape != (2,)
                                          or not np.isfinite(scale.weights).all()):
                    raise ValueError("of another shape")
            return cls(scales[0], scales[1], int(data["contradicted"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError("what was learned from your team's labels cannot be read", field="labels",
                             hint="Learn it again, or underpaint label . --forget.") from error


def team_file() -> Path:
    """Where what was learned from labels is kept."""
    return underpaint_home() / "review" / "team.json"


def forget_team() -> bool:
    """Remove what was learned from labels; whether there was anything."""
    there = team_file().is_file()
    team_file().unlink(missing_ok=True)
    return there


def learn_team(labels: Sequence[Label], known: Mapping[str, tuple[Mapping[str, Any], FloatArray]]) -> Team:
    """Learn from labels on pictures, given each one's verdict (as JSON data) and measured qualities by its SHA-256.

    Several people's words on one picture all count; how many of these pictures they disagree on is told.
    """
    usable = [one for one in labels if one.sha256 in known]
    said: dict[tuple[str, str], set[str]] = {}
    for one in usable:
        for kind in ("craft", "content"):
            if getattr(one, kind) is not None:
                said.setdefault((one.sha256, kind), set()).add(getattr(one, kind))
    numbers = {key: _numbers(verdict, qualities) for key, (verdict, qualities) in known.items()}
    scales = [_scale([(one.sha256, numbers[one.sha256], GRADES.index(getattr(one, kind))) for one in usable
                      if getattr(one, kind) is not None]) for kind in ("craft", "content")]
    return Team(scales[0], scales[1], len({key for (key, _), words in said.items() if len(words) > 1}))


def _numbers(verdict: Mapping[str, Any], qualities: FloatArray) -> Doubles:
    """What a team's scale is a line through: the review's own chances, and the measured qualities."""
    content = verdict.get("content")
    own = [float(verdict["chances"]["good"]) * 4 - 2, float(verdict["chances"]["weak"]) * 4 - 2,
           float(verdict["craft"]) * 2 - 1, (0.5 if content is None else float(content)) * 4 - 2]
    return np.concatenate([own, np.asarray(qualities, np.float64)])


_WIDTH = 18  # of these numbers


def _scale(samples: Sequence[tuple[str, Doubles, int]]) -> Scale | None:
    """A scale from pictures' names, numbers and grades; None where they are too few or all alike."""
    if len(samples) < LEAST_LABELS or len({grade for _, _, grade in samples}) < 2:
        return None
    numbers = np.stack([one for _, one, _ in samples])
    grades = np.asarray([grade for _, _, grade in samples])
    # All that was said of a picture is held back together, or one person's word would foretell another's.
    turn_of = {key: number % _PARTS for number, key in enumerate(dict.fromkeys(key for key, _, _ in samples))}
    part, right = np.asarray([turn_of[key] for key, _, _ in samples]), 0
    for turn in range(_PARTS):
        held = part == turn
        weights, offsets = _lines(numbers[~held], grades[~held])
        fair, good = _logistic(weights @ numbers[held].T + offsets[:, None])
        told = np.where(good > 0.5, 0, np.where(fair > 0.5, 1, 2))
        right += int((told == grades[held]).sum())
    weights, offsets = _lines(numbers, grades)
    return Scale(weights, offsets, len(samples), right / len(samples))


def _lines(numbers: Doubles, grades: NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    fitted = [_line(numbers, (grades <= most).astype(np.float64)) for most in (1, 0)]
    return np.stack([one[:-1] for one in fitted]), np.asarray([one[-1] for one in fitted])


def _line(numbers: Doubles, truth: Doubles) -> Doubles:
    """A logistic line with a ridge on all but its offset, by Newton's method."""
    wide = np.concatenate([numbers, np.ones((len(numbers), 1))], axis=1)
    ridge = np.full(wide.shape[1], _RIDGE)
    ridge[-1] = 0.1
    found = np.zeros(wide.shape[1])
    for _ in range(25):
        chance = _logistic(wide @ found)
        slope = wide.T @ (truth - chance) - ridge * found
        bend = (wide * (chance * (1 - chance))[:, None]).T @ wide + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return np.asarray(found)


def _logistic(value: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))))
