"""Weighted words cut into the fixed windows that a CLIP text encoder reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from underpaint.errors import PromptError
from underpaint.prompt.attention import BREAK, BREAK_WEIGHT


class Tokenizer(Protocol):
    """What cutting into chunks needs of a tokenizer; any will do."""

    @property
    def bos(self) -> int:
        """Id that begins every chunk."""

    @property
    def eos(self) -> int:
        """Id that ends the words of every chunk."""

    @property
    def pad(self) -> int:
        """Id that fills a chunk after `eos`; the same as `eos` in SD 1.x."""

    @property
    def comma(self) -> int | None:
        """Id of a comma standing at the end of a word; None where there is none."""

    @property
    def embeddings(self) -> Mapping[str, int]:
        """Textual inversions at hand: name and number of vectors."""

    def encode(self, text: str) -> Sequence[int]:
        """Ids of the text without any special ones, however long."""


@dataclass(frozen=True)
class Fix:
    """A textual inversion in a chunk: its vectors replace ids[position : position + vectors]."""

    position: int
    name: str
    vectors: int


@dataclass(frozen=True)
class Chunk:
    """One window: `chunk + 2` ids (BOS, words, EOS, padding), a weight each, and the embeddings to put in.

    Ids under an embedding are 0, to be replaced. BOS, EOS and padding weigh 1.
    """

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True)
class _Unit:
    """What must stay together: one token, or one embedding of several vectors."""

    id: int
    weight: float
    size: int = 1
    name: str = ""


def chunk_tokens(
    weighted: Sequence[tuple[str, float]], tokenizer: Tokenizer, *, chunk: int = 75, comma_backtrack: int = 20
) -> list[Chunk]:
    """Weighted pieces (see `parse_attention`) into chunks of `chunk` tokens plus BOS and EOS; at least one.

    Where the words run over the end of a chunk and a comma lies within its last `comma_backtrack` tokens,
    what follows the comma moves into the next chunk (0: never). BREAK ends a chunk early. An embedding is
    never split: one that does not fit starts a new chunk, and one that moves takes its place along. Raises
    PromptError for an embedding longer than a chunk.
    """
    cutter = _Cutter(tokenizer, chunk, comma_backtrack)
    names = _Names(tokenizer)
    for text, weight in weighted:
        if text == BREAK and weight == BREAK_WEIGHT:
            cutter.finish()
            continue
        for unit in names.units(tokenizer.encode(text), weight):
            cutter.add(unit)
    if cutter.units or not cutter.done:
        cutter.finish()
    return cutter.done


class _Names:
    """Finds embeddings by the tokens of their names, wherever those stand; the longest name wins."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.vectors = tokenizer.embeddings
        self.by_first: dict[int, list[tuple[tuple[int, ...], str]]] = {}
        for name in sorted(self.vectors):
            ids = tuple(tokenizer.encode(name))
            if ids:
                self.by_first.setdefault(ids[0], []).append((ids, name))
        for found in self.by_first.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def units(self, ids: Sequence[int], weight: float) -> list[_Unit]:
        ids, units, position = tuple(ids), [], 0
        while position < len(ids):
            name_ids, name = self._at(ids, position)
            units.append(_Unit(0, weight, self.vectors[name], name) if name else _Unit(ids[position], weight))
            position += len(name_ids)
        return units

    def _at(self, ids: tuple[int, ...], position: int) -> tuple[tuple[int, ...], str]:
        for name_ids, name in self.by_first.get(ids[position], ()):
            if ids[position : position + len(name_ids)] == name_ids:
                return name_ids, name
        return ids[position : position + 1], ""


class _Cutter:
    """Fills one chunk after the other."""

    def __init__(self, tokenizer: Tokenizer, chunk: int, comma_backtrack: int) -> None:
        self.tokenizer = tokenizer
        self.chunk = chunk
        self.comma_backtrack = comma_backtrack
        self.done: list[Chunk] = []
        self._begin([])

    def _begin(self, units: list[_Unit]) -> None:
        self.units = units
        self.length = sum(unit.size for unit in units)
        self.comma: tuple[int, int] | None = None
        """Where the last comma is: its index among the units, its place in tokens."""

    def add(self, unit: _Unit) -> None:
        """Put one unit behind the others, cutting before it where it does not fit."""
        if unit.size > self.chunk:
            raise PromptError(
                f"the embedding {unit.name!r} has {unit.size} vectors; a chunk of words holds {self.chunk}",
                hint="Leave it out of the prompt.",
            )
        # A comma at the very end opens the next chunk; it is then no place to cut at.
        if not unit.name and unit.id == self.tokenizer.comma:
            self.comma = (len(self.units), self.length)
        elif self.length == self.chunk and self._comma_is_near():
            self._cut_after_comma()
        if self.length == self.chunk or self.length + unit.size > self.chunk:
            self.finish()
        self.units.append(unit)
        self.length += unit.size

    def _comma_is_near(self) -> bool:
        return (
            self.comma_backtrack != 0 and self.comma is not None and self.length - self.comma[1] <= self.comma_backtrack
        )

    def _cut_after_comma(self) -> None:
        assert self.comma is not None
        moved = self.units[self.comma[0] + 1 :]
        self.units = self.units[: self.comma[0] + 1]
        self.finish()
        self._begin(moved)

    def finish(self) -> None:
        """Pad the chunk out, put it with the others, begin an empty one."""
        ids, weights, fixes = [self.tokenizer.bos], [1.0], []
        for unit in self.units:
            if unit.name:
                fixes.append(Fix(len(ids), unit.name, unit.size))
            ids += [unit.id] * unit.size
            weights += [unit.weight] * unit.size
        room = self.chunk + 2 - len(ids)
        ids += [self.tokenizer.eos] + [self.tokenizer.pad] * (room - 1)
        weights += [1.0] * room
        self.done.append(Chunk(tuple(ids), tuple(weights), tuple(fixes)))
        self._begin([])
