"""A command's own job, written down: the same command again goes on where it was cut off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import LibraryError, OutputError, UnderpaintError
from underpaint.library.jobs import JobItem, Jobs, Order
from underpaint.library.library import Library
from underpaint.library.runner import Engine, Runner, Tell
from underpaint.library.store import hash_file
from underpaint.library.takes import as_kept
from underpaint.plan.take import Take
from underpaint.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Kept:
    """A take and its number in the library, None where that failed; whether it was finished before this start."""

    take: Take
    number: int | None
    before: bool


class Journal:
    """One job of one command, painted in order by the command itself.

    Leaving it with everything painted and `done()` said ends the job. Leaving it earlier keeps it, to be gone on
    with, unless nothing was painted yet: then there is nothing to go on with and it is forgotten.
    """

    def __init__(self, library: Library, items: Sequence[JobItem], blobs: Mapping[str, bytes], order: Order,
                 engine: Engine, *, forgive: Callable[[UnderpaintError], None] | None = None) -> None:
        """Begin, or go on. Where the library fails later, `forgive` is told why, once, and painting goes on without
        it; without `forgive` that is raised."""
        self.library = library
        self._engine, self._blobs, self._forgive = engine, blobs, forgive
        self._lost = False
        self._last: Take | None = None
        self._jobs = Jobs(library)
        self._runner = Runner(library, self._paint)
        try:
            self.job = self._begin(items, blobs, order)
            before = self._jobs.items(self.job)
        except BaseException:
            self._runner.close()
            raise
        self.recipes: list[Recipe] = [recipe for recipe, *_ in before]
        self.finished = [state == "done" and take is not None for _, _, state, take in before]
        self._began = any(self.finished)
        self._over = False

    def _begin(self, items: Sequence[JobItem], blobs: Mapping[str, bytes], order: Order) -> str:
        """The job that was cut off, or a new one: this program's from now on, not only from its first picture on."""
        found = self._jobs.unfinished(items, order)
        if found and self._runner.hold(found):
            self.library.put_blobs(list(blobs.values()))
            return found
        while True:  # the same command beside itself wants pictures of its own
            job = self._jobs.submit(items, blobs=blobs, order=order)
            if self._runner.hold(job):
                return job

    @property
    def resumed(self) -> bool:
        """Whether this goes on with a job of which something was finished."""
        return any(self.finished)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.leave(self.job, "done" if self._over else "stopped" if self._began else None)
        except (LibraryError, OutputError) as error:
            self._do_without(error)
        finally:
            self._runner.close()

    def take(self, position: int, tell: Tell | None = None) -> Kept:
        """The take of one picture: painted now, or as it was finished before. Errors of painting are raised."""
        self._last = None
        try:
            finished = self._runner.run_item(self.job, position, tell)
            self._began = True
            assert finished.take is not None and finished.number is not None  # run_item raises instead
            return Kept(finished.take, finished.number, self.finished[position])
        except (LibraryError, OutputError) as error:
            self._do_without(error)
        # What was painted before the library failed is not painted twice.
        take = self._last or self._paint(self.recipes[position], self._blobs, tell or _nobody)
        return Kept(as_kept(take), None, False)

    def _paint(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        self._last = self._engine(recipe, blobs, tell)
        return self._last

    def _do_without(self, error: UnderpaintError) -> None:
        if self._forgive is None:
            raise error
        if not self._lost:
            self._forgive(error)
        self._lost = True

    def done(self) -> None:
        """Say that everything that the command makes of its takes is made."""
        self._over = True

    def copies(self, kept: Kept) -> dict[Path, bool]:
        """The files, still there, that were written from a take, and whether each is as it was written."""
        written = self.library.copies(kept.number) if kept.number is not None else {}
        return {path: hash_file(path) == sha256 for path, sha256 in written.items() if path.is_file()}

    def written(self, kept: Kept, file: Path, pixels: str) -> None:
        """Remember where a take was written."""
        if kept.number is not None:
            try:
                self.library.note_copy(kept.number, file, pixels)
            except (LibraryError, OutputError) as error:
                self._do_without(error)


def _nobody(done: int, total: int) -> None:
    """Progress that nobody watches."""
