"""From diffusers' weights to the original layout: the way back of what `from_single_file` does."""

import re

import torch
from torch import Tensor, nn

from underpaint.engine.families.original_names import original_names

_VAE = (
    (r"(encoder)\.down_blocks\.(\d+)\.resnets\.(\d+)", r"\1.down.\2.block.\3"),
    (r"(encoder)\.down_blocks\.(\d+)\.downsamplers\.0", r"\1.down.\2.downsample"),
    (r"mid_block\.resnets\.0", "mid.block_1"), (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0", "mid.attn_1"), (r"group_norm", "norm"), (r"to_out\.0", "proj_out"),
    (r"to_(q|k|v)\b", r"\1"), (r"conv_shortcut", "nin_shortcut"), (r"conv_norm_out", "norm_out"),
)  # fmt: skip
_OPEN_CLIP = (
    (r"^embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^embeddings\.token_embedding", "token_embedding"),
    (r"^encoder\.layers\.", "transformer.resblocks."), (r"layer_norm(\d)", r"ln_\1"), (r"mlp\.fc1", "mlp.c_fc"),
    (r"mlp\.fc2", "mlp.c_proj"), (r"self_attn", "attn"), (r"^final_layer_norm", "ln_final"),
    (r"^text_projection\.weight", "text_projection"),
)  # fmt: skip


def unet_to_ldm(unet: nn.Module) -> dict[str, Tensor]:
    weights = unet.state_dict()
    names = original_names(weights, unet.config)
    assert names.keys() == weights.keys()
    return {names[key]: value for key, value in weights.items()}


def vae_to_ldm(vae: nn.Module) -> dict[str, Tensor]:
    blocks = len(vae.config.block_out_channels)
    found = {}
    for key, value in vae.state_dict().items():
        up = re.match(r"decoder\.up_blocks\.(\d+)\.(resnets\.(\d+)|upsamplers\.0)(.*)", key)
        if up:
            inner = f"block.{up[3]}" if up[3] else "upsample"
            key = f"decoder.up.{blocks - 1 - int(up[1])}.{inner}{up[4]}"
        attends = "attentions" in key
        for pattern, replacement in _VAE:
            if attends or not pattern.startswith(("group", "to_")):
                key = re.sub(pattern, replacement, key)
        found[key] = value[:, :, None, None] if attends and value.ndim == 2 else value
    return found


def clip_to_ldm(encoder: nn.Module, prefix: str) -> dict[str, Tensor]:
    bare = {key.removeprefix("text_model."): value for key, value in encoder.state_dict().items()}
    return {f"{prefix}text_model.{key}": value for key, value in bare.items()}


def open_clip_to_ldm(encoder: nn.Module, prefix: str) -> dict[str, Tensor]:
    weights = {key.removeprefix("text_model."): value for key, value in encoder.state_dict().items()}
    for layer in range(encoder.config.num_hidden_layers):
        attention = f"encoder.layers.{layer}.self_attn"
        for kind in ("weight", "bias"):
            pieces = [weights.pop(f"{attention}.{letter}_proj.{kind}") for letter in "qkv"]
            weights[f"{attention}.in_proj_{kind}"] = torch.cat(pieces)
    found = {}
    for key, value in weights.items():
        for pattern, replacement in _OPEN_CLIP:
            key = re.sub(pattern, replacement, key)
        found[prefix + key] = value.T if key == "text_projection" else value
    return found


def sd3_to_ldm(transformer: nn.Module) -> dict[str, Tensor]:
    """SD3's transformer: query, key and value of each stream in one matrix; the last norms shift before they scale."""
    weights = dict(transformer.state_dict())
    last = transformer.config.num_layers - 1
    found = {"pos_embed": weights.pop("pos_embed.pos_embed")}
    for block in range(last + 1):
        for kind in ("weight", "bias"):
            for ours, stream in (("to_{}", "x_block"), ("add_{}_proj", "context_block")):
                names = [f"transformer_blocks.{block}.attn.{ours.format(letter)}.{kind}" for letter in "qkv"]
                joined = torch.cat([weights.pop(name) for name in names])
                found[f"joint_blocks.{block}.{stream}.attn.qkv.{kind}"] = joined
    swapped = (f"transformer_blocks.{last}.norm1_context.", "norm_out.")
    for key, value in weights.items():
        if key.startswith(swapped):
            value = torch.cat(value.chunk(2)[::-1])
        for pattern, replacement in _SD3:
            key = re.sub(pattern, replacement, key)
        found[key] = value
    return found


_SD3 = (
    (r"^pos_embed\.proj", "x_embedder.proj"),
    (r"^time_text_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
    (r"^time_text_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
    (r"^time_text_embed\.text_embedder\.linear_1", "y_embedder.mlp.0"),
    (r"^time_text_embed\.text_embedder\.linear_2", "y_embedder.mlp.2"),
    (r"^transformer_blocks\.(\d+)\.norm1_context\.linear", r"joint_blocks.\1.context_block.adaLN_modulation.1"),
    (r"^transformer_blocks\.(\d+)\.norm1\.linear", r"joint_blocks.\1.x_block.adaLN_modulation.1"),
    (r"^transformer_blocks\.(\d+)\.ff_context\.net\.0\.proj", r"joint_blocks.\1.context_block.mlp.fc1"),
    (r"^transformer_blocks\.(\d+)\.ff_context\.net\.2", r"joint_blocks.\1.context_block.mlp.fc2"),
    (r"^transformer_blocks\.(\d+)\.ff\.net\.0\.proj", r"joint_blocks.\1.x_block.mlp.fc1"),
    (r"^transformer_blocks\.(\d+)\.ff\.net\.2", r"joint_blocks.\1.x_block.mlp.fc2"),
    (r"^transformer_blocks\.(\d+)\.attn\.to_out\.0", r"joint_blocks.\1.x_block.attn.proj"),
    (r"^transformer_blocks\.(\d+)\.attn\.to_add_out", r"joint_blocks.\1.context_block.attn.proj"),
    (r"^norm_out\.linear", "final_layer.adaLN_modulation.1"),
    (r"^proj_out", "final_layer.linear"),
)
