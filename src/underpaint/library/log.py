"""What people said about pictures, line by line in plain text beside the database.

A rating cannot be painted again. So each one is also written here, before the database has it, one JSON object a
line; `library repair` reads them back when the database is lost.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from underpaint.errors import OutputError

NAME = "marks.jsonl"
_LONGEST = 2**20
_NEVER = 1e11
"""Seconds since 1970; a time so far away is none."""


def note(folder: Path, entry: dict[str, Any]) -> None:
    """Add one line, on the disk when this returns. Raises OutputError."""
    # A line begins with its own break, so that the half line of a crash spoils only itself.
    line = f"\n{json.dumps(entry)}\n".encode("ascii")
    path = folder / NAME
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if os.write(handle, line) != len(line):
                raise OutputError(f"Cannot write {path}: the disk is full", hint="Free some space and try again.")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {(error.strerror or '').lower()}",
                          hint="Free some space, or check that you may write there.") from error


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Every line that can be read, oldest first; half a line, as a crash leaves it, and what no line of ours can be
    (the file may have come with a stranger's library) is passed over."""
    path = folder / NAME
    if not path.is_file():
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict) and _is_sound(entry):
                yield entry


def _is_sound(entry: dict[str, Any]) -> bool:
    """Whether an entry speaks of a picture, at a time that there is."""
    take, at = entry.get("take"), entry.get("at", 0.0)
    return isinstance(take, str) and take.isascii() and isinstance(at, int | float) and abs(at) < _NEVER
