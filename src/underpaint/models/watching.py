"""The shelf while a program runs: what is dropped into a folder of models is there at once, what is taken away is gone.

The system tells of changes where it can; folders on a network, which tell nothing, are asked now and then. Looking and
hashing happen beside everything else: nobody who asks for a model waits for them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from underpaint.errors import UnderpaintError
from underpaint.models.catalogue import Catalogue
from underpaint.models.changes import Changes
from underpaint.models.header import PICKLE_SUFFIXES

QUIET_SECONDS = 20.0
"""So long after the start nothing is hashed: the first picture comes first."""
_TICK, _CALM, _ASK, _AWAY = 1.0, 0.7, 30.0, 1.0
_TELLING = {".safetensors", ".json", ".yaml", ".yml", *PICKLE_SUFFIXES}


class ShelfWatch:
    """Keeps `catalogue` up to date from a thread of its own, and hashes what has no hash yet.

    `told` hears of every change, in that thread; `lend` is called with what puts the new state into the catalogue, for
    catalogues that several threads ask.
    """

    def __init__(self, catalogue: Catalogue, *, told: Callable[[Changes], None] | None = None,
                 lend: Callable[[Callable[[], None]], None] | None = None, quiet: float = QUIET_SECONDS) -> None:
        self._catalogue, self._told = catalogue, told
        self._lend = lend or (lambda put: put())
        self._quiet_until = time.monotonic() + quiet
        self._scout = catalogue.scout()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="underpaint-shelf", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is being hashed is given up."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except (OSError, UnderpaintError):
                self._stop.wait(_AWAY)  # a disk that is not there just now, a list of folders that cannot be read

    def _watch(self) -> None:
        """Watch the folders that there are, until one is added or forgotten, here or in another program."""
        self._look()
        # Asked again at once: for what happened before the system was listened to.
        asked, hashing = float("-inf"), False
        roots = self._scout.roots()
        for changed in self._changes():
            now = time.monotonic()
            if self._scout.roots() != roots:
                return
            due = now - asked > _ASK
            asked = now if due else asked
            if changed or (due and self._scout.is_stale()):
                self._stop.wait(_CALM)  # a file that is being copied changes all the time
                self._look()
                hashing = False
            elif not hashing and now > self._quiet_until:
                hashing = True
                self._scout.hash_in_background()

    def _look(self) -> None:
        self._scout.refresh()
        changes = self._scout.changes
        self._lend(lambda: self._catalogue.take_over(self._scout))
        if changes and self._told is not None:
            self._told(changes)

    def _changes(self) -> Iterator[bool]:
        """Whether something changed, at least once a tick, until the watch is closed."""
        from watchfiles import watch

        try:
            folders = [folder for place in self._scout.folders() for folder in place.folders if folder.exists()]
            if folders:
                for found in watch(*folders, watch_filter=_may_matter, debounce=1000, step=100, stop_event=self._stop,
                                   rust_timeout=int(1000 * _TICK), yield_on_timeout=True, raise_interrupt=False,
                                   ignore_permission_denied=True):
                    yield bool(found)
                return
        except OSError:
            pass  # the system watches no more folders: they are asked instead
        while not self._stop.wait(_TICK):
            yield False


def _may_matter(_: object, path: str) -> bool:
    suffix = Path(path).suffix.lower()
    return suffix in _TELLING or not suffix
