"""The row that every measurement prints."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, the number as text, the target as text, and whether it was reached; None
    where it could not be measured here, and `measured` says why."""

    what: str
    measured: str
    target: str
    reached: bool | None

    @classmethod
    def skipped(cls, what: str, why: str, target: str) -> "Row":
        """What could not be measured here."""
        return cls(what, f"not measured: {why}", target, None)

    @property
    def verdict(self) -> str:
        """The table's last word on it."""
        return "skipped" if self.reached is None else "ok" if self.reached else "MISSED"


def interleaved(*calls: Callable[[], object], rounds: int = 5, warm: int = 1) -> tuple[float, ...]:
    """Median seconds of each of some calls taken in turn, so that a machine's drift hits all alike."""
    times: tuple[list[float], ...] = tuple([] for _ in calls)
    for turn in range(warm + rounds):
        for call, kept in zip(calls, times, strict=True):
            began = perf_counter()
            call()
            if turn >= warm:
                kept.append(perf_counter() - began)
    return tuple(statistics.median(kept) for kept in times)


def median_seconds(call: Callable[[], object], *, rounds: int = 5, warm: int = 1) -> float:
    """Median wall seconds of a call after `warm` uncounted ones."""
    taken: list[float] = []
    for turn in range(warm + rounds):
        began = perf_counter()
        call()
        if turn >= warm:
            taken.append(perf_counter() - began)
    return statistics.median(taken)
