"""A dataset as numbered shards of plain arrays, read by memory map.

A shard is a few hundred samples of one picture size: `00012.json` (what is known of each sample) beside
`00012.pictures.npy`, `00012.lines.npy` and whatever later stages derive (`00012.latents.npy`). The JSON is written
last, so a shard either is there whole or is made again; nothing needs to be repaired after a kill.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import UnderpaintError
from underpaint.files import atomic_write


@dataclass(frozen=True)
class Shard:
    """One shard on disk: its folder and number."""

    folder: Path
    number: int

    @property
    def note_path(self) -> Path:
        """The JSON whose presence says that the shard is complete."""
        return self.folder / f"{self.number:05d}.json"

    def array_path(self, name: str) -> Path:
        """Where the array of that name lies."""
        return self.folder / f"{self.number:05d}.{name}.npy"

    @property
    def complete(self) -> bool:
        """Whether the shard was written to the end."""
        return self.note_path.is_file()

    def notes(self) -> list[dict[str, Any]]:
        """What is known of each sample, in order."""
        notes: list[dict[str, Any]] = json.loads(self.note_path.read_text())
        return notes

    def has(self, name: str) -> bool:
        """Whether the array of that name was written."""
        return self.array_path(name).is_file()

    def array(self, name: str) -> NDArray[Any]:
        """The array of that name, N x ..., mapped from disk and read-only."""
        mapped: NDArray[Any] = np.load(self.array_path(name), mmap_mode="r", allow_pickle=False)
        return mapped

    def write_array(self, name: str, values: NDArray[Any]) -> None:
        """Write one array, N x ..., whole or not at all."""
        with atomic_write(self.array_path(name)) as file:
            np.save(file, values, allow_pickle=False)

    def write(self, arrays: Mapping[str, NDArray[Any]], notes: list[dict[str, Any]]) -> None:
        """Write all arrays, then the notes that make the shard complete."""
        for name, values in arrays.items():
            self.write_array(name, values)
        with atomic_write(self.note_path) as file:
            file.write(json.dumps(notes).encode())


def complete_shards(folder: Path, needing: str | None = None) -> list[Shard]:
    """The complete shards of a folder in order of number; with `needing`, those that have that array."""
    shards = (Shard(folder, int(path.stem)) for path in sorted(folder.glob("[0-9]*.json")))
    return [shard for shard in shards if needing is None or shard.has(needing)]


class Pool:
    """Samples from many shards, grouped by picture size, drawn as batches of one size.

    A batch is a pure function of the generator that it is asked with: a resumed run needs no state from here.
    """

    def __init__(self, shards: list[Shard], size_of: str) -> None:
        """`size_of` names the array whose shape (N x height x width ...) settles which samples go together."""
        if not shards:
            raise UnderpaintError("There are no pictures to train on", hint="Render some first.")
        self._shards = shards
        self._groups: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for position, shard in enumerate(shards):
            shape = shard.array(size_of).shape
            group = self._groups.setdefault(tuple(shape[1:3]), [])
            group.extend((position, row) for row in range(shape[0]))
        self._maps: dict[tuple[int, str], NDArray[Any]] = {}
        self._notes: dict[int, list[dict[str, Any]]] = {}

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups.values())

    def draw(self, rng: np.random.Generator, count: int) -> list[tuple[int, int]]:
        """Keys (shard, row) of `count` samples of one size; sizes come up as often as they are in the data."""
        sizes = sorted(self._groups)
        shares = np.array([len(self._groups[size]) for size in sizes], dtype=np.float64)
        group = self._groups[sizes[int(rng.choice(len(sizes), p=shares / shares.sum()))]]
        return [group[int(i)] for i in rng.integers(len(group), size=count)]

    def rows(self, keys: list[tuple[int, int]], name: str) -> NDArray[Any]:
        """The named arrays' rows for these keys, stacked."""
        return np.stack([self._mapped(shard, name)[row] for shard, row in keys])

    def notes(self, keys: list[tuple[int, int]]) -> list[dict[str, Any]]:
        """What is known of these samples."""
        for shard, _ in keys:
            if shard not in self._notes:
                self._notes[shard] = self._shards[shard].notes()
        return [self._notes[shard][row] for shard, row in keys]

    def _mapped(self, shard: int, name: str) -> NDArray[Any]:
        if (shard, name) not in self._maps:
            self._maps[shard, name] = self._shards[shard].array(name)
        return self._maps[shard, name]


def missing_numbers(folder: Path, total: int) -> Iterator[int]:
    """Numbers below `total` whose shard is not complete yet."""
    return (number for number in range(total) if not Shard(folder, number).complete)
