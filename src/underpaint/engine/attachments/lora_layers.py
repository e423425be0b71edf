"""From the keys of a LoRA file to low-rank layers on named modules of a loaded model.

Three layouts say the same: kohya's (``lora_unet_..._to_q.lora_down.weight``, names with underscores, SDXL's denoiser by
its original names), diffusers' (``unet....to_q.lora_A.weight`` and its elder forms) and peft's (``base_model.model.``).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.families.original_names import original_names
from underpaint.models.networks import LORA_PAIRS

_KOHYA = (
    ("lora_te1_", "text_encoder"), ("lora_te2_", "text_encoder_2"), ("lora_te3_", "text_encoder_3"),
    ("lora_te_", "text_encoder"), ("lora_unet_", "denoiser"),
)  # fmt: skip
_DOTTED = (
    ("text_encoder_3.", "text_encoder_3"), ("text_encoder_2.", "text_encoder_2"), ("text_encoder.", "text_encoder"),
    ("unet.", "denoiser"), ("transformer.", "denoiser"),
)  # fmt: skip


@dataclass(frozen=True)
class LowRank:
    """What one layer gains: ``scale * up(mid(down(x)))``; `mid` only in LoCon's Tucker form (a k x k core)."""

    part: str
    name: str
    down: Tensor
    up: Tensor
    mid: Tensor | None
    scale: float

    @property
    def rank(self) -> int:
        """The number of directions."""
        return self.down.shape[0]


def read_layers(tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Iterator[LowRank]:
    """The low-rank layers among the tensors of a LoRA file.

    A layer's scale is alpha / rank; alpha stands beside the layer, or in `settings` (peft's and diffusers' own, see
    `layer_settings`), else it equals the rank.
    """
    for key in tensors:
        for down, up in LORA_PAIRS:
            if not key.endswith(down):
                continue
            stem = key.removesuffix(down)
            if stem + up in tensors:
                part, name = _place(stem + ("_lora" if down.startswith("_lora") else ""))
                mid = tensors.get(f"{stem}.lora_mid.weight")
                rank = tensors[key].shape[0]
                alpha = tensors.get(f"{stem}.alpha")
                told = float(alpha) if alpha is not None else _alpha(settings, part, name, rank)
                yield LowRank(part, name, tensors[key], tensors[stem + up], mid, told / rank)
            break


def unused_keys(tensors: Mapping[str, Tensor]) -> list[str]:
    """Keys that are no part of a low-rank pair: what this version would silently lose."""
    stems = set()
    for key in tensors:
        for down, up in LORA_PAIRS:
            if key.endswith(down) and key.removesuffix(down) + up in tensors:
                stems.add(key.removesuffix(down))
    known = {stem + end for stem in stems for pair in LORA_PAIRS for end in (*pair, ".alpha", ".lora_mid.weight")}
    return sorted(tensors.keys() - known)


def layer_settings(metadata: Mapping[str, str], adapter_config: Mapping[str, Any]) -> dict[str, Any]:
    """Rank and alpha per part as peft's ``adapter_config.json`` or the header that diffusers writes say them."""
    found: dict[str, Any] = {"": dict(adapter_config)} if adapter_config else {}
    try:
        told = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        told = {}
    for key, value in told.items() if isinstance(told, dict) else ():
        part, _, field = key.partition(".")
        found.setdefault("denoiser" if part in ("unet", "transformer") else part, {})[field] = value
    return found


def named_layers(components: Components) -> dict[tuple[str, str], nn.Module]:
    """Every linear and convolutional layer by its part and by each of the names a LoRA may use for it."""
    found: dict[tuple[str, str], nn.Module] = {}
    encoders = (f"text_encoder{suffix}" for suffix in ("", "_2", "_3"))
    parts = [("denoiser", components.denoiser), *zip(encoders, components.text_encoders, strict=False)]
    for part, root in parts:
        if root is None:
            continue
        layers = {name: layer for name, layer in root.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}
        config = getattr(root, "config", {})
        unet = part == "denoiser" and "layers_per_block" in config
        original = original_names(layers, config) if unet else {}
        for name, layer in layers.items():
            bare = name.removeprefix("text_model.")
            for spelled in {bare, bare.replace(".", "_"), original.get(name, bare).replace(".", "_")}:
                found[part, spelled] = layer
    return found


def _place(stem: str) -> tuple[str, str]:
    """The part a layer belongs to and its name there, without the layout's decoration."""
    stem = stem.removeprefix("base_model.model.")
    for prefix, part in _KOHYA:
        if stem.startswith(prefix):
            return part, stem.removeprefix(prefix).removeprefix("text_model_")
    part = "denoiser"
    for prefix, named in _DOTTED:
        if stem.startswith(prefix):
            part, stem = named, stem.removeprefix(prefix)
            break
    stem = stem.removeprefix("text_model.")
    # Attention processors held the layers before diffusers used peft: "attn1.processor.to_q_lora".
    old = re.fullmatch(r"(.+\.)processor\.(to_q|to_k|to_v|to_out)_lora", stem)
    if old:
        stem = old[1] + ("to_out.0" if old[2] == "to_out" else old[2])
    return part, stem.removesuffix("_lora")


def _alpha(settings: Mapping[str, Any], part: str, name: str, rank: int) -> float:
    told = settings.get(part) or settings.get("") or {}
    patterns = told.get("alpha_pattern")
    alpha = told.get("lora_alpha")
    for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
        if name.endswith(str(pattern)):
            alpha = value
    if not isinstance(alpha, int | float):
        return float(rank)
    # Rank-stabilised LoRA divides by the root of the rank (Kalajdzievski 2023).
    return float(alpha) * (rank**0.5 if told.get("use_rslora") is True else 1.0)


def added(layer: nn.Module, low: LowRank, x: Tensor) -> Tensor:
    """What `low` adds to the output of `layer` for the input `x`, in the dtype and on the device of `x`."""
    down, up = low.down.to(x), low.up.to(x)
    if isinstance(layer, nn.Conv2d):
        return _convolved(layer, low, x, down, up)
    out = nn.functional.linear(nn.functional.linear(x, down.flatten(1)), up.flatten(1))
    return out * low.scale


def _convolved(layer: nn.Conv2d, low: LowRank, x: Tensor, down: Tensor, up: Tensor) -> Tensor:
    down, up = (weight.reshape(*weight.shape[:2], *(weight.shape[2:] or (1, 1))) for weight in (down, up))
    whole = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    if low.mid is not None:
        inside = nn.functional.conv2d(nn.functional.conv2d(x, down), low.mid.to(x), **whole)
    else:
        inside = nn.functional.conv2d(x, down, **whole)
    return nn.functional.conv2d(inside, up) * low.scale


def fits(layer: nn.Module, low: LowRank) -> bool:
    """Whether the shapes of `low` are those of `layer`."""
    rank = low.rank
    if isinstance(layer, nn.Conv2d):
        kernel = tuple(layer.kernel_size)
        core = low.mid.shape if low.mid is not None else (rank, rank, *kernel)
        inner = (1, 1) if low.mid is not None else kernel
        return (
            layer.groups == 1
            and layer.padding_mode == "zeros"
            and tuple(low.down.shape[:2]) == (rank, layer.in_channels)
            and (tuple(low.down.shape[2:]) or (1, 1)) == inner
            and tuple(core) == (rank, rank, *kernel)
            and tuple(low.up.shape[:2]) == (layer.out_channels, rank)
            and all(side == 1 for side in low.up.shape[2:])
        )
    assert isinstance(layer, nn.Linear)
    flat = low.mid is None and all(side == 1 for side in (*low.down.shape[2:], *low.up.shape[2:]))
    wanted = ((rank, layer.in_features), (layer.out_features, rank))
    return flat and (tuple(low.down.shape[:2]), tuple(low.up.shape[:2])) == wanted
