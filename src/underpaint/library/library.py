"""The library: pictures, recipes, jobs and ratings in one folder, open in several programs at once.

```
library.db     what is known, searched by words and colours      (SQLite)
takes/         the pictures, each under the SHA-256 of its bytes  (ordinary PNG files)
blobs/         drawings and masks that waiting jobs need
incoming/      pictures finished but not yet entered
marks.jsonl    what people said about pictures, line by line
backups/       the database as it was before each change of its make-up
```
Only this room writes there. A take is painted into `incoming/`, linked into `takes/`, entered in the database
together with its job's item, and only then leaves `incoming/`: wherever that is cut off, the next start finds it.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from underpaint.errors import NotThere, OutputError
from underpaint.files import atomic_write
from underpaint.library.database import NAME, Database, can_write, no_library, read_only
from underpaint.library.entering import Circumstances, enter
from underpaint.library.facts import Facts, read_facts
from underpaint.library.place import default_library
from underpaint.library.store import Store, hash_file
from underpaint.library.tables import COPIES, RECORDS, TAGS, TAKES
from underpaint.models.home import plain

SHORT = 10
"""Letters of its hash that name a picture on screen."""
_AT_ONCE = 5_000  # SQLite takes 32,766 values in one question
_ABOUT = """This folder is an Underpaint library.

takes/ holds your pictures as ordinary files: any program opens them, and each one carries the recipe that painted it.
Nothing here needs Underpaint to be read. Please do not rename or change files in it: copy them out instead.
If the database is ever lost or damaged, `underpaint library repair` makes it again from these files.
"""


@dataclass(frozen=True)
class Entry:
    """One picture as the library knows it. `id` is short for people, `file` where its bytes lie."""

    id: str
    number: int
    sha256: str
    file: Path
    name: str
    kind: str
    program: str | None
    words: str
    model: str | None
    seed: int | None
    width: int
    height: int
    stars: int
    rejected: bool
    trashed: bool
    pick: str | None
    painted_at: float
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "number"}
        return data | {"file": str(self.file), "tags": list(self.tags)}


class Library:
    """An open library; use it as a context manager, or close it.

    With `write=False` nothing in the folder changes and changing calls raise LibraryError. With `make=False` a library
    that is not there is not made.
    """

    def __init__(self, folder: str | Path | None = None, *, write: bool = True, make: bool = True) -> None:
        self.folder = plain(folder) if folder is not None else default_library()
        self.takes, self.blobs = Store(self.folder / "takes"), Store(self.folder / "blobs")
        self.incoming = self.folder / "incoming"
        if not make and not (self.folder / NAME).exists():
            raise no_library(self.folder)
        if write:
            self._make_folder()
        self.database = Database(self.folder, write=write)

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def _make_folder(self) -> None:
        if not can_write(self.folder):
            raise read_only(self.folder)
        try:
            self.incoming.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "READ ME.txt").exists():
                (self.folder / "READ ME.txt").write_text(_ABOUT, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"Cannot write {self.folder}: {(error.strerror or '').lower()}",
                              hint="Free some space, or choose another library with --library.") from error

    def add(self, file: Path, how: Circumstances | None = None, *, own: bool = False) -> Entry:
        """Enter a picture file: its bytes are kept here, unless `how` says that they stay where they are.

        Raises PictureError for what cannot be read, OutputError for a full disk.
        """
        facts = read_facts(file)
        how = how or Circumstances()
        if how.path is None:
            self.keep_file(file, facts, own=own)  # the file is in its place before the row is
        with self.database.writing() as connection:
            number = enter(connection, facts, how)
        return self.entry(number)

    def keep_file(self, file: Path, facts: Facts, *, own: bool = False) -> Path:
        """Put the bytes of a picture, and what lies beside it, into `takes/`."""
        with _written(self.folder):
            beside = file.with_name(f"{file.stem}.recipe")  # where a file's large drawings lie
            if beside.is_dir() and facts.needs:
                place = self.takes.path(facts.sha256, facts.suffix).with_name(f"{facts.sha256}.recipe")
                place.mkdir(parents=True, exist_ok=True)
                for sha256 in facts.needs:
                    source = beside / sha256
                    if source.is_file() and not source.is_symlink():
                        _copy_whole(source, place / sha256)
            kept = self.takes.take_in(file, facts.sha256, facts.suffix, own=own)
            if not own:
                os.utime(kept, (facts.painted_at, facts.painted_at))
            return kept

    def put_blobs(self, blobs: Sequence[bytes]) -> None:
        """Keep the drawings and masks that recipes name."""
        with _written(self.folder):
            for data in blobs:
                self.blobs.put(data)

    def note_copy(self, number: int, path: Path, pixels: str) -> None:
        """Remember a file that was written elsewhere from a take."""
        values = {"sha256": hash_file(path), "pixels": pixels, "take_id": number, "path": str(plain(path))}
        with self.database.writing() as connection:
            connection.execute(upsert(COPIES).values(values).on_conflict_do_update(
                index_elements=["sha256"], set_={"take_id": number, "path": values["path"]}))

    def copies(self, number: int) -> dict[Path, str]:
        """The files that were written elsewhere from a take, each with the SHA-256 that it was written with."""
        with self.database.reading() as connection:
            query = select(COPIES.c.path, COPIES.c.sha256).where(COPIES.c.take_id == number)
            return {Path(row.path): row.sha256 for row in connection.execute(query)}

    def find(self, name: str | Path) -> Entry:
        """A picture by the beginning of its id (at least 4 letters) or by a file of it.

        Raises NotThere where there is none, or more than one.
        """
        with self.database.reading() as connection:
            rows = self._by_file(connection, Path(name)) or self._by_id(connection, str(name))
            if len(rows) != 1:
                many = f"{len(rows)} pictures" if rows else "no picture"
                raise NotThere(f"the library holds {many} called '{name!s:.60}'",
                               hint="Give more letters of its id." if rows else
                               "See underpaint library list for the ids, or name a file of it.")
            return self._entries(connection, rows)[0]

    def _by_id(self, connection: Connection, name: str) -> Sequence[Row[Any]]:
        letters = name.lower()
        if not (4 <= len(letters) <= 64 and set(letters) <= set("0123456789abcdef")):
            return []
        query = select(TAKES).where(TAKES.c.sha256 >= letters, TAKES.c.sha256 <= letters + "g").limit(3)
        return connection.execute(query).all()

    def _by_file(self, connection: Connection, path: Path) -> Sequence[Row[Any]]:
        with contextlib.suppress(OSError, ValueError):
            if path.is_file():
                sha256 = hash_file(path)
                written = select(COPIES.c.take_id).where(COPIES.c.sha256 == sha256).scalar_subquery()
                query = select(TAKES).where(or_(TAKES.c.sha256 == sha256, TAKES.c.id == written))
                return connection.execute(query).all()
        return []

    def entry(self, number: int) -> Entry:
        """The picture of this number."""
        return self.entries([number])[0]

    def entries(self, numbers: Sequence[int]) -> list[Entry]:
        """The pictures of these numbers, in this order; numbers that are not there are left out."""
        with self.database.reading() as connection:
            return self.entries_within(connection, numbers)

    def entries_within(self, connection: Connection, numbers: Sequence[int]) -> list[Entry]:
        """The same on an open connection."""
        found: dict[int, Entry] = {}
        for first in range(0, len(numbers), _AT_ONCE):
            rows = connection.execute(select(TAKES).where(TAKES.c.id.in_(numbers[first : first + _AT_ONCE]))).all()
            found |= {entry.number: entry for entry in self._entries(connection, rows)}
        return [found[number] for number in numbers if number in found]

    def record(self, entry: Entry) -> tuple[dict[str, Any] | None, dict[str, Any] | None, dict[str, Any]]:
        """Recipe, plan (with what was measured) and everything else that a picture says of itself.

        Raises NotThere for one that was deleted meanwhile.
        """
        with self.database.reading() as connection:
            row = connection.execute(select(RECORDS).where(RECORDS.c.take_id == entry.number)).first()
        if row is None:
            raise NotThere(f"the picture {entry.id} is no longer in the library")
        recipe, plan, found = (json.loads(text) if text else None for text in (row.recipe, row.plan, row.found))
        return recipe, plan, found or {}

    def _entries(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Entry]:
        tags: dict[int, list[str]] = {}
        if rows:
            query = select(TAGS).where(TAGS.c.take_id.in_([row.id for row in rows])).order_by(TAGS.c.tag)
            for row in connection.execute(query):
                tags.setdefault(row.take_id, []).append(row.tag)
        return [replace(self._entry(row), tags=tuple(tags.get(row.id, ()))) for row in rows]

    def _entry(self, row: Row[Any]) -> Entry:
        file = Path(row.path) if row.path else self.takes.path(row.sha256, row.suffix)
        return Entry(id=row.sha256[:SHORT], number=row.id, sha256=row.sha256, file=file, name=row.name, kind=row.kind,
                     program=row.program, words=row.words or "", model=row.model,
                     seed=None if row.seed is None else int(row.seed), width=row.width, height=row.height,
                     stars=row.stars, rejected=bool(row.rejected), trashed=row.trashed_at is not None, pick=row.pick,
                     painted_at=row.painted_at)


def _copy_whole(source: Path, place: Path) -> None:
    """Copy what is named after its hash; half a file, as a full disk left it, is written again."""
    if place.is_file() and hash_file(place) == place.name:
        return
    with source.open("rb") as original, atomic_write(place) as file:
        shutil.copyfileobj(original, file)


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[None]:
    """What the disk says when it is full or not to be written, in our words."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write {folder}: {(error.strerror or str(error)).lower()}",
                          hint="Free some space, or choose another library with --library.") from error


__all__ = ["SHORT", "Entry", "Library"]
