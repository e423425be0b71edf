"""`underpaint models`: list with its filters, hash, check and merge, for people and as JSON."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from kit.lora_layouts import LAYOUTS
from kit.loras import random_pairs
from kit.studio import Program
from models.headers import SD, SDXL, lora, save
from PIL import Image
from safetensors.numpy import load_file
from safetensors.torch import save_file as save_torch

from underpaint.engine.families.loading import load_components
from underpaint.models import describe

XL = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    root = tmp_path / "shelf"
    save(root / "dreamy.safetensors", SD)
    save(root / "inky.safetensors", SD, note="another")
    save(root / "ponyXL.safetensors", SDXL)
    save(root / "brush.safetensors", lora(XL, 2048), ss_sd_model_name="Illustrious-XL")
    (root / "old.ckpt").write_bytes(b"PK\x03\x04")
    return root


def test_list_broken_and_duplicates(shelf: Path, program: Program) -> None:
    shutil.copy(shelf / "dreamy.safetensors", shelf / "twice.safetensors")
    program.well("models", "add", shelf)
    assert "old.ckpt" in program.well("models", "list", "--broken")
    assert "always" in program.out
    (problem,) = program.json("models", "list", "--broken")["problems"]
    assert problem["path"].endswith("old.ckpt")
    said = program.json("models", "list", "--duplicates")
    groups = [{Path(path).stem for path in group["paths"]} for group in said["duplicates"]]
    assert {"dreamy", "inky", "twice"} in groups
    assert said["wasted_bytes"] > 0
    assert "could be saved" in program.well("models", "list", "--duplicates")


def test_list_says_what_changed(shelf: Path, program: Program) -> None:
    program.well("models", "add", shelf)
    (shelf / "dreamy.safetensors").rename(shelf / "renamed.safetensors")
    (shelf / "inky.safetensors").unlink()
    said = program.json("models", "list")["changes"]
    assert [Path(new).name for _, new in said["moved"]] == ["renamed.safetensors"]
    assert [Path(path).name for path in said["gone"]] == ["inky.safetensors"]
    program.well("models", "list")
    assert "since the last look" not in program.err


def test_hash(shelf: Path, program: Program) -> None:
    program.well("models", "add", shelf)
    said = program.json("models", "hash", "--kind", "lora")["hashed"]
    (digests,) = said.values()
    assert digests["autov2"] == digests["sha256"][:10]
    assert len(digests["autov3"]) == 12
    assert "0 hashed" in program.well("models", "hash", "--kind", "lora")
    shown = program.json("models", "show", "brush")
    assert shown["hashes"]["autov2"] == digests["autov2"]
    assert shown["hashes"]["autov3"] == digests["autov3"]


def test_check(shelf: Path, program: Program) -> None:
    program.well("models", "add", shelf)
    said = program.json("models", "check", "ponyXL", "brush")
    assert (said["fits"], said["warned"]) == (True, True)
    assert "made for Illustrious" in said["findings"][0]["text"]
    assert "brush on ponyXL: fits, with doubts" in program.well("models", "check", "ponyXL", "brush")
    assert program("models", "check", "dreamy", "brush") == 5
    assert "brush is for Stable Diffusion XL, dreamy is Stable Diffusion 1.x" in program.out
    assert program("models", "check", "dreamy", "brush", "--json") == 5
    assert json.loads(program.out)["fits"] is False


def test_a_picture_is_the_same_whichever_layout_the_lora_comes_in(
    tiny_model: Path, program: Program, tmp_path: Path
) -> None:
    components = load_components(describe(tiny_model))
    pairs = random_pairs(components)
    painted = {}
    for layout in ("kohya", "LoHa"):
        tensors, _ = LAYOUTS[layout](components, pairs)
        save_torch({key: value.detach().contiguous().clone() for key, value in tensors.items()},
                   tmp_path / f"{layout}.safetensors")
    for name, words in (("none", ()), ("kohya", ("--lora", tmp_path / "kohya.safetensors")),
                        ("LoHa", ("--lora", f"{tmp_path / 'LoHa.safetensors'}=1"))):
        out = tmp_path / f"{name}.png"
        program.well("paint", "a cat", "--model", tiny_model, "--seed", 1, "-o", out, *words)
        painted[name] = np.asarray(Image.open(out)).astype(int)
    assert abs(painted["kohya"] - painted["LoHa"]).max() <= 1
    assert abs(painted["kohya"] - painted["none"]).max() > 20


def test_merge(shelf: Path, program: Program, tmp_path: Path) -> None:
    program.well("models", "add", shelf)
    out = tmp_path / "both.safetensors"
    said = program.json("models", "merge", "dreamy", "inky", "-o", out, "--weight", "0.3", "--blocks", "M00:1",
                        "--dtype", "fp32")
    assert said["mixed"] == len(SD)
    assert {str(value.dtype) for value in load_file(out).values()} == {"float32"}
    assert program("models", "merge", "dreamy", "inky", "-o", out) == 7
    assert "exists already" in program.err
    other = tmp_path / "other.safetensors"
    assert "weights mixed" in program.well("models", "merge", "dreamy", "inky", "dreamy", "-o", other,
                                           "--add-difference")
    wrong = tmp_path / "wrong.safetensors"
    for words in (("dreamy", "ponyXL"), ("dreamy",), ("dreamy", "inky", "--weight", "0.1", "--weight", "0.2"),
                  ("dreamy", "inky", "--weight", "nan"), ("dreamy", "inky", "--dtype", "int3"),
                  ("dreamy", "inky", "dreamy", "--blocks", "M00:1"), ("dreamy", "inky", "--blocks", "M99:1")):
        assert program("models", "merge", *words, "-o", wrong) == 5, words
        assert len(program.err.strip().splitlines()) <= 2
        assert not wrong.exists()
