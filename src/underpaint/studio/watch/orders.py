"""What is asked for a folder's drawings right now: its knobs, read again when their file changes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from underpaint.errors import PictureError, UnderpaintError
from underpaint.library.preflight import Preflight
from underpaint.models.home import plain
from underpaint.recipe import Recipe
from underpaint.studio.watch.asking import Asked, asked_of
from underpaint.studio.watch.chain import Link, read_chain
from underpaint.studio.watch.knobs import KnobsFile, find_knobs
from underpaint.studio.watch.shelf import stamp_of


class Orders:
    """The knobs of `folder`, all of them known to be usable. `output` stands above what they say.

    Raises RecipeError and PictureError that name the line.
    """

    def __init__(self, folder: Path, preflight: Preflight, output: Path | None = None) -> None:
        self._folder, self._preflight, self._asked_output = folder, preflight, output
        self._stamp: tuple[Any, ...] = ()
        self._file = KnobsFile(None)
        self.refresh()

    @property
    def place(self) -> Path | None:
        """The file of the knobs."""
        return self._file.place

    @property
    def private(self) -> bool:
        """Whether files say nothing of words and drawings, and no library keeps them unasked."""
        return self._file.folder.private

    def refresh(self) -> bool:
        """Read the knobs again if their file has changed; whether it has.

        Raises UnderpaintErrors for knobs that cannot be used, once for each state of the file; the former ones hold.
        """
        place = find_knobs(self._folder)
        stamp = _stamp(place)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        file = KnobsFile.read(place)
        where = place.parent if place else self._folder
        target = self._output(file, where)
        for name in ("", *file.folder.drawings):
            asked, _ = _ask(file, name, where)
            self._check(file, name, asked)
        self._file, self._where, self.output = file, where, target
        return True

    def ask(self, drawing: str) -> tuple[Asked, tuple[Link, ...]]:
        """What is asked for a drawing of that file name. Raises UnderpaintErrors that say on which line."""
        return _ask(self._file, drawing, self._where)

    def check(self, drawing: str, recipe: Recipe, blobs: Mapping[str, bytes]) -> None:
        """Raise the UnderpaintError with which painting would begin, if any, with the line that it comes from."""
        try:
            self._preflight.check(recipe, blobs)
        except UnderpaintError as error:
            raise self._file.placed(error, drawing) from error

    def _check(self, file: KnobsFile, name: str, asked: Asked) -> None:
        if asked.knobs.count:
            try:
                self._preflight.check(asked.base, {})
            except UnderpaintError as error:
                raise file.placed(error, name) from error

    def _output(self, file: KnobsFile, where: Path) -> Path:
        """Where keys and finished pictures go. Knobs may have come with the folder: they lead nowhere outside it."""
        if self._asked_output is not None:
            return plain(self._asked_output)
        if file.folder.output is None:
            return self._folder
        target = plain(where / file.folder.output)
        if not target.resolve().is_relative_to(where.resolve()):
            raise file.placed(PictureError(f"'{file.folder.output:.100}' lies outside {where}", field="output",
                                           hint="Name a folder inside, or say where with -o on the command line."), "")
        return target


def _ask(file: KnobsFile, name: str, where: Path) -> tuple[Asked, tuple[Link, ...]]:
    try:
        knobs = file.of(name)
        asked = asked_of(knobs, where, private=file.folder.private)
        links = read_chain(knobs.finish, where)
        asked.mark([link.mark() for link in links])
    except UnderpaintError as error:
        raise file.placed(error, name) from error
    return asked, links


def _stamp(place: Path | None) -> tuple[Any, ...]:
    try:
        return (place, *stamp_of(place.stat())) if place else (None,)
    except OSError:
        return (None,)
