"""Random LoRA files in every layout, made for a given tiny model, and the same change merged by hand."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.families.original_names import original_names

RANK = 3
ALPHA = 1.5
TEXT = ("text_encoder", "text_encoder_2")
TARGETS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "ff.net.0.proj", "q_proj", "out_proj", "fc1", "conv1",
    "conv_shortcut",
)  # fmt: skip


def targets(components: Components) -> Iterator[tuple[str, str, nn.Module]]:
    """Some linear and convolutional layers of each part: (part, name, layer)."""
    roots = {"denoiser": components.denoiser} | dict(zip(TEXT, components.text_encoders, strict=False))
    for part, root in roots.items():
        for name, layer in root.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d) and name.endswith(TARGETS):
                yield part, name, layer


def random_pairs(components: Components, seed: int = 1) -> dict[tuple[str, str], tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    pairs = {}
    for part, name, layer in targets(components):
        weight = layer.weight
        kernel = tuple(weight.shape[2:])
        down = torch.randn(RANK, weight.shape[1], *kernel, generator=generator) / weight.shape[1] ** 0.5
        up = torch.randn(weight.shape[0], RANK, *((1, 1) if kernel else ()), generator=generator) * 0.3
        pairs[part, name] = (down, up)
    return pairs


def merge_by_hand(components: Components, pairs: dict[tuple[str, str], tuple[Tensor, Tensor]], scale: float) -> None:
    with torch.no_grad():
        for part, name, layer in targets(components):
            down, up = pairs[part, name]
            change = (up.flatten(1) @ down.flatten(1)).reshape(layer.weight.shape)
            layer.weight += scale * change


def save_kohya(path: Path, components: Components, pairs: dict, **metadata: str) -> Path:
    """kohya's layout: SDXL's denoiser by its original names, two text encoders as te1 and te2."""
    sdxl = components.family == "sdxl"
    prefixes = {
        "denoiser": "lora_unet_",
        "text_encoder": "lora_te1_text_model_" if sdxl else "lora_te_text_model_",
        "text_encoder_2": "lora_te2_text_model_",
    }
    names = [name for part, name in pairs if part == "denoiser"]
    original = original_names(names, components.denoiser.config) if sdxl else {}
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        bare = original.get(name, name) if part == "denoiser" else name.removeprefix("text_model.")
        stem = prefixes[part] + bare.replace(".", "_")
        tensors |= {
            f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up, f"{stem}.alpha": torch.tensor(ALPHA),
        }  # fmt: skip
    save_file(tensors, path, metadata=metadata or None)
    return path


def save_diffusers(path: Path, pairs: dict, *, ends: tuple[str, str] = (".lora_A.weight", ".lora_B.weight")) -> Path:
    """diffusers' layout (alpha equals the rank)."""
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        prefix = "unet." if part == "denoiser" else f"{part}."
        bare = name if part == "denoiser" or name.startswith("text_model.") else f"text_model.{name}"
        tensors |= {f"{prefix}{bare}{ends[0]}": down, f"{prefix}{bare}{ends[1]}": up}
    save_file(tensors, path)
    return path


def save_peft(folder: Path, pairs: dict, config: str) -> Path:
    """peft's layout: one model's layers and a configuration beside them."""
    folder.mkdir()
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        if part == "denoiser":
            stem = f"base_model.model.{name}"
            tensors |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(config)
    return folder
