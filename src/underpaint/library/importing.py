"""Anybody's folder of pictures comes into the library, with everything that the files say of themselves."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from underpaint.errors import PictureError
from underpaint.library import log
from underpaint.library.entering import Circumstances, enter
from underpaint.library.facts import DOCUMENTS, Facts, is_picture_name, is_writable, read_facts, writable
from underpaint.library.library import Entry, Library
from underpaint.library.ratings import apply
from underpaint.library.search import tidy_tag
from underpaint.library.tables import MARKS, TAKES
from underpaint.models.home import plain

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Imported:
    """What came in, what was here already, and what could not be read, each with the reason."""

    entered: tuple[Entry, ...]
    known: int
    problems: tuple[tuple[Path, str], ...]


def import_folder(library: Library, place: Path, *, reference: bool = False, tags: tuple[str, ...] = (),
                  tell: Tell | None = None) -> Imported:
    """Enter every picture below a folder, or one picture.

    With `reference` the files stay where they are and only what they say is kept; else the library has its own copy.
    Stars that another program left in the file (XMP) are taken over. Raises PictureError where there is nothing.
    """
    tidy = tuple(tidy_tag(tag) for tag in tags)
    files = list(_pictures(place))
    if not files:
        raise PictureError(f"there are no pictures in {place}", hint="Name a folder of pictures, or one.")
    before = _highest(library)
    numbers: list[int] = []
    problems: list[tuple[Path, str]] = []
    for turn, file in enumerate(files, 1):
        try:
            numbers.append(_import(library, file, reference, tidy))
        except PictureError as error:
            problems.append((file, error.message))
        if tell is not None:
            tell(turn, len(files))
    fresh = [number for number in dict.fromkeys(numbers) if number > before]
    return Imported(tuple(library.entries(fresh)), len(numbers) - len(fresh), tuple(problems))


def _import(library: Library, file: Path, reference: bool, tags: tuple[str, ...]) -> int:
    facts = read_facts(file)
    if reference and not is_writable(str(plain(file))):
        raise PictureError("its name is not in UTF-8, so it cannot be found again", hint="Rename it, or copy it in.")
    how = Circumstances(kind="import", name=writable(file.name), path=str(plain(file)) if reference else None)
    if not reference:
        library.keep_file(file, facts)
    at = time.time()
    with library.database.writing() as connection:
        number = enter(connection, facts, how)
        if reference:
            log.note(library.folder, {"at": at, "take": facts.sha256, "what": "reference", "value": how.path})
        else:
            log.note(library.folder, {"at": at, "take": facts.sha256, "what": "import", "value": how.name})
        for tag in tags:
            log.note(library.folder, {"at": at, "take": facts.sha256, "what": "tag", "value": tag})
            apply(connection, number, "tag", tag, at)
        _take_over_rating(library, connection, number, facts, at)
    return number


def _take_over_rating(library: Library, connection: Connection, number: int, facts: Facts, at: float) -> None:
    """Another program's stars count until somebody says otherwise here."""
    said = connection.execute(select(func.count()).where(MARKS.c.take_id == number,
                                                         MARKS.c.what.in_(("stars", "reject")))).scalar()
    if facts.rating is None or facts.rating == 0 or said:
        return
    what, value = ("reject", "1") if facts.rating < 0 else ("stars", str(facts.rating))
    log.note(library.folder, {"at": at, "take": facts.sha256, "what": what, "value": value})
    apply(connection, number, what, value, at)


def _pictures(place: Path) -> Iterator[Path]:
    """Every file below that is called like a picture, folders in order; links to folders are not entered."""
    if place.is_file():
        yield place
        return
    for folder, inside, names in os.walk(place):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            wanted = is_picture_name(file) or file.suffix.lower() in DOCUMENTS
            if wanted and not name.startswith(".") and file.is_file():
                yield file


def _highest(library: Library) -> int:
    with library.database.reading() as connection:
        return int(connection.execute(select(func.max(TAKES.c.id))).scalar() or 0)

