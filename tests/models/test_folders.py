"""Diffusers folders: described from their JSON and headers; every missing or harmed part is named."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from headers import save

from underpaint.errors import ModelError
from underpaint.models import describe, primer_folder
from underpaint.models.folders import component_weights, hashed_files

UNET = {
    "_class_name": "UNet2DConditionModel",
    "in_channels": 4,
    "cross_attention_dim": 768,
    "sample_size": 64,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
}
VAE = {"_class_name": "AutoencoderKL", "latent_channels": 4, "block_out_channels": [128, 256, 512, 512]}
WEIGHTS = "diffusion_pytorch_model.safetensors"


def write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def make(folder: Path, pipeline: str = "StableDiffusionPipeline", **changes: Any) -> Path:
    """A folder without real weights; `changes` go into the denoiser's configuration."""
    denoiser = "unet" if pipeline.startswith(("StableDiffusionP", "StableDiffusionX")) else "transformer"
    names = {denoiser: "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
    index = {"_class_name": pipeline, "scheduler": ["diffusers", "DDIMScheduler"], "safety_checker": [None, None]}
    write(folder / "model_index.json", index | {name: ["diffusers", kind] for name, kind in names.items()})
    write(folder / denoiser / "config.json", UNET | changes)
    write(folder / "vae" / "config.json", VAE)
    write(folder / "text_encoder" / "config.json", {"hidden_size": 768, "num_hidden_layers": 12})
    write(folder / "scheduler" / "scheduler_config.json", {"_class_name": "DDIMScheduler"})
    for part, name in ((denoiser, WEIGHTS), ("vae", WEIGHTS), ("text_encoder", "model.safetensors")):
        save(folder / part / name, {"a": (2,)})
    return folder


def test_a_folder_says_what_it_is(tmp_path: Path) -> None:
    known = describe(make(tmp_path / "dreams"))
    assert (known.name, known.kind, known.family, known.layout) == ("dreams", "checkpoint", "sd", "diffusers")
    assert (known.prediction, known.prediction_said) == ("epsilon", "the scheduler's configuration")
    assert (known.default_width, known.size_step, known.latent_scale, known.context_width) == (512, 8, 8, 768)
    assert [(encoder.name, encoder.layers) for encoder in known.text_encoders] == [("clip_l", 12)]
    assert set(known.components) == {"unet", "vae", "text_encoder", "scheduler"}
    assert not known.can("line")


def test_sd2_v_prediction_and_inpainting(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", cross_attention_dim=1024, sample_size=96, in_channels=9)
    write(
        folder / "scheduler" / "scheduler_config.json",
        {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
    )
    known = describe(folder)
    assert (known.family, known.prediction, known.zero_terminal_snr) == ("sd2", "v_prediction", True)
    assert known.default_width == 768
    assert known.can("fill_channels")


def test_a_makers_defaults_come_first(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "adapter_line").mkdir()
    told = {"steps": 16, "guidance": 4, "sampler": "ddim", "size": [256, 320], "size_step": 32}
    write(folder / "primer.json", {"defaults": told})
    known = describe(folder)
    assert (known.default_steps, known.default_guidance, known.default_sampler) == (16, 4.0, "ddim")
    assert (known.default_schedule, known.size_step, known.native_area) == (None, 32, 256 * 320)
    assert known.can("line")
    write(folder / "primer.json", {"defaults": {"steps": 0, "guidance": "x", "size": [1, 2, 3], "size_step": -8}})
    known = describe(folder)
    assert (known.default_steps, known.default_guidance, known.default_width) == (25, 7.0, 512)
    assert known.size_step == 64  # the adapter adds to four levels of the denoiser


def test_a_half_precision_variant_alone_is_enough(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert describe(folder).variant == "fp16"
    shards = folder / "vae"
    for number in (1, 2):
        save(shards / f"diffusion_pytorch_model-0000{number}-of-00002.safetensors", {"a": (2,)})
        save(shards / f"diffusion_pytorch_model.fp16-0000{number}-of-00002.safetensors", {"a": (2,)})
    (shards / WEIGHTS).unlink()
    files, variant = component_weights(shards)
    assert ([path.name for path in files], variant) == (
        ["diffusion_pytorch_model-00001-of-00002.safetensors", "diffusion_pytorch_model-00002-of-00002.safetensors"],
        None,
    )


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: shutil.rmtree(folder / "vae"), "has no vae"),
        (lambda folder: shutil.rmtree(folder / "scheduler"), "has no scheduler"),
        (lambda folder: (folder / "unet" / WEIGHTS).unlink(), "holds no weights"),
        (
            lambda folder: (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin"),
            "is a pickle",
        ),
        (lambda folder: (folder / "unet" / WEIGHTS).write_bytes(b"PK\x03\x04"), "pickle under another name"),
        (lambda folder: (folder / "unet" / "config.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "unet" / "config.json").unlink(), "there is no file"),
        (lambda folder: (folder / "model_index.json").write_text("[]"), "does not hold a JSON object"),
        (
            lambda folder: write(folder / "model_index.json", {"_class_name": "WanPipeline"}),
            "WanPipeline, which is not",
        ),
        (lambda folder: (folder / "model_index.json").unlink(), "is not a model folder"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(harm: Any, said: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    harm(folder)
    with pytest.raises(ModelError, match=said) as told:
        describe(folder)
    assert told.value.hint


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"_class_name": "AutoencoderKL", "latent_channels": 16}, "vae"),
        ({"_class_name": "AutoencoderTiny", "latent_channels": 4}, "tiny_vae"),
        ({"_class_name": "T2IAdapter"}, "adapter"),
        ({"_class_name": "ControlNetModel", "cross_attention_dim": 768}, "controlnet"),
        ({"architectures": ["CLIPTextModel"]}, "text_encoder"),
    ],
)
def test_one_part_of_a_folder(config: dict[str, Any], kind: str, tmp_path: Path) -> None:
    write(tmp_path / "part" / "config.json", config)
    save(tmp_path / "part" / WEIGHTS, {"a": (2,)})
    assert describe(tmp_path / "part").kind == kind


def test_a_denoiser_alone_points_one_folder_up(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds UNet2DConditionModel, which .* alone.*folder above"):
        describe(make(tmp_path / "m") / "unet")


def test_a_lora_kept_as_a_folder(tmp_path: Path) -> None:
    shapes = {"unet.a.attn2.to_k.lora_A.weight": (4, 768), "unet.a.attn2.to_k.lora_B.weight": (2, 4)}
    save(tmp_path / "ink" / "pytorch_lora_weights.safetensors", shapes)
    known = describe(tmp_path / "ink")
    assert (known.kind, known.name, known.path.name) == ("lora", "ink", "pytorch_lora_weights.safetensors")


def test_what_makes_a_folder_what_it_is(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    save(folder / ".cache" / "x.safetensors", {"a": (2,)})
    (folder / "README.md").write_text("words")
    names = [path.relative_to(folder).as_posix() for path in hashed_files(folder)]
    assert names == sorted(names)
    assert "unet/config.json" in names
    save(folder / "whole.safetensors", {"a": (2,)})
    assert [path.relative_to(folder).as_posix() for path in hashed_files(folder)] == names
    assert not any("README" in name or "cache" in name for name in names)


def test_the_built_in_model() -> None:
    if not (primer_folder() / "model_index.json").is_file():
        pytest.skip("the built-in model's weights are not in this checkout")
    known = describe(primer_folder())
    assert (known.name, known.family, known.layout) == ("primer", "sd", "diffusers")
    assert known.can("line")
    assert known.default_width % known.size_step == 0
