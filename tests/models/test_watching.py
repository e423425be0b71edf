"""The shelf over time: what is new, changed, moved and gone; hashes that move along; the same weights found twice."""

import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from headers import ATTENTION, SD, SDXL, lora, save
from safetensors.numpy import save_file
from test_folders import make

from underpaint.models import Catalogue, HashStore, legacy_hash


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    root = tmp_path / "shelf"
    save(root / "sd" / "dream.safetensors", SD)
    save(root / "sd" / "xl.safetensors", SDXL)
    save(root / "loras" / "ink.safetensors", lora(ATTENTION, 768))
    make(root / "folders" / "soft")
    return root


def test_what_is_new_changed_moved_and_gone(shelf: Path) -> None:
    Catalogue().add(shelf)
    catalogue = Catalogue()
    catalogue.refresh()
    assert not catalogue.changes
    hashes = {name: catalogue.hashes.hash_now(shelf / "sd" / name) for name in ("dream.safetensors", "xl.safetensors")}
    (shelf / "sorted").mkdir()
    (shelf / "sd" / "dream.safetensors").rename(shelf / "sorted" / "dream.safetensors")
    (shelf / "sd" / "xl.safetensors").rename(shelf / "sd" / "renamed.safetensors")
    (shelf / "loras" / "ink.safetensors").unlink()
    new = save(shelf / "loras" / "pen.safetensors", lora(ATTENTION, 1024))
    weights = shelf / "folders" / "soft" / "unet" / "diffusion_pytorch_model.safetensors"
    save(weights, {"a": (2,), "b": (3,)})
    catalogue.refresh()
    changes = catalogue.changes
    assert changes.new == (new,)
    assert changes.gone == (shelf / "loras" / "ink.safetensors",)
    assert changes.changed == (shelf / "folders" / "soft",)
    assert set(changes.moved) == {
        (shelf / "sd" / "dream.safetensors", shelf / "sorted" / "dream.safetensors"),
        (shelf / "sd" / "xl.safetensors", shelf / "sd" / "renamed.safetensors"),
    }
    again = Catalogue()
    assert again.hashes.known(shelf / "sorted" / "dream.safetensors") == hashes["dream.safetensors"]
    assert again.find("renamed").sha256 == hashes["xl.safetensors"].sha256
    again.refresh()
    assert not again.changes


def test_what_was_put_there_since_is_seen_without_asking(shelf: Path) -> None:
    Catalogue().add(shelf)
    new = save(shelf / "embeddings" / "zzz.safetensors", {"emb_params": (2, 768)})
    (shelf / "sd" / "xl.safetensors").unlink()
    catalogue = Catalogue()
    assert [model.path for model in catalogue.models("embedding")] == [new]
    assert "xl" not in [model.name for model in catalogue.models("checkpoint")]
    assert (catalogue.changes.new, catalogue.changes.gone) == ((new,), (shelf / "sd" / "xl.safetensors",))
    shutil.rmtree(shelf / "embeddings")
    assert Catalogue().models("embedding") == ()


def test_one_of_two_alike_files_is_not_called_moved(shelf: Path) -> None:
    Catalogue().add(shelf)
    one = shelf / "sd" / "dream.safetensors"
    for name in ("a", "b"):
        shutil.copy2(one, shelf / f"{name}.safetensors")
    one.unlink()
    catalogue = Catalogue()
    catalogue.refresh()
    assert catalogue.changes.moved == ()
    assert len(catalogue.changes.new) == 2


def test_a_lora_folder_is_opened_once(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = {"unet.a.attn2.to_k.lora_A.weight": (4, 768), "unet.a.attn2.to_k.lora_B.weight": (2, 4)}
    save(shelf / "loras" / "wash" / "pytorch_lora_weights.safetensors", pair)
    Catalogue().add(shelf)
    monkeypatch.setattr("underpaint.models.index.describe", lambda path: pytest.fail(f"{path} was opened again"))
    Catalogue().refresh()


def payload(path: Path, seed: int, **metadata: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(seed).standard_normal((300, 768)).astype(np.float32)
    tensors = {f"{ATTENTION}.lora_down.weight": numbers, f"{ATTENTION}.lora_up.weight": numbers.T[:, :300].copy()}
    save_file(tensors, path, metadata=metadata or None)
    return path


def test_the_same_weights_twice(tmp_path: Path) -> None:
    root = tmp_path / "shelf"
    one, other = payload(root / "a.safetensors", 1), payload(root / "b" / "a copy.safetensors", 1)
    named = payload(root / "c.safetensors", 2, ss_output_name="ink")
    renamed = payload(root / "d.safetensors", 2, ss_output_name="wash", note="x" * 500)
    same_size = payload(root / "e.safetensors", 3)
    (root / "link.safetensors").symlink_to(one)
    os.link(other, root / "hard.safetensors")
    catalogue = Catalogue()
    catalogue.add(root)
    read: list[Path] = []
    groups = catalogue.duplicates(read.append)
    found = {group.identical: group for group in groups}
    assert len(groups) == 2
    assert set(found[True].paths) in ({one, other}, {one, root / "hard.safetensors"},
                                      {root / "link.safetensors", other})
    assert found[True].wasted == one.stat().st_size
    assert found[False].paths == (named, renamed)
    assert found[False].wasted == named.stat().st_size
    assert same_size not in read
    assert catalogue.duplicates(lambda path: pytest.fail(f"{path} was read again")) == groups


def test_hashing_the_whole_shelf_in_the_background(shelf: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(shelf)
    assert catalogue.hash_in_background() > 0
    paths = [shelf / "sd" / "dream.safetensors", shelf / "loras" / "ink.safetensors", shelf / "folders" / "soft"]
    for _ in range(500):
        if catalogue.hashes.waiting() == 0:
            break
        time.sleep(0.02)
    for path in paths:
        found = Catalogue().hashes.known(path)
        assert found is not None
        if path.is_file():
            assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert catalogue.hash_in_background() == 0


def test_what_is_in_use_comes_before_the_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held at the first file; a model then asked for is hashed next, though it was on the shelf already."""
    store = HashStore(tmp_path / "home")
    paths = [payload(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("abcd")]
    begun, hold, order = threading.Event(), threading.Event(), []
    hash_now = store.hash_now

    def slow(path: Path, progress: object = None) -> object:
        order.append((path.stem, progress is not None))
        begun.set()
        hold.wait(20)
        return hash_now(path)

    monkeypatch.setattr(store, "hash_now", slow)
    for path in paths[:3]:
        store.hash_soon(path, in_use=False)
    assert begun.wait(20)
    store.hash_soon(paths[3])
    store.hash_soon(paths[2])
    store.hash_soon(paths[2])
    hold.set()
    for _ in range(500):
        if store.waiting() == 0:
            break
        time.sleep(0.02)
    assert order[:3] == [("a", True), ("d", False), ("c", False)]
    assert all(store.known(path) is not None for path in paths)


def test_the_hash_of_2022_finds_a_model(tmp_path: Path) -> None:
    path = payload(tmp_path / "shelf" / "old.safetensors", 5)
    wanted = hashlib.sha256(path.read_bytes()[0x100000:0x110000]).hexdigest()[:8]
    assert legacy_hash(path) == wanted
    Catalogue().add(path.parent)
    assert Catalogue().find(wanted).path == path
    assert legacy_hash(save(tmp_path / "short.safetensors", {"a": (2,)})) is None
    assert legacy_hash(tmp_path) is None
