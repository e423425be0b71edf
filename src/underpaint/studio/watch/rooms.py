"""Where the watcher's pictures are painted and kept: the library, or for private ones a place that goes with it."""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.runner import Engine, Tell
from underpaint.recipe import Recipe
from underpaint.studio.watch.hand import GRACE, Hand

if TYPE_CHECKING:
    from underpaint.models import Catalogue
    from underpaint.plan.take import Take

_LOG = logging.getLogger("underpaint.studio")


class Room:
    """An open library, its jobs and the hand that paints them."""

    def __init__(self, folder: Path | None, engine: Engine, heard: Callable[[], None], grace: float) -> None:
        self.library = Library(folder)
        try:
            self.jobs = Jobs(self.library)
            self.hand = Hand(self.library, engine, heard, grace=grace)
        except BaseException:
            self.library.close()
            raise

    def close(self) -> None:
        """Stop painting and let go of the library."""
        self.hand.close()
        self.library.close()


class Rooms:
    """The room for ordinary and the one for private pictures; the same where a library was named.

    Nobody's private pictures enter a library unasked: theirs is a temporary one, and gone with the watcher.
    """

    def __init__(self, named: Path | None, engine: Engine, heard: Callable[[], None], *, grace: float = GRACE) -> None:
        self._named, self._engine, self._heard, self._grace = named, engine, heard, grace
        self._open: dict[bool, Room] = {}
        self._stack = contextlib.ExitStack()

    def room(self, private: bool) -> Room:
        """The room for such pictures. Raises LibraryError or OutputError where it cannot be opened."""
        apart = private and self._named is None
        if apart not in self._open:
            folder = self._named
            if apart:
                folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="underpaint-private-")))
            room = Room(folder, self._engine, self._heard, self._grace)
            self._stack.callback(room.close)
            self._open[apart] = room
        return self._open[apart]

    def open(self) -> list[Room]:
        """Every room that is in use."""
        return list(self._open.values())

    def close(self) -> None:
        """Close them all."""
        self._stack.close()


class LatePainter:
    """Paints with a painter that is made when the first picture needs it: a watcher that waits loads no model."""

    def __init__(self, catalogue: "Catalogue", **machine: Any) -> None:
        self._catalogue, self._machine = catalogue, machine
        self._painter: Any = None

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> "Take":
        if self._painter is None:
            from underpaint.plan.painter import Painter

            self._painter = Painter(catalogue=self._catalogue, warn=_LOG.warning, **self._machine)
        take: Take = self._painter.paint(recipe, blobs, progress=tell)
        return take
