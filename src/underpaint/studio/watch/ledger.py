"""What was done for which drawing, remembered between starts: a look at a folder of finished drawings opens none.

It is kept in Underpaint's own folder, one file for each watched folder, and holds names and hashes, never words. Lost,
it costs a look into the drawings: the library still knows which pictures are painted.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError, OutputError
from underpaint.files import atomic_write
from underpaint.models.header import read_json
from underpaint.models.home import underpaint_home

_SCHEMA = 1
_MAX_BYTES = 64 * 2**20
Stamp = tuple[int, ...]


@dataclass
class Row:
    """One drawing: how its file looked to the system, what was in it and what was asked for, where the outcome lies,
    whether it is `done`, and the files written: size and time, by which those that an artist changed are known, and of
    which take."""

    stamp: Stamp = ()
    content: str = ""
    asked: str = ""
    folder: str = ""
    done: bool = False
    failed: bool = False
    written: dict[str, tuple[int, int, str]] = field(default_factory=dict)


class Ledger:
    """The rows of one watched folder, by the names of its drawings."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        mark = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.folder = (home or underpaint_home()) / "watched" / mark
        self._file = self.folder / "done.json"
        self.rows: dict[str, Row] = self._load()

    def row(self, name: str) -> Row:
        """The row of a drawing, a new one where there is none."""
        return self.rows.setdefault(name, Row())

    def wrote(self, row: Row, file: Path, take: str = "") -> None:
        """Remember a file as it was written just now, from the take of that hash."""
        with contextlib.suppress(OSError):  # taken away at once: then there is nothing to remember
            status = file.stat()
            row.written[str(file)] = (status.st_size, status.st_mtime_ns, take)
            self.save()

    def is_ours(self, row: Row, file: Path, take: str | None = None) -> bool:
        """Whether a file is still as it was written for this drawing, and of this take."""
        try:
            status = file.stat()
        except OSError:
            return False
        *stamp, of = row.written.get(str(file), (0, 0, ""))
        return stamp == [status.st_size, status.st_mtime_ns] and take in (None, of)

    def save(self) -> None:
        """Keep it; a place that cannot be written only means more to look at after the next start."""
        rows = {name: vars(row) for name, row in self.rows.items()}
        with contextlib.suppress(OutputError), atomic_write(self._file) as file:
            file.write(json.dumps({"schema": _SCHEMA, "drawings": rows}).encode("ascii"))

    def _load(self) -> dict[str, Row]:
        try:
            data = read_json(self._file, limit=_MAX_BYTES) if self._file.is_file() else {}
        except ModelError:
            return {}
        drawings = data.get("drawings") if data.get("schema") == _SCHEMA else None
        rows = drawings.items() if isinstance(drawings, dict) else ()
        return {name: row for name, found in rows if (row := _parsed(found)) is not None}


def _parsed(found: Any) -> Row | None:
    try:
        written = {str(path): (int(size), int(time), str(take))
                   for path, (size, time, take) in found["written"].items()}
        return Row(tuple(int(number) for number in found["stamp"]), str(found["content"]), str(found["asked"]),
                   str(found["folder"]), bool(found["done"]), bool(found["failed"]), written)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
