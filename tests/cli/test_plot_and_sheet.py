"""Plots and sheets from the command line: everything found out first, every picture kept, nothing painted twice."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from kit.studio import Program, contents, save_drawing, save_picture

from underpaint.cli import painting
from underpaint.errors import MemoryShortage
from underpaint.pictures import read_info, read_picture
from underpaint.pictures.recall import recipe_from_file


def paint(program: Program, tiny_model: Path, folder: Path, *words: object) -> dict:
    return program.json("plot", "a red cat", "--model", tiny_model, "--x", "Steps=1-3 (+2)", "--y",
                        "Prompt S/R=red,blue", "-o", folder, *words)


@contextmanager
def stopping(after: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Ctrl-C when that many pictures were begun; what was begun."""
    begun: list[str] = []
    real = painting._Paint.__call__

    def call(self: painting._Paint, recipe: object, blobs: object, tell: object) -> object:
        if len(begun) == after:
            raise KeyboardInterrupt
        begun.append(recipe.prompt)  # type: ignore[attr-defined]
        return real(self, recipe, blobs, tell)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(painting._Paint, "__call__", call)
        yield begun


def test_a_plot_is_pictures_with_recipes_a_grid_and_a_page(program: Program, tiny_model: Path,
                                                           tmp_path: Path) -> None:
    folder = tmp_path / "plot"
    said = paint(program, tiny_model, folder, "--seed", 5)
    assert [cell["name"] for cell in said["cells"]] == ["Steps: 1, red", "Steps: 3, red", "Steps: 1, blue",
                                                        "Steps: 3, blue"]
    assert [(cell["x"], cell["y"], cell["z"]) for cell in said["cells"]] == [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
    assert said["axes"][0] == {"axis": "X", "name": "Steps", "values": [1, 3], "labels": ["Steps: 1", "Steps: 3"]}
    assert set(contents(folder)) == {"grid.png", "plot.html", *(Path(cell["file"]).name for cell in said["cells"])}
    last = recipe_from_file(said["cells"][3]["file"])
    assert (last.prompt, last.sampling.steps, last.seed) == ("a blue cat", 3, 5)
    assert read_info(said["cells"][0]["file"]).steps == 1 and "crossed" not in read_info(said["grid"]).raw
    grid = read_picture(said["grid"])
    assert grid.width > 400 and b"a red cat" in Path(said["page"]).read_bytes()


def test_what_was_finished_is_not_painted_again(program: Program, tiny_model: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ([], ["--no-library"]):
        folder = tmp_path / f"plot{len(words)}"
        with stopping(2, monkeypatch):
            assert program("plot", "a red cat", "--model", tiny_model, "--x", "Steps=1-3 (+2)", "--y",
                           "Prompt S/R=red,blue", "-o", folder, *words) == 130
        assert "what was finished is kept" in program.err and len(contents(folder)) == 4
        assert (folder / "plot.html").read_text().count('class="missing"') == 2
        before = contents(folder)
        with stopping(9, monkeypatch) as begun:
            said = paint(program, tiny_model, folder, *words)
        assert begun == ["a blue cat", "a blue cat"] and len(said["cells"]) == 4
        with stopping(0, monkeypatch):
            assert paint(program, tiny_model, folder, *words)["cancelled"] is False
        after = contents(folder)
        pixels = [read_picture(after[name]).stored for name in sorted(before) if name.startswith("0")]
        for name, then in zip(sorted(name for name in before if name.startswith("0")), pixels, strict=True):
            np.testing.assert_array_equal(read_picture(before[name]).stored, then)


def test_one_picture_that_is_too_much_does_not_stop_the_others(program: Program, tiny_model: Path, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    real = painting._Paint.__call__

    def call(self: painting._Paint, recipe: object, blobs: object, tell: object) -> object:
        if "owl" in recipe.prompt:  # type: ignore[attr-defined]
            raise MemoryShortage("memory ran out", hint="Paint smaller.")
        return real(self, recipe, blobs, tell)  # type: ignore[arg-type]

    words = ["plot", "a cat", "--model", tiny_model, "--steps", 1, "--x", "Prompt S/R=cat,owl,fox", "-o",
             tmp_path / "p"]
    with monkeypatch.context() as patch:
        patch.setattr(painting._Paint, "__call__", call)
        assert program(*words) == MemoryShortage.exit_code
        assert "not painted: 2 owl: memory ran out. Paint smaller." in program.err
    assert (tmp_path / "p" / "plot.html").read_text().count('class="missing"') == 1
    with stopping(9, monkeypatch) as begun:
        said = program.json(*words)
    assert begun == ["a owl"] and len(said["cells"]) == 3 and said["failed"] == {}


def test_another_recipe_or_a_changed_file_is_painted_anew(program: Program, tiny_model: Path, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["plot", "a cat", "--model", tiny_model, "--x", "Steps=1,2", "--no-library", "-o", tmp_path / "p"]
    files = [Path(cell["file"]) for cell in program.json(*words)["cells"]]
    save_picture(files[0], 32, 32)
    with stopping(9, monkeypatch) as begun:
        program.well(*words)
    assert len(begun) == 1
    with stopping(9, monkeypatch) as begun:
        program.well(*words, "--seed", 8)
    assert len(begun) == 2


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--x", "Steps=0,x", "--y", "Sampler=Eulr"], 3, ("X Steps: 'x'", "X Steps: '0'", "Y Sampler: 'Eulr'")),
    (["--x", "Checkpoint name=primer,gone"], 3, ("X Checkpoint name: 'gone'", "models list")),
    (["--x", "Size=9192x9192,32x32"], 3, ("picture 1", "too large")),
    (["--x", "Prompt S/R=cat,<lora:gone:1>"], 3, ("picture 2", "gone")),
    (["--x", "Steps=1", "--size", "wide"], 3, ("no size",)), ([], 3, ("none was given",)),
    (["--x", "Steps=1,2", "--size", "9192x9192"], 6, ("error: width: 9192x9192 is too large",)),
])
def test_bad_values_are_said_before_anything_is_painted(program: Program, tiny_model: Path, tmp_path: Path,
                                                        words: list[str], code: int, said: tuple[str, ...]) -> None:
    folder = tmp_path / "plot"
    assert program("plot", "a cat", "--model", tiny_model, "-o", folder, *words) == code
    assert all(part in program.err for part in said) and not folder.exists()


def test_long_words_in_another_script_make_short_file_names(program: Program, tiny_model: Path,
                                                            tmp_path: Path) -> None:
    long = "十字路口的客栈" * 30
    said = program.json("plot", "cat", "--model", tiny_model, "--steps", 1, "--x", f"Prompt S/R=cat,{long}", "-o",
                        tmp_path / "p")
    name = Path(said["cells"][1]["file"]).name
    assert name.startswith("02-十字") and len(name.encode()) <= 84 and said["cells"][1]["name"] == long


def test_axes_are_listed(program: Program) -> None:
    said = program.json("plot", "--axes")
    assert {"Steps", "Prompt S/R", "Checkpoint name"} <= {axis["name"] for axis in said["axes"]}
    assert "Styles" in said["not_offered"] and "CFG Scale" in program.well("plot", "--axes")
    axes = program.json("sheet", "--axes")["axes"]
    assert {"view", "mood", "style", "light"} <= set(axes) and "watercolour" in program.well("sheet", "--axes")


def test_a_plot_may_follow_lines(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    lines = save_drawing(tmp_path / "lines.png")
    said = program.json("plot", "a cat", "--model", tiny_model, "--lines", lines, "--x", "Control weight=0,1",
                        "-o", tmp_path / "plot")
    assert [recipe_from_file(cell["file"]).controls[0].weight for cell in said["cells"]] == [0, 1]
    assert 0 <= said["cells"][1]["lines"]["kept"] <= 1


def test_a_sheet_is_concepts_labelled_with_what_varied(program: Program, tiny_model: Path, tmp_path: Path,
                                                       home: Path) -> None:
    (home / "packs").mkdir(parents=True)
    (home / "packs" / "sea.yaml").write_text("axis: weather\nphrases: [calm sea, high waves]\n")
    own = tmp_path / "own.yaml"
    own.write_text("axis: light\nreplace: true\nphrases:\n  - noon: bright noon\n  - dusk: late dusk\n")
    said = program.json("sheet", "on a {pier|beach}", "-n", 4, "--model", tiny_model, "--steps", 1, "--pack", own,
                        "--axis", "subject=a fox,an owl", "--vary", "subject,light,weather", "-o", tmp_path / "s")
    assert [concept["number"] for concept in said["concepts"]] == [1, 2, 3, 4]
    for axis, choices in {"subject": {"a fox", "an owl"}, "light": {"noon", "dusk"}, "words": {"pier", "beach"},
                          "weather": {"calm sea", "high waves"}}.items():
        assert sorted(concept["varied"][axis] for concept in said["concepts"]) == sorted([*choices] * 2)
    first = said["concepts"][0]
    assert first["words"].startswith(f"{first['varied']['subject']}, on a {first['varied']['words']}, ")
    assert recipe_from_file(first["file"]).prompt == first["words"]
    assert read_picture(said["sheet"]).width > 1000 and len(contents(tmp_path / "s")) == 5


@pytest.mark.parametrize(("words", "said"), [
    ([" "], "brief says nothing"), (["a cat", "--vary", "smell"], "no axis 'smell'"),
    (["a cat", "--axis", "mood="], "is no axis"), (["a cat", "--axis", "mood=a,,b"], "empty value"),
    (["a cat", "--pack", "nowhere.yaml"], "nowhere.yaml"), (["a cat", "-n", "0"], "0 concepts"),
    (["a cat", "--model", "gone"], "gone"), (["a <hypernet:x:1> cat"], "hypernet"),
])
def test_a_sheet_that_cannot_be_is_refused(program: Program, tmp_path: Path, words: list[str], said: str) -> None:
    assert program("sheet", *words, "-o", tmp_path / "s") in (3, 4, 5, 6)
    assert said in program.err and not (tmp_path / "s").exists()
    assert json.dumps(program.err).count("error:") == 1


def test_private_sheets_say_nothing_of_their_words(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    program.well("sheet", "an okapi", "-n", 1, "--model", tiny_model, "--steps", 1, "--vary", "light", "--private",
                 "-o", tmp_path / "s")
    program.well("plot", "an okapi", "--x", "Prompt S/R=okapi,quagga", "--model", tiny_model, "--steps", 1, "--private",
                 "-o", tmp_path / "p")
    assert {"01.png"} == set(contents(tmp_path / "s")) & set(contents(tmp_path / "p")) - {"sheet.png"}
    everything = b"".join([*contents(tmp_path / "s").values(), *contents(tmp_path / "p").values()])
    assert not [word for word in (b"okapi", b"quagga", b"Prompt S/R") if word in everything]
    assert b"X1" in contents(tmp_path / "p")["plot.html"] and b"X2" in contents(tmp_path / "p")["plot.html"]
