"""What the parts of a UNet are called in the original (LDM) layout, which SDXL's LoRAs use to this day."""

from collections.abc import Iterable, Mapping
from typing import Any

_RESNET = (
    ("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"), ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"), ("conv_shortcut", "skip_connection"),
)
_OUTSIDE = {
    "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0", "conv_out": "out.2",
}


def original_names(names: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Each module (or weight) name of diffusers' `UNet2DConditionModel` with its original name.

    The original numbers all blocks of one side in a row: block i, layer j becomes ``input_blocks.(1 + i(L+1) + j)`` on
    the way down and ``output_blocks.(i(L+1) + j)`` on the way up, with L layers per block.
    """
    layers = int(config["layers_per_block"])
    attends = ["Attn" in kind for kind in config["up_block_types"]]
    found = {}
    for name in names:
        translated = _translated(name, layers, attends)
        if translated is not None:
            found[name] = translated
    return found


def _translated(name: str, layers: int, attends: list[bool]) -> str | None:
    for ours, original in _OUTSIDE.items():
        if name == ours or name.startswith(f"{ours}."):
            return original + name[len(ours) :]
    parts = name.split(".")
    if parts[0] == "mid_block" and len(parts) > 2:
        place = 2 * int(parts[2]) if parts[1] == "resnets" else 1
        return _inner(f"middle_block.{place}", parts[1], parts[3:])
    if parts[0] not in ("down_blocks", "up_blocks") or len(parts) < 4:
        return None
    block, kind, number = int(parts[1]), parts[2], int(parts[3])
    if parts[0] == "down_blocks":
        if kind == "downsamplers":
            rest = parts[4:]
            return ".".join([f"input_blocks.{(block + 1) * (layers + 1)}.0", *(["op", *rest[1:]] if rest else [])])
        return _inner(f"input_blocks.{1 + block * (layers + 1) + number}.{int(kind == 'attentions')}", kind, parts[4:])
    if kind == "upsamplers":
        last = block * (layers + 1) + layers
        return ".".join([f"output_blocks.{last}.{2 if attends[block] else 1}", *parts[4:]])
    return _inner(f"output_blocks.{block * (layers + 1) + number}.{int(kind == 'attentions')}", kind, parts[4:])


def _inner(prefix: str, kind: str, rest: list[str]) -> str:
    if kind == "resnets" and rest:
        rest = [dict(_RESNET).get(rest[0], rest[0]), *rest[1:]]
    return ".".join([prefix, *rest])
