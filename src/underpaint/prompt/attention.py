r"""How strongly each piece of a prompt counts: `(more)`, `[less]`, `(this much:1.3)`, as A1111 reads it.

`(x)` multiplies by 1.1, `[x]` divides by 1.1, `(x:1.3)` multiplies by 1.3; nesting multiplies; a bracket
never closed runs to the end; a backslash takes the next bracket or backslash literally. Round and square
brackets are matched separately, so they may cross. Nothing is ever a syntax error.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from underpaint.errors import PromptError

Weighted = tuple[tuple[str, float], ...]

BREAK = "BREAK"
"""The word that ends a chunk; it stands alone with weight `BREAK_WEIGHT`."""
BREAK_WEIGHT = -1.0

ROUND = 1.1
SQUARE = 1 / 1.1
LARGEST_WEIGHT = 3.4028234663852886e38
"""Weights stay finite in float32; only absurd nesting gets near this."""
MOST_MULTIPLICATIONS = 2_000_000
"""Work that nested brackets may cost before they are refused: over a thousand levels, each with words."""

_TOKEN = re.compile(
    r"\\[()\[\]\\]?"  # a protected character, or a backslash that protects nothing and vanishes
    r"|:\s*(?P<weight>[+-]?[.\d]+)\s*\)"
    r"|[()\[\]:]"
    r"|[^\\()\[\]:]+"
)
_BREAK = re.compile(rf"\b{BREAK}\b")


class Emphasis(StrEnum):
    """How an engine applies the weights to what the text encoder returns.

    The first four are A1111's and keep its names. With z the encoder's output and w a token's weight:
    `NONE` does not read brackets at all, `IGNORE` reads and drops them, `ORIGINAL` is z * w rescaled so that
    the mean of z over the chunk is as before, `NO_NORM` is z * w, and `FROM_EMPTY` (ComfyUI's) is
    e + (z - e) * w with e the encoding of the empty prompt.
    """

    NONE = "None"
    IGNORE = "Ignore"
    ORIGINAL = "Original"
    NO_NORM = "No norm"
    FROM_EMPTY = "ComfyUI"


def parse_attention(text: str) -> Weighted:
    """Text into `((piece, weight), ...)`; neighbours of one weight are one piece.

    Brackets and the backslashes that protect them are gone from the pieces, every other character is there;
    the word BREAK, with the blanks around it, stands as ("BREAK", -1.0). Inside brackets that weigh it too it
    is no longer -1.0 and so, as in A1111, only a word.
    At least one piece comes back, ("", 1.0) for an empty text. Weights are finite and may be 0 or negative.
    Raises PromptError only for brackets nested a thousand deep.
    """
    return _merged(_Weigher().weigh(text))


class _Weigher:
    """Pieces and their weights so far, and where each open bracket began."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.weights: list[float] = []
        self.round: list[int] = []
        self.square: list[int] = []
        self.work = 0

    def weigh(self, text: str) -> Iterator[tuple[str, float]]:
        for token in _TOKEN.finditer(text):
            self._take(token[0], _number(token["weight"]))
        for start in self.round:
            self._multiply(start, ROUND)
        for start in self.square:
            self._multiply(start, SQUARE)
        return zip(self.texts, self.weights, strict=True)

    def _take(self, token: str, weight: float | None) -> None:
        if token.startswith("\\"):
            self._add(token[1:])
        elif token == "(":
            self.round.append(len(self.texts))
        elif token == "[":
            self.square.append(len(self.texts))
        elif token.endswith(")") and self.round:
            if weight is None and token != ")":
                # ":1.2.3)" is no number: words, then a plain bracket.
                self._add(token[:-1])
            self._multiply(self.round.pop(), ROUND if weight is None else weight)
        elif token == "]" and self.square:
            self._multiply(self.square.pop(), SQUARE)
        else:
            self._add_words(token)

    def _add(self, text: str, weight: float = 1.0) -> None:
        self.texts.append(text)
        self.weights.append(weight)

    def _add_words(self, text: str) -> None:
        pieces = _BREAK.split(text)
        for index, piece in enumerate(pieces):
            if index:
                self._add(BREAK, BREAK_WEIGHT)
                piece = piece.lstrip()
            self._add(piece.rstrip() if index + 1 < len(pieces) else piece)

    def _multiply(self, start: int, factor: float) -> None:
        # One by one and innermost first: the products are then the same floats as elsewhere.
        self.work += len(self.weights) - start
        if self.work > MOST_MULTIPLICATIONS:
            raise PromptError(
                "the brackets are nested too deeply to weigh the words in them",
                hint="Take some brackets out.",
            )
        for index in range(start, len(self.weights)):
            self.weights[index] *= factor


def _number(text: str | None) -> float | None:
    """The finite number that `text` spells, else None."""
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) <= LARGEST_WEIGHT else None


def _merged(pieces: Iterator[tuple[str, float]]) -> Weighted:
    """Neighbours of equal weight joined, weights brought into float32's range."""
    merged: list[tuple[list[str], float]] = []
    for text, weight in pieces:
        # NaN, infinity times zero, is no emphasis at all.
        finite = max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, weight)) if weight == weight else 0.0
        if merged and merged[-1][1] == finite:
            merged[-1][0].append(text)
        else:
            merged.append(([text], finite))
    return tuple(("".join(texts), weight) for texts, weight in merged) or (("", 1.0),)
