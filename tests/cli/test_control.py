"""`underpaint control` and `paint --control`: maps made, followed, measured; errors in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from kit.controls import EXAMPLES, boxes, eyes
from kit.studio import Program, save_drawing
from PIL import Image

from underpaint.controls.extractors import reading_with
from underpaint.controls.table import CONTROLS

TINY = ("--steps", 2, "--seed", 3)


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
    return path


def test_describe_says_of_every_control_what_it_takes(program: Program) -> None:
    told = program.json("control", "describe")["controls"]
    assert [one["name"] for one in told] == list(CONTROLS)
    assert all(one["families"] and one["cost"] and one["given"] for one in told)
    said = program.well("control", "describe", "palette")
    assert ".ase" in said and "snap" in said
    assert program("control", "describe", "smell") == 3 and "There are: line" in program.err


_OWN_TESTS = ("region", "depth", "pose", "adapter")
"""Controls that need words, an adapter or somebody who reads their maps."""


@pytest.mark.parametrize("name", [name for name, one in CONTROLS.items() if one.description.extracts
                                  and name not in _OWN_TESTS])
def test_a_map_from_a_picture_steers_and_is_measured(program: Program, tiny_model: Path, tmp_path: Path,
                                                     name: str) -> None:
    example = EXAMPLES[name]()
    pixels = boxes(example.control, height=192, width=256) if name == "perspective" else example.follows
    picture = save(tmp_path / "p.png", pixels)
    found = program.json("control", "extract", name, picture)
    made = Path(found["file"])
    assert made.is_file() and found["says"]
    spec = found.get("spec") or f"{name}={made}"
    out = tmp_path / "out.png"
    take, = program.json("paint", "a cat", "--model", tiny_model, *TINY, "--control", f"{spec}", "-o", out)["takes"]
    measured = CONTROLS[name].measured_as
    assert measured in take
    where = tmp_path / "where.png"
    checked = program.json("control", "check", out, "--overlay", where)["checks"][measured]
    assert 0 <= checked["score"] <= 1 and where.is_file() and Path(checked["overlay"]) == where
    again = program.json("control", "check", out, "--control", f"{spec}")["checks"][measured]
    assert again["score"] == pytest.approx(checked["score"], abs=1e-6)
    kinds = [one["kind"] for one in program.json("info", out)["recipe"]["controls"]]
    assert kinds == [name]


def test_any_number_in_any_order_with_the_lines_option_and_recipes(program: Program, tiny_model: Path,
                                                                   tmp_path: Path) -> None:
    drawing = save_drawing(tmp_path / "d.png")
    program.well("models", "add", tiny_model)
    both = ("--control", "palette=#102030,#c04020,#ffe0a0:0.7@0-0.8", "--control", "light=left:0.5")
    program.well("paint", "a cat", "--model", "tiny", *TINY, "--lines", drawing, *both, "-o", tmp_path / "a.png")
    program.well("paint", "a cat", "--model", "tiny", *TINY, "--control", f"line={drawing}", *both[2:], *both[:2],
                 "-o", tmp_path / "b.png")
    one, other = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert (one == other).all()
    assert program.json("repaint", tmp_path / "a.png", "-o", tmp_path / "c.png")["verdict"] == "identical"


def test_colours_to_start_from_are_kept(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    example = EXAMPLES["colour"]()
    flat = save(tmp_path / "flat.png", example.follows)
    spec = f"colour={flat}+begin=0.6+render-only"
    take, = program.json("paint", "a cat", "--model", tiny_model, *TINY, "--control", spec, "-o",
                         tmp_path / "o.png")["takes"]
    assert (take["width"] / take["height"]) == pytest.approx(128 / 96, rel=0.1)
    assert take["colour"]["hue_shift"] < 4
    assert program("paint", "a", "--model", tiny_model, "--control", spec, "--control", f"colour={flat}",
                   "-o", tmp_path / "x.png") == 6
    assert "+begin=no" in program.err


def test_a_model_without_an_adapter_follows_lines_loosely_and_says_so(program: Program, tiny_model: Path,
                                                                      tmp_path: Path) -> None:
    from shutil import copytree

    bare = copytree(tiny_model, tmp_path / "bare")
    for file in (bare / "adapter_line").iterdir():
        file.unlink()
    (bare / "adapter_line").rmdir()
    drawing = save_drawing(tmp_path / "d.png")
    program.well("paint", "a cat", "--model", bare, *TINY, "--lines", drawing, "-o", tmp_path / "o.png")
    assert "follows the lines loosely" in program.err
    assert (tmp_path / "o.png").is_file()


@pytest.mark.parametrize(("words", "code", "said"), [
    (("paint", "a", "--control", "lime=a.png"), 3, "There are: line"),
    (("paint", "a", "--control", "palette=none.ase"), 4, "no palette none.ase"),
    (("control", "extract", "line", "none.png"), 4, "none.png"), (("control", "extract", "smell", "p.png"), 3, "smell"),
    (("control", "extract", "line", "{p}", "--how", "magic"), 3, "Choose clean"),
    (("control", "extract", "colour", "{p}", "-o", "x.jpg"), 7, ".png"),
    (("control", "extract", "palette", "{p}", "-o", "x.doc"), 7, ".gpl"),
    (("control", "extract", "perspective", "{p}"), 4, "no perspective"),
    (("control", "check", "{p}"), 4, "does not say how"),
    (("control", "check", "{p}", "--control", "light=left", "--overlay", "x.jpg"), 7, ".png"),
    (("control", "edit-pose", "none.json"), 4, "cannot be read"),
])
def test_what_cannot_be_done_is_one_line_with_the_way_out(program: Program, tmp_path: Path, words: tuple[str, ...],
                                                          code: int, said: str) -> None:
    picture = save(tmp_path / "p.png", EXAMPLES["light"]().follows)
    assert program(*(word.format(p=picture) for word in words)) == code
    line, = program.err.strip().splitlines()
    assert line.startswith("error: ") and said in line


def test_a_pose_is_changed_drawn_and_compared(program: Program, tmp_path: Path) -> None:
    body = [float(value) for joint in range(18) for value in (60 + 5 * joint, 40 + 9 * joint, 1)]
    data = {"people": [{"pose_keypoints_2d": body}], "canvas_width": 200, "canvas_height": 240}
    pose, out, drawn = tmp_path / "p.json", tmp_path / "o.json", tmp_path / "o.png"
    pose.write_text(json.dumps(data))
    told = program.json("control", "edit-pose", pose, "--move", "1.nose=+50,-5", "--scale", "legs=1.2",
                        "-o", out, "--draw", drawn, "--compare", pose)
    assert [Path(one) for one in told["files"]] == [out, drawn] and 0 < told["in_place"] < 1
    assert len(json.loads(out.read_text())["people"][0]["pose_keypoints_2d"]) == 54
    assert Image.open(drawn).size == (200, 240)
    assert program.json("control", "edit-pose", pose, "--mirror", "--compare", pose)["in_place"] < 0.5
    assert "18 joints" in program.well("control", "edit-pose", out)
    told = program.json("control", "edit-pose", pose, "--add", out, "--add", pose, "--shift", "3=+30,0", "-o", out)
    assert len(told["people"]) == 3
    assert told["people"][2]["joints"]["nose"][0] == told["people"][0]["joints"]["nose"][0] + 30
    assert len(program.json("control", "edit-pose", out, "--remove", "1", "--remove", "2")["people"]) == 1
    with reading_with(lambda _: []):
        assert program("control", "edit-pose", drawn) != 0 and "ViTPose" in program.err
    with reading_with(eyes):
        blank = save(tmp_path / "blank.png", np.zeros((24, 24, 3)))
        assert program("control", "extract", "pose", blank) != 0 and "nobody was found" in program.err
        ramp = save(tmp_path / "ramp.png", EXAMPLES["depth"]().follows)
        program.well("control", "extract", "depth", ramp, "-o", tmp_path / "near.png")
        checked = program.json("control", "check", ramp, "--control", f"depth={tmp_path / 'near.png'}")
        assert checked["checks"]["depth"]["order"] == 1
        seen = save(tmp_path / "seen.png", EXAMPLES["pose"]().follows)
        assert "1 person found" in program.well("control", "extract", "pose", seen, "-o", tmp_path / "found.json")
        assert program.json("control", "edit-pose", tmp_path / "found.json", "--compare", seen)["in_place"] == 1
        checked = program.json("control", "check", seen, "--control", f"pose={tmp_path / 'found.json'}")
        assert checked["checks"]["pose"]["in_place"] == 1
