"""Hashes: right, remembered, noticed when a file changes, and never in anybody's way."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest
from headers import SD, save

from underpaint.errors import ModelError
from underpaint.models import HashStore
from underpaint.models.hashes import Hashes
from underpaint.models.header import read_header


@pytest.fixture
def store(tmp_path: Path) -> HashStore:
    return HashStore(tmp_path / "home")


def test_hashes_are_those_of_other_programs(store: HashStore, tmp_path: Path) -> None:
    path = save(tmp_path / "m.safetensors", SD)
    content = path.read_bytes()
    found = store.hash_now(path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.autov3 == hashlib.sha256(content[read_header(path).data_start :]).hexdigest()
    assert found.short == found.sha256[:10]


def test_the_second_time_nothing_is_read(store: HashStore, tmp_path: Path) -> None:
    path = save(tmp_path / "m.safetensors", SD)
    read: list[int] = []
    assert store.known(path) is None
    first = store.hash_now(path, read.append)
    assert 8 + sum(read) == path.stat().st_size
    read.clear()
    assert store.hash_now(path, read.append) == first == HashStore(tmp_path / "home").known(path)
    assert read == []


def test_a_changed_file_is_noticed(store: HashStore, tmp_path: Path) -> None:
    path = save(tmp_path / "m.safetensors", SD)
    before = store.hash_now(path)
    save(path, SD | {"new": (2,)})
    assert store.known(path) is None
    after = store.hash_now(path)
    assert after != before
    os.utime(path, ns=(1, 1))
    assert store.known(path) is None
    assert store.hash_now(path) == after


def test_hashing_in_the_background(store: HashStore, tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.safetensors", SD | {f"k{number}": (2,)}) for number in range(5)]
    for path in [tmp_path / "none.safetensors", *paths]:  # what cannot be read must not stop the rest
        store.hash_soon(path)
    for path in paths:
        found = finished(store, path)
        assert found is not None
        assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert store.known(tmp_path / "none.safetensors") is None


def finished(store: HashStore, path: Path) -> Hashes | None:
    """The hashes that the background found; it is waited for, but not for ever."""
    until = time.monotonic() + 60
    while (found := store.known(path)) is None and time.monotonic() < until:
        time.sleep(0.01)
    return found


def test_a_folder_is_the_sum_of_its_files(store: HashStore, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save(folder / "unet" / "w.safetensors", SD)
    (folder / "unet" / "config.json").write_text("{}")
    assert store.known(folder) is None
    found = store.hash_now(folder)
    lines = sorted(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("unet/w.safetensors", "unet/config.json")
    )
    assert found.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (found.autov3, store.known(folder)) == (None, found)
    moved = folder.rename(tmp_path / "moved")
    assert store.hash_now(moved) == found
    (moved / "unet" / "config.json").write_text('{"a": 1}')
    assert store.hash_now(moved) != found


@pytest.mark.parametrize("content", ["", "[]", "{", '{"/x": [1, 2]}', '{"/x": "a"}', '{"/x": [1, 2, "a", 5]}'])
def test_a_damaged_cache_is_built_again(content: str, store: HashStore, tmp_path: Path) -> None:
    path = save(tmp_path / "m.safetensors", SD)
    (tmp_path / "home").mkdir()
    cache = tmp_path / "home" / "model-hashes.json"
    cache.write_text(content)
    found = store.hash_now(path)
    assert json.loads(cache.read_text())[str(path)][2] == found.sha256


def test_what_cannot_be_hashed_is_named(store: HashStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no file"):
        store.hash_now(tmp_path / "none.safetensors")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no model files"):
        store.hash_now(tmp_path / "empty")


def test_a_folder_is_found_again_by_its_hash_alone(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere" / "model"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    (folder / "unet" / "weights.safetensors").write_bytes(b"weights")
    store = HashStore(tmp_path / "home")
    digest = store.hash_now(folder).sha256
    assert store.path_of(digest) == folder
    (folder / "unet" / "weights.safetensors").write_bytes(b"other weights")
    assert store.path_of(digest) is None
