r"""ComfyUI's weighting: `(more)`, `(this much:1.3)`, where the innermost number replaces the outer ones.

`(x)` is 1.1 times what surrounds it, `(x:1.3)` is 1.3 whatever surrounds it; `\(` and `\)` are literal.
Square brackets, AND, BREAK and networks are ordinary words. Pieces are not joined, empty ones do not appear.
"""

import math
import re
from bisect import bisect_left
from dataclasses import dataclass

from underpaint.prompt.attention import LARGEST_WEIGHT, ROUND, Weighted

_MARK = re.compile(r"\\[()]|[():]")
_ESCAPED = re.compile(r"\\([()])")


@dataclass
class _Map:
    """Where the brackets of a text are, so that no nesting needs a second look at its inside.

    `partner[i]`: for an opening bracket at i the place where its nesting ends, if it does.
    `parens`: all unescaped brackets in order; `colon[k]`: the last colon before `parens[k]`.
    """

    partner: dict[int, int]
    parens: list[int]
    order: dict[int, int]
    colon: list[int]


def _map(text: str) -> _Map:
    found = _Map({}, [], {}, [])
    waiting: list[int] = []
    colon = -1
    for mark in _MARK.finditer(text):
        place = mark.start()
        if mark[0] == ":":
            colon = place
        elif len(mark[0]) == 1:
            found.order[place] = len(found.parens)
            found.parens.append(place)
            found.colon.append(colon)
            if mark[0] == "(":
                waiting.append(place)
            elif waiting:
                found.partner[waiting.pop()] = place
    return found


def parse_comfyui(text: str) -> Weighted:
    """Text into `((piece, weight), ...)` as ComfyUI weighs it; an empty text has no pieces. Never raises."""
    brackets = _map(text)
    pieces: list[tuple[str, float]] = []
    pending: list[tuple[int, int, float]] = [(0, len(text), 1.0)]
    while pending:
        start, end, weight = pending.pop()
        if start >= end:
            continue
        opening, close = _next_group(text, brackets, start, end)
        if opening > start:
            pieces.append((_unescape(text[start:opening]), weight))
        if opening >= end:
            continue
        pending.append((close, end, weight))
        if close - opening >= 2 and close - 1 in brackets.order and text[close - 1] == ")":
            pending.append(_inside(text, brackets, opening, close, weight))
        else:
            pieces.append((_unescape(text[opening:close]), weight))
    return tuple(pieces)


def _next_group(text: str, brackets: _Map, start: int, end: int) -> tuple[int, int]:
    """The next group in text[start:end] as (first, past the last); (end, end) where there is none.

    A bracket closed once too often has to be opened again before groups count; one never closed runs to the
    end.
    """
    level = 0
    index = bisect_left(brackets.parens, start)
    while index < len(brackets.parens) and brackets.parens[index] < end:
        place = brackets.parens[index]
        if text[place] == "(" and level == 0:
            partner = brackets.partner.get(place, end)
            return place, min(partner + 1, end)
        level += 1 if text[place] == "(" else -1
        index += 1
    return end, end


def _inside(text: str, brackets: _Map, opening: int, close: int, weight: float) -> tuple[int, int, float]:
    """What is between a group's brackets, without its number, and the weight that counts there."""
    start, end = opening + 1, close - 1
    last = brackets.order[end]
    colon = brackets.colon[last]
    # A number has no bracket in it, so the bracket before the closing one must come before the colon.
    if colon > start and brackets.parens[last - 1] < colon:
        number = _number(text[colon + 1 : end])
        if number is not None:
            return start, colon, number
    return start, end, max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, weight * ROUND))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    # "nan" and "inf" are words, not weights.
    return value if math.isfinite(value) and abs(value) <= LARGEST_WEIGHT else None


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
