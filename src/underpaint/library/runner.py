"""The one runner: takes the next picture of the journal, has it painted, enters the take. It may be killed anywhere.

Between the last brush stroke and the entry in the database stand four steps, and after each of them a start finds out
where it is: the picture's file appears whole in `incoming/` under its job and position; it is linked into `takes/`;
one transaction enters the take and finishes the item; the name in `incoming/` goes.
"""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import Cancelled, ClusterError, LibraryError, OutputError, PictureError, UnderpaintError
from underpaint.library.alive import Alive, is_alive, is_here
from underpaint.library.entering import Circumstances, enter
from underpaint.library.facts import Facts, read_facts
from underpaint.library.jobs import RECIPES, end
from underpaint.library.lease import (
    Claim,
    Lessee,
    claim_item,
    claim_next,
    fail,
    finish,
    finished_by,
    hold,
    is_cancelled,
    is_finished,
    is_leased,
    leave,
    release,
    renew,
    settle,
)
from underpaint.library.library import Library
from underpaint.library.saving import save_take
from underpaint.library.takes import as_kept, load_take
from underpaint.plan.take import Take
from underpaint.recipe import Recipe

Tell = Callable[[int, int], None]
Engine = Callable[[Recipe, Mapping[str, bytes], Tell], Take]
"""Paints a recipe, given the drawings that it names; tells (steps done, steps in all), which may raise Cancelled."""
LEASE_SECONDS = 60.0
_BEATS = 12
_TOUCH_SECONDS = 3600.0


@dataclass(frozen=True, eq=False)
class Finished:
    """One picture that the runner is done with: its take's number in the library, or why there is none.

    `take` is None where the picture was painted before and nobody asked to see it.
    """

    job: str
    position: int
    number: int | None
    take: Take | None = None
    error: str | None = None


class Runner:
    """Paints jobs of one library with one engine, one picture at a time. Close it, or use it as a context manager.

    `kinds` are the kinds of jobs that `run_once` takes on by itself; `begins` is told of each picture before the
    engine is.
    """

    def __init__(self, library: Library, engine: Engine, *, kinds: tuple[str, ...] = (RECIPES,),
                 lease_seconds: float = LEASE_SECONDS, begins: Callable[[Claim], None] | None = None) -> None:
        self.library = library
        self._engine, self._begins = engine, begins
        self._alive, self._touched = Alive(library.folder / "runners"), time.monotonic()
        sweep(library)
        self._who = Lessee(self._alive.name, lease_seconds, kinds)

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What its leases carry."""
        return self._who.runner

    def close(self) -> None:
        """Give up every lease."""
        self._alive.close()

    def run_once(self) -> Finished | None:
        """Paint the next picture of any job; None when there is nothing to do.

        What goes wrong in painting becomes the item's error and the job goes on; a full disk and a cluster that is away
        are raised (OutputError, ClusterError), with the item still waiting.
        """
        if time.monotonic() - self._touched > _TOUCH_SECONDS:
            self._alive.touch()
            self._touched = time.monotonic()
        claim = claim_next(self.library, self._who)
        if claim is None:
            return None
        try:
            return self._paint(claim, None, keep=False)
        except Cancelled:
            return self._stopped(claim)
        except (OutputError, LibraryError, ClusterError):
            self._hand_back(claim)
            raise
        except Exception as error:  # noqa: BLE001 (the runner outlives whatever a model does)
            return self._failed(claim, error)
        except BaseException:
            self._hand_back(claim)
            raise

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 1.0) -> None:
        """Paint whatever comes until `stop` is set; a full disk, a busy library or an absent cluster is waited out."""
        while not stop.is_set():
            try:
                if self.run_once() is None:
                    stop.wait(idle_seconds)
            except (OutputError, LibraryError, ClusterError):
                stop.wait(10 * idle_seconds)

    def run_item(self, job: str, position: int, tell: Tell | None = None) -> Finished:
        """One picture of one job, painted or, where it is finished, read again. Errors of painting are raised.

        The job stays leased to this runner until `leave`.
        """
        claim = claim_item(self.library, self._who, job, position)
        if isinstance(claim, int):
            return Finished(job, position, claim, load_take(self.library.entry(claim).file))
        return self._paint(claim, tell, keep=True)

    def hold(self, job: str) -> bool:
        """Lease a job before its first picture is asked for; False where another program has it."""
        return hold(self.library, self._who, job)

    def leave(self, job: str, state: str | None) -> None:
        """Let go of a job that is held: done, stopped for now, or None to forget it."""
        with self.library.database.writing() as connection:
            leave(connection, self._who.runner, job, state)

    def _paint(self, claim: Claim, tell: Tell | None, *, keep: bool) -> Finished:
        """Paint and enter one picture; unless the lease is kept, the job is free for the next in the same moment."""
        file = self.library.incoming / f"{claim.job}-{claim.position:05d}.png"
        facts, take = _left_behind(file, claim.recipe), None
        if facts is None:
            if self._begins is not None:
                self._begins(claim)
            with self._heartbeat(claim, tell) as watched:
                take = self._engine(claim.recipe, self._blobs(claim.recipe), watched)
            save_take(take, file)
            facts = read_facts(file)
        how = Circumstances(name=claim.name, seconds=take.seconds if take else None, parents=claim.parents)
        kept = self.library.keep_file(file, facts, own=True)
        with self.library.database.writing() as connection:
            others = finished_by(connection, claim)  # while this runner slept and its lease ran out
            number = others or enter(connection, facts, how)
            finish(connection, claim, number, how.seconds)
            if not keep:
                settle(connection, claim.job)
                release(connection, claim)
        if others is not None and self.library.entry(others).sha256 != facts.sha256:
            kept.unlink(missing_ok=True)
        _clear(file)
        return Finished(claim.job, claim.position, number,
                        as_kept(take) if take else load_take(self.library.entry(number).file))

    def _blobs(self, recipe: Recipe) -> dict[str, bytes]:
        found = {}
        for blob in recipe.blobs():
            data = self.library.blobs.read(blob.sha256)
            if data is None:
                raise PictureError(f"'{blob.name or blob.sha256[:12]}' is no longer in the library",
                                   hint="Begin the job again with the drawing.")
            found[blob.sha256] = data
        return found

    @contextlib.contextmanager
    def _heartbeat(self, claim: Claim, tell: Tell | None) -> Iterator[Tell]:
        """Keep the lease while the engine paints; the yielded `tell` stops it when the job is cancelled."""
        over, stopped = threading.Event(), threading.Event()
        progress = [0.0]

        def beat() -> None:
            while not over.wait(self._who.seconds / _BEATS):
                # A busy or full disk must not stop the painting: the lease outlives some missed beats.
                with contextlib.suppress(UnderpaintError):
                    if not renew(self.library, claim, self._who.seconds, progress[0]):
                        stopped.set()
                        return

        def watched(done: int, total: int) -> None:
            progress[0] = done / max(total, 1)
            if stopped.is_set():
                raise Cancelled("the job was cancelled", hint="Finished takes are in the library.")
            if tell is not None:
                tell(done, total)

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield watched
        finally:
            over.set()
            thread.join()

    def _hand_back(self, claim: Claim) -> None:
        with contextlib.suppress(UnderpaintError), self.library.database.writing() as connection:
            release(connection, claim)

    def _stopped(self, claim: Claim) -> Finished:
        with self.library.database.writing() as connection:
            if is_cancelled(connection, claim.job):
                end(connection, claim.job, "cancelled")
            release(connection, claim)
        return Finished(claim.job, claim.position, None, error="stopped")

    def _failed(self, claim: Claim, error: Exception) -> Finished:
        why = str(error) if isinstance(error, UnderpaintError) else f"{type(error).__name__}: {error}"
        with self.library.database.writing() as connection:
            fail(connection, claim.job, claim.position, why[:2000])
            settle(connection, claim.job)
            release(connection, claim)
        return Finished(claim.job, claim.position, None, error=why)


def _left_behind(file: Path, recipe: Recipe) -> Facts | None:
    """A picture that was finished and not yet entered when the program died, if it is this very one."""
    if not file.is_file():
        return None
    try:
        facts = read_facts(file)
    except PictureError:
        return None
    return facts if facts.recipe_hash == recipe.hash() else None


def _clear(file: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(file.with_name(f"{file.stem}.recipe"), ignore_errors=True)
        file.unlink()


def sweep(library: Library, *, older_than: float = 86_400.0) -> None:
    """Remove what crashes left: signs of life of the dead, pictures that are entered, and, after a day, half files."""
    runners = library.folder / "runners"
    for sign in list(runners.iterdir()):
        if is_here(sign.name):
            is_alive(runners, sign.name)  # which takes the sign of a dead one away
            continue
        with contextlib.suppress(OSError):  # of another machine, or of this one under a former name
            if time.time() - sign.stat().st_mtime > older_than and not is_leased(library, sign.name):
                sign.unlink()
    for file in library.incoming.glob(".underpaint-*.part"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > older_than:
                file.unlink()
    for file in library.incoming.glob("*-*.png"):
        job, _, position = file.stem.partition("-")
        if position.isdecimal() and is_finished(library, job, int(position)):
            _clear(file)
