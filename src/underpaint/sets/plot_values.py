"""Values of an axis as AUTOMATIC1111's X/Y/Z plot reads them: a line of CSV, and ranges where numbers are meant.

```
1, 2, 5          as they stand               "a, b",c        quotes hold a comma; they follow the comma at once
1-5              1 2 3 4 5                   1-5 (+2)        1 3 5
10-5 (-3)        10 7                        1-10 [5]        1 3 5 7 10
0-1 (+0.25)      0 0.25 0.5 0.75 1           0.0-1.0 [6]     0 0.2 0.4 0.6 0.8 1
```

Two habits are kept so that the same text makes the same grid: a falling range of whole numbers stops before its end
unless a step lands two above it, and a range of decimals runs one step past an end that its step does not meet.
"""

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

ValueKind = Literal["whole", "number", "text", "order", "any"]
MAX_VALUES = 1000
MAX_CHARACTERS = 50_000
_MOST_DIGITS = 40

_WHOLE, _DECIMAL = r"[+-]?\s*\d+", r"[+-]?\s*\d+(?:\.\d*)?"
_STEPS = {
    "whole": re.compile(rf"\s*({_WHOLE})\s*-\s*({_WHOLE})\s*(?:\(\s*([+-]\d+)\s*\))?\s*"),
    "number": re.compile(rf"\s*({_DECIMAL})\s*-\s*({_DECIMAL})\s*(?:\(\s*([+-]\d+(?:\.\d*)?)\s*\))?\s*"),
}
_COUNTS = {
    "whole": re.compile(rf"\s*({_WHOLE})\s*-\s*({_WHOLE})\s*\[\s*(\d+)\s*\]\s*"),
    "number": re.compile(rf"\s*({_DECIMAL})\s*-\s*({_DECIMAL})\s*\[\s*(\d+)\s*\]\s*"),
}


@dataclass(frozen=True)
class Read:
    """What a text says: its values in order; what is wrong with it, each as (what was written, why); remarks."""

    values: tuple[Any, ...]
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def read_values(text: str, kind: ValueKind) -> Read:
    """The values that `text` names. Never raises: everything wrong is in `problems`, so that all can be said at once.

    `kind` "whole" and "number" know ranges; "text" takes everything as it stands; "order" makes every order of the
    values; "any" reads JSON where it is JSON, with ranges of decimals, else text.
    """
    if len(text) > MAX_CHARACTERS:
        return Read((), ((text[:20] + "...", f"is longer than {MAX_CHARACTERS:,} characters"),))
    try:
        pieces = split_csv(text)
    except csv.Error as error:
        return Read((), ((text[:40], f"is no list of values: {error}"),))
    if not any(pieces):
        return Read((), ((text.strip(), "names no values"),))
    notes = tuple(f"{piece!r} begins with a quote that holds nothing together: write no space before a quote"
                  for piece in pieces if piece.startswith('"'))
    if kind == "order":
        return _orders(pieces, notes)
    values: list[Any] = []
    problems: list[tuple[str, str]] = []
    for piece in pieces:
        try:
            values += _READERS[kind](piece)
        except ValueError as error:
            problems.append((piece, str(error)))
        if len(values) > MAX_VALUES:
            return Read((), ((text[:40], f"makes more than {MAX_VALUES:,} values"),))
    return Read(tuple(values), tuple(problems), notes)


def split_csv(text: str) -> list[str]:
    """The pieces of a text in CSV, its lines one after the other, each stripped."""
    return [piece.strip() for piece in itertools.chain.from_iterable(csv.reader(io.StringIO(text)))]


def shown(value: object) -> str:
    """A value as labels say it: decimals without their noise."""
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return f"{round(value, 8):g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _orders(pieces: list[str], notes: tuple[str, ...]) -> Read:
    if math.factorial(len(pieces)) > MAX_VALUES:
        return Read((), ((", ".join(pieces)[:40], f"has more than {MAX_VALUES:,} orders; name at most 6 words"),))
    return Read(tuple(itertools.permutations(pieces)), (), notes)


def _whole(piece: str) -> list[int]:
    if match := _STEPS["whole"].fullmatch(piece):
        start, end, step = _int(match[1]), _int(match[2]), int(match[3] or 1)
        _check_step(start, end, step)
        _check_count(-((start - end - 1) // step), piece)  # len() of such a range may be more than it can say
        return list(range(start, end + 1, step))
    if match := _COUNTS["whole"].fullmatch(piece):
        _check_count(int(match[3]), piece)
        return [int(value) for value in np.linspace(_int(match[1]), _int(match[2]), int(match[3])).tolist()]
    try:
        return [int(piece)]
    except ValueError:
        raise ValueError("is no whole number, nor a range such as 1-5, 1-5 (+2) or 1-10 [5]") from None


def _number(piece: str) -> list[float]:
    if match := _STEPS["number"].fullmatch(piece):
        start, end, step = _float(match[1]), _float(match[2]), float(match[3] or 1)
        _check_step(start, end, step)
        _check_count(math.ceil(min((end + step - start) / step, 1e9)), piece)
        return [round(value, 8) for value in np.arange(start, end + step, step).tolist()]
    if match := _COUNTS["number"].fullmatch(piece):
        _check_count(int(match[3]), piece)
        return [round(value, 8) for value in np.linspace(_float(match[1]), _float(match[2]), int(match[3])).tolist()]
    try:
        value = float(piece)
    except ValueError:
        raise ValueError("is no number, nor a range such as 1-2 (+0.5) or 0-1 [5]") from None
    if not math.isfinite(value):
        raise ValueError("is no number that can be painted with")
    return [value]


def _any(piece: str) -> list[Any]:
    if _STEPS["number"].fullmatch(piece) or _COUNTS["number"].fullmatch(piece):
        return list(_number(piece))
    try:
        return [json.loads(piece)]
    except (ValueError, RecursionError):
        return [piece]


_READERS: dict[str, Callable[[str], list[Any]]] = {
    "whole": _whole, "number": _number, "text": lambda piece: [piece], "any": _any}


def _int(text: str) -> int:
    return int(_digits(text))


def _float(text: str) -> float:
    return float(_digits(text))


def _digits(text: str) -> str:
    digits = "".join(text.split())
    if len(digits) > _MOST_DIGITS:
        raise ValueError("has a number that is far too long")
    return digits


def _check_step(start: float, end: float, step: float) -> None:
    if step == 0:
        raise ValueError("has a step of nothing")
    if (end - start) * step < 0:
        raise ValueError("falls, so it needs a step such as (-1)" if end < start else "rises, so its step must too")


def _check_count(count: int, piece: str) -> None:
    if count < 1:
        raise ValueError("holds no value")
    if count > MAX_VALUES:
        raise ValueError(f"makes more than {MAX_VALUES:,} values")
