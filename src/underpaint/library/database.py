"""The library's database file: looked at before it is trusted, lifted to this schema, then opened by many at once.

A file that is damaged, of a newer schema or not a library at all is never written to.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from underpaint.errors import LibraryError, OutputError, UnderpaintError
from underpaint.files import free_name
from underpaint.library.migrations import APPLICATION_ID, MIGRATIONS

NAME = "library.db"
WAIT_SECONDS = 30
_CHECKED_UP_TO = 32 << 20  # reading every page of more takes too long each time a library is opened
_DAMAGE = ("malformed", "not a database", "corrupt")
_FULL = ("disk is full", "disk i/o error", "full")


class Database:
    """One open database. `reading()` and `writing()` give connections; writers wait for each other."""

    def __init__(self, folder: Path, *, write: bool = True, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.writable = write
        with self._explained():
            _prepare(self.path, write, migrations)
            self._engine = _engine(self.path, write)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the library."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection alone in writing; what it did is there, whole and on the disk, when the block ends."""
        if not self.writable:
            raise read_only(self.folder)
        with self._explained(), self._engine.connect() as connection:
            writer = connection.execution_options(writes=True)
            with writer.begin():
                yield writer

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explain(self.path, error.orig or error) from error
        except sqlite3.Error as error:
            raise explain(self.path, error) from error


def explain(path: Path, error: BaseException) -> UnderpaintError:
    """What a fault of the database means to a person, and the way out."""
    said = str(error).lower()
    if any(word in said for word in _DAMAGE):
        return damaged(path)
    if "readonly" in said or "read-only" in said or "unable to open" in said:
        return read_only(path.parent)
    if any(word in said for word in _FULL):
        return OutputError(f"Cannot write {path}: the disk is full or reports a fault",
                           hint="Free some space and run the same command again: it goes on where it stopped.")
    if "locked" in said or "busy" in said:
        return LibraryError(f"another program has kept the library in {path.parent} busy for {WAIT_SECONDS} seconds",
                            hint="Close it, or try again.")
    return LibraryError(f"the library in {path.parent} cannot be used: {error}",
                        hint="Run underpaint library repair.")


def damaged(path: Path) -> LibraryError:
    """The error for a database that cannot be believed; nothing was written to it."""
    return LibraryError(f"the library's database {path} is damaged; it was left as it is",
                        hint="Your pictures lie safe beside it: run underpaint library repair.")


def read_only(folder: Path) -> LibraryError:
    """The error for a library that may be looked at and not changed."""
    return LibraryError(f"the library in {folder} cannot be written to",
                        hint="Choose another with --library, or leave it out with --no-library.")


def no_library(folder: Path) -> LibraryError:
    """The error for a folder in which nothing was ever kept."""
    return LibraryError(f"there is no library in {folder}", hint="Paint something first, or name another with "
                                                                 "--library.")


def can_write(folder: Path) -> bool:
    """Whether a library could be made or changed in `folder`."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    file = folder / NAME
    return there.is_dir() and os.access(there, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))


def backup(path: Path, label: str) -> Path:
    """A whole copy of the database, what is still in its log included, in `backups/` beside it."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = free_name(path.parent / "backups" / f"library-{label}-{stamp}.db")
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def look(path: Path, *, thorough: bool | None = None) -> int:
    """The schema of the database at `path`, 0 for an empty one; opened for reading only.

    `thorough` reads every page; None does so up to 32 MB. Raises LibraryError for what is damaged or no library.
    """
    if thorough is None:
        thorough = path.stat().st_size <= _CHECKED_UP_TO
    alone = not _has_log(path)
    try:
        return _look(path, thorough, alone)
    except LibraryError:
        if alone and _has_log(path):  # another program began to write meanwhile: what was seen was no one moment
            return _look(path, thorough, False)
        raise


def _look(path: Path, thorough: bool, alone: bool) -> int:
    try:
        # A file that nobody has open is looked at without leaving as much as a lock beside it.
        with contextlib.closing(sqlite3.connect(address(path, write=False, alone=alone), uri=True,
                                                timeout=WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA query_only = ON")
            schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
            mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            sound = not thorough or connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlite3.DatabaseError as error:
        raise explain(path, error) from error
    if not sound:
        raise damaged(path)
    if mark != APPLICATION_ID and (tables or schema):
        raise LibraryError(f"{path} is a database of another program", hint="Choose another folder with --library.")
    return schema


def check_schema(path: Path, schema: int, known: int) -> None:
    """Raise LibraryError for a database that a newer Underpaint has made."""
    if schema > known:
        raise LibraryError(f"the library in {path.parent} was made by a newer Underpaint (schema {schema}, this one "
                           f"knows {known}); it was left as it is",
                           hint="Update Underpaint, or choose another with --library.")


def _prepare(path: Path, write: bool, migrations: Sequence[Sequence[str]]) -> None:
    exists = path.is_file() and path.stat().st_size > 0
    if not exists and not write:
        raise no_library(path.parent)
    schema = look(path) if exists else 0
    check_schema(path, schema, len(migrations))
    if schema < len(migrations):
        if not write:
            raise LibraryError(f"the library in {path.parent} is of an older kind and cannot be written to",
                               hint="Open it once where it can be written.")
        if schema > 0:
            backup(path, f"schema-{schema}")
        _migrate(path, migrations)


def _migrate(path: Path, migrations: Sequence[Sequence[str]]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=WAIT_SECONDS)) as connection:
        _use_log(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again now that no other program can be at it too.
            schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
            for number, statements in enumerate(migrations[schema:], schema + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _use_log(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, so that readers never wait; switching waits for nobody, so it is tried for a while."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def address(path: Path, *, write: bool, alone: bool = False) -> str:
    """How SQLite is told to open the file: never made by opening it, and for looking only where that is all.

    `alone` says that nobody else has it open; in a folder that cannot be written no log can be opened, so it is.
    """
    mode = "rw" if write else "ro"
    alone = not write and (alone or not (os.access(path.parent, os.W_OK) or _has_log(path)))
    return f"file:{quote(str(path))}?mode={mode}" + ("&immutable=1" if alone else "")


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _engine(path: Path, write: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address(path, write=write), uri=True, timeout=WAIT_SECONDS, isolation_level=None,
                               check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=5, max_overflow=20)

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: object) -> None:
        # FULL: a take that is said to be kept is kept through a power cut too.
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "cache_size = -32000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        if write:
            _use_log(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer asks for the lock at once: two that read first and wrote later could only fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
