"""What people say about pictures: stars, rejects, tags, trash. The last word counts, and every word is remembered.

A picture cannot be rejected and starred at once: rejecting takes the stars away, a star takes the reject back. Both
words stay in the history of the picture, so that nothing anybody said is lost.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, text, update

from underpaint.errors import LibraryError
from underpaint.library import log
from underpaint.library.entering import set_tags
from underpaint.library.library import Entry, Library
from underpaint.library.search import tidy_tag
from underpaint.library.tables import MARKS, TAGS, TAKES


@dataclass(frozen=True)
class Mark:
    """One word about a picture: when, what (stars, reject, tag, untag, trash, restore, pick, preferred), its value."""

    at: float
    what: str
    value: str | None


def star(library: Library, entry: Entry, stars: int) -> Entry:
    """Give 0 to 5 stars. Raises LibraryError for another number."""
    if not 0 <= stars <= 5:
        raise LibraryError(f"{stars} stars", hint="Give 0 to 5.", field="stars")
    return _mark(library, entry, "stars", str(stars))


def reject(library: Library, entry: Entry, *, back: bool = False) -> Entry:
    """Put a picture among the rejects, or take it back."""
    return _mark(library, entry, "reject", "0" if back else "1")


def tag(library: Library, entry: Entry, tags: Iterable[str]) -> Entry:
    """Add tags."""
    for one in tags:
        entry = _mark(library, entry, "tag", tidy_tag(one))
    return entry


def untag(library: Library, entry: Entry, tags: Iterable[str]) -> Entry:
    """Take tags away."""
    for one in tags:
        entry = _mark(library, entry, "untag", tidy_tag(one))
    return entry


def trash(library: Library, entry: Entry) -> Entry:
    """Put a picture into the trash: it is found no more, and can be restored until the trash is emptied."""
    return _mark(library, entry, "trash", None)


def restore(library: Library, entry: Entry) -> Entry:
    """Take a picture out of the trash."""
    return _mark(library, entry, "restore", None)


def pick(library: Library, entry: Entry, how: str | None) -> Entry:
    """Remember that an artist chose a picture, such as by working on it; that takes a reject back. None takes back
    the pick."""
    return _mark(library, entry, "pick", how)


def prefer(library: Library, better: Entry, worse: Entry) -> Entry:
    """Remember that of two pictures shown side by side one was preferred; no rating changes."""
    return _mark(library, better, "preferred", worse.sha256)


def history(library: Library, entry: Entry) -> list[Mark]:
    """Everything that was said about a picture, oldest first."""
    query = select(MARKS).where(MARKS.c.take_id == entry.number).order_by(MARKS.c.id)
    with library.database.reading() as connection:
        return [Mark(row.at, row.what, row.value) for row in connection.execute(query)]


def empty_trash(library: Library) -> int:
    """Delete for good what lies in the trash, files and all; how many. Files outside the library are never touched."""
    with library.database.writing() as connection:
        rows = connection.execute(select(TAKES.c.id, TAKES.c.sha256, TAKES.c.suffix, TAKES.c.path)
                                  .where(TAKES.c.trashed_at.is_not(None))).all()
        for row in rows:
            log.note(library.folder, {"at": time.time(), "take": row.sha256, "what": "deleted"})
            connection.execute(text("DELETE FROM searched WHERE rowid = :id"), {"id": row.id})
            connection.execute(delete(TAKES).where(TAKES.c.id == row.id))
    for row in rows:
        if row.path is None:
            place = library.takes.path(row.sha256, row.suffix)
            place.unlink(missing_ok=True)
            _remove_beside(library, row.sha256)
    return len(rows)


def apply(connection: Connection, number: int, what: str, value: str | None, at: float) -> None:
    """Change a picture's present rating as a word says, and remember the word; words not known are passed over."""
    change = _CHANGES.get(what)
    if change is None:
        return
    change(connection, number, value, at)
    connection.execute(insert(MARKS).values(take_id=number, at=at, what=what, value=value))


def _mark(library: Library, entry: Entry, what: str, value: str | None) -> Entry:
    at = time.time()
    with library.database.writing() as connection:
        if connection.execute(select(func.count()).where(TAKES.c.id == entry.number)).scalar() != 1:
            raise LibraryError(f"the picture {entry.id} is no longer in the library")
        log.note(library.folder, {"at": at, "take": entry.sha256, "what": what, "value": value})
        apply(connection, entry.number, what, value, at)
    return library.entry(entry.number)


def _stars(connection: Connection, number: int, value: str | None, at: float) -> None:
    stars = min(max(int(value or 0), 0), 5)
    values = {"stars": stars, "rejected": 0} if stars else {"stars": 0}
    connection.execute(update(TAKES).where(TAKES.c.id == number).values(**values))


def _reject(connection: Connection, number: int, value: str | None, at: float) -> None:
    values = {"rejected": 0} if value == "0" else {"rejected": 1, "stars": 0}
    connection.execute(update(TAKES).where(TAKES.c.id == number).values(**values))


def _trash(connection: Connection, number: int, value: str | None, at: float) -> None:
    connection.execute(update(TAKES).where(TAKES.c.id == number).values(trashed_at=at))


def _restore(connection: Connection, number: int, value: str | None, at: float) -> None:
    connection.execute(update(TAKES).where(TAKES.c.id == number).values(trashed_at=None))


def _pick(connection: Connection, number: int, value: str | None, at: float) -> None:
    values = {"pick": value, "rejected": 0} if value else {"pick": None}
    connection.execute(update(TAKES).where(TAKES.c.id == number).values(**values))


def _tag(connection: Connection, number: int, value: str | None, at: float) -> None:
    set_tags(connection, number, {*_tags(connection, number), value or ""} - {""})


def _untag(connection: Connection, number: int, value: str | None, at: float) -> None:
    set_tags(connection, number, _tags(connection, number) - {value or ""})


def _remembered(connection: Connection, number: int, value: str | None, at: float) -> None:
    """A word that changes no rating."""


_CHANGES: dict[str, Callable[[Connection, int, str | None, float], None]] = {
    "stars": _stars, "reject": _reject, "trash": _trash, "restore": _restore, "pick": _pick, "tag": _tag,
    "untag": _untag, "preferred": _remembered}


def _tags(connection: Connection, number: int) -> set[str]:
    return set(connection.execute(select(TAGS.c.tag).where(TAGS.c.take_id == number)).scalars())


def _remove_beside(library: Library, sha256: str) -> None:
    folder = library.takes.path(sha256).with_name(f"{sha256}.recipe")
    if folder.is_dir() and not folder.is_symlink():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
