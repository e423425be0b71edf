"""The drawings in a watched folder: which there are, and which have been saved to the end.

Programs save in many ways: in one go, in several with pauses, under another name that is then changed, over the old
file. So nothing is believed of single events of the system. A file counts as saved when it has kept still for a
moment, and as whole when it can be read.
"""

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from underpaint.library.painting import LAYERED
from underpaint.studio.watch.ledger import Stamp

SETTLE = 0.4
"""Seconds for which a file must keep still before it is read."""
PATIENCE = 3.0
"""Seconds after which a file that keeps still and cannot be read is no longer taken for half-saved."""
_AGAIN = 0.5
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", *LAYERED}
FINISHED = "-finished"
_PASSING = re.compile(rf"^[.~]|~$|autosave\.\w+$|{FINISHED}(-\d+)?\.png$", re.IGNORECASE)


@dataclass
class _Seen:
    stamp: Stamp
    since: float
    next_try: float
    over: bool = False


@dataclass(frozen=True)
class Saved:
    """A drawing that keeps still: its file, its stamp, and whether patience with it has run out."""

    path: Path
    stamp: Stamp
    old: bool


@dataclass
class Shelf:
    """One folder. `clock` counts seconds; `left_out` are links that lead elsewhere."""

    folder: Path
    settle: float = SETTLE
    patience: float = PATIENCE
    clock: Callable[[], float] = time.monotonic
    left_out: list[Path] = field(default_factory=list)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self) -> list[Saved]:
        """The drawings that have kept still and were not `settled` in this state, those saved last first.

        Raises OSError when the folder is gone.
        """
        now, there = self.clock(), {}
        for path, status in self._files():
            there[path.name] = path
            stamp = stamp_of(status)
            seen = self._seen.get(path.name)
            if seen is None or seen.stamp != stamp:
                still = seen is None and time.time() - status.st_mtime > 2 * PATIENCE  # there before we came
                self._seen[path.name] = _Seen(stamp, now, now if still else now + self.settle)
        for name in self._seen.keys() - there.keys():
            del self._seen[name]
        due = [(name, seen) for name, seen in self._seen.items() if not seen.over and now >= seen.next_try]
        due.sort(key=lambda one: -one[1].stamp[1])
        return [Saved(there[name], seen.stamp, now - seen.since >= self.patience) for name, seen in due]

    def names(self) -> set[str]:
        """The drawings of the last look."""
        return set(self._seen)

    def settled(self, saved: Saved) -> None:
        """This state of the file needs no further look."""
        seen = self._seen.get(saved.path.name)
        if seen is not None and seen.stamp == saved.stamp:
            seen.over = True

    def later(self, saved: Saved) -> None:
        """It cannot be read yet: look again soon."""
        seen = self._seen.get(saved.path.name)
        if seen is not None and seen.stamp == saved.stamp:
            seen.next_try = self.clock() + _AGAIN

    def again(self, name: str) -> None:
        """Look at a drawing anew although it has not changed."""
        if name in self._seen:
            self._seen[name].over = False

    def skip(self) -> None:
        """Leave alone whatever is there now, until it is saved again."""
        for seen in self._seen.values():
            seen.over = True

    def latest(self) -> str | None:
        """The drawing that was saved last: the one on the easel."""
        return max(self._seen, key=lambda name: self._seen[name].stamp[1], default=None)

    def restless(self) -> bool:
        """Whether some drawing is still to be looked at."""
        return any(not seen.over for seen in self._seen.values())

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if Path(entry.name).suffix.lower() not in SUFFIXES or _PASSING.search(entry.name):
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    continue  # gone between listing and looking, or a link to nowhere
                path = self.folder / entry.name
                if not stat.S_ISREG(status.st_mode):
                    continue
                if entry.is_symlink() and not _inside(path, self.folder):
                    if path not in self.left_out:
                        self.left_out.append(path)
                    continue
                yield path, status


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes whenever a file is saved again, whichever way."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
