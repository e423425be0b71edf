"""How many of everything are looked at, how far that has come, and what so few can say: shares and means with the
interval in which the truth lies in 95 of 100 such measurements.

`UNDERPAINT_BENCH=whole` asks for the full counts; without it each part takes a first look.
"""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np
from scipy.stats import t as student

from underpaint.cli.output import notes

T = TypeVar("T")
SECONDS_APART = 20.0
"""Between two lines of progress."""
_Z = 1.96


def many(first_look: int, whole: int) -> int:
    """The count to take: few, or all."""
    return whole if os.environ.get("UNDERPAINT_BENCH") == "whole" else first_look


def counted(things: Sequence[T], name: str) -> Iterator[T]:
    """The things in turn; how many are done and how long the rest takes is told now and then."""
    began = told = perf_counter()
    for done, thing in enumerate(things, 1):
        yield thing
        now = perf_counter()
        if now - told >= SECONDS_APART and done < len(things):
            left = (now - began) / done * (len(things) - done)
            notes().print(f"{name}: {done} of {len(things)}, about {said_time(left)} left", markup=False)
            told = now


def said_time(seconds: float) -> str:
    """So many seconds or minutes."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@dataclass(frozen=True)
class Found:
    """A number with its interval, and of how many it comes; the interval is None where one alone says nothing."""

    value: float
    low: float | None
    high: float | None
    count: int

    def percent(self) -> str:
        """As a share: 83 % (71 to 91)."""
        return self._said(100, "{:.0f}", " %")

    def number(self, places: int = 2, unit: str = "") -> str:
        """As a number: 8.6 (7.9 to 9.4)."""
        return self._said(1, f"{{:.{places}f}}", unit)

    def change(self) -> str:
        """As a gain or loss in percent: -4 % (-11 to +3)."""
        return self._said(100, "{:+.0f}", " %")

    def _said(self, times: float, how: str, unit: str) -> str:
        if not self.count:
            return "none"
        said = how.format(times * self.value) + unit
        if self.low is None or self.high is None:
            return said
        return f"{said} ({how.format(times * self.low)} to {how.format(times * self.high)})"


def share(hits: Sequence[bool]) -> Found:
    """Of independent trials the share that came true (interval: Wilson 1927). Without trials it is 0 of 0."""
    count = len(hits)
    if not count:
        return Found(0.0, None, None, 0)
    value = float(np.mean(hits))
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    reach = _Z / (1 + _Z**2 / count) * float(np.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2)))
    return Found(value, max(0.0, middle - reach), min(1.0, middle + reach), count)


def mean(values: Sequence[float], *, least: float = -math.inf) -> Found:
    """The mean of independent numbers, none of which can be under `least` (interval: Student's t)."""
    count = len(values)
    if not count:
        return Found(0.0, None, None, 0)
    value = float(np.mean(values))
    if count < 2:
        return Found(value, None, None, count)
    reach = float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Found(value, max(least, value - reach), value + reach, count)


def mean_of_kin(groups: Sequence[Sequence[float]]) -> Found:
    """The mean where the numbers of one group (the keys of one drawing) are alike: each group counts as one."""
    return mean([float(np.mean(group)) for group in groups if len(group)])


def share_of_kin(groups: Sequence[Sequence[bool]]) -> Found:
    """The share of trials that came true, where those of one group are alike: the interval is the wider one of groups
    that count as one, and of trials that count each."""
    found = mean_of_kin([[float(one) for one in group] for group in groups])
    every = share([one for group in groups for one in group])
    if found.low is None or found.high is None or every.low is None or every.high is None:
        return Found(found.value, every.low, every.high, found.count)
    return Found(found.value, max(0.0, min(found.low, every.low)), min(1.0, max(found.high, every.high)), found.count)


def lost(alone: Sequence[float], together: Sequence[float]) -> Found:
    """Which share of its mean a score loses in company, trial by trial; below 0 it gains."""
    usual = max(float(np.mean(alone)), 1e-6)
    return mean([(one - other) / usual for one, other in zip(alone, together, strict=True)])
