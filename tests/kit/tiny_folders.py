"""Tiny random models of the real classes: as diffusers folders, and the same weights as single files."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from kit.ldm_layout import clip_to_ldm, open_clip_to_ldm, unet_to_ldm, vae_to_ldm
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MERGES = ("c a", "ca t</w>")
SCHEDULER = {
    "_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1, "clip_sample": False,
}  # fmt: skip


def tiny_vocabulary() -> dict[str, int]:
    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), *("".join(merge.split()) for merge in MERGES)]
    return {piece: number for number, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}


def save_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(tiny_vocabulary()))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "pad_token": "<|endoftext|>"})
    )


def tiny_unet(family: str = "sd", *, channels_in: int = 4) -> UNet2DConditionModel:
    shape: dict[str, object] = {
        "block_out_channels": (16, 32), "layers_per_block": 1, "sample_size": 8, "norm_num_groups": 8,
        "in_channels": channels_in, "out_channels": 4, "attention_head_dim": 2, "cross_attention_dim": 32,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }  # fmt: skip
    if family == "sd2":
        shape |= {"use_linear_projection": True, "attention_head_dim": [2, 4], "cross_attention_dim": 48}
    if family == "sdxl":
        shape |= {
            "use_linear_projection": True, "cross_attention_dim": 80, "transformer_layers_per_block": [1, 2],
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "attention_head_dim": [2, 4],
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 48 + 6 * 8,
        }  # fmt: skip
    return UNet2DConditionModel(**shape).eval()


def tiny_vae(latent_channels: int = 4) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, latent_channels=latent_channels,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, sample_size=16,
    ).eval()  # fmt: skip


def tiny_clip(width: int = 32, *, projected: bool = False, act: str = "quick_gelu") -> torch.nn.Module:
    vocabulary = tiny_vocabulary()
    config = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=77, projection_dim=width, hidden_act=act,
        bos_token_id=len(vocabulary) - 2, eos_token_id=len(vocabulary) - 1, pad_token_id=0,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def tiny_parts(family: str = "sd", *, channels_in: int = 4, seed: int = 0) -> dict[str, torch.nn.Module]:
    """The modules of one tiny model, every weight drawn (norms and biases too, so that none can be swapped unseen)."""
    torch.manual_seed(seed)
    parts = {"unet": tiny_unet(family, channels_in=channels_in), "vae": tiny_vae()}
    if family == "sdxl":
        parts |= {"text_encoder": tiny_clip(32), "text_encoder_2": tiny_clip(48, projected=True, act="gelu")}
    else:
        parts["text_encoder"] = tiny_clip(48, act="gelu") if family == "sd2" else tiny_clip(32)
    with torch.no_grad():
        for module in parts.values():
            for weight in module.parameters():
                weight.add_(0.02 * torch.randn_like(weight))
    return parts


def save_folder(
    folder: Path, family: str = "sd", parts: dict[str, torch.nn.Module] | None = None, **changes: object
) -> Path:
    """Save a tiny model as a diffusers folder; `changes` go into its scheduler's configuration."""
    parts = parts or tiny_parts(family)
    pipeline = {"sdxl": "StableDiffusionXLPipeline"}.get(family, "StableDiffusionPipeline")
    index: dict[str, object] = {"_class_name": pipeline, "scheduler": ["diffusers", "DDIMScheduler"]}
    for name, module in parts.items():
        module.save_pretrained(folder / name, safe_serialization=True)
        index[name] = ["diffusers" if name in ("unet", "vae") else "transformers", type(module).__name__]
        if name.startswith("text_encoder"):
            tokenizer = name.replace("text_encoder", "tokenizer")
            save_tokenizer(folder / tokenizer)
            index[tokenizer] = ["transformers", "CLIPTokenizer"]
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({**SCHEDULER, **changes}))
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def save_file_layout(path: Path, family: str, parts: dict[str, torch.nn.Module], **extra: torch.Tensor) -> Path:
    """Save the same weights as one file in the original layout."""
    tensors = {f"model.diffusion_model.{key}": value for key, value in unet_to_ldm(parts["unet"]).items()}
    if "vae" in parts:
        tensors |= {f"first_stage_model.{key}": value for key, value in vae_to_ldm(parts["vae"]).items()}
    if family == "sd":
        tensors |= clip_to_ldm(parts["text_encoder"], "cond_stage_model.transformer.")
    elif family == "sd2":
        tensors |= open_clip_to_ldm(parts["text_encoder"], "cond_stage_model.model.")
    else:
        tensors |= clip_to_ldm(parts["text_encoder"], "conditioner.embedders.0.transformer.")
        tensors |= open_clip_to_ldm(parts["text_encoder_2"], "conditioner.embedders.1.model.")
    save_file({key: value.contiguous().clone() for key, value in (tensors | extra).items()}, path)
    return path


def save_flow_folder(folder: Path, components: Any) -> Path:
    """Save the engine's tiny SD3 or Flux as a diffusers folder; T5 gets a tokenizer of its own kind."""
    pipeline = {"sd3": "StableDiffusion3Pipeline", "flux": "FluxPipeline"}[components.family]
    index: dict[str, object] = {"_class_name": pipeline, "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}
    parts = {"transformer": components.denoiser, "vae": components.vae}
    parts |= dict(zip(("text_encoder", "text_encoder_2", "text_encoder_3"), components.text_encoders, strict=False))
    for name, module in parts.items():
        index[name] = [None, None] if module is None else ["diffusers", type(module).__name__]
        if module is None:
            continue
        module.save_pretrained(folder / name, safe_serialization=True)
        if name.startswith("text_encoder"):
            save = save_t5_tokenizer if "T5" in type(module).__name__ else save_tokenizer
            save(folder / name.replace("text_encoder", "tokenizer"))
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(dict(components.scheduler_config)))
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def save_t5_tokenizer(folder: Path) -> None:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -2.0) for letter in "\u2581" + LETTERS)]
    folder.mkdir(parents=True)
    Tokenizer(Unigram(pieces, unk_id=2)).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "T5TokenizerFast", "model_max_length": 512, "extra_ids": 0})
    )
