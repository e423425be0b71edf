"""A watched folder: drawings are saved in it as programs save them, and their keys appear beside them, once."""

import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.studio import inked, save_drawing
from kit.watching import LAYERS, TWO, Easel, Watched, knobs, names
from PIL import Image

from underpaint.canvas.document import Document, Layer
from underpaint.cli.watch import _changes
from underpaint.errors import LibraryError, PictureError
from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.runner import Runner
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import recipe_from_file
from underpaint.plan.take import Take
from underpaint.recipe import Recipe


def test_a_saved_drawing_gets_its_keys_beside_it(folder: Path) -> None:
    knobs(folder, TWO)
    with Watched(folder) as watched:
        watched.rest()
        assert names(folder) == {"underpaint.toml"}
        save_drawing(folder / "girl.png")
        watched.rest()
        made = folder / "girl-keys"
        assert names(made) == {"01-golden-hour.png", "02-overcast-noon.png", *LAYERS}
        recipe = recipe_from_file(made / "01-golden-hour.png")
        assert recipe.prompt.startswith("a girl on a cliff, golden hour")
        assert [blob.name for blob in recipe.blobs()] == ["girl.png"]
        assert [facts["folder"] for facts in watched.told("keys")] == [str(made)]
        assert len(watched.easel.painted) == 2


def test_nothing_is_painted_twice(folder: Path) -> None:
    knobs(folder, TWO)
    drawing = save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
        os.utime(drawing)  # touched
        watched.rest()
        Image.fromarray(inked()).save(drawing, compress_level=0)  # saved again, the same picture in other bytes
        watched.rest()
    with Watched(folder, watched.easel) as again:  # started again
        again.rest()
        assert watched.told("saved") + again.told("saved") == watched.told("saved")[:1]
        shutil.rmtree(folder / "girl-keys")
        os.utime(drawing)
        again.rest()
        assert names(folder / "girl-keys") >= LAYERS  # thrown away: written again, not painted
    before = {file: file.stat().st_mtime_ns for file in (folder / "girl-keys").iterdir()}
    (again.watcher._ledger.folder / "done.json").unlink()
    with Watched(folder, watched.easel) as forgetful:  # the notes are lost, the library knows
        forgetful.rest()
    assert len(watched.easel.painted) == 2
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert names(folder) == {"girl.png", "girl-keys", "girl.png-keys", "underpaint.toml"}


def test_a_renamed_drawing_is_not_painted_again(folder: Path) -> None:
    knobs(folder, TWO)
    drawing = save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
        drawing.rename(folder / "hero.png")
        watched.rest()
        assert names(folder / "hero-keys") == names(folder / "girl-keys")
        assert len(watched.easel.painted) == 2


def test_only_a_whole_drawing_is_read(folder: Path) -> None:
    knobs(folder, TWO)
    whole = save_drawing(folder.parent / "girl.png").read_bytes()
    with Watched(folder) as watched:
        file = (folder / "girl.png").open("wb")
        for part in range(0, len(whole), len(whole) // 3):  # a program that saves with pauses
            file.write(whole[part : part + len(whole) // 3])
            file.flush()
            for _ in range(12):
                watched.watcher.turn()
                time.sleep(0.01)
        file.close()
        watched.rest()
        assert watched.told("left_out") == []
        assert len(watched.told("keys")) == 1


def test_what_stays_broken_is_said_once_and_mended_by_saving(folder: Path) -> None:
    knobs(folder, TWO)
    whole = save_drawing(folder.parent / "girl.png").read_bytes()
    (folder / "girl.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (60, 40), "white").save(folder / "blank.png")
    with Watched(folder) as watched:
        watched.rest()
        watched.rest()
        assert {facts["drawing"] for facts in watched.told("left_out")} == {"girl.png", "blank.png"}
        assert len(watched.told("left_out")) == 2
        (folder / "girl.png").write_bytes(whole)
        watched.rest()
        assert len(watched.told("keys")) == 1


def test_savers_that_write_elsewhere_and_rename(folder: Path) -> None:
    knobs(folder, TWO)
    with Watched(folder) as watched:
        for turn in range(3):  # Krita, Photoshop, Clip Studio: a file beside it, the old one away, the new one in
            temporary = save_drawing(folder / f"girl.png.tmp{turn}.png", 150 + turn)
            watched.watcher.turn()
            if turn:
                (folder / "girl.png").rename(folder / "girl.png~")
                watched.watcher.turn()
            temporary.rename(folder / "girl.png")
            (folder / "girl.png~").unlink(missing_ok=True)
            watched.rest()
        assert {facts["drawing"] for facts in watched.told("saved")} == {"girl.png"}
        assert len(watched.told("keys")) == 3
        assert {entry for entry in names(folder) if entry.endswith("-keys")} == {"girl-keys"}


def test_of_rapid_saves_the_last_one_counts(folder: Path) -> None:
    knobs(folder, TWO)
    held = [True]
    easel = Easel()
    easel.hold = lambda: held[0]
    with Watched(folder, easel) as watched:
        for width in (150, 160, 170):
            save_drawing(folder / "girl.png", width)
            watched.until(lambda width=width: len(watched.told("saved")) == (width - 140) // 10)
        held[0] = False
        watched.rest()
        assert len(watched.told("keys")) == 1
        assert len(easel.painted) == 2
        assert read_picture(folder / "girl-keys" / "sheet.png").width > 0
        recipe = recipe_from_file(folder / "girl-keys" / "01-golden-hour.png")
        jobs = [job.state for job in Jobs(Library(watched.watcher.library)).all()]
        assert sorted(jobs) == ["cancelled", "cancelled", "done"]
        layers = Image.open(folder / "girl-keys" / "sheet.png")
        assert recipe.seed == 1 and layers.size[0] > 0


def test_a_killed_watcher_s_work_goes_on(folder: Path) -> None:
    knobs(folder, 'keys = 3\nwords = "a house"')
    save_drawing(folder / "house.png")
    easel = Easel()
    easel.hold = lambda: len(easel.painted) == 1
    watched = Watched(folder, easel)
    watched.until(lambda: watched.told("painted"))
    assert names(folder / "house-keys") == {"01-golden-hour.png"}  # there as soon as it is painted
    watched.watcher.close()
    easel.hold = lambda: False
    with Watched(folder, easel) as again:
        again.rest()
    assert len(easel.painted) == 3
    assert names(folder / "house-keys") >= {"01-golden-hour.png", "02-overcast-noon.png", "03-night.png", *LAYERS}


def test_another_program_on_the_library_paints_and_this_one_waits(folder: Path, tmp_path: Path) -> None:
    knobs(folder, TWO)
    save_drawing(folder / "girl.png")
    served = Easel()
    place = tmp_path / "shared"
    with (Library(place) as library, Runner(library, served) as server,
          Watched(folder, library=place, grace=30.0) as watched):
        watched.until(lambda: watched.told("saved"))
        while server.run_once():
            watched.watcher.turn()
        watched.rest()
        assert (len(served.painted), watched.easel.painted) == (2, [])
    assert names(folder / "girl-keys") >= LAYERS
    with Watched(folder, library=place, grace=30.0) as alone:  # and without it, this one paints at once
        save_drawing(folder / "boy.png", 90, 120)
        alone.rest()
        assert len(alone.easel.painted) == 2


def test_a_key_painted_over_while_the_others_are_painted_is_kept(folder: Path) -> None:
    knobs(folder, TWO)
    save_drawing(folder / "girl.png")
    easel = Easel()
    easel.hold = lambda: len(easel.painted) == 1
    first = folder / "girl-keys" / "01-golden-hour.png"
    with Watched(folder, easel) as watched:
        watched.until(first.is_file)
        first.write_bytes(b"an hour of work")
        save_drawing(folder / "girl.png", 160)
        watched.until(lambda: len(watched.told("saved")) == 2)
        easel.hold = lambda: False
        watched.rest()
        assert first.read_bytes() == b"an hour of work"
        assert names(folder / "girl-keys-2") >= LAYERS


def test_where_the_system_watches_no_more_folders_it_is_looked_instead(
        folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def watch(place: Path, force_polling: bool | None, **_: Any) -> Any:
        asked.append(force_polling)
        if not force_polling:
            raise OSError("OS file watch limit reached")
        yield {("added", "girl.png")}

    monkeypatch.setattr("watchfiles.watch", watch)
    assert list(_changes(folder, False)) == [True] and asked == [None, True]
    with pytest.raises(PictureError, match="cannot be watched"):
        list(_changes(folder / "gone", False))


def test_what_an_artist_painted_over_is_never_written_over(folder: Path) -> None:
    knobs(folder, TWO)
    save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
        (folder / "girl-keys" / "keys.psd").write_bytes(b"a week of work")
        save_drawing(folder / "girl.png", 160)
        watched.rest()
        assert (folder / "girl-keys" / "keys.psd").read_bytes() == b"a week of work"
        assert names(folder / "girl-keys-2") >= LAYERS
        (folder / "boy-keys").mkdir()  # somebody else's folder is not taken either
        save_drawing(folder / "boy.png", 90, 120)
        watched.rest()
        assert names(folder / "boy-keys") == set()
        assert names(folder / "boy.png-keys") >= LAYERS


def _layered(path: Path) -> None:
    """A drawing on a layer over white paper, as painting programs save it."""
    from underpaint.canvas.files.ora import write_ora
    from underpaint.canvas.files.psd import write_psd

    ink = inked()
    lines = np.dstack([np.zeros((*ink.shape, 3), np.uint8), 255 - ink])
    paper = np.full((*ink.shape, 4), 255, np.uint8)
    document = Document(150, 110, (Layer("ink", lines), Layer("paper", paper)))
    (write_psd if path.suffix == ".psd" else write_ora)(document, path)


@pytest.mark.parametrize("suffix", [".psd", ".ora", ".kra"])
def test_layered_drawings_are_read_as_they_look(folder: Path, suffix: str) -> None:
    knobs(folder, "keys = 1")
    path = folder / f"girl{suffix}"
    if suffix == ".kra":
        merged = save_drawing(folder.parent / "merged.png")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/x-krita")
            archive.write(merged, "mergedimage.png")
            archive.writestr("maindoc.xml", "<!DOCTYPE DOC><DOC/>")
    else:
        _layered(path)
    with Watched(folder) as watched:
        watched.rest()
        assert names(folder / "girl-keys") >= LAYERS, watched.said
        with Image.open(folder / "girl-keys" / "sheet.png") as sheet:
            assert sheet.width > 100


def test_new_only_leaves_what_is_there(folder: Path) -> None:
    knobs(folder, TWO)
    save_drawing(folder / "old.png")
    with Watched(folder, new_only=True) as watched:
        watched.rest()
        save_drawing(folder / "new.png", 120)
        watched.rest()
        assert [facts["drawing"] for facts in watched.told("saved")] == ["new.png"]


def test_a_failed_picture_is_said_and_tried_again_when_saved(folder: Path) -> None:
    knobs(folder, TWO)
    drawing = save_drawing(folder / "girl.png")

    class Breaking(Easel):
        broken = True

        def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Any) -> Take:
            if self.broken and "noon" in recipe.prompt:
                raise ValueError("the model fell over")
            return super().__call__(recipe, blobs, tell)

    easel = Breaking()
    with Watched(folder, easel) as watched:
        watched.rest()
        assert watched.told("failed")[0]["key"].startswith("overcast noon")
        assert names(folder / "girl-keys") == {"01-golden-hour.png", *LAYERS}
        easel.broken = False
        os.utime(drawing)
        watched.rest()
        assert names(folder / "girl-keys") == {"01-golden-hour.png", "02-overcast-noon.png", *LAYERS}
        assert len(easel.painted) == 2


def test_one_watcher_a_folder_and_a_folder_that_is_one(folder: Path) -> None:
    with Watched(folder), pytest.raises(LibraryError, match="watched already"):
        Watched(folder)
    with pytest.raises(PictureError, match="no folder"):
        Watched(folder / "nowhere")
    with Watched(folder) as watched:
        folder.rmdir()
        with pytest.raises(PictureError, match="is gone"):
            watched.watcher.turn()


def test_a_place_that_cannot_be_written_is_waited_for(folder: Path) -> None:
    knobs(folder, "keys = 1\noutput = 'keys'")
    (folder / "keys").write_text("a file")
    save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.until(lambda: watched.told("trouble"))
        assert isinstance(watched.told("trouble")[0]["why"], str)
        (folder / "keys").unlink()
        watched.rest()
        assert names(folder / "keys" / "girl-keys") >= LAYERS


def test_the_command_paints_once_and_says_so_in_lines_of_json(folder: Path, program: Any, tiny_model: Path) -> None:
    knobs(folder, f'words = "a boy"\nkeys = 1\nmodel = "{tiny_model}"\n')
    save_drawing(folder / "girl.png", 64, 64)
    lines = [json.loads(line) for line in program.well("watch", folder, "--once", "--json").splitlines()]
    assert [line["event"] for line in lines] == ["watching", "saved", "painted", "keys", "stopped"]
    assert names(folder / "girl-keys") == {"01-golden-hour.png", *LAYERS}
    assert program.well("watch", folder, "--once").splitlines()[-1] == "stopped"
    knobs(folder, "kyes = 3")
    assert program("watch", folder, "--once") == 3
    assert "line 1: there is no knob 'kyes'. Did you mean keys?" in program.err
