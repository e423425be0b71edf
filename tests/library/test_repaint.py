"""A picture is painted again from its file alone, anywhere, and says how near it came and why not nearer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.loras import random_pairs, save_kohya
from kit.studio import Program, contents, save_drawing, save_mask, save_picture
from PIL import Image

from underpaint.engine.families.loading import load_components
from underpaint.models import describe
from underpaint.models.primer import primer_folder
from underpaint.pictures import read_picture
from underpaint.pictures.containers import png


@pytest.fixture
def work(tmp_path: Path, program: Program, tiny_model: Path) -> Path:
    """A folder to paint in, the tiny model known by name."""
    folder = tmp_path / "work"
    folder.mkdir()
    program.well("models", "add", tiny_model)
    return folder


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program,
          tiny_model: Path) -> Callable[[Path], Path]:
    """Another person's machine: another empty home that has the same model, and one picture, nothing else."""
    def move(picture: Path) -> Path:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        copy = elsewhere / picture.name
        copy.write_bytes(picture.read_bytes())
        for file in picture.parent.iterdir():
            file.unlink()
        monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "another home"))
        program.well("models", "add", tiny_model)
        return copy

    return move


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the record inside a PNG as somebody with an editor could."""
    parts = []
    for name, body in png.chunks(path.read_bytes()):
        data = bytes(body)
        if name == b"iTXt" and data.startswith(b"underpaint\0"):
            head, text = data[: data.index(b"{")], json.loads(data[data.index(b"{"):])
            change(text)
            data = head + json.dumps(text).encode()
        parts.append((name, data))
    path.write_bytes(png.assemble(parts))


def repixeled(path: Path) -> None:
    """Paint over one pixel and keep everything else of the file."""
    picture = read_picture(path)
    pixels = np.array(picture.stored)
    pixels[0, 0] = 255 - pixels[0, 0]
    Image.fromarray(pixels).save(path.with_suffix(".tmp.png"))
    fresh = [(name, bytes(body)) for name, body in png.chunks(path.with_suffix(".tmp.png").read_bytes())]
    data = [part for part in fresh if part[0] == b"IDAT"]
    kept = [(name, bytes(body)) for name, body in png.chunks(path.read_bytes())]
    first = next(index for index, part in enumerate(kept) if part[0] == b"IDAT")
    kept = [part for part in kept if part[0] != b"IDAT"]
    path.write_bytes(png.assemble([*kept[:first], *data, *kept[first:]]))
    path.with_suffix(".tmp.png").unlink()


def painted(program: Program, work: Path, *words: object, name: str = "out.png") -> Path:
    program.well("paint", "a {red|blue|green} cat", "--negative", "dog", "--model", "tiny", "--seed", 7, "-o",
                 work / name, *words)
    return work / name


class TestIdentical:
    def test_words(self, program: Program, work: Path, moved: Callable[[Path], Path]) -> None:
        copy = moved(painted(program, work))
        said = program.json("repaint", copy)
        assert (said["verdict"], said["changed"], said["largest"], said["why"]) == ("identical", False, 0.0, [])
        assert Path(said["file"]) == copy.with_name("out-repainted.png")
        assert "identical" in program.well("repaint", copy, "-o", copy.with_name("again.png"))
        np.testing.assert_array_equal(read_picture(copy.with_name("again.png")).stored, read_picture(copy).stored)

    @pytest.mark.parametrize("suffix", [".jpg", ".webp"])
    def test_lossy_files(self, program: Program, work: Path, moved: Callable[[Path], Path], suffix: str) -> None:
        copy = moved(painted(program, work, name=f"out{suffix}"))
        assert program.json("repaint", copy)["verdict"] == "identical"

    def test_lines_and_a_second_pass(self, program: Program, work: Path, moved: Callable[[Path], Path]) -> None:
        drawing = save_drawing(work / "d.png")
        copy = moved(painted(program, work, "--lines", drawing, "--set", "second_pass.scale=2"))
        assert program.json("repaint", copy)["verdict"] == "identical"

    def test_a_fill_with_picture_and_mask(self, program: Program, work: Path, moved: Callable[[Path], Path]) -> None:
        picture, mask = save_picture(work / "in.png"), save_mask(work / "m.png", 37, 29, (5, 5, 25, 20))
        copy = moved(painted(program, work, "--from", picture, "--mask", mask, "--area", "masked"))
        assert program.json("repaint", copy)["verdict"] == "identical"

    def test_a_refine(self, program: Program, work: Path, moved: Callable[[Path], Path]) -> None:
        copy = moved(painted(program, work, "--from", save_picture(work / "in.png"), "--strength", 0.6))
        assert program.json("repaint", copy)["verdict"] == "identical"

    def test_tiles(self, program: Program, work: Path, moved: Callable[[Path], Path]) -> None:
        copy = moved(painted(program, work, "--size", "160x72", "--set", "tiles.size=64", "--set", "tiles.overlap=16"))
        assert program.json("repaint", copy)["verdict"] == "identical"

    def test_a_lora(self, program: Program, work: Path, tiny_model: Path, tmp_path: Path) -> None:
        components = load_components(describe(tiny_model))
        (tmp_path / "loras").mkdir()
        save_kohya(tmp_path / "loras" / "inks.safetensors", components, random_pairs(components))
        program.well("models", "add", tmp_path / "loras")
        copy = painted(program, work, "--lora", "inks=0.7")
        assert program.json("repaint", copy)["verdict"] == "identical"
        (tmp_path / "loras" / "inks.safetensors").unlink()
        assert program("repaint", copy, "--check") == 5
        assert "the lora 'inks'" in program.out
        assert program("repaint", copy, "-o", work / "new.png") == 5 and not (work / "new.png").exists()

    def test_the_built_in_model_in_an_empty_home(self, program: Program, tmp_path: Path, work: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
        if not (primer_folder() / "model_index.json").is_file():
            pytest.skip("the built-in model's weights are not in this checkout")
        program.well("paint", "a red house", "--seed", 3, "--steps", 2, "-o", work / "house.png")
        (tmp_path / "alone").mkdir()
        copy = tmp_path / "alone" / "house.png"
        copy.write_bytes((work / "house.png").read_bytes())
        monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "another home"))
        assert program.json("repaint", copy)["verdict"] == "identical"


class TestNotIdentical:
    def test_pixels_changed_since(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        before = read_picture(file).stored
        repixeled(file)
        said = program.json("repaint", file, "-o", work / "again.png")
        assert said["verdict"] == "changed since painting" and said["changed"] and said["largest"] > 0
        np.testing.assert_array_equal(read_picture(work / "again.png").stored, before)
        assert "were changed after that" in program.well("repaint", file, "-o", work / "again.png")

    def test_another_version_is_named_beforehand_and_as_the_reason(self, program: Program, work: Path) -> None:
        file = painted(program, work)

        def elsewhere(record: dict[str, Any]) -> None:
            record["plan"]["circumstances"]["versions"]["torch"] = "1.0.0"
            record["plan"]["seed"] = 8  # stands for another machine's rounding: other pixels come out

        rewritten(file, elsewhere)
        foreseen = program.json("repaint", file, "--check")
        assert foreseen["missing"] == [] and any("torch was 1.0.0" in line for line in foreseen["differs"])
        assert "differs: torch was 1.0.0" in program.well("repaint", file, "--check")
        said = program.json("repaint", file, "-o", work / "again.png")
        assert said["verdict"] == "differs" and said["largest"] > 0 and "torch was 1.0.0" in said["why"][0]
        assert "It differs by up to" in program.well("repaint", file, "-o", work / "again.png")

    def test_an_unknown_reason_is_not_made_up(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["plan"].update(seed=8))
        assert "nothing known differs here" in program.well("repaint", file, "-o", work / "again.png")

    def test_a_picture_from_another_device_is_painted_here(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["plan"].update(device="warp", dtype="bfloat16"))
        assert any("'warp'" in line for line in program.json("repaint", file, "--check")["differs"])
        assert program.json("repaint", file, "-o", work / "again.png")["verdict"] == "identical"

    def test_an_int8_picture_is_painted_where_int8_is_not(self, program: Program, work: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["plan"].update(dtype="int8"))
        monkeypatch.setattr("underpaint.engine.machine.cpu_bf16", lambda: "")
        assert any("int8" in line for line in program.json("repaint", file, "--check")["differs"])
        assert program.json("repaint", file, "-o", work / "again.png")["verdict"] == "identical"

    def test_other_weights_of_the_same_name_are_told(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["plan"]["model"].update(hash="0" * 64))
        assert program.json("repaint", file, "--check")["differs"] == ["the checkpoint 'tiny' has other weights here"]

    def test_a_missing_model_is_told_beforehand_and_refused(self, program: Program, work: Path, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
        file = painted(program, work)
        monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "another home"))
        assert program("repaint", file, "--check", "--json") == 5
        assert "the checkpoint 'tiny'" in json.loads(program.out)["missing"][0]
        before = contents(work)
        assert program("repaint", file) == 5 and "tiny" in program.err
        assert contents(work) == before


class TestHostile:
    @pytest.mark.parametrize("change", [
        {"passes": [{"width": 8192, "height": 8192, "steps": 1}]}, {"passes": []}, {"sampler": "zzz"}, {"task": "fill"},
        {"passes": [{"width": 33, "height": 31, "steps": 2}]}, {"schedule": "zzz"}, {"device": 7}, {"dtype": "float1"},
        {"scale": 0}, {"prompt": 5}, {"schema": 99},
        {"passes": [{"width": 32, "height": 32, "steps": 2, "strength": 0}]},
        {"prediction": "nonsense"}, {"model": {"name": "../../etc/passwd"}}, {"threads": 10**6},
        {"area": {"x": 0, "y": 0, "width": 5, "height": 32000}},
    ], ids=str)  # fmt: skip
    def test_a_plan_that_somebody_changed_is_one_clear_error(self, program: Program, work: Path, change: dict) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["plan"].update(change))
        before = contents(work)
        assert program("repaint", file) in (3, 4, 5, 6), program.out + program.err
        line, = program.err.strip().splitlines()
        assert line.startswith("error: ") and "inside Underpaint" not in line
        assert contents(work) == before

    def test_a_private_picture_says_that_its_recipe_was_left_out(self, program: Program, work: Path) -> None:
        file = painted(program, work, "--private")
        assert program("repaint", file) == 4 and "--private" in program.err

    def test_a_recipe_that_outgrew_this_program(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        rewritten(file, lambda record: record["recipe"].update(schema=9))
        assert program("repaint", file) == 3 and "schema 9" in program.err

    def test_the_picture_itself_is_never_written_over_by_default(self, program: Program, work: Path) -> None:
        file = painted(program, work)
        before = file.read_bytes()
        program.well("repaint", file)
        assert file.read_bytes() == before
