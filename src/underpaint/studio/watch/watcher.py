"""The watcher: sees drawings saved in a folder and sees to it that their keys, or their finish, lie beside them."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underpaint.errors import LibraryError, OutputError, PictureError, UnderpaintError
from underpaint.files import is_file
from underpaint.library.alive import Alive, is_alive
from underpaint.library.drawings import Drawing
from underpaint.library.jobs import JobStatus
from underpaint.library.painting import read_painting
from underpaint.library.preflight import Preflight
from underpaint.library.runner import Engine
from underpaint.library.saving import check_place
from underpaint.models import Catalogue
from underpaint.models.home import plain
from underpaint.pictures.record import pixels_hash
from underpaint.studio.watch.asking import Asked
from underpaint.studio.watch.chain import Link, run_chain
from underpaint.studio.watch.hand import GRACE
from underpaint.studio.watch.ledger import Ledger, Row
from underpaint.studio.watch.orders import Orders
from underpaint.studio.watch.rooms import LatePainter, Room, Rooms
from underpaint.studio.watch.shelf import PATIENCE, SETTLE, Saved, Shelf, stamp_of
from underpaint.studio.watch.work import (
    Work,
    facts,
    finish_target,
    place_for,
    read_whole,
    submit,
    write_painted,
    write_whole,
)

Say = Callable[[str, dict[str, Any]], None]
"""Is told what happened: watching, saved, painted, keys, finished, left_out, failed, knobs, trouble; and its facts."""
_FEW = 4
"""So many jobs are asked about at every turn, and their drawings kept in memory; the others wait behind them."""
_AGAIN = 10.0


@dataclass(frozen=True)
class Settings:
    """What a watcher is told. `output` overrules the knobs; `new_only` leaves alone what is there at the start."""

    folder: Path
    output: Path | None = None
    library: Path | None = None
    new_only: bool = False
    machine: dict[str, Any] = field(default_factory=dict)
    settle: float = SETTLE
    patience: float = PATIENCE
    grace: float = GRACE


class Watcher:
    """One watched folder. `turn` does what is to be done now; close it, or use it as a context manager.

    `engine` paints; None is the house's own painter. Raises PictureError for a folder that is none, RecipeError for
    knobs that cannot be used, LibraryError where the folder is watched already or the library cannot be used.
    """

    def __init__(self, settings: Settings, say: Say, engine: Engine | None = None) -> None:
        self.settings, self._say = settings, say
        self.folder = plain(settings.folder)
        if not self.folder.is_dir():
            raise PictureError(f"there is no folder {settings.folder}", hint="Name the folder you save drawings in.")
        self.woken = threading.Event()
        self._catalogue = Catalogue()
        self.shelf = Shelf(self.folder, settings.settle, settings.patience)
        self._orders = Orders(self.folder, self._preflight(), settings.output)
        self._works: list[Work] = []
        self.count = {"done": 0, "failed": 0, "left_out": 0}
        self._told_links, self._last_trouble = 0, ""
        self._ledger = Ledger(self.folder)
        self._sign = self._alone()
        self._rooms = Rooms(settings.library, engine or LatePainter(self._catalogue, **settings.machine),
                            self.woken.set, grace=settings.grace)
        try:
            self._rooms.room(self._orders.private)
            self._first_look()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop; what is not finished waits in the library for the next start."""
        self._rooms.close()
        self._ledger.save()
        self._sign.close()

    @property
    def library(self) -> Path:
        """Where takes are kept."""
        return self._rooms.room(self._orders.private).library.folder

    @property
    def works(self) -> tuple[Work, ...]:
        """The drawings on their way, in their order."""
        return tuple(self._works)

    @property
    def busy(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._works) or self.shelf.restless()

    def turn(self) -> None:
        """See what was saved, hand it over, and put what is painted beside it. Raises PictureError when the folder is
        gone."""
        self._look_at_knobs()
        try:
            saved = self.shelf.look()
        except OSError as error:
            raise PictureError(f"{self.folder} is gone", hint="Watch it again when it is back.") from error
        self._leave_alone()
        for one in saved:
            self._take_up(one)
        self._forget_gone()
        for work in [*self._works]:
            if work in self._works[:_FEW] or work.retry_at:
                self._collect(work)

    def progress(self) -> tuple[Work, JobStatus, float] | None:
        """The drawing that is being painted, how its job goes, and the share of the present picture that is done."""
        for work in self._works[:_FEW]:
            room = self._room(work)
            status = room.jobs.status(work.job)
            if status.state == "running":
                own = room.hand.done / room.hand.total if room.hand.total else 0.0
                return work, status, max(own, status.progress)
        return None

    def _look_at_knobs(self) -> None:
        try:
            if not self._orders.refresh():
                return
        except UnderpaintError as error:
            self._say("knobs", {"used": False, "why": str(error)})
            return
        self._say("knobs", {"used": True, "file": str(self._orders.place) if self._orders.place else None})
        latest = self.shelf.latest()
        if latest is not None:  # the drawing on the easel shows the new knobs at once, the others when they are saved
            self._ledger.row(latest).stamp = ()
            self.shelf.again(latest)

    def _alone(self) -> Alive:
        """Our sign of life, given before others are looked for: two that begin at once do not overlook each other."""
        signs = self._ledger.folder / "watchers"
        ours = Alive(signs)
        if any(is_alive(signs, sign.name) for sign in signs.iterdir() if sign.name != ours.name):
            ours.close()
            raise LibraryError(f"{self.folder} is being watched already", hint="Stop the other watcher first.")
        return ours

    def _first_look(self) -> None:
        if self.settings.new_only:
            with contextlib.suppress(OSError):
                self.shelf.look()
            self.shelf.skip()

    def _leave_alone(self) -> None:
        for link in self.shelf.left_out[self._told_links :]:
            self.count["left_out"] += 1
            self._say("left_out", {"drawing": link.name, "why": "it is a link that leads out of the folder"})
        self._told_links = len(self.shelf.left_out)

    def _take_up(self, saved: Saved) -> None:
        """A drawing keeps still: paint what is asked for it, unless that is done."""
        row = self._ledger.row(saved.path.name)
        if row.stamp == saved.stamp and row.done:
            self.shelf.settled(saved)
            return
        try:
            asked, links = self._orders.ask(saved.path.name)
            if asked.knobs.count:
                self._begin(saved, row, asked, links)
            else:
                self._finish(saved, row, asked, links)
            self.shelf.settled(saved)
        except PictureError as error:
            self._not_yet(saved, row, error)
        except (OutputError, LibraryError) as error:
            self.shelf.later(saved)
            self._trouble(str(error))
        except UnderpaintError as error:
            self._failed(saved, row, error)

    def _not_yet(self, saved: Saved, row: Row, error: PictureError) -> None:
        """A file that cannot be read may be half-saved: wait for the rest of it, for a while."""
        if not saved.old:
            self.shelf.later(saved)
            return
        self.shelf.settled(saved)
        row.stamp, row.done = saved.stamp, False
        self.count["left_out"] += 1
        self._say("left_out", {"drawing": saved.path.name, "why": str(error)})

    def _failed(self, saved: Saved, row: Row, error: UnderpaintError) -> None:
        self.shelf.settled(saved)
        row.stamp, row.done = (), False
        self.count["failed"] += 1
        self._say("failed", {"drawing": saved.path.name, "why": str(error)})

    def _trouble(self, why: str) -> None:
        if self._last_trouble != why:
            self._last_trouble = why
            self._say("trouble", {"why": why})

    def _begin(self, saved: Saved, row: Row, asked: Asked, links: tuple[Link, ...]) -> None:
        """Write down the job of a drawing, or find that there is nothing to do."""
        drawing = read_whole(saved.path, asked)
        self._check_still(saved)
        mark = asked.mark([link.mark() for link in links])
        same = row.done and not row.failed and (row.content, row.asked) == (drawing.blob.sha256, mark)
        if same and Path(row.folder).is_dir():
            row.stamp = saved.stamp
            self._ledger.save()
            return
        self._supersede(saved.path.name, drawing, mark)
        if any(work.name == saved.path.name for work in self._works):
            row.stamp = saved.stamp
            return  # the very same is on its way
        keys = asked.keys(drawing.blob)
        self._orders.check(saved.path.name, keys[0].recipe, {drawing.blob.sha256: drawing.stored.data})
        folder = place_for(row, self._ledger, self._orders.output, saved.path)
        check_place(folder / "keys.psd")
        room = self._rooms.room(asked.private)
        job = submit(room.library, drawing, keys, asked, saved.path.name)
        row.stamp, row.content, row.asked = saved.stamp, drawing.blob.sha256, mark
        row.folder, row.done, row.failed = str(folder), False, False
        self._ledger.save()
        kept = drawing if len(self._works) < _FEW else None
        self._works.append(Work(saved, asked, links, keys, drawing.blob.sha256, job, folder, row, kept))
        self._say("saved", {"drawing": saved.path.name, "keys": len(keys), "job": job, "folder": str(folder)})
        room.hand.keep(job)
        room.hand.wake()

    def _check_still(self, saved: Saved) -> None:
        """What was read is what is there, and not half of it and half of the next."""
        try:
            now = stamp_of(saved.path.stat())
        except OSError:
            now = ()
        if now != saved.stamp:
            raise PictureError(f"{saved.path.name} was saved again while it was read")

    def _preflight(self) -> Preflight:
        return Preflight(self._catalogue, self.settings.machine.get("prediction"),
                         bool(self.settings.machine.get("online")))

    def _supersede(self, name: str, drawing: Drawing, mark: str) -> None:
        """Stop what is being painted for a drawing that looks otherwise by now."""
        for work in [one for one in self._works if one.name == name]:
            if (work.blob, work.row.asked) != (drawing.blob.sha256, mark):
                self._drop(work)

    def _drop(self, work: Work) -> None:
        self._works.remove(work)
        if any(other.job == work.job for other in self._works):
            return  # a copy of the drawing still wants it
        room = self._room(work)
        room.hand.drop(work.job)
        with contextlib.suppress(LibraryError):
            room.jobs.cancel(work.job)

    def _forget_gone(self) -> None:
        """A drawing that was taken away needs no more keys. One that is being renamed over comes back at once."""
        names = self.shelf.names()
        for work in [one for one in self._works if one.name not in names]:
            if work.gone_since is None:
                work.gone_since = time.monotonic()
            elif time.monotonic() - work.gone_since > self.settings.settle + 0.5:
                self._drop(work)
                work.row.stamp = ()
        for work in self._works:
            if work.name in names:
                work.gone_since = None

    def _finish(self, saved: Saved, row: Row, asked: Asked, links: tuple[Link, ...]) -> None:
        """Finish the saved picture itself; with no operations nothing is asked for it."""
        merged = read_painting(saved.path).merged
        self._check_still(saved)
        mark, content = asked.mark([link.mark() for link in links]), pixels_hash(merged)
        same = row.done and not row.failed and (row.content, row.asked) == (content, mark)
        if same and (not links or is_file(Path(row.folder))):
            row.stamp = saved.stamp
            self._ledger.save()
            return
        if links:
            target = finish_target(row, self._ledger, self._orders.output, saved.path)
            notes = run_chain(links, saved.path, target, private=asked.private)
            row.folder = str(target)
            self._ledger.wrote(row, target)
            self._say("finished", {"drawing": saved.path.name, "file": str(target), "notes": list(notes)})
        row.stamp, row.content, row.asked, row.done, row.failed = saved.stamp, content, mark, True, False
        self.count["done"] += bool(links)
        self._ledger.save()

    def _room(self, work: Work) -> Room:
        return self._rooms.room(work.asked.private)

    def _collect(self, work: Work) -> None:
        """Put beside the drawing what is painted of its keys by now."""
        if work.retry_at > time.monotonic():
            return
        work.retry_at = 0.0
        room = self._room(work)
        try:
            status = room.jobs.status(work.job)
            for file in write_painted(work, room.library, status, self._ledger):
                self._say("painted", {"drawing": work.name, "file": str(file), "of": len(work.keys)})
            if status.state in ("done", "failed", "cancelled"):
                self._complete(work, room, status)
            elif room.hand.trouble:
                self._trouble(room.hand.trouble)
        except (OutputError, LibraryError) as error:
            work.retry_at = time.monotonic() + _AGAIN
            self._trouble(str(error))
        except UnderpaintError as error:
            self._works.remove(work)
            work.row.stamp = ()
            if not isinstance(error, PictureError):
                self.count["failed"] += 1
            self._say("failed", {"drawing": work.name, "why": str(error)})

    def _complete(self, work: Work, room: Room, status: JobStatus) -> None:
        written = write_whole(work, room.library, status, self._ledger)
        self._works.remove(work)
        work.row.done, work.row.failed = True, status.state != "done"
        self._ledger.save()
        for position, why in status.errors.items():
            self._say("failed", {"drawing": work.name, "key": work.keys[position].name, "why": why})
        if status.state == "cancelled":
            self._say("failed", {"drawing": work.name, "why": "its job was cancelled. Save it again to go on."})
        self.count["failed" if work.row.failed else "done"] += 1
        if written is not None:
            self._say("keys", {"drawing": work.name, **facts(written)})

