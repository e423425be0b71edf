"""The library from the command line: commands that paint keep their takes and go on where they were cut off."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from kit.easel import paint_cheaply
from kit.studio import Program, contents, save_drawing, save_picture
from PIL import Image

from underpaint.library.jobs import Jobs, Order
from underpaint.library.library import Library
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.library.session import paint
from underpaint.pictures import read_info, read_picture
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe

COMMANDS = ["library list", "library search", "library show", "library tree", "library tag", "library star",
            "library reject", "library trash", "library restore", "library import", "library repair", "library jobs",
            "diff", "return"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_of_this_very_command(program: Program, command: str) -> None:
    out = " ".join(program.well(*command.split(), "--help").split())
    assert f"Example: underpaint {command}" in out and "--json" in out and "--library" in out


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    return save_drawing(tmp_path / "fox.png")


def takes(program: Program, *words: object) -> list[dict]:
    return program.json("library", *words)["takes"]


def test_what_is_painted_is_in_the_library_and_can_be_rated_and_compared(program: Program, tiny_model: Path,
                                                                         tmp_path: Path) -> None:
    program.well("paint", "a red fox", "--model", tiny_model, "--seed", 5, "-n", 2, "-o", tmp_path / "fox.png")
    second, first = takes(program, "list")
    assert [first["seed"], second["seed"]] == [5, 6] and first["words"] == "a red fox" and first["kind"] == "take"
    assert Path(first["file"]).read_bytes() == (tmp_path / "fox-01.png").read_bytes()
    assert takes(program, "star", first["id"], "--stars", 4)[0]["stars"] == 4
    assert takes(program, "tag", first["id"], tmp_path / "fox-02.png", "--add", "client")[1]["tags"] == ["client"]
    assert [one["id"] for one in takes(program, "search", "fox", "--stars", 4)] == [first["id"]]
    assert len(takes(program, "search", "--tag", "client", "--order", "oldest")) == 2
    assert "another seed (5, then 6)" in program.well("diff", first["id"], second["id"])
    assert program.json("diff", tmp_path / "fox-01.png", tmp_path / "fox-02.png")["differences"] == [
        "another seed (5, then 6)"]
    program.well("library", "reject", second["id"])
    assert [one["id"] for one in takes(program, "search", "fox")] == [first["id"]]
    program.well("library", "trash", first["id"])
    assert takes(program, "list") == [] and takes(program, "list", "--trash")[0]["id"] == first["id"]
    program.well("library", "restore", first["id"])
    said = program.json("library", "show", first["id"])
    assert said["recipe"]["seed"] == 5 and said["copies"] == [str(tmp_path / "fox-01.png")]
    assert [mark["what"] for mark in said["history"]] == ["stars", "tag", "trash", "restore"]
    assert "a red fox" in program.well("library", "show", tmp_path / "fox-01.png")


def test_painting_over_a_take_makes_it_a_child(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    program.well("paint", "a fox", "--model", tiny_model, "--seed", 1, "-o", tmp_path / "sent.jpg")
    program.well("paint", "a fox, snow", "--model", tiny_model, "--seed", 1, "--from", tmp_path / "sent.jpg", "-o",
                 tmp_path / "snow.png")
    tree = program.json("library", "tree", tmp_path / "snow.png")["tree"]
    assert [branch["id"] for branch in tree] == [takes(program, "search", "--order", "oldest")[0]["id"]]
    assert "words: with 'snow'" in tree[0]["children"][0]["changes"]
    assert "words: with 'snow'" in program.well("library", "tree", tmp_path / "sent.jpg")


class Killed(BaseException):
    """Stands for kill -9: nothing that tidies up runs after it."""


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Let the painter die at the start of its n-th picture, without any tidying of the journal."""
    from underpaint.library.journal import Journal

    painted: list[str] = []
    paint, leave = Painter.paint, Journal.__exit__

    def after(count: int) -> list[str]:
        def dying(self, recipe, blobs, **options):  # type: ignore[no-untyped-def]
            if len(painted) == count:
                raise Killed
            painted.append(recipe.hash())
            return paint(self, recipe, blobs, **options)

        def unless_killed(self, kind, *rest):  # type: ignore[no-untyped-def]
            if kind is Killed:
                self._runner.close()  # the system lets go of its lock
            else:
                leave(self, kind, *rest)

        monkeypatch.setattr(Painter, "paint", dying)
        monkeypatch.setattr(Journal, "__exit__", unless_killed)
        return painted

    return after


def test_keys_go_on_where_they_were_cut_off_and_come_out_the_same(program: Program, tiny_model: Path, drawing: Path,
                                                                  tmp_path: Path, cut_off) -> None:  # type: ignore[no-untyped-def]
    def words(folder: str) -> list[object]:
        return ["keys", drawing, "a fox", "-n", 2, "--model", tiny_model, "-o", tmp_path / folder]

    painted = cut_off(3)
    program.well(*words("whole"))
    with pytest.raises(Killed):
        program(*words("cut"))
    job, = program.json("library", "jobs")["jobs"][:1]
    assert (job["state"], job["done"], job["total"]) == ("stopped", 1, 2)
    assert sorted(contents(tmp_path / "cut")) == ["01-golden-hour.png"]
    cut_off(99)
    program.well("library", "jobs", "--resume")
    assert "going on: 1 of 2" in program.err
    assert len(painted) == 4  # nothing was painted twice
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert [one["state"] for one in program.json("library", "jobs")["jobs"]] == ["done", "done"]
    assert len(takes(program, "list")) == 2  # the same bytes are one take


def test_paint_goes_on_with_the_seeds_it_had_drawn(program: Program, tiny_model: Path, tmp_path: Path, cut_off) -> None:  # type: ignore[no-untyped-def]
    command = ["paint", "a fox", "-n", 3, "--model", tiny_model, "-o", tmp_path / "out"]
    (tmp_path / "out").mkdir()
    cut_off(1)
    with pytest.raises(Killed):
        program(*command)
    first, = (tmp_path / "out").iterdir()
    cut_off(99)
    said = program.json(*command)
    seeds = [take["seed"] for take in said["takes"]]
    assert seeds == [seeds[0], seeds[0] + 1, seeds[0] + 2] and first.name == f"underpaint-{seeds[0]}.png"
    assert len(list((tmp_path / "out").iterdir())) == 3 and said["takes"][0]["file"] == str(first)
    program.well(*command)  # a job that is done is painted anew when it is asked for again
    assert len(list((tmp_path / "out").iterdir())) == 6


@pytest.mark.parametrize("output", [".", "fox.png"])
def test_going_on_leaves_what_an_artist_changed_meanwhile(program: Program, tiny_model: Path, tmp_path: Path, cut_off,  # type: ignore[no-untyped-def]
                                                          output: str) -> None:
    (tmp_path / "out").mkdir()
    command = ["paint", "a fox", "-n", 2, "--seed", 4, "--model", tiny_model, "-o", tmp_path / "out" / output]
    cut_off(1)
    with pytest.raises(Killed):
        program(*command)
    first, = (tmp_path / "out").iterdir()
    first.write_bytes(b"retouched by hand")
    cut_off(99)
    again = Path(program.json(*command)["takes"][0]["file"])
    assert first.read_bytes() == b"retouched by hand" and again.name == f"{first.stem}-2.png"
    assert read_info(again).seed == 4 and len(list((tmp_path / "out").iterdir())) == 3


def test_ctrl_c_can_be_gone_on_with_too_and_a_first_failure_leaves_no_job(program: Program, tiny_model: Path,
                                                                          tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    paint, count = Painter.paint, [0]

    def impatient(self, *words, **options):  # type: ignore[no-untyped-def]
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt
        return paint(self, *words, **options)

    monkeypatch.setattr(Painter, "paint", impatient)
    command = ["paint", "a fox", "-n", 3, "--seed", 1, "--model", tiny_model, "-o", tmp_path / "fox.png"]
    assert program(*command) == 130
    assert [job["state"] for job in program.json("library", "jobs")["jobs"]] == ["stopped"]
    program.well(*command)
    assert count[0] == 4
    assert program("paint", "a fox", "--model", "nobody", "-o", tmp_path / "x.png") == 5
    assert [job["state"] for job in program.json("library", "jobs")["jobs"]] == ["done"]


def test_resuming_refuses_changed_files_and_jobs_can_be_forgotten(program: Program, tiny_model: Path, drawing: Path,
                                                                  tmp_path: Path, cut_off) -> None:  # type: ignore[no-untyped-def]
    cut_off(1)
    with pytest.raises(Killed):
        program("keys", drawing, "a fox", "-n", 2, "--model", tiny_model, "-o", tmp_path / "keys")
    cut_off(99)
    save_drawing(drawing, 90, 120)
    assert program("library", "jobs", "--resume") == 9 and "have changed" in program.err
    job, = program.json("library", "jobs")["jobs"]
    assert program("library", "jobs", "--cancel") == 9
    assert program.json("library", "jobs", job["id"][:5], "--events")["events"][0]["what"] == "submitted"
    program.well("library", "jobs", job["id"], "--forget")
    assert program.json("library", "jobs")["jobs"] == [] and len(takes(program, "list")) == 1


def test_resuming_runs_only_commands_that_paint_leaves_running_ones_and_goes_on_after_a_failure(
        program: Program, tmp_path: Path) -> None:
    folder = str(tmp_path)
    with Library(tmp_path / "mine") as library:
        jobs = Jobs(library)

        def submit(words: list[str], where: str = folder) -> str:
            order = Order(kind="paint", request={"command": words, "folder": where, "same": words})
            return jobs.submit([CreateRecipe(prompt="x")], order=order)

        submit(["library", "trash", "--empty"])
        submit(["paint"], str(tmp_path / "gone"))
        submit(["paint", "--outpaint", "0"])
        busy = submit(["paint", "busy"])
        with Runner(library, paint_cheaply) as runner:
            assert runner.hold(busy)
            assert program("library", "jobs", "--resume", "--library", tmp_path / "mine") == 9
    assert "does not paint" in program.err and "is gone" in program.err and "busy" not in program.err
    assert "underpaint paint --outpaint 0" in " ".join(program.err.split())


def test_private_takes_stay_out_unless_a_library_is_named(program: Program, tiny_model: Path, tmp_path: Path,
                                                          home: Path) -> None:
    command = ["paint", "an okapi", "--private", "--model", tiny_model, "--seed", 1, "-o", tmp_path / "out.png"]
    program.well(*command)
    program.well("paint", "an okapi", "--no-library", "--model", tiny_model, "--seed", 1, "-o", tmp_path / "out.png")
    assert not (home / "library").exists()
    program.well(*command, "--library", tmp_path / "mine")
    found, = takes(program, "search", "okapi", "--library", tmp_path / "mine")
    assert b"okapi" in Path(found["file"]).read_bytes() and b"okapi" not in (tmp_path / "out.png").read_bytes()
    assert not (home / "library").exists()


def test_a_library_of_no_use_does_not_keep_anybody_from_painting(program: Program, tiny_model: Path, tmp_path: Path,
                                                                 home: Path) -> None:
    (home / "library").mkdir(parents=True)
    (home / "library" / "library.db").write_bytes(b"no database" * 1000)
    command = ["paint", "a fox", "--model", tiny_model, "--seed", 1, "-o", tmp_path / "out.png"]
    program.well(*command)
    assert "takes are only in the output folder" in program.err and "library repair" in program.err
    assert program(*command, "--library", home / "library") == 9
    assert program("library", "list") == 9 and "damaged" in program.err
    said = program.json("library", "repair")
    assert said["pictures"] == 0 and Path(said["backup"]).is_file()
    program.well(*command)
    assert len(takes(program, "list")) == 1


def test_a_painting_returns(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    program.well("paint", "a fox", "--model", tiny_model, "--seed", 1, "--size", "64x48", "-o", tmp_path / "fox.png")
    picture = np.array(Image.open(tmp_path / "fox.png").convert("RGB"))
    picture[:12] = (250, 10, 10)
    Image.fromarray(picture).save(tmp_path / "done.png")
    take, = takes(program, "list")
    out = program.well("return", tmp_path / "done.png", "--take", take["id"], "-o", tmp_path / "heat.png")
    assert "as you said" in out and "25% of the picture changed" in out and (tmp_path / "heat.png").is_file()
    assert [one["pick"] for one in takes(program, "search", "--picked")] == ["paint-over", "paint-over"]
    said = program.json("return", tmp_path / "done.png", "--take", take["id"])
    assert said["take"] == take["id"] and said["changed"] == pytest.approx(0.25, abs=0.02)
    assert program("return", tmp_path / "fox.png") == 4 and "itself" in program.err
    assert program("return", tmp_path / "nothing.psd") == 4


def test_an_import_says_what_could_not_be_read(program: Program, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    save_picture(old / "a.png")
    (old / "b.png").write_bytes(b"not a picture")
    said = program.json("library", "import", old, "--tag", "archive")
    assert [Path(one["file"]).suffix for one in said["entered"]] == [".png"]
    assert [Path(one["file"]).name for one in said["problems"]] == ["b.png"]
    assert "1 were here already" in program.well("library", "import", old)


@pytest.mark.parametrize(("words", "said"), [
    (("show", "zzzz"), "no picture"), (("tag", "abcd"), "no tag"), (("jobs", "ab"), "no job"),
    (("trash",), "name pictures"), (("search", "--colour", "reddish"), "colour"),
    (("search", "--since", "soon"), "day"), (("search", "--order", "best"), "order"), (("show", ""), "no picture")])
def test_what_cannot_be_is_one_line_with_the_way_out(program: Program, tmp_path: Path, words: tuple[object, ...],
                                                     said: str) -> None:
    with Library(tmp_path / "mine"):
        pass
    assert program("library", *words, "--library", tmp_path / "mine") == 9
    line, = program.err.strip().splitlines()
    assert line.startswith("error: ") and said in line
    assert program("library", *words, "--library", tmp_path / "mine", "--json") == 9
    assert json.loads(program.out)["error"]["kind"] in ("LibraryError", "NotThere")


def test_no_library_is_made_by_looking(program: Program, home: Path) -> None:
    for words in (["library", "list"], ["library", "star", "abcd"], ["library", "jobs"], ["return", "x.png"]):
        assert program(*words) == 9 and "no library" in program.err
    assert not (home / "library").exists() and os.listdir(home.parent) == []


def test_from_python_too(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "mine") as library:
        take = paint("a fox", library=library, seed=3, model={"name": str(tiny_model)})
        entry, = search(library, Query(words="fox"))
    assert entry.seed == 3 and take.recipe.seed == 3
    assert np.array_equal(read_picture(entry.file).stored, np.rint(take.picture * 255).astype(np.uint8))
