"""Keys in full: own light plans, a client's colours, more like these two, a folder of drawings."""

from pathlib import Path

import pytest
from kit.studio import Program, contents, save_drawing

from underpaint.cli import keys_folder
from underpaint.pictures.recall import recipe_from_file

PLANS = b"plans:\n- {name: reef, words: underwater, light: above}\n- {name: cave, light: upper left, lightness: 0.3}\n"


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    return save_drawing(tmp_path / "okapi.png")


def recipes(said: dict) -> list:
    return [recipe_from_file(key["file"]) for key in said["keys"]]


def test_keys_follow_own_plans_in_a_clients_colours_and_lie_between_two(program: Program, tiny_model: Path,
                                                                        drawing: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(PLANS)
    words = ["keys", drawing, "a diver", "-n", 2, "--model", tiny_model, "--steps", 1]
    first = program.json(*words, "--plans", tmp_path / "own.yaml", "--palette", "#0b1026,#c9793f", "-o", tmp_path / "a")
    assert [key["name"] for key in first["keys"]] == ["reef, light from above", "cave, light from upper left"]
    for recipe in recipes(first):
        _, _, palette = recipe.controls
        assert (palette.match, [one.colour for one in palette.swatches]) == ("colours", ["#0b1026", "#c9793f"])
    for sentence in ("a diver", "a whale, tired"):
        more = program.json("keys", drawing, sentence, "-n", 1, *words[5:], "--between",
                            *(key["file"] for key in first["keys"]), "-o", tmp_path / sentence[2:5])
        assert recipes(more)[0].prompt == f"{sentence}, light from above, underwater, cave"
        assert more["keys"][0]["name"] == "reef to cave, 50% of the way"
    ours = program.json(*words, "-o", tmp_path / "b")
    ends = [key["file"] for key in ours["keys"]]
    between = program.json(*words, "--between", *ends, "-o", tmp_path / "c")
    directions = [recipe.controls[1].direction for recipe in recipes(between)]
    assert directions == [140, 115]  # from 165 to 90
    assert between["keys"][0]["name"] == "golden hour to overcast noon, 33% of the way"


@pytest.mark.parametrize(("words", "said"), [
    (["--plans", "nowhere.yaml"], "nowhere.yaml"), (["--palette", "nowhere.ase"], "nowhere.ase"),
    (["--between", "{drawing}", "{drawing}"], "does not say how it was painted"),
    (["--plans", "{drawing}", "--between", "{drawing}", "{drawing}"], "not from both"),
    (["--plans", "{drawing}"], "okapi.png"),
])
def test_light_that_cannot_be_read_is_refused(program: Program, drawing: Path, tmp_path: Path, words: list[str],
                                              said: str) -> None:
    given = [word.replace("{drawing}", str(drawing)) for word in words]
    assert program("keys", drawing, "a cat", "-o", tmp_path / "k", *given) in (3, 4)
    assert said in program.err and not (tmp_path / "k").exists()


def test_a_folder_of_drawings_is_one_job_that_leaves_out_what_is_no_drawing(
        program: Program, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    save_drawing(folder / "one.png")
    save_drawing(folder / "two.png", 110, 150)
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("buy ink")
    words = ["keys", folder, "a cat", "-n", 1, "--model", tiny_model, "--steps", 1, "-o", tmp_path / "keys", "--json"]
    real, calls = keys_folder._Part.take, []

    def stop_at_second(self: keys_folder._Part, position: int, tell: object = None) -> object:
        calls.append(self.first)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, position, tell)

    with monkeypatch.context() as patch:
        patch.setattr(keys_folder._Part, "take", stop_at_second)
        assert program(*words) == 130
    painted = contents(tmp_path / "keys")
    assert {name.split("/")[0] for name in painted} == {"one"}
    assert program(*words) == 4 and "left out: broken.png" in program.err and "1 of 2 were finished" in program.err
    assert {name.split("/")[0] for name in contents(tmp_path / "keys")} == {"one", "two"}
    assert '"drawing"' in program.out and "notes.txt" not in program.out
