"""Rows of the report: a number with its 95 % interval, what renders reach, and what was asked."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the report.

    `value` with `low` and `high` (95 %) over `count` pictures; `ceiling` is the same measure on fresh renders of the
    same prompts or maps, None where there is none; `asked` says the bar in words and `met` whether it is reached.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    ceiling: float | None
    asked: str
    met: bool | None

    @property
    def share(self) -> float | None:
        """The value as a share of the ceiling."""
        return None if not self.ceiling else self.value / self.ceiling

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"share": self.share}


def shares(name: str, right: Sequence[bool], ceiling: Sequence[bool], asked: float) -> Row:
    """A share of right answers, asked for as a share of the ceiling's."""
    value, top = float(np.mean(right)), float(np.mean(ceiling))
    low, high = wilson(sum(right), len(right))
    return Row(name, value, low, high, len(right), top, f"{asked:.0%} of the ceiling", value >= asked * top)


def means(name: str, values: Sequence[float], ceiling: Sequence[float] | None, asked: float) -> Row:
    """A mean that should be high, asked for as a share of the ceiling's mean, or as it is where there is no ceiling."""
    low, high = interval(values)
    value = float(np.mean(values))
    top = None if ceiling is None else float(np.mean(ceiling))
    bar = asked if top is None else asked * top
    text = f"{asked:g}" if top is None else f"{asked:.0%} of the ceiling"
    return Row(name, value, low, high, len(values), top, text, value >= bar)


def most(name: str, values: Sequence[float], ceiling: Sequence[float] | None, asked: float) -> Row:
    """A mean that should be low: at most `asked`."""
    low, high = interval(values)
    top = None if ceiling is None else float(np.mean(ceiling))
    value = float(np.mean(values))
    return Row(name, value, low, high, len(values), top, f"at most {asked:g}", value <= asked)


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    z, share = 1.96, right / max(count, 1)
    scale = 1 + z * z / max(count, 1)
    middle = (share + z * z / (2 * max(count, 1))) / scale
    reach = z * math.sqrt(share * (1 - share) / max(count, 1) + z * z / (4 * max(count, 1) ** 2)) / scale
    return max(0.0, middle - reach), min(1.0, middle + reach)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean, by 1.96 standard errors."""
    spread = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(np.mean(values)) - 1.96 * spread, float(np.mean(values)) + 1.96 * spread


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | reached | 95 % | renders reach | share | asked | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        mark = "" if row.met is None else "yes" if row.met else "**no**"
        ceiling = "" if row.ceiling is None else _number(row.ceiling)
        share = "" if row.share is None else f"{row.share:.0%}"
        lines.append(f"| {row.name} | {_number(row.value)} | {_number(row.low)} to {_number(row.high)} | {ceiling} | "
                     f"{share} | {row.asked} | {mark} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}"
