"""Which runners still live: each holds a lock on a file of its own, and the system lets go of it when it dies.

So the jobs of a program that was killed are free at once, and not only when their lease runs out.
"""

import contextlib
import errno
import os
import platform
import secrets
import sys
from pathlib import Path
from typing import BinaryIO

from underpaint.errors import OutputError

_TRIES = 8


class Alive:
    """The sign of life of one runner; `name` is what its leases carry."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for turn in range(_TRIES):
                self.name = f"{_machine()}.{os.getpid()}.{secrets.token_hex(4)}"
                self._path = folder / self.name
                self._file = self._path.open("xb")
                # Somebody who clears up after the dead may be quicker than the lock; some disks know no locks at all.
                if (_lock(self._file) or turn == _TRIES - 1) and self._path.exists():
                    return
                self.close()
            raise OSError(errno.EAGAIN, "another program keeps removing the signs of life in it")
        except OSError as error:
            raise OutputError(f"Cannot write {folder}: {(error.strerror or '').lower()}",
                              hint="Free some space, or choose another library with --library.") from error

    def touch(self) -> None:
        """Say that the runner still lives, to machines that cannot ask about the lock."""
        with contextlib.suppress(OSError):
            os.utime(self._path)

    def close(self) -> None:
        """Leave: the runner's leases are void from now on."""
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def is_alive(folder: Path, name: str) -> bool:
    """Whether the runner of that name may still be at work. On another machine nobody can tell: then it is."""
    if Path(name).name != name:
        return False  # nobody's: a database from a stranger must not point outside the folder
    if not is_here(name):
        return True
    path = folder / name
    try:
        with path.open("r+b") as file:
            if not _lock(file):
                return True
            if sys.platform != "win32":  # which lets nobody remove an open file
                path.unlink(missing_ok=True)  # under the lock, or one that has just begun would be taken for dead
    except FileNotFoundError:
        return False
    except OSError:
        return True
    with contextlib.suppress(OSError):
        path.unlink()
    return False


def is_here(name: str) -> bool:
    """Whether a runner is one of this machine, so that its death can be told."""
    return name.startswith(f"{_machine()}.")


def _machine() -> str:
    return "".join(mark if mark.isalnum() else "-" for mark in platform.node())[:60] or "here"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        """Whether the lock could be had; some network disks know none, and then nobody is found dead."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
