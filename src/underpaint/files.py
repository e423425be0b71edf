"""The one way a file reaches the disk: whole, or not at all.

Everything that Underpaint writes goes through `atomic_write`. The bytes are written under a temporary name in the
same folder, flushed to the disk, and only then given their name, so that a crash, a full disk or Ctrl-C leaves
either the former file or the new one, never half of one.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from underpaint.errors import OutputError

_WAY_OUT = {
    errno.ENOSPC: "The disk is full: free some space or choose a folder on another disk.",
    errno.EDQUOT: "Your disk quota is used up: free some space or choose another folder.",
    errno.EFBIG: "The file is larger than this disk allows: choose a folder on another disk.",
    errno.EACCES: "You may not write there: choose another folder with -o, or close the file where it is open.",
    errno.EPERM: "You may not write there: choose another folder with -o, or close the file where it is open.",
    errno.EROFS: "That disk is read-only: choose another folder with -o.",
    errno.ENOTDIR: "A part of the path is a file, not a folder: choose another folder with -o.",
    errno.EEXIST: "A part of the path is a file, not a folder: choose another folder with -o.",
    errno.EISDIR: "There is a folder of that name: choose another file name with -o.",
    errno.ENAMETOOLONG: "The name is too long: choose a shorter one with -o.",
    errno.EIO: "The disk reports a fault: choose a folder on another disk.",
}
# Inside the caller's block only these can mean the output; anything else is the caller's own error.
_WRITING_FAILED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def is_file(path: Path) -> bool:
    """Whether `path` is a file that can be seen; what is no path at all, such as a name too long for one, is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def free_name(path: Path) -> Path:
    """`path`, or the first of NAME-2, NAME-3 ... beside it that nobody uses."""
    free, turn = path, 2
    while free.exists():
        free = path.with_name(f"{path.stem}-{turn}{path.suffix}")
        turn += 1
    return free


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Yield a seekable binary file, open for reading and writing, that becomes `path` when the block ends.

    Missing folders are made. A file already at `path` keeps its permissions and is replaced in one step; when the
    block raises, it is left as it was and nothing new stays behind. A link at `path` is replaced, not followed.

    Raises:
        OutputError: the place cannot be written, or the disk is full.
    """
    target = Path(path)
    temporary = target.parent / f".underpaint-{secrets.token_hex(8)}.part"
    with _explained(target):
        _check(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        # "x" never follows a planted link, and the process's umask decides the permissions.
        file = temporary.open("x+b")
    try:
        # Closing writes too: what a full disk did not take is tried again, and must be explained again.
        with _explained(target, only=_WRITING_FAILED), file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _explained(target):
            _keep_permissions(target, temporary)
            temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _check(target: Path) -> None:
    """Refuse early what `os.replace` would only refuse after all the work was done."""
    if "\0" in str(target):
        raise OutputError("The name of the output holds a zero byte", hint="Choose another name with -o.")
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if len(os.fsencode(target.name)) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(target))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))


@contextlib.contextmanager
def _explained(target: Path, only: frozenset[int] | None = None) -> Iterator[None]:
    """Turn an `OSError` of the disk (one of `only`, if given) into an `OutputError` with the way out."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        if only is not None and number not in only:
            raise
        reason = (error.strerror or str(error)).lower()
        hint = _WAY_OUT.get(number, "Choose another place with -o.")
        raise OutputError(f"Cannot write {target}: {reason}", hint=hint) from error


def _keep_permissions(target: Path, temporary: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not target.is_symlink():
            temporary.chmod(target.stat().st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut; only POSIX lets a folder be opened for that."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # some network disks refuse; the file itself is already safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
