"""The database made anew from the pictures themselves, when it is damaged or gone.

Each picture carries its recipe, so pictures, recipes, plans, colours and who grew from whom come back from the files;
ratings, tags, names, trash and paint-overs from `marks.jsonl`; and from the old database whatever can still be read:
jobs, names and where copies were written. The old database is kept in `backups/`, whatever its state.
"""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from underpaint.errors import LibraryError, OutputError, PictureError
from underpaint.files import free_name, is_file
from underpaint.library import log
from underpaint.library.alive import is_alive, is_here
from underpaint.library.database import (
    NAME,
    WAIT_SECONDS,
    Database,
    address,
    can_write,
    check_schema,
    explain,
    look,
    read_only,
)
from underpaint.library.entering import Circumstances, enter, grown_from, tie
from underpaint.library.facts import Facts, read_facts
from underpaint.library.library import Library
from underpaint.library.migrations import MIGRATIONS
from underpaint.library.place import default_library
from underpaint.library.ratings import apply
from underpaint.library.store import Store, hash_file
from underpaint.library.tables import COPIES, EVENTS, ITEMS, JOBS, TAKES
from underpaint.models.home import plain

_FRESH = "rebuilding"


@dataclass
class Repaired:
    """What was found: pictures entered, words about them, jobs saved, files that are damaged, where the old database
    went."""

    folder: Path
    pictures: int = 0
    words: int = 0
    jobs: int = 0
    problems: list[tuple[Path, str]] = field(default_factory=list)
    backup: Path | None = None


def repair(folder: Path | None = None) -> Repaired:
    """Rebuild the database of a library. Raises LibraryError while a runner is at work in it, for a folder that is no
    library, and for a newer database, which is not damaged but unknown."""
    folder = plain(folder) if folder is not None else default_library()
    path = folder / NAME
    if not path.exists() and not (folder / "takes").is_dir():
        raise LibraryError(f"there is no library in {folder}", hint="Name one with --library.")
    if not can_write(folder):
        raise read_only(folder)
    _check_old(path, folder)
    done = Repaired(folder)
    fresh = folder / _FRESH
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        database = Database(fresh)
        try:
            old = _Old(path)
            with _held(path):
                _enter_all(folder, database, old, done)
                _say_again(folder, database, done)
                _save_jobs(database, old, done)
                _check_runners(path, folder)  # nobody has begun meanwhile
        finally:
            database.close()
        done.backup = _change_places(path, fresh / NAME)
        shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"Cannot write {folder}: {(error.strerror or str(error)).lower()}",
                          hint="Free some space and try again: the old database is as it was.") from error
    with Library(folder) as library:
        _adopt(library, done)
    return done


def _check_old(path: Path, folder: Path) -> None:
    if path.is_file() and path.stat().st_size:
        schema = 0
        with contextlib.suppress(LibraryError):  # damaged: that is what a repair is for
            schema = look(path, thorough=False)
        check_schema(path, schema, len(MIGRATIONS))
    _check_runners(path, folder)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep others from writing to the old database, where it can still be locked: what they enter would be lost."""
    with contextlib.ExitStack() as stack:
        if path.is_file() and path.stat().st_size:
            try:
                look(path, thorough=False)
                lock = stack.enter_context(contextlib.closing(sqlite3.connect(
                    address(path, write=True), uri=True, isolation_level=None, timeout=WAIT_SECONDS)))
                lock.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise explain(path, error) from error
            except (sqlite3.Error, LibraryError):
                pass  # damaged: nobody can write to it either
        yield


def _check_runners(path: Path, folder: Path) -> None:
    """Nobody is at work: the locks tell of this machine's runners, only the leases of others'."""
    runners = folder / "runners"
    signs = [one.name for one in runners.iterdir()] if runners.is_dir() else []
    leased = {row.get("runner") for row in _Old(path).rows("jobs")
              if isinstance(until := row.get("lease_until"), float) and until > time.time()}
    if any(is_alive(runners, name) for name in signs if is_here(name) or name in leased):
        raise LibraryError("another program is painting into this library", hint="Close it first.")


class _Old:
    """Whatever can still be read of the old database, table by table and row by row."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]:
        """Every row up to the first that cannot be read, and, from the other end, down to it."""
        if not self._path.is_file():
            return
        seen: set[Any] = set()
        for order in ("ASC", "DESC"):
            with contextlib.suppress(sqlite3.Error), contextlib.closing(
                    sqlite3.connect(address(self._path, write=False), uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                key = {"takes": "id", "jobs": "id", "copies": "sha256", "items": "job_id", "events": "id"}[table]
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY {key} {order}"):
                    data = dict(row)
                    mark = tuple(sorted((name, str(value)) for name, value in data.items()))
                    if mark not in seen:
                        seen.add(mark)
                        yield data
                return


def _enter_all(folder: Path, database: Database, old: _Old, done: Repaired) -> None:
    """Every picture of `takes/`, and every referenced one that is still there, in the order they were painted."""
    names = {str(row["sha256"]): row for row in old.rows("takes")}
    found: list[tuple[float, Path, str | None]] = []
    for sha256, file in Store(folder / "takes").files():
        if hash_file(file) != sha256:
            done.problems.append((file, "its bytes are not those that were kept"))
            continue
        found.append((file.stat().st_mtime, file, None))
    said = {}
    for entry in log.lines(folder):
        value = entry.get("value")
        take = entry.get("take")
        if entry.get("what") in ("reference", "import") and isinstance(value, str) and isinstance(take, str):
            said[take] = Path(value).name
            if entry["what"] == "reference" and is_file(Path(value)):
                found.append((Path(value).stat().st_mtime, Path(value), value))
    for _, file, outside_path in sorted(found, key=lambda one: (one[0], one[1])):
        try:
            facts = read_facts(file)
        except (PictureError, OSError) as error:
            done.problems.append((file, str(error)))
            continue
        with database.writing() as connection:
            enter(connection, facts, _how(facts, names.get(facts.sha256), outside_path, said.get(facts.sha256)))
        done.pictures += 1


def _how(facts: Facts, row: Mapping[str, Any] | None, outside: str | None, said: str | None) -> Circumstances:
    if row is None:
        own = facts.program == "underpaint" and said is None
        return Circumstances("take" if own else "import", said or "", outside)
    seconds = row.get("seconds")
    return Circumstances(str(row["kind"]), str(row["name"] or ""), outside,
                         seconds if isinstance(seconds, float) else None)


def _say_again(folder: Path, database: Database, done: Repaired) -> None:
    """Every word of `marks.jsonl`, in order; ties of paint-overs among them."""
    with database.writing() as connection:
        for entry in log.lines(folder):
            numbers = grown_from(connection, [str(entry.get("take"))])
            what, value, at = str(entry.get("what")), entry.get("value"), entry.get("at")
            if not numbers:
                continue
            if what == "return":
                parents = grown_from(connection, [str(value)])
                facts = entry.get("facts")
                for parent in parents:
                    tie(connection, numbers[0], parent, "painted over", facts if isinstance(facts, dict) else {})
                connection.execute(text("UPDATE takes SET kind = 'return' WHERE id = :id"), {"id": numbers[0]})
            elif what == "deleted":  # and its file was still there: it was not gone yet
                apply(connection, numbers[0], "trash", None, time.time())
            elif what not in ("import", "reference"):
                with contextlib.suppress(ValueError, TypeError):
                    apply(connection, numbers[0], what, None if value is None else str(value), float(at or 0.0))
            done.words += 1


def _save_jobs(database: Database, old: _Old, done: Repaired) -> None:
    """Jobs with their items and events, and where copies were written, as far as the old database tells."""
    hashes = {row["id"]: str(row["sha256"]) for row in old.rows("takes")}
    with database.writing() as connection:
        numbers = {str(row.sha256): int(row.id) for row in connection.execute(select(TAKES.c.id, TAKES.c.sha256))}

        def number(before: Any) -> int | None:
            return numbers.get(hashes.get(before, ""))

        for table, name in ((JOBS, "jobs"), (ITEMS, "items"), (EVENTS, "events"), (COPIES, "copies")):
            for row in old.rows(name):
                values = dict(row)
                if "take_id" in values:
                    values["take_id"] = number(values["take_id"])
                if name == "items" and values["state"] == "done" and values["take_id"] is None:
                    values["state"] = "waiting"  # its take is gone: it has to be painted
                if name == "copies" and values["take_id"] is None:
                    continue
                if name == "jobs":
                    values |= {"runner": None, "lease_until": None}
                    done.jobs += 1
                with contextlib.suppress(SQLAlchemyError), connection.begin_nested():
                    connection.execute(upsert(table).values(values).on_conflict_do_nothing())


def _change_places(path: Path, fresh: Path) -> Path | None:
    """The new database in the place of the old one, which goes to `backups/` with its log."""
    kept = None
    if path.exists():
        kept = free_name(path.parent / "backups" / f"library-before-repair-{time.strftime('%Y%m%d-%H%M%S')}.db")
        kept.parent.mkdir(parents=True, exist_ok=True)
        for ending in ("-wal", "-shm", ""):
            beside = path.with_name(f"{NAME}{ending}")
            if beside.exists():
                beside.replace(kept.with_name(f"{kept.name}{ending}"))
    fresh.replace(path)
    return kept


def _adopt(library: Library, done: Repaired) -> None:
    """Finished pictures that never got as far as the database, and whose jobs nobody knows any more."""
    with library.database.reading() as connection:
        jobs = set(connection.execute(select(JOBS.c.id)).scalars())
    for file in sorted(library.incoming.glob("*.png")):
        if file.name.partition("-")[0] in jobs:
            continue  # the job itself goes on with it
        with contextlib.suppress(PictureError):
            library.add(file, own=True)
            done.pictures += 1
            file.unlink()
