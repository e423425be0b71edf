"""Another program's picture is painted as near as can be, and what will differ is said beforehand."""

import json
from pathlib import Path

import numpy as np
import pytest
from kit.studio import Program
from PIL import Image, PngImagePlugin

from underpaint.pictures import recipe_from_file

INFO = ("a red fox <lora:inks:0.7>\nNegative prompt: blur\nSteps: 2, Sampler: DPM++ 2S a Karras, CFG scale: 3, "
        "Seed: 7, Size: 32x32, Model: tiny, ADetailer model: face.pt, Version: v1.10.1")


@pytest.fixture
def work(tmp_path: Path, program: Program, tiny_model: Path) -> Path:
    """A folder to paint in, the tiny model known by name."""
    folder = tmp_path / "work"
    folder.mkdir()
    program.well("models", "add", tiny_model)
    return folder


def theirs(work: Path, infotext: str, name: str = "theirs.png") -> Path:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", infotext)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(work / name, pnginfo=texts)
    return work / name


def test_what_will_differ_is_said_beforehand(program: Program, work: Path) -> None:
    file = theirs(work, INFO)
    assert program("repaint", file, "--check", "--json") == 5
    said = json.loads(program.out)
    assert len(said["missing"]) == 1 and said["missing"][0].startswith("the lora 'inks'")
    differs = " | ".join(said["differs"])
    for part in ("'DPM++ 2S a Karras' has no twin here", "'ADetailer model: face.pt' has no counterpart",
                 "it comes from AUTOMATIC1111"):
        assert part in differs
    bare = theirs(work, INFO.replace(" <lora:inks:0.7>", ""))
    assert "differs: the sampler" in program.well("repaint", bare, "--check")


def test_the_nearest_is_painted_without_what_is_missing(program: Program, work: Path) -> None:
    file = theirs(work, INFO)
    assert program("repaint", file) == 5 and "inks" in program.err
    before = file.read_bytes()
    said = program.json("repaint", file, "--leave-out")
    assert said["verdict"] == "nearest" and any("'inks' is not here" in line for line in said["why"])
    painted = recipe_from_file(work / "theirs-repainted.png")
    assert (painted.prompt.strip(), painted.negative_prompt, painted.seed) == ("a red fox", "blur", 7)
    assert painted.sampling.sampler == "dpmpp_2s" and painted.model is not None and painted.model.name == "tiny"
    assert file.read_bytes() == before
    said = program.well("repaint", file, "--leave-out", "-o", work / "b.png")
    assert "the nearest to what AUTOMATIC1111 painted" in said and "differs: the sampler" in program.err
    assert "the lora 'inks' is not here" in program.err
    assert "is not here" in program.well("repaint", file, "--leave-out", "--check")


def test_a_workflow_without_a_picture_is_painted_with_a_model_of_ones_own(program: Program, work: Path) -> None:
    graph = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "unheard-of.safetensors"}},
             "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
             "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 4096, "height": 2048, "batch_size": 1}},
             "4": {"class_type": "KSampler", "inputs": {
                 "seed": 5, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "scheduler": "karras", "denoise": 1.0,
                 "model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}}}
    (work / "flow.json").write_text(json.dumps(graph))
    assert program("repaint", work / "flow.json") == 5 and "--model" in program.err
    said = program.json("repaint", work / "flow.json", "--model", "tiny")
    assert Path(said["file"]).name == "flow-repainted.png"
    why = " | ".join(said["why"])
    assert "cannot paint 4096x2048 in one piece" in why and "painted with 'unheard-of', here it is with 'tiny'" in why
    painted = recipe_from_file(said["file"])
    assert painted.width is not None and painted.height is not None and painted.width > painted.height


def test_our_own_picture_is_never_taken_for_another_programs(program: Program, work: Path) -> None:
    program.well("paint", "a fox", "--model", "tiny", "--seed", 3, "-o", work / "own.png")
    assert program("repaint", work / "own.png", "--model", "tiny") == 3 and "painted here" in program.err
    assert program.json("repaint", work / "own.png")["verdict"] == "identical"


def test_a_picture_that_says_nothing_is_one_clear_line(program: Program, work: Path) -> None:
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(work / "mute.png")
    assert program("repaint", work / "mute.png") == 4
    assert "mute.png does not say how it was painted" in program.err


def test_info_says_what_was_not_taken_over_and_writes_a_workflow(program: Program, work: Path) -> None:
    file = theirs(work, INFO.replace("DPM++ 2S a Karras", "Euler"))
    shown = program.well("info", file)
    assert "not taken over" in shown and "ADetailer" in shown and "inks: 0.7" in shown
    program.well("info", file, "--comfyui", work / "flow.json")
    read = program.json("info", work / "flow.json")
    assert (read["source"], read["prompt"].strip()) == ("comfyui", "a red fox")
    assert (read["seed"], read["sampler"]) == (7, "euler")
    assert [lora["name"] for lora in read["loras"]] == ["inks.safetensors"]
    assert program("info", theirs(work, INFO, "b.png"), "--comfyui", work / "b.json") == 3
    assert "ComfyUI cannot express this" in program.err and not (work / "b.json").exists()
