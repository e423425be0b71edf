"""Rows of the report: a number with its 95 % interval, what renders reach, and what was asked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_DRAWS = 400


@dataclass(frozen=True)
class Row:
    """One line of the report.

    `value` with `low` and `high` (95 %) over `count` pictures, all None where nothing could be measured, and `note`
    says why; `ceiling` is the same measure on fresh renders of the same prompts or maps, None where there is none;
    `asked` says the bar in words and `met` whether it is reached. `few`: painted by the LoRA of few steps.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    count: int
    ceiling: float | None
    asked: str
    met: bool | None
    few: bool = False
    note: str = ""

    @property
    def share(self) -> float | None:
        """The value as a share of the ceiling."""
        return None if not self.ceiling or self.value is None else self.value / self.ceiling

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"share": self.share}

    def by_few(self) -> "Row":
        """The same row in the column of the LoRA."""
        return replace(self, few=True)


def missing(name: str, asked: str, note: str) -> Row:
    """A row that nothing could be measured for, and why."""
    return Row(name, None, None, None, 0, None, asked, None, note=note)


def shares(name: str, right: Sequence[bool], ceiling: Sequence[bool], asked: float | None) -> Row:
    """A share of right answers, asked for as a share of the ceiling's; `asked` None: only told.

    Where not even renders are right, the judge cannot tell, and no bar is met or missed.
    """
    value, top = float(np.mean(right)), float(np.mean(ceiling))
    low, high = wilson(sum(right), len(right))
    if asked is None:
        return Row(name, value, low, high, len(right), top, "", None)
    return Row(name, value, low, high, len(right), top, f"{asked:.0%} of the ceiling",
               value >= asked * top if top else None)  # fmt: skip


def under(name: str, wrong: Sequence[bool], ceiling: Sequence[bool], asked: float) -> Row:
    """A share that should be low: less than `asked`."""
    low, high = wilson(sum(wrong), len(wrong))
    value = float(np.mean(wrong))
    return Row(name, value, low, high, len(wrong), float(np.mean(ceiling)), f"under {asked:.0%}", value < asked)


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


def redrawn(measure: Callable[..., float], *sets: Values, seed: int = 0, draws: int = _DRAWS) -> tuple[float, float]:
    """The 95 % interval of whatever is measured on some sets of rows, by drawing each set anew (Efron, 1979).

    Repeated rows bias what is drawn; so its spread is laid round what the sets themselves say.
    """
    rng, value = np.random.default_rng(seed), measure(*sets)
    found = [measure(*(rows[rng.integers(len(rows), size=len(rows))] for rows in sets)) for _ in range(draws)]
    low, middle, high = (float(q) for q in np.quantile(found, (0.025, 0.5, 0.975)))
    return value + low - middle, value + high - middle
