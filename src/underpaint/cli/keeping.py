"""How commands that paint keep their takes: the library's options, and the journal of this very command."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli.output import notes
from underpaint.errors import LibraryError, OutputError, UnderpaintError

if TYPE_CHECKING:
    from underpaint.library.jobs import JobItem
    from underpaint.library.journal import Journal
    from underpaint.library.runner import Engine

LIBRARY = typer.Option(None, "--library", help=r"The library's folder. \[Underpaint's own]")
NO_LIBRARY = typer.Option(False, "--no-library", help="Do not enter takes in the library.")
COMMAND: ContextVar[tuple[str, ...]] = ContextVar("COMMAND", default=())
"""The words of the command that runs, so that its job can be gone on with later."""
RESUMED: ContextVar[str | None] = ContextVar("RESUMED", default=None)
"""The job that a repeated command must go on with."""


@dataclass(frozen=True)
class Keeping:
    """Where takes are kept besides the folder they are written to. Private ones only in a library that was named."""

    library: Path | None = None
    off: bool = False
    private: bool = False

    @property
    def wanted(self) -> bool:
        return not self.off and (self.library is not None or not self.private)


@contextlib.contextmanager
def journal_of(keeping: Keeping, items: "Sequence[JobItem]", blobs: Mapping[str, bytes], work: "Work",
               engine: "Engine") -> Iterator["Journal | None"]:
    """The journal of a command's pictures; None where none is wanted, or where the library of nobody's choice is of
    no use: then painting goes on without it, and that is said."""
    if not keeping.wanted:
        yield None
        return
    from underpaint.library.jobs import Order
    from underpaint.library.journal import Journal
    from underpaint.library.library import Library

    request = {"same": work.same, "command": list(COMMAND.get()), "folder": str(Path.cwd())}
    order = Order(kind=work.kind, title=work.title, request=request)
    with contextlib.ExitStack() as stack:
        try:
            library = stack.enter_context(Library(keeping.library))
            journal = stack.enter_context(Journal(library, items, blobs, order, engine,
                                                  forgive=None if keeping.library else _say_without))
        except (LibraryError, OutputError) as error:
            if keeping.library is not None:
                raise
            _say_without(error)
            yield None
            return
        if RESUMED.get() not in (None, journal.job):
            raise LibraryError("the files of that job have changed since it began", field="jobs",
                               hint="Run its command again to begin anew, and --forget the old job.")
        if journal.resumed:
            notes().print(f"going on: {sum(journal.finished)} of {len(items)} were finished before", markup=False)
        yield journal


def _say_without(error: UnderpaintError) -> None:
    notes().print(f"note: takes are only in the output folder: {error}", markup=False)


@dataclass(frozen=True)
class Work:
    """What a command paints: its kind and title, and what must be the same for it to be the same job again."""

    kind: str
    title: str
    same: Mapping[str, Any]
