"""Which runners still live: each holds a lock on a file of its own, and the system lets go of it when it dies.

So the jobs of a program that was killed are free at once, and not only when their lease runs out.
"""

import contextlib
import os
import platform
import secrets
import sys
from pathlib import Path
from typing import BinaryIO

from underpaint.errors import OutputError


class Alive:
    """The sign of life of one runner; `name` is what its leases carry."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            while True:
                self.name = f"{_machine()}.{os.getpid()}.{secrets.token_hex(4)}"
                self._path = folder / self.name
                self._file = self._path.open("xb")
                _lock(self._file)
                if self._path.exists():  # else somebody who cleared up after the dead was quicker than the lock
                    return
                self._file.close()
        except OSError as error:
            raise OutputError(f"Cannot write {folder}: {(error.strerror or '').lower()}",
                              hint="Free some space, or choose another library with --library.") from error

    def close(self) -> None:
        """Leave: the runner's leases are void from now on."""
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def is_alive(folder: Path, name: str) -> bool:
    """Whether the runner of that name may still be at work. On another machine nobody can tell: then it is."""
    if Path(name).name != name:
        return False  # nobody's: a database from a stranger must not point outside the folder
    if not name.startswith(f"{_machine()}."):
        return True
    path = folder / name
    try:
        with path.open("r+b") as file:
            if not _lock(file):
                return True
    except FileNotFoundError:
        return False
    except OSError:
        return True
    with contextlib.suppress(OSError):
        path.unlink()
    return False


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
