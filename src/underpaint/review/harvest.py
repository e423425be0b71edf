"""Painting until enough is good: which seed comes next, when it is over, and what became of every take."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from underpaint.errors import PlanError
from underpaint.review.verdict import Verdict

State = Literal["kept", "left", "stopped"]
HARD = 4
"""A brief with so many demands (phrases and controls) is a hard one."""
_MOST = 1000


@dataclass(frozen=True)
class Wish:
    """How many good takes are wanted, and for how much: `budget` is in whole takes' worth of steps."""

    good: int
    budget: float

    def __post_init__(self) -> None:
        if not 1 <= self.good <= _MOST:
            raise PlanError(f"{self.good} good takes", hint=f"Ask for 1 to {_MOST:,}.", field="keep-good")
        if not self.good <= self.budget <= 10 * _MOST:
            raise PlanError(f"a budget of {self.budget:g} takes for {self.good} good ones", field="budget",
                            hint=f"Give {self.good} to {10 * _MOST:,}.")


@dataclass(frozen=True)
class Outcome:
    """What became of one take: kept (good), left (painted, not good) or stopped early, after which share of its steps,
    and why. `demands` were asked of it, `met` says whether all of them were, None where it was never finished."""

    seed: int
    state: State
    share: float
    reason: str
    demands: int = 0
    met: bool | None = None
    score: float | None = None

    @classmethod
    def of(cls, seed: int, verdict: Verdict) -> "Outcome":
        """A finished take by its verdict."""
        met = all(one.met for one in verdict.demands)
        return cls(seed, "kept" if verdict.grade == "good" else "left", 1.0, verdict.reason, len(verdict.demands), met,
                   verdict.score)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"seed": self.seed, "state": self.state, "share": round(self.share, 3), "reason": self.reason,
                "demands": self.demands, "met": self.met,
                "score": None if self.score is None else round(self.score, 4)}


@dataclass
class Harvest:
    """The running count of one brief's takes."""

    wish: Wish
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def spent(self) -> float:
        """How many whole takes' worth of steps were painted."""
        return sum(one.share for one in self.outcomes)

    @property
    def kept(self) -> int:
        """How many good takes there are."""
        return sum(one.state == "kept" for one in self.outcomes)

    @property
    def over(self) -> bool:
        """Whether there are enough, or the budget is spent."""
        return self.kept >= self.wish.good or self.spent >= self.wish.budget - 1e-9

    def note(self, outcome: Outcome) -> None:
        """Count one more take."""
        self.outcomes.append(outcome)


@dataclass(frozen=True)
class Yield:
    """What a job's painting came to. `why` counts the reasons of takes that were not kept; `needed` says how many takes
    it took until one met all of its demands, None where none did or nothing was asked."""

    painted: int
    stopped: int
    kept: int
    spent: float
    demands: int
    all_met: int
    needed: int | None
    why: dict[str, int]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Yield":
        """Count outcomes in the order of painting."""
        why = Counter(one.reason for one in outcomes if one.state == "left")
        demands = max((one.demands for one in outcomes), default=0)
        first = next((number for number, one in enumerate(outcomes, 1) if one.met), None)
        return cls(painted=sum(one.state != "stopped" for one in outcomes),
                   stopped=sum(one.state == "stopped" for one in outcomes),
                   kept=sum(one.state == "kept" for one in outcomes), spent=sum(one.share for one in outcomes),
                   demands=demands, all_met=sum(bool(one.met) for one in outcomes),
                   needed=first if demands else None, why=dict(why.most_common()))

    def sentences(self) -> list[str]:
        """As an artist would say it."""
        said = [f"{self.painted + self.stopped} takes begun: {self.kept} good, {self.painted - self.kept} not, "
                f"{self.stopped} stopped early; {self.spent:.1f} takes' worth of painting"]
        if self.demands:
            asked = f"the brief asks {self.demands} things" if self.demands > 1 else "the brief asks one thing"
            said.append(f"{asked}: all were there in {self.all_met} of {self.painted} finished takes"
                        + (f", first in take {self.needed}" if self.needed else ""))
        if self.why:
            said.append("not kept: " + "; ".join(f"{count} x {reason}" for reason, count in list(self.why.items())[:4]))
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "spent": round(self.spent, 3)}


def by_difficulty(briefs: Iterable[Sequence[Outcome]]) -> dict[str, Yield]:
    """The yields of easy and of hard briefs apart; a brief with four demands or more is hard."""
    parts: dict[str, list[Outcome]] = {"easy": [], "hard": []}
    for outcomes in briefs:
        most = max((one.demands for one in outcomes), default=0)
        parts["hard" if most >= HARD else "easy"] += outcomes
    return {name: Yield.of(outcomes) for name, outcomes in parts.items() if outcomes}
