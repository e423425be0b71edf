"""What the layers of Flux and SD 3 are called in the original layout, and which of them it joins into one matrix."""

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

_EMBEDDERS = {
    "time_text_embed.timestep_embedder": ("time_in", "t_embedder.mlp"),
    "time_text_embed.text_embedder": ("vector_in", "y_embedder.mlp"),
    "time_text_embed.guidance_embedder": ("guidance_in", ""),
}
_FLUX_DOUBLE = {
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"), "img_attn.proj": ("attn.to_out.0",),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"), "txt_attn.proj": ("attn.to_add_out",),
    "img_mlp.0": ("ff.net.0.proj",), "img_mlp.2": ("ff.net.2",), "txt_mlp.0": ("ff_context.net.0.proj",),
    "txt_mlp.2": ("ff_context.net.2",), "img_mod.lin": ("norm1.linear",), "txt_mod.lin": ("norm1_context.linear",),
}  # fmt: skip
_FLUX_SINGLE = {
    "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"), "linear2": ("proj_out",),
    "modulation.lin": ("norm.linear",),
}  # fmt: skip
_SD3_JOINT = {
    "x_block.attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"), "x_block.attn.proj": ("attn.to_out.0",),
    "x_block.attn2.qkv": ("attn2.to_q", "attn2.to_k", "attn2.to_v"), "x_block.attn2.proj": ("attn2.to_out.0",),
    "context_block.attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "context_block.attn.proj": ("attn.to_add_out",), "x_block.mlp.fc1": ("ff.net.0.proj",),
    "x_block.mlp.fc2": ("ff.net.2",), "context_block.mlp.fc1": ("ff_context.net.0.proj",),
    "context_block.mlp.fc2": ("ff_context.net.2",), "x_block.adaLN_modulation.1": ("norm1.linear",),
    "context_block.adaLN_modulation.1": ("norm1_context.linear",),
}  # fmt: skip
_OUTSIDE = {
    "flux": {"img_in": "x_embedder", "txt_in": "context_embedder", "final_layer.linear": "proj_out",
             "final_layer.adaLN_modulation.1": "norm_out.linear"},
    "sd3": {"x_embedder.proj": "pos_embed.proj", "final_layer.linear": "proj_out",
            "final_layer.adaLN_modulation.1": "norm_out.linear"},
}  # fmt: skip


def joined_layers(family: str, layers: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """For each original name the diffusers layers it joins, in the order of their rows, and whether halves are swapped.

    The last normalisations shift before they scale in the original and scale before they shift in diffusers.
    """
    if family not in _OUTSIDE:
        return
    for original, name in _OUTSIDE[family].items():
        if name in layers:
            yield original, (name,), name == "norm_out.linear"
    for name, (flux, sd3) in _EMBEDDERS.items():
        for number, ends in ((1, ("in_layer", "0")), (2, ("out_layer", "2"))):
            if f"{name}.linear_{number}" in layers:
                place = f"{flux}.{ends[0]}" if family == "flux" else f"{sd3}.{ends[1]}"
                yield place, (f"{name}.linear_{number}",), False
    for prefix, original, table in _blocks(family, layers):
        for inner, names in table.items():
            found = tuple(f"{prefix}.{name}" for name in names)
            if all(name in layers for name in found):
                yield f"{original}.{inner}", found, _ends_early(prefix, inner, layers)


def _blocks(family: str, layers: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, tuple[str, ...]]]]:
    kinds = [("transformer_blocks", "double_blocks", _FLUX_DOUBLE),
             ("single_transformer_blocks", "single_blocks", _FLUX_SINGLE)]  # fmt: skip
    for ours, original, table in kinds if family == "flux" else [("transformer_blocks", "joint_blocks", _SD3_JOINT)]:
        numbers = {int(found[1]) for name in layers if (found := re.match(rf"{ours}\.(\d+)\.", name))}
        for number in sorted(numbers):
            yield f"{ours}.{number}", f"{original}.{number}", table


def _ends_early(prefix: str, inner: str, layers: Container[str]) -> bool:
    """SD 3's last block drops the words after attending, and normalises them as the model's own end does."""
    return inner == "context_block.adaLN_modulation.1" and f"{prefix}.ff_context.net.2" not in layers
