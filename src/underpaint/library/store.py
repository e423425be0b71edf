"""Files by what is in them: each lies under the SHA-256 of its bytes, is there once and whole, and can be checked."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from underpaint.files import atomic_write

_NAME = re.compile(r"([0-9a-f]{64})(\.[a-z0-9]{1,8})?")
_PIECE = 1 << 20


class Store:
    """One folder of such files, in 256 folders by the first two letters of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str, suffix: str = "") -> Path:
        """Where a file lies, or would."""
        if not _NAME.fullmatch(sha256 + suffix):
            raise ValueError(f"{sha256!r} with {suffix!r} names no file of a store")
        return self.folder / sha256[:2] / f"{sha256}{suffix}"

    def put(self, data: bytes, suffix: str = "") -> str:
        """Keep bytes; the name that they got."""
        sha256 = hashlib.sha256(data).hexdigest()
        place = self.path(sha256, suffix)
        if not self.holds(sha256, suffix):
            with atomic_write(place) as file:
                file.write(data)
        return sha256

    def take_in(self, source: Path, sha256: str, suffix: str, *, own: bool) -> Path:
        """Give the file at `source`, of that hash, its place here; `source` stays where it is.

        A file of our `own` is linked where the disk can do that; everything else is copied, so that nobody who
        changes theirs changes ours. Either way the name appears with all its bytes.
        """
        place = self.path(sha256, suffix)
        if self.holds(sha256, suffix):
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        if own:
            with contextlib.suppress(OSError):
                place.unlink(missing_ok=True)  # damaged, or it would have been held
                os.link(source, place)
                return place
        with source.open("rb") as original, atomic_write(place) as file:
            shutil.copyfileobj(original, file, _PIECE)
        return place

    def holds(self, sha256: str, suffix: str = "") -> bool:
        """Whether the file is here with the bytes that its name promises."""
        place = self.path(sha256, suffix)
        return place.is_file() and hash_file(place) == sha256

    def read(self, sha256: str) -> bytes | None:
        """The bytes under a name, None where they are not here or no longer what they were."""
        place = self.path(sha256)
        if not place.is_file():
            return None
        data = place.read_bytes()
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file with the hash that its name promises, in the order of their names."""
        for place in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            match = _NAME.fullmatch(place.name)
            if match and place.is_file() and not place.is_symlink():
                yield match[1], place


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
