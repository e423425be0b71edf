"""Turnarounds from the command line: one sheet, one picture a side, nothing painted twice, nobody's work lost."""

from pathlib import Path

import numpy as np
import pytest
from kit.studio import Program, contents
from PIL import Image

from underpaint.cli import painting
from underpaint.pictures import read_picture
from underpaint.pictures.recall import recipe_from_file


def turn(program: Program, model: Path, folder: Path, *words: object) -> dict:
    return program.json("turnaround", "a red cat", "--model", model, "--steps", 2, "--size", "32x64", "-o", folder,
                        *words)


def test_a_sheet_and_its_sides(program: Program, tiny_model: Path, tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cat"
    said = turn(program, tiny_model, folder, "--views", "front,back", "--seed", 3)
    (sheet,) = said["sheets"]
    assert (said["held_by"], said["cancelled"], sheet["seed"]) == ("lines", False, 3)
    assert set(contents(folder)) == {"01-sheet.png", "01-front.png", "01-back.png"}
    whole = read_picture(sheet["file"]).stored
    assert whole.shape[:2] == (64, 64)
    for at, side in enumerate(sheet["sides"]):
        assert side["view"] == ("front", "back")[at]
        np.testing.assert_array_equal(read_picture(side["file"]).stored, whole[:, 32 * at:32 * at + 32])
    assert "a drawn lay figure" in program.err
    assert recipe_from_file(sheet["file"]).prompt.startswith("a red cat, character sheet")

    def refuse(*_: object) -> None:
        raise AssertionError("painted twice")

    monkeypatch.setattr(painting._Paint, "__call__", refuse)
    before = contents(folder)
    assert turn(program, tiny_model, folder, "--views", "front,back", "--seed", 3)["sheets"][0]["seed"] == 3
    assert set(contents(folder)) == set(before)


def test_a_side_that_was_painted_over_is_kept(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cat"
    turn(program, tiny_model, folder, "--views", "front,side")
    Image.new("RGB", (32, 64), "green").save(folder / "01-side.png")
    turn(program, tiny_model, folder, "--views", "front,side")
    assert "yours is 01-side-yours.png" in program.err
    assert Image.open(folder / "01-side-yours.png").getpixel((5, 5)) == (0, 128, 0)
    assert (folder / "01-side.png").is_file()


def test_without_a_pose_words_say_the_sides(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    said = turn(program, tiny_model, tmp_path / "cat", "--no-pose", "--views", "back,three-quarter")
    assert said["held_by"] == "words" and "no adapter" not in program.err
    assert "seen from behind and at an angle, standing" in said["sheets"][0]["words"]
    assert {one.kind for one in recipe_from_file(said["sheets"][0]["file"]).controls} == {"region"}


def test_bad_words_are_one_line(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    for words, says in ((["--views", "front,above"], "there is no view 'above'"), (["--size", "33x64"], "multiples of"),
                        (["--views", "front"], "two to four"), (["-n", "0"], "0 turnarounds"),
                        (["--size", "big"], "is no size")):
        assert program("turnaround", "a cat", "--model", tiny_model, *words, "-o", tmp_path / "no") == 3
        assert says in program.err and not (tmp_path / "no").exists()
    assert program("turnaround", "  ", "--model", tiny_model, "-o", tmp_path / "no") == 3 and "no words" in program.err
