"""A folder of keys: every file there, the artist's lines untouched on top, what is finished kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyora
import pytest
from kit.studio import Program, contents, save_drawing
from PIL import Image
from psd_tools import PSDImage

from underpaint.cli import keys as keys_command
from underpaint.cli.keys_folder import free_stem
from underpaint.library.drawings import read_drawing
from underpaint.library.saving import file_stem
from underpaint.pictures import read_info, read_picture


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    return save_drawing(tmp_path / "zebrafinch.png")


def paint(program: Program, tiny_model: Path, drawing: Path, folder: Path, *words: object, count: int = 3) -> dict:
    return program.json("keys", drawing, "an okapi waltzing", "-n", count, "--model", tiny_model, "-o", folder, *words)


def test_keys_become_pictures_layers_and_a_sheet(program: Program, tiny_model: Path, drawing: Path,
                                                 tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    said = paint(program, tiny_model, drawing, folder)
    pictures = {Path(key["file"]).name for key in said["keys"]}
    assert set(contents(folder)) == {"keys.psd", "keys.ora", "sheet.png", *pictures}
    assert said.keys() == {"keys", "psd", "ora", "sheet", "cancelled"} and said["cancelled"] is False
    assert [key["number"] for key in said["keys"]] == [1, 2, 3] and [key["seed"] for key in said["keys"]] == [1, 2, 3]
    for key in said["keys"]:
        assert {"name", "file", "seconds", "lines", "light"} <= key.keys()
        info = read_info(key["file"])
        assert info.source == "underpaint" and info.prompt.startswith("an okapi waltzing, ") and info.recipe
        assert b"compositeWithTrainedAlgorithmicMedia" in Path(key["file"]).read_bytes()
    lines = read_drawing(drawing).layer.stored()
    names = [f"{key['number']:02d} {key['name']}" for key in said["keys"]]
    psd_matches(folder / "keys.psd", lines, names)
    ora_matches(folder / "keys.ora", lines, names)
    sheet = read_picture(folder / "sheet.png")
    assert sheet.width > 150 and sheet.height > 110


def psd_matches(file: Path, lines: np.ndarray, names: list[str]) -> None:
    psd = PSDImage.open(file)
    paper, *groups, top = psd
    assert (top.name, paper.name) == ("Lines", "Paper")
    np.testing.assert_array_equal(np.rint(top.numpy() * 255), lines)
    for group, name in zip(groups, reversed(names), strict=True):
        assert group.is_group() and group.name.startswith(name) and [layer.name for layer in group] == ["Paint"]
        assert (group[0].width, group[0].height) == (psd.width, psd.height)
    assert [group.visible for group in groups] == [False, False, True]


def ora_matches(file: Path, lines: np.ndarray, names: list[str]) -> None:
    project = pyora.Project.load(str(file))
    top, *groups, paper = list(project.children)[::-1] if next(iter(project.children)).name == "Paper" else list(
        project.children)
    assert (top.name, paper.name) == ("Lines", "Paper")
    assert all(group.name.startswith(name) for group, name in zip(groups, names, strict=True))
    layer = np.asarray(top.get_image_data(raw=True).convert("RGBA"))
    np.testing.assert_array_equal(layer[lines[..., 3] > 0], lines[lines[..., 3] > 0])


def test_the_table_names_every_key(program: Program, tiny_model: Path, drawing: Path, tmp_path: Path) -> None:
    out = program.well("keys", drawing, "a cat", "-n", 2, "--model", tiny_model, "-o", tmp_path / "keys")
    for words in ("kept", "invented", "seed", "01-golden-hour.png", "02-overcast-noon.png", "keys.psd"):
        assert words in out


def test_more_keys_later_leave_the_first_ones_to_the_bit(program: Program, tiny_model: Path, drawing: Path,
                                                         tmp_path: Path) -> None:
    few = paint(program, tiny_model, drawing, tmp_path / "few", count=1)["keys"][0]
    many = paint(program, tiny_model, drawing, tmp_path / "many", count=2)["keys"][0]
    np.testing.assert_array_equal(read_picture(few["file"]).stored, read_picture(many["file"]).stored)


def test_private_keys_hold_no_word_name_or_path_anywhere(program: Program, tiny_model: Path, drawing: Path,
                                                         tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    paint(program, tiny_model, drawing, folder, "--private", "--negative", "quagga", count=2)
    planted = [b"okapi", b"waltzing", b"quagga", b"zebrafinch", str(tmp_path).encode(), b"golden hour, hard warm"]
    drawn = read_drawing(drawing).stored.data[-200:-20]
    for name, data in contents(folder).items():
        for word in (*planted, drawn):
            assert word not in data and word.decode("latin-1").encode("utf-16-be") not in data, (name, word)
        if name.endswith(".png") and name != "sheet.png":
            info = read_info(folder / name)
            assert info.seed and not info.prompt and not info.recipe


def test_private_keys_do_not_say_what_a_clients_plans_are_called(program: Program, tiny_model: Path, drawing: Path,
                                                                  tmp_path: Path) -> None:
    def folder(name: str, *words: object) -> dict[str, bytes]:
        plans = tmp_path / f"{name}.yaml"
        plans.write_text(f"- {{name: {name}, words: fog}}\n")
        paint(program, tiny_model, drawing, tmp_path / name, "--plans", plans, *words, count=1)
        return contents(tmp_path / name)

    known, first, second = folder("ibex"), folder("okapi", "--private"), folder("zorilla", "--private")
    assert "01-ibex.png" in known and b"ibex" in known["keys.psd"]
    assert first.keys() == second.keys() == {"01.png", "keys.psd", "keys.ora", "sheet.png"}
    assert first["sheet.png"] == second["sheet.png"]
    assert [group.name[:6] for group in PSDImage.open(tmp_path / "okapi" / "keys.psd")][1] == "01 key"
    for name, data in first.items():
        assert b"okapi" not in data and "okapi".encode("utf-16-be") not in data, name


@pytest.mark.parametrize(("after", "kept"), [(2, 2), (0, 0)])
def test_ctrl_c_keeps_what_is_finished(program: Program, tiny_model: Path, drawing: Path, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch, after: int, kept: int) -> None:
    class Impatient:
        finished = 0

        def begin(self, name: str) -> None:
            pass

        def step(self, done: int, total: int) -> None:
            if self.finished == after:
                raise KeyboardInterrupt

        def finish(self) -> None:
            self.finished += 1

    @contextmanager
    def watching(count: int) -> Iterator[Impatient]:
        yield Impatient()

    monkeypatch.setattr(keys_command, "job_progress", watching)
    folder = tmp_path / "keys"
    assert program("keys", drawing, "a cat", "-n", 4, "--model", tiny_model, "-o", folder, "--json") == 130
    if kept == 0:
        assert not folder.exists() and "before the first key" in program.err
        return
    said = json.loads(program.out)
    assert said["cancelled"] is True and len(said["keys"]) == kept
    assert set(contents(folder)) == {"keys.psd", "keys.ora", "sheet.png", "01-golden-hour.png", "02-overcast-noon.png"}
    assert len(list(PSDImage.open(folder / "keys.psd"))) == kept + 2
    assert "what was finished is kept" in program.err


def test_drawings_of_one_name_get_folders_of_their_own(tmp_path: Path) -> None:
    taken: set[str] = set()
    stems = []
    for name in ("Girl.png", "girl.jpg", "GIRL.JPG", "boy.png", "boy.psd"):
        stems.append(free_stem(tmp_path / name, taken))
        taken.add(stems[-1].casefold())
    assert stems == ["Girl", "girl.jpg", "GIRL.JPG-2", "boy", "boy.psd"]


@pytest.mark.parametrize(("number", "name", "stem"), [
    (1, "golden hour, warm key from left", "01-golden-hour"), (12, "../../etc/passwd", "12-etc-passwd"),
    (3, "a b c d e f g", "03-a-b-c"), (4, "", "04"), (5, "Mist: nearly WHITE", "05-mist-nearly-white")])
def test_file_names_say_what_is_in_them_and_stay_in_their_folder(number: int, name: str, stem: str) -> None:
    assert file_stem(number, name) == stem


def test_a_key_that_was_painted_over_is_set_aside_when_the_keys_are_painted_again(
        program: Program, tiny_model: Path, drawing: Path, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    paint(program, tiny_model, drawing, folder, count=2)
    first, second = sorted(folder.glob("0?-*.png"))
    painted, untouched = read_picture(first).stored, read_picture(second).stored
    mine = painted.copy()
    mine[:8] = 255 - mine[:8]
    Image.fromarray(mine).save(first)
    (folder / "keys.psd").write_bytes(b"a week of work")  # the layered file says nothing of how it was painted
    program.well("keys", drawing, "an okapi waltzing", "-n", 2, "--model", tiny_model, "-o", folder)
    assert (folder / "keys-yours.psd").read_bytes() == b"a week of work"
    assert "yours is keys-yours.psd" in " ".join(program.err.split())
    kept = first.with_name(f"{first.stem}-yours.png")
    assert f"yours is {kept.name}" in " ".join(program.err.split())
    np.testing.assert_array_equal(np.array(Image.open(kept)), mine)
    np.testing.assert_array_equal(read_picture(first).stored, painted)
    np.testing.assert_array_equal(read_picture(second).stored, untouched)
    assert {path.name for path in folder.glob("*yours*")} == {kept.name, "keys-yours.psd"}
    assert (folder / "keys.psd").read_bytes().startswith(b"8BPS")
