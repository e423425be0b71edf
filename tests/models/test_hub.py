"""The hub: its ids, its cache, and which files of a model are worth fetching."""

from pathlib import Path

import pytest

from underpaint.models.hub import hub_cache, hub_folder, is_hub_id, wanted_files


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("owner/name-1.5", True), ("name", False), ("a/b/c", False), ("../up", False), ("a/ b", False), ("/a", False)],
)
def test_ids(name: str, wanted: bool) -> None:
    assert is_hub_id(name) is wanted


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert hub_cache() == tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "other"))
    assert hub_cache() == tmp_path / "other"
    assert hub_folder("owner/nothing", online=False) is None


def test_weights_are_fetched_once_and_pickles_never() -> None:
    names = [
        "README.md", "model_index.json", "v1-5-pruned.safetensors", "v1-5.ckpt", "unet/config.json",
        "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors",
        "vae/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json",
    ]  # fmt: skip
    assert wanted_files(names) == [
        "model_index.json", "tokenizer/merges.txt", "tokenizer/vocab.json", "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip
    assert wanted_files(["lora.safetensors", "lora.pt"]) == ["lora.safetensors"]
