"""The shelf while a program runs: dropped models appear, half ones wait, removed ones go, hashes come by themselves."""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from headers import ATTENTION, SD, lora, save

from underpaint.models import Catalogue
from underpaint.models.watching import ShelfWatch


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    save(folder / "sd" / "dream.safetensors", SD)
    return folder


@pytest.fixture
def catalogue(shelf: Path) -> Iterator[Catalogue]:
    Catalogue().add(shelf)
    found = Catalogue()
    watch = ShelfWatch(found, quiet=0.0)
    watch.start()
    yield found
    watch.close()


def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.05)


def named(catalogue: Catalogue) -> set[str]:
    return {model.name for model in catalogue.models()} - {"primer"}


def test_what_is_dropped_appears_and_what_is_removed_goes(shelf: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    until(lambda: named(catalogue) == {"dream"})
    whole = save(tmp_path / "ink.safetensors", lora(ATTENTION, 768)).read_bytes()
    half = shelf / "loras" / "ink.safetensors"
    half.parent.mkdir()
    half.write_bytes(whole[: len(whole) // 2])  # a download that is under way
    until(lambda: any(problem.path == half for problem in catalogue.problems()))
    assert named(catalogue) == {"dream"}
    with half.open("ab") as file:
        file.write(whole[len(whole) // 2 :])
    until(lambda: named(catalogue) == {"dream", "ink"} and not catalogue.problems())
    assert catalogue.find("ink").path == half
    (shelf / "sd" / "dream.safetensors").unlink()
    until(lambda: named(catalogue) == {"ink"})


def test_hashes_come_by_themselves(shelf: Path, catalogue: Catalogue) -> None:
    file = shelf / "sd" / "dream.safetensors"
    until(lambda: catalogue.hashes.known(file) is not None)
    assert catalogue.find("dream").sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_list_of_folders_that_cannot_be_read_for_a_while_ends_no_watching(
        shelf: Path, catalogue: Catalogue, home: Path) -> None:
    until(lambda: named(catalogue) == {"dream"})
    kept = (home / "models.json").read_bytes()
    (home / "models.json").write_bytes(b"{")
    time.sleep(1.5)  # it is read again every second
    (home / "models.json").write_bytes(kept)
    save(shelf / "loras" / "ink.safetensors", lora(ATTENTION, 768))
    until(lambda: named(catalogue) == {"dream", "ink"})


def test_a_folder_that_another_program_adds_is_watched_too(shelf: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    until(lambda: named(catalogue) == {"dream"})
    save(tmp_path / "more" / "inky.safetensors", SD)
    Catalogue().add(tmp_path / "more")
    until(lambda: named(catalogue) == {"dream", "inky"})
    shutil.copy(shelf / "sd" / "dream.safetensors", tmp_path / "more" / "third.safetensors")
    until(lambda: named(catalogue) == {"dream", "inky", "third"})
    shutil.rmtree(tmp_path / "more")
    until(lambda: named(catalogue) == {"dream"})


def test_changes_are_told_and_lent_by_the_watching_thread(shelf: Path) -> None:
    Catalogue().add(shelf)
    heard, lent = [], []
    catalogue = Catalogue()

    def lend(put: Callable[[], None]) -> None:
        lent.append(threading.current_thread().name)
        put()

    watch = ShelfWatch(catalogue, told=heard.append, lend=lend, quiet=60.0)
    watch.start()
    try:
        until(lambda: bool(lent))
        new = save(shelf / "sd" / "new.safetensors", SD)
        until(lambda: bool(heard))
        assert heard[0].new == (new,)
        assert set(lent) == {"underpaint-shelf"}
        assert catalogue.hashes.known(new) is None  # the first picture comes first
    finally:
        watch.close()


def test_half_a_download_that_became_whole_is_seen_by_the_next_program(shelf: Path, tmp_path: Path) -> None:
    whole = save(tmp_path / "ink.safetensors", lora(ATTENTION, 768)).read_bytes()
    file = shelf / "sd" / "ink.safetensors"
    file.write_bytes(whole[:-10])
    Catalogue().add(shelf)
    with file.open("ab") as rest:
        rest.write(whole[-10:])
    assert named(Catalogue()) == {"dream", "ink"}
