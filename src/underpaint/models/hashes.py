"""SHA-256 of model files, remembered by path, size and time of change, computed beside the painting.

A checkpoint of 7 GB takes half a minute to hash, so nothing ever waits for it unasked: `hash_soon` works in
the background and whoever writes the recipe takes what is there. Models in use come before the rest of the shelf, and
the rest is hashed at a quarter of one core's time, so that it takes none from a painting.
"""

import contextlib
import hashlib
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError, OutputError
from underpaint.files import atomic_write
from underpaint.models.folders import hashed_files
from underpaint.models.header import read_json, unreadable
from underpaint.models.home import plain, underpaint_home

_CHUNK = 4 * 2**20
_REST = 3.0
"""Seconds of rest for every second of work on the shelf."""
_LEGACY_AT, _LEGACY_BYTES = 0x100000, 0x10000
_FILE = "model-hashes.json"


@dataclass(frozen=True)
class Hashes:
    """`sha256` of all bytes; `autov3` of the bytes after the header, which survives edits of the metadata.
    For a folder `sha256` is that of the sorted lines ``<file's SHA-256>  <relative path>``; `autov3` is None.
    """

    sha256: str
    autov3: str | None = None

    @property
    def short(self) -> str:
        """Ten digits, as A1111 and Civitai's AutoV2 show them."""
        return self.sha256[:10]

    @property
    def autov3_short(self) -> str | None:
        """Twelve digits, as A1111 shows them for LoRAs and Civitai as AutoV3."""
        return self.autov3[:12] if self.autov3 else None


def legacy_hash(path: Path) -> str | None:
    """A1111's elder eight digits (Civitai's AutoV1): SHA-256 of 64 KiB one megabyte into the file, as pictures of 2022
    name their model. None for folders, files shorter than that, and files that cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(_LEGACY_AT)
            piece = file.read(_LEGACY_BYTES)
    except (OSError, ValueError):
        return None
    return hashlib.sha256(piece).hexdigest()[:8] if piece else None


class HashStore:
    """Hashes of the files on this machine, kept in Underpaint's home. Safe to share between threads."""

    def __init__(self, home: Path | None = None) -> None:
        self._path = (home or underpaint_home()) / _FILE
        self._lock = threading.RLock()
        self._known: dict[str, list[Any]] | None = None
        self._queue: queue.PriorityQueue[tuple[bool, int, Path]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._waiting: dict[str, bool] = {}
        self._worker: threading.Thread | None = None

    def known(self, path: Path) -> Hashes | None:
        """The hashes of a file or folder if they are remembered and nothing has changed since; never reads
        weights.
        """
        with self._lock:
            if path.is_dir():
                parts = [(file, self._remembered(file)) for file in hashed_files(path)]
                if not parts or any(found is None for _, found in parts):
                    return None
                return _of_folder(path, [(file, found.sha256) for file, found in parts if found])
            return self._remembered(path)

    def path_of(self, sha256: str) -> Path | None:
        """A file or model folder here that is known to have this SHA-256 (at least ten digits) and is unchanged."""
        if len(sha256) < 10:
            return None
        with self._lock:
            files = {Path(text): entry for text, entry in self._load().items()}
            for path, entry in files.items():
                if entry[2].startswith(sha256) and entry[:2] == _stamp(path):
                    return path
            for folder in sorted({path.parent.parent for path in files}):
                found = self.known(folder) if (folder / "model_index.json").is_file() else None
                if found is not None and found.sha256.startswith(sha256):
                    return folder
        return None

    def hash_now(self, path: Path, progress: Callable[[int], None] | None = None) -> Hashes:
        """The hashes of a file or folder, computed if need be. `progress` is told of each chunk's bytes.

        Raises:
            ModelError: the file cannot be read.
        """
        if path.is_dir():
            files = hashed_files(path)
            if not files:
                raise ModelError(f"{path} holds no model files")
            return _of_folder(path, [(file, self.hash_now(file, progress).sha256) for file in files])
        found = self.known(path)
        if found is not None:
            return found
        stamp = _stamp(path)
        found = _hash_file(path, progress)
        if stamp is not None and stamp == _stamp(path):
            self._remember(path, stamp, found)
        return found

    def hash_soon(self, path: Path, *, in_use: bool = True) -> None:
        """Hash in the background, what is in use before what is not. Files that cannot be read are left for `hash_now`
        to complain about.
        """
        with self._lock:
            waits = self._waiting.get(str(path))
            if waits or (waits is not None and not in_use) or self.known(path) is not None:
                return
            self._waiting[str(path)] = in_use
            self._queue.put((not in_use, next(self._count), path))
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="underpaint-hashes", daemon=True)
                self._worker.start()

    def waiting(self) -> int:
        """How many files and folders still wait for their hash in the background."""
        with self._lock:
            return len(self._waiting)

    def moved(self, pairs: Iterable[tuple[Path, Path]]) -> None:
        """Remember the hashes of files that now lie elsewhere, so that a tidied shelf is not hashed again."""
        with self._lock:
            self._known = None
            known = self._load()
            found = {str(plain(new)): known[str(plain(old))] for old, new in pairs if str(plain(old)) in known}
            if found:
                self._save(known | found)

    def _work(self) -> None:
        while True:
            shelved, _, path = self._queue.get()
            with contextlib.suppress(ModelError):
                self.hash_now(path, self._resting() if shelved else None)
            with self._lock:
                self._waiting.pop(str(path), None)

    def _resting(self) -> Callable[[int], None]:
        """Rests after every chunk for a few times as long as it took, unless a model in use waits."""
        begun = [time.monotonic()]

        def rest(_: int) -> None:
            if not any(list(self._waiting.values())):
                time.sleep(min(_REST * (time.monotonic() - begun[0]), 1.0))
            begun[0] = time.monotonic()

        return rest

    def _remembered(self, path: Path) -> Hashes | None:
        entry = self._load().get(str(plain(path)))
        stamp = _stamp(path)
        if entry is None or stamp is None or entry[:2] != stamp:
            return None
        return Hashes(entry[2], entry[3])

    def _remember(self, path: Path, stamp: list[int], found: Hashes) -> None:
        with self._lock:
            self._known = None  # another process may have added some since
            known = self._load()
            self._save(known | {str(plain(path)): [*stamp, found.sha256, found.autov3]})

    def _save(self, known: dict[str, list[Any]]) -> None:
        self._known = known
        # a home that cannot be written only means hashing again the next time
        with contextlib.suppress(OutputError), atomic_write(self._path) as file:
            file.write(json.dumps(known, indent=0).encode("ascii"))

    def _load(self) -> dict[str, list[Any]]:
        if self._known is None:
            try:
                data = read_json(self._path, limit=256 * 2**20)
            except ModelError:
                data = {}  # missing or damaged: it is only a cache
            self._known = {path: entry for path, entry in data.items() if _well_formed(entry)}
        return self._known


def _well_formed(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 4
        and all(type(number) is int for number in entry[:2])
        and isinstance(entry[2], str)
        and len(entry[2]) == 64
        and isinstance(entry[3], str | None)
    )


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _hash_file(path: Path, progress: Callable[[int], None] | None) -> Hashes:
    whole, after_header = hashlib.sha256(), hashlib.sha256()
    try:
        with path.open("rb") as file:
            start = file.read(8)
            whole.update(start)
            skip = int.from_bytes(start, "little") if path.suffix == ".safetensors" else None
            while chunk := file.read(_CHUNK):
                whole.update(chunk)
                if skip is not None:
                    after_header.update(chunk[skip:] if skip < len(chunk) else b"")
                    skip = max(0, skip - len(chunk))
                if progress is not None:
                    progress(len(chunk))
    except OSError as error:
        raise unreadable(path, error) from error
    return Hashes(whole.hexdigest(), after_header.hexdigest() if skip is not None else None)


def _of_folder(folder: Path, parts: list[tuple[Path, str]]) -> Hashes:
    lines = sorted(f"{digest}  {file.relative_to(folder).as_posix()}\n" for file, digest in parts)
    return Hashes(hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest())
