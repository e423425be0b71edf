"""`underpaint watch`: save a drawing in any program; its keys, or its finish, appear beside it."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import console, notes, print_json_line
from underpaint.errors import PictureError, UnderpaintError

if TYPE_CHECKING:
    from rich.status import Status

    from underpaint.studio.watch.watcher import Watcher

_TICK, _CALM = 0.25, 2.0
"""Seconds between looks while something is on its way, and while nothing is and the system tells of no change."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("watch", epilog="Example: underpaint watch drawings/")(watch)


def watch(folder: Path = typer.Argument(..., help="The folder that you save drawings in."),
          output: Path | None = typer.Option(None, "-o", "--output", help=r"Where keys and finished pictures go. "
                                                                          r"\[beside each drawing]"),
          new_only: bool = typer.Option(False, "--new-only", help="Leave alone what is in the folder already."),
          once: bool = typer.Option(False, "--once", help="Paint what is missing, then leave."),
          poll: bool = typer.Option(False, "--poll", help="Look instead of being told: for disks on a network."),
          device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
          library: Path | None = LIBRARY,
          as_json: bool = typer.Option(False, "--json", help="Print JSON, one line for each thing that happens.")
          ) -> None:
    """Watch a folder: each drawing that you save gets its colour keys, or its finish, beside it.

    What is painted stands in underpaint.toml in the folder or beside it: words, how many keys, lights, palette and
    more (docs/watch.md). It may be changed at any time. Ctrl-C stops; what was begun goes on the next time.
    """
    from underpaint.studio.watch.watcher import Settings, Watcher

    machine = {name: value for name, value in (("device", device), ("precision", precision)) if value}
    settings = Settings(folder, output, library, new_only, machine)
    with _terminated_as_interrupted(), _Report(as_json) as report, Watcher(settings, report.say) as watcher:
        report.say("watching", {"folder": str(watcher.folder), "library": str(watcher.library)})
        try:
            _keep_watch(watcher, report, once=once, poll=poll)
        except KeyboardInterrupt:
            waiting = len(watcher.works)
            report.say("stopped", {"waiting": waiting})
            if waiting:
                raise typer.Exit(130) from None
            return
        report.say("stopped", {"waiting": 0})
        if watcher.count["failed"] or watcher.count["left_out"]:
            raise typer.Exit(UnderpaintError.exit_code if watcher.count["failed"] else PictureError.exit_code)


def _keep_watch(watcher: "Watcher", report: "_Report", *, once: bool, poll: bool) -> None:
    looked = 0.0
    for changed in _changes(watcher.folder, poll):
        now = time.monotonic()
        if changed or watcher.busy or watcher.woken.is_set() or now - looked > _CALM:
            looked = now
            watcher.woken.clear()
            watcher.turn()
            report.show(watcher)
        if once and not watcher.busy:
            return


def _changes(folder: Path, poll: bool) -> "Iterator[bool]":
    """Whether something changed, again and again. Where the system watches no more folders, it is looked instead."""
    from watchfiles import watch as changes

    def told(poll: bool) -> Iterator[bool]:
        for found in changes(folder, watch_filter=None, debounce=200, step=50, rust_timeout=int(1000 * _TICK),
                             yield_on_timeout=True, recursive=False, force_polling=poll or None,
                             ignore_permission_denied=True):
            yield bool(found)

    try:
        yield from told(poll)
    except OSError as error:
        if poll or not folder.is_dir():
            raise PictureError(f"{folder} cannot be watched: {(error.strerror or str(error)).lower()}",
                               hint="Watch it again when it is back.") from error
        yield from told(True)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let the system's polite request to end be the same as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


class _Report:
    """What is printed: lines for people with one that shows how far it is, or JSON lines for programs."""

    def __init__(self, as_json: bool) -> None:
        self._json, self._out = as_json, notes()
        self._status: Status | None = None

    def __enter__(self) -> "_Report":
        if self._out.is_terminal and not self._json:
            self._status = self._out.status("looking ...", spinner="dots")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, what: str, facts: dict[str, Any]) -> None:
        """One thing that happened."""
        if self._json:
            print_json_line({"event": what, **facts})
            return
        text = _TEXTS[what](facts)
        if text:
            (console() if self._status is None else self._out).print(text, markup=False)

    def show(self, watcher: "Watcher") -> None:
        """How far the present drawing is."""
        if self._status is None:
            return
        present, waiting = watcher.progress(), len(watcher.works)
        if present is None:
            text = f"{waiting} drawings wait" if waiting else f"watching {watcher.folder.name}; Ctrl-C stops"
        else:
            work, status, share = present
            others = f", {waiting - 1} more" if waiting > 1 else ""
            text = f"{work.name}: key {min(status.done + 1, status.total)} of {status.total}, {share:.0%}{others}"
        from rich.markup import escape

        from underpaint.cli.output import printable

        self._status.update(escape(printable(text)))


def _keys(facts: dict[str, Any]) -> str:
    return f"{facts['drawing']}: {len(facts['keys'])} keys in {facts['folder']}"


def _failed(facts: dict[str, Any]) -> str:
    key = f" ({facts['key']})" if "key" in facts else ""
    return f"not painted: {facts['drawing']}{key}: {facts['why']}"


def _knobs(facts: dict[str, Any]) -> str:
    if not facts["used"]:
        return f"the former knobs stay: {facts['why']}"
    return f"new knobs from {facts['file']}" if facts["file"] else "no knobs any more: ours are used"


def _stopped(facts: dict[str, Any]) -> str:
    if not facts["waiting"]:
        return "stopped"
    one = facts["waiting"] == 1
    return f"stopped; {facts['waiting']} drawing{'' if one else 's'} will go on when you watch the folder again"


_TEXTS = {
    "watching": lambda facts: f"watching {facts['folder']}; Ctrl-C stops",
    "saved": lambda facts: f"{facts['drawing']}: {facts['keys']} keys are on their way",
    "painted": lambda facts: "",
    "keys": _keys,
    "finished": lambda facts: f"{facts['drawing']}: finished as {facts['file']}",
    "left_out": lambda facts: f"left out: {facts['drawing']}: {facts['why']}",
    "failed": _failed,
    "knobs": _knobs,
    "trouble": lambda facts: f"waiting: {facts['why']}",
    "stopped": _stopped,
}
