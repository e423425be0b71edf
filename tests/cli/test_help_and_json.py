"""Every command explains itself with an example, prints JSON, and answers without importing torch where it can."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit.studio import Program, save_drawing, save_picture

COMMANDS = ["keys", "sheet", "turnaround", "plot", "paint", "repaint", "lines", "info", "prompt", "demo", "doctor",
            "models list", "models add",
            "models show", "models remove", "models hash", "models check", "models merge",
            "control describe", "control extract", "control check", "control edit-pose"]
INFO_KEYS = ["source", "prompt", "negative_prompt", "seed", "steps", "guidance", "sampler", "schedule", "width",
             "height", "model", "model_hash", "loras", "recipe", "raw"]  # fmt: skip
WITHOUT_TORCH = """
import contextlib, io, sys
from underpaint.cli.main import main
import underpaint, underpaint.recipe, underpaint.prompt, underpaint.imaging, underpaint.pictures, underpaint.models
import underpaint.canvas
for words in (["--help"], ["paint", "--help"], ["info", sys.argv[1]], ["info", sys.argv[1], "--json"],
              ["prompt", "a (cat:1.2) [dog:3]", "--steps", "20", "--json"], ["lines", sys.argv[2], "-o", sys.argv[3]],
              ["plot", "--axes"], ["sheet", "--axes"], ["models", "list"], ["models", "list", "--json"],
              ["control", "describe"],
              ["control", "extract", "palette", sys.argv[1], "-o", sys.argv[3] + ".ase"],
              ["control", "check", sys.argv[1], "--control", "palette=#102030"],
              ["paint", "a", "--steps", "0"], ["--version"]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(words)
    heavy = sorted({"torch", "diffusers", "transformers"} & set(sys.modules))
    assert not heavy, (words, heavy)
    assert code == (3 if "0" in words else 0), (words, code, out.getvalue())
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_of_this_very_command(program: Program, command: str) -> None:
    out = " ".join(program.well(*command.split(), "--help").split())
    assert f"Example: underpaint {command}" in out and "--json" in out


def test_the_program_lists_its_commands_and_exit_codes(program: Program) -> None:
    out = " ".join(program.well("--help").split())
    assert all(command.split()[0] in out for command in COMMANDS)
    assert "Exit codes: 0 done" in out and "130 stopped" in out


def test_what_needs_no_torch_imports_none(tmp_path: Path) -> None:
    files = save_picture(tmp_path / "p.png"), save_drawing(tmp_path / "d.png"), tmp_path / "lines.png"
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *map(str, files)], capture_output=True, text=True,
                          env={**os.environ, "UNDERPAINT_HOME": str(tmp_path / "home")}, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]


class TestJson:
    def test_info_has_exactly_its_keys(self, program: Program, tiny_model: Path, tmp_path: Path) -> None:
        program.well("paint", "a cat", "--negative", "dog", "--model", tiny_model, "--seed", 5, "--guidance", 4,
                     "--sampler", "DPM++ 2M Karras", "--steps", 3, "-o", tmp_path / "out.png")
        said = program.json("info", tmp_path / "out.png")
        assert list(said) == INFO_KEYS
        told = [said[key] for key in INFO_KEYS[:10]]
        assert told == ["underpaint", "a cat", "dog", 5, 3, 4, "dpmpp_2m", "karras", 32, 32]
        assert (said["model"], said["loras"], len(said["model_hash"])) == ("tiny", [], 64)
        assert said["recipe"]["task"] == "create" and said["raw"]
        human = program.well("info", tmp_path / "out.png")
        assert "a cat" in human and "dpmpp_2m" in human

    def test_a_picture_that_says_nothing_has_the_same_keys(self, program: Program, tmp_path: Path) -> None:
        said = program.json("info", save_picture(tmp_path / "p.png"))
        assert list(said) == INFO_KEYS and said["source"] is None and (said["width"], said["height"]) == (37, 29)
        assert "does not say" in program.well("info", tmp_path / "p.png")

    def test_paint_tells_what_it_wrote(self, program: Program, tiny_model: Path, tmp_path: Path) -> None:
        said = program.json("paint", "a cat", "--model", tiny_model, "--seed", 5, "-n", 2, "-o", tmp_path / "out.png")
        files = [Path(take["file"]) for take in said["takes"]]
        assert [file.name for file in files] == ["out-01.png", "out-02.png"] and all(file.is_file() for file in files)
        assert [take["seed"] for take in said["takes"]] == [5, 6]
        assert {"seconds", "width", "height", "circumstances"} <= said["takes"][0].keys()

    def test_pictures_without_a_name_never_write_over_each_other(self, program: Program, tiny_model: Path,
                                                                 tmp_path: Path) -> None:
        for name in ("underpaint-5.png", "underpaint-5-2.png"):
            said = program.json("paint", "a cat", "--model", tiny_model, "--seed", 5, "-o", tmp_path / "folder")
            assert Path(said["takes"][0]["file"]).name == name

    def test_prompt_has_its_keys(self, program: Program) -> None:
        said = program.json("prompt", "a [cat:dog:0.5] (red:1.3) <lora:inks:0.8>", "--steps", 10)
        assert {"schedule", "parts", "extra"} <= said.keys()
        assert [last for last, _ in said["schedule"]] == [5, 10] and said["parts"][0]["weight"] == 1
        assert ["red", 1.3] in [[text.strip(), weight] for text, weight in said["schedule"][0][1]] and said["extra"]
        assert program.json("prompt", "(cat:1.2)", "--dialect", "comfyui")["schedule"] == [[20, [["cat", 1.2]]]]

    def test_models(self, program: Program, tiny_model: Path) -> None:
        said = program.json("models", "add", tiny_model)
        assert {"added", "program", "models", "problems"} <= said.keys() and "tiny" in said["models"]
        said = program.json("models", "list")
        assert {"models", "folders", "problems"} <= said.keys()
        assert "tiny" in [model["name"] for model in said["models"]]
        said = program.json("models", "show", "tiny", "--hash")
        assert len(said["sha256"]) == 64 and "line" in said["supports"]
        program.json("models", "remove", tiny_model)
        assert "tiny" not in program.well("models", "list")

    def test_lines(self, program: Program, tmp_path: Path) -> None:
        said = program.json("lines", save_drawing(tmp_path / "d.png"))
        assert {"file", "kind", "width", "height", "squared", "sha256", "notes"} <= said.keys()
        assert Path(said["file"]) == tmp_path / "d-lines.png" and Path(said["file"]).is_file()

    def test_doctor(self, program: Program) -> None:
        assert program("doctor", "--json") in (0, 1)
        found = json.loads(program.out)["findings"]
        assert {"Python", "torch", "torchvision", "device", "built-in model"} <= {one["what"] for one in found}
        assert all(one["way_out"] for one in found if one["state"] == "trouble")


class TestRecipes:
    def test_a_recipe_file_and_options_meet(self, program: Program, tiny_model: Path, tmp_path: Path) -> None:
        (tmp_path / "r.json").write_text(json.dumps({"task": "create", "prompt": "a fox", "seed": 9, "width": 48}))
        out = tmp_path / "out.png"
        program.well("paint", "--recipe", tmp_path / "r.json", "--model", tiny_model, "--set", "guidance.scale=5",
                     "--set", "negative_prompt=dog", "--set", "height=24", "-o", out)
        said = program.json("info", out)
        assert (said["prompt"], said["negative_prompt"], said["seed"], said["guidance"]) == ("a fox", "dog", 9, 5)
        assert (said["width"], said["height"]) == (48, 24)

    def test_a_recipe_from_info_paints_the_same_picture(self, program: Program, tiny_model: Path,
                                                        tmp_path: Path) -> None:
        out = tmp_path / "out.png"
        program.well("models", "add", tiny_model)
        program.well("paint", "a cat", "--model", "tiny", "--seed", 5, "-o", out)
        (tmp_path / "r.json").write_text(json.dumps(program.json("info", out)["recipe"]))
        program.well("paint", "--recipe", tmp_path / "r.json", "-o", tmp_path / "again.png")
        assert program.json("repaint", out, "-o", tmp_path / "third.png")["verdict"] == "identical"
        third, again = ((tmp_path / name).read_bytes() for name in ("third.png", "again.png"))
        assert third[:33] == again[:33]

    def test_private_pictures_keep_words_and_names_to_themselves(self, program: Program, tiny_model: Path,
                                                                 tmp_path: Path) -> None:
        picture = save_picture(tmp_path / "quagga.png")
        for suffix in (".png", ".jpg", ".webp"):
            out = tmp_path / f"out{suffix}"
            program.well("paint", "an okapi waltzing", "--model", tiny_model, "--from", picture, "--private", "-o", out)
            data = out.read_bytes()
            assert all(word not in data for word in (b"okapi", b"quagga", str(tmp_path).encode(), b"tiny"))
            assert program.json("info", out)["seed"] is not None


def test_usage_errors_have_their_own_code(program: Program) -> None:
    assert program("paint", "--steps", "many") == 2 and program("nonsense") == 2 and program("keys") == 2
    assert program("prompt", "a cat", "--steps", 0) == 2
