"""Loading: the same weights come back from every layout, and what cannot be loaded says why."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny
from kit.ldm_layout import vae_to_ldm
from kit.tiny_folders import save_file_layout, save_folder, save_tokenizer, tiny_parts, tiny_vae
from safetensors.torch import load_file, save_file
from underpaint.engine.families.loading import load_components
from underpaint.errors import ModelError
from underpaint.models import describe

PARTS = {
    "sd": ("unet", "vae", "text_encoder"),
    "sd2": ("unet", "vae", "text_encoder"),
    "sdxl": ("unet", "vae", "text_encoder", "text_encoder_2"),
}


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("UNDERPAINT_HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return home


def by_name(components):
    found = {"unet": components.denoiser, "vae": components.vae}
    names = ("text_encoder", "text_encoder_2")
    return found | {name: module for name, module in zip(names, components.text_encoders, strict=False)}


def assert_same_weights(found: torch.nn.Module, wanted: torch.nn.Module) -> None:
    left, right = found.state_dict(), wanted.state_dict()
    assert left.keys() == right.keys()
    different = [key for key in left if not torch.equal(left[key], right[key])]
    assert not different


@pytest.mark.parametrize("family", ["sd", "sd2", "sdxl"])
def test_a_folder_and_a_single_file_load_to_the_same_weights(family: str, tmp_path: Path) -> None:
    parts = tiny_parts(family)
    folder = save_folder(tmp_path / "folder", family, parts)
    path = save_file_layout(tmp_path / "one.safetensors", family, parts)
    from_folder = load_components(describe(folder), prediction="epsilon")
    from_file = load_components(describe(path), config=folder, prediction="epsilon")
    for components in (from_folder, from_file):
        loaded = by_name(components)
        assert tuple(loaded) == PARTS[family]
        for name in PARTS[family]:
            assert_same_weights(loaded[name], parts[name])
            assert not any(weight.is_meta for weight in loaded[name].state_dict().values())
            assert not any(buffer.is_meta for buffer in loaded[name].buffers())
            assert not loaded[name].training
    assert from_folder.family == (family if family != "sd2" else "sd")  # a tiny width says nothing of SD 2
    assert from_file.family == family
    assert from_file.denoiser.config.cross_attention_dim == parts["unet"].config.cross_attention_dim
    assert from_file.tokenizers[0]("a cat").input_ids == from_folder.tokenizers[0]("a cat").input_ids
