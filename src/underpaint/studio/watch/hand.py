"""Who paints: the server where one runs on this library, else a thread of the watcher's own.

Jobs are leased, so nothing is ever painted twice. But two programs with a model each need twice the memory, so the hand
first lets others take a job, and paints itself only where nobody does.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from underpaint.errors import Cancelled, LibraryError, OutputError
from underpaint.library.alive import is_alive
from underpaint.library.jobs import RECIPES
from underpaint.library.lease import Claim
from underpaint.library.library import Library
from underpaint.library.runner import Engine, Runner, Tell
from underpaint.library.tables import JOBS
from underpaint.recipe import Recipe

if TYPE_CHECKING:
    from underpaint.plan.take import Take

GRACE = 2.0
"""Seconds that another program has to begin with a job before the hand does."""
_IDLE, _LOOK, _FULL = 0.5, 0.5, 10.0


class Hand:
    """Paints what waits in a library, beside whoever else does. `heard` is called after each picture.

    `done` of `total` steps of the present picture are painted. `trouble` is why it cannot go on: a full disk.
    """

    def __init__(self, library: Library, engine: Engine, heard: Callable[[], None], *, grace: float = GRACE) -> None:
        self.library, self._engine, self._heard, self._grace = library, engine, heard, grace
        self.done = self.total = 0
        self.trouble: str | None = None
        self._stop, self._work = threading.Event(), threading.Event()
        self._dropped: set[str] = set()
        self._job = ""
        self._runner = Runner(library, self._paint, begins=self._begin)
        self._thread = threading.Thread(target=self._run, name="watch-hand", daemon=True)
        self._begun = False

    def wake(self) -> None:
        """There is work."""
        if not self._begun:
            self._begun = True
            self._thread.start()
        self._work.set()

    def drop(self, job: str) -> None:
        """Stop at once if this job is being painted."""
        self._dropped = self._dropped | {job}

    def keep(self, job: str) -> None:
        """This job is wanted again."""
        self._dropped = self._dropped - {job}

    def close(self) -> None:
        """Stop; a picture that is half painted is given up and stays in the queue."""
        self._stop.set()
        self._work.set()
        if self._begun:
            self._thread.join(timeout=60)
        self._runner.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._others() or self._runner.run_once() is None:
                    self._work.wait(_IDLE)
                    self._work.clear()
                    continue
                self.trouble = None
            except (OutputError, LibraryError) as error:
                self.trouble = str(error)
                self._stop.wait(_FULL)
            self.done = self.total = 0
            self._heard()

    def _begin(self, claim: Claim) -> None:
        self._job = claim.job

    def _paint(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> "Take":
        job = self._job

        def watched(done: int, total: int) -> None:
            self.done, self.total = done, total
            if self._stop.is_set() or job in self._dropped:
                raise Cancelled("stopped", hint="It goes on when you watch the folder again.")
            tell(done, total)

        return self._engine(recipe, blobs, watched)

    def _others(self) -> bool:
        """Whether to leave the work to somebody else for now."""
        until = time.monotonic() + self._grace
        while not self._stop.is_set():
            waiting, painting = self._queue()
            if painting or not waiting:
                return True
            if not self._company() or time.monotonic() >= until:
                return False
            self._stop.wait(_LOOK)
        return True

    def _queue(self) -> tuple[bool, bool]:
        """Whether pictures wait, and whether another living program paints such ones."""
        query = select(JOBS.c.state, JOBS.c.runner).where(JOBS.c.kind == RECIPES,
                                                          JOBS.c.state.in_(("waiting", "running")))
        with self.library.database.reading() as connection:
            rows = connection.execute(query).all()
        signs = self.library.folder / "runners"
        painting = any(row.state == "running" and row.runner and row.runner != self._runner.name
                       and is_alive(signs, row.runner) for row in rows)
        return bool(rows), painting

    def _company(self) -> bool:
        """Whether another runner lives on this library."""
        signs = self.library.folder / "runners"
        with contextlib.suppress(OSError):
            return any(is_alive(signs, sign.name) for sign in signs.iterdir() if sign.name != self._runner.name)
        return False
