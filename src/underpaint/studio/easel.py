"""The easel: the one thread in which pictures are painted, a picture at a time, from the journal of jobs."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from underpaint.errors import Cancelled, LibraryError, OutputError, UnderpaintError
from underpaint.library.lease import Claim
from underpaint.library.library import Library
from underpaint.library.runner import Runner, Tell
from underpaint.plan.take import Take
from underpaint.recipe import Recipe
from underpaint.studio.brush import Brush
from underpaint.studio.herald import Herald
from underpaint.studio.previews import Glimpses

IDLE_SECONDS, TROUBLE_SECONDS = 1.0, 5.0
TELL_SECONDS = 0.1
"""Progress is told at most so often."""
LOOKED_SECONDS = 5.0
"""So long after somebody asked how painting goes, previews are made."""


@dataclass(frozen=True, eq=False)
class Live:
    """The picture being painted: its job and position there, its name, steps done of `steps` (0: not yet known),
    seconds left of it, and what it looks like by now, a small JPEG, None until there is one.

    `began` is in seconds since 1970, `first` when its first step was done, on the clock of `time.monotonic`.
    `turn` grows with every change, `seen` with every new preview.
    """

    job: str
    position: int
    name: str
    recipe: Recipe
    began: float
    first: float = 0.0
    step: int = 0
    steps: int = 0
    preview: bytes | None = None
    turn: int = 0
    seen: int = 0

    @property
    def seconds_left(self) -> float | None:
        """How long this picture will take, by what its steps took; None before the second: the first one may have
        waited for a model."""
        if self.step < 2:
            return None
        return (time.monotonic() - self.first) / (self.step - 1) * max(self.steps - self.step, 0)

    @property
    def share(self) -> float:
        """How much of it is painted, 0..1."""
        return self.step / self.steps if self.steps else 0.0


class Easel:
    """Paints what the journal holds until it is closed."""

    def __init__(self, library: Library, brush: Brush, herald: Herald) -> None:
        self._brush, self._herald = brush, herald
        self._runner = Runner(library, self._paint, begins=self._begin)
        self._closing, self._bell = threading.Event(), threading.Event()
        self._stopped: set[str] = set()
        self._stopping = threading.Lock()
        self._live: Live | None = None
        self._turns, self._told, self._looked = 0, 0.0, 0.0
        self._thread = threading.Thread(target=self._work, name="easel", daemon=True)
        self.trouble: str | None = None
        """Why nothing is painted, while that is so: a full disk, a library that is kept busy."""

    def start(self) -> None:
        """Begin to paint."""
        self._thread.start()

    def close(self, seconds: float = 60.0) -> None:
        """Stop after the step that is being painted; the picture waits in the journal for the next start."""
        self._closing.set()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._runner.close()

    def ring(self) -> None:
        """Say that there is something to paint."""
        self._bell.set()

    def stop(self, job: str) -> None:
        """Let go of a job after the step that is being painted."""
        with self._stopping:
            self._stopped.add(job)

    def look(self) -> Live | None:
        """What is being painted; whoever looks gets previews for a while."""
        self._looked = time.monotonic()
        return self._live

    @property
    def live(self) -> Live | None:
        """What is being painted."""
        return self._live

    def _work(self) -> None:
        while not self._closing.is_set():
            self._bell.clear()
            wait = IDLE_SECONDS
            try:
                done = self._runner.run_once()
                wait = 0.0 if done is not None else IDLE_SECONDS
                self.trouble = None
            except (OutputError, LibraryError) as error:
                self.trouble, wait = str(error), TROUBLE_SECONDS
            self._end()
            if wait:
                self._bell.wait(wait)

    def _begin(self, claim: Claim) -> None:
        with self._stopping:
            self._stopped &= {claim.job}  # it may have been stopped since it was claimed
        self._turns += 1
        self._live = Live(claim.job, claim.position, claim.name, claim.recipe, time.time(), turn=self._turns)
        self._herald.ring()

    def _end(self) -> None:
        if self._live is not None:
            self._live = None
            self._herald.ring()
            self._herald.wake()

    def _paint(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        def told(done: int, total: int) -> None:
            if self._closing.is_set() or self._is_stopped():
                raise Cancelled("stopped", hint="Finished takes are in the library.")
            tell(done, total)
            self._change(step=done, steps=total, **({"first": time.monotonic()} if done == 1 else {}))

        try:
            return self._brush(recipe, blobs, told, Glimpses(self._show, self._wanted))
        except UnderpaintError:
            raise
        except MemoryError as error:
            from underpaint.errors import MemoryShortage

            raise MemoryShortage("memory ran out", hint="Paint smaller, or close other programs.") from error

    def _is_stopped(self) -> bool:
        """Whether the job being painted is to stop; said once, for it may be put back in the queue later."""
        with self._stopping:
            job = self._live.job if self._live is not None else ""
            found = job in self._stopped
            self._stopped.discard(job)
        return found

    def _show(self, preview: bytes) -> None:
        if self._live is not None:
            self._change(preview=preview, seen=self._live.seen + 1)

    def _wanted(self) -> bool:
        return self._herald.listeners > 0 or time.monotonic() - self._looked < LOOKED_SECONDS

    def _change(self, **fields: object) -> None:
        live = self._live
        if live is None:
            return
        self._turns += 1
        self._live = live = replace(live, turn=self._turns, **fields)  # type: ignore[arg-type]
        now = time.monotonic()
        # Who only waits for the end need not be woken, and look into the database, at every step.
        if self._herald.listeners and (now - self._told >= TELL_SECONDS or live.step == live.steps):
            self._told = now
            self._herald.wake()
