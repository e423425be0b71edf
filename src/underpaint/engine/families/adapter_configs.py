"""What the shapes of an adapter's weights say about its configuration, so that a single file needs no other.

What shapes cannot tell (how many heads share a width, how groups are normalised) an adapter has in common with the
denoiser it was trained on, and is taken from there.
"""

import re
from collections.abc import Mapping
from typing import Any

from underpaint.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]
_SHARED = ("attention_head_dim", "num_attention_heads", "norm_num_groups", "norm_eps", "act_fn", "flip_sin_to_cos",
           "freq_shift", "downsample_padding", "mid_block_scale_factor", "only_cross_attention", "upcast_attention",
           "resnet_time_scale_shift", "addition_embed_type", "addition_time_embed_dim", "class_embed_type",
           "projection_class_embeddings_input_dim")  # fmt: skip


def controlnet_config(shapes: Shapes, like: Mapping[str, Any], *, pooled: bool = False) -> dict[str, Any]:
    """The configuration of a ControlNet or ControlNetUnion whose weights, under diffusers' names, have these shapes.

    `like` is the configuration of the denoiser that it was made for. `pooled`: its answers are averaged over the
    picture (the shuffle net), which no weight tells.
    """
    blocks = 1 + _last(shapes, r"down_blocks\.(\d+)\.")
    layers = 1 + _last(shapes, r"down_blocks\.0\.resnets\.(\d+)\.")
    widths = [shapes[f"down_blocks.{block}.resnets.{layers - 1}.conv1.weight"][0] for block in range(blocks)]
    depths = [_depth(shapes, f"down_blocks.{block}.attentions.0.") for block in range(blocks)]
    middle = _depth(shapes, "mid_block.attentions.0.")
    attends = [any(key.startswith(f"down_blocks.{block}.attentions.") for key in shapes) for block in range(blocks)]
    context = next((shape[1] for key, shape in shapes.items() if key.endswith("attn2.to_k.weight")),
                   like.get("cross_attention_dim"))
    hint = [shapes["controlnet_cond_embedding.conv_in.weight"][0]]
    hint += [shapes[f"controlnet_cond_embedding.blocks.{number}.weight"][0]
             for number in range(1, 1 + _last(shapes, r"controlnet_cond_embedding\.blocks\.(\d+)\."), 2)]
    config = {name: like[name] for name in _SHARED if name in like}
    config |= {
        "in_channels": shapes["conv_in.weight"][1], "block_out_channels": widths, "layers_per_block": layers,
        "down_block_types": ["CrossAttnDownBlock2D" if one else "DownBlock2D" for one in attends],
        "cross_attention_dim": context, "use_linear_projection": _linear(shapes, like),
        "transformer_layers_per_block": [*(max(one, 1) if not attend else one for one, attend in
                                           zip(depths[:-1], attends[:-1], strict=True)), middle or depths[-1] or 1],
        "conditioning_channels": shapes["controlnet_cond_embedding.conv_in.weight"][1],
        "conditioning_embedding_out_channels": hint, "global_pool_conditions": pooled}  # fmt: skip
    if "add_embedding.linear_1.weight" not in shapes:
        config |= {"addition_embed_type": None, "addition_time_embed_dim": None,
                   "projection_class_embeddings_input_dim": None}
    if "task_embedding" in shapes:
        return config | _union(shapes)
    return config | {"mid_block_type": "UNetMidBlock2DCrossAttn" if middle or "mid_block.attentions.0.norm.weight"
                     in shapes else "UNetMidBlock2D"}


def _union(shapes: Shapes) -> dict[str, Any]:
    types, wide = shapes["task_embedding"]
    return {"num_control_type": types, "num_trans_channel": wide,
            "num_trans_layer": 1 + _last(shapes, r"transformer_layes\.(\d+)\."),
            "num_proj_channel": shapes["spatial_ch_projs.weight"][0]}


def t2i_config(shapes: Shapes, *, scale: int, xl: bool) -> dict[str, Any]:
    """The configuration of a T2I-Adapter whose weights, under diffusers' names, have these shapes; `scale`: pixels a
    latent cell of its model is wide. Raises ModelError where they do not fit together."""
    light = "adapter.body.0.out_conv.weight" in shapes
    levels = 1 + _last(shapes, r"adapter\.body\.(\d+)\.")
    layers = 1 + _last(shapes, r"adapter\.body\.0\.resnets\.(\d+)\.")
    first = shapes.get("adapter.body.0.in_conv.weight" if light else "adapter.conv_in.weight", (0, 0))[1]
    factor = 2 * scale if xl else scale
    channels = first // factor**2
    if channels not in (1, 3) or first != channels * factor**2:
        raise ModelError(f"a T2I-Adapter of {first} channels suits no model of this size",
                         hint="Choose one for the family of the model.", field="adapter")
    if light:
        widths = [shapes[f"adapter.body.{level}.out_conv.weight"][0] for level in range(levels)][:-1]
        kind = "light_adapter"
    else:
        widths = [shapes[f"adapter.body.{level}.resnets.0.block1.weight"][0] for level in range(levels)]
        kind = "full_adapter_xl" if xl else "full_adapter"
    return {"in_channels": channels, "channels": widths, "num_res_blocks": layers, "downscale_factor": factor,
            "adapter_type": kind}


def vision_config(shapes: Shapes) -> dict[str, Any]:
    """The configuration of a CLIP image encoder: the published ones all have sixteen heads, and those of OpenCLIP
    another activation than OpenAI's."""
    patch = shapes["vision_model.embeddings.patch_embedding.weight"]
    places = shapes["vision_model.embeddings.position_embedding.weight"][0] - 1
    return {"hidden_size": patch[0], "patch_size": patch[-1], "image_size": round(places**0.5) * patch[-1],
            "num_hidden_layers": 1 + _last(shapes, r"vision_model\.encoder\.layers\.(\d+)\."),
            "num_attention_heads": 16, "intermediate_size": shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
            "projection_dim": shapes["visual_projection.weight"][0],
            "hidden_act": "quick_gelu" if patch[0] == 1024 else "gelu"}


def _last(shapes: Shapes, pattern: str) -> int:
    return max((int(match[1]) for key in shapes if (match := re.match(pattern, key))), default=-1)


def _depth(shapes: Shapes, prefix: str) -> int:
    return 1 + _last(shapes, re.escape(prefix) + r"transformer_blocks\.(\d+)\.")


def _linear(shapes: Shapes, like: Mapping[str, Any]) -> bool:
    found = next((shape for key, shape in shapes.items() if key.endswith("attentions.0.proj_in.weight")), None)
    return bool(like.get("use_linear_projection")) if found is None else len(found) == 2
