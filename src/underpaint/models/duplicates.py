"""Files that hold the same weights: byte for byte, or under other metadata.

Hashing 200 GB to find them would take an hour. So files are first sorted by how many bytes of weights they hold, then
by a few samples, and only those that still look alike are read whole.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.description import ModelDescription
from underpaint.models.hashes import HashStore

_SAMPLE = 1 << 16
_SAMPLES = 8


@dataclass(frozen=True)
class Duplicates:
    """Files with the same weights, sorted; `identical` if their metadata is the same too. `wasted` in bytes: what all
    but one of them take.
    """

    paths: tuple[Path, ...]
    identical: bool
    wasted: int


def find_duplicates(
    models: Iterable[ModelDescription], hashes: HashStore, progress: Callable[[Path], None] | None = None
) -> tuple[Duplicates, ...]:
    """The groups of single files with the same weights, the largest waste first. Links to one file are one file."""
    files = {model.path: model for model in models if model.path.suffix == ".safetensors"}
    found: list[Duplicates] = []
    for paths in _groups(_distinct(files), _weight_bytes):
        for alike in _groups(paths, _sampled):
            found += _confirmed(alike, hashes, progress)
    return tuple(sorted(found, key=lambda group: (-group.wasted, group.paths)))


def _confirmed(paths: list[Path], hashes: HashStore, progress: Callable[[Path], None] | None) -> list[Duplicates]:
    weights: dict[str, list[Path]] = {}
    whole: dict[Path, str] = {}
    for path in paths:
        if progress is not None and hashes.known(path) is None:
            progress(path)
        with contextlib.suppress(ModelError):  # gone since, or not to be read
            found = hashes.hash_now(path)
            whole[path] = found.sha256
            weights.setdefault(found.autov3 or found.sha256, []).append(path)
    return [
        Duplicates(
            tuple(sorted(same)),
            len({whole[path] for path in same}) == 1,
            sum(sorted(path.stat().st_size for path in same)[:-1]),
        )
        for same in weights.values()
        if len(same) > 1
    ]


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """Each file once, whatever links lead to it."""
    found: dict[tuple[int, int], Path] = {}
    for path in sorted(paths):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.setdefault((status.st_dev, status.st_ino), path)
    return list(found.values())


def _groups(paths: Iterable[Path], key: Callable[[Path], object]) -> list[list[Path]]:
    """The paths that share a key with another one; files that cannot be read any more are left out."""
    found: dict[object, list[Path]] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found.setdefault(key(path), []).append(path)
    return [group for group in found.values() if len(group) > 1]


def _weight_bytes(path: Path) -> int:
    with path.open("rb") as file:
        return path.stat().st_size - 8 - int.from_bytes(file.read(8), "little")


def _sampled(path: Path) -> str:
    """A hash of a few pieces of the weights, evenly spread."""
    digest, weight_bytes = hashlib.sha256(), _weight_bytes(path)
    start = path.stat().st_size - weight_bytes
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(start + max(0, weight_bytes - _SAMPLE) * number // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
