"""What is read off the shapes of published adapters' weights is the configuration that they were published with."""

from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter
from kit.adapters import controlnet_to_original, t2i_to_original

from underpaint.engine.families.adapter_configs import controlnet_config, t2i_config
from underpaint.engine.families.adapters import _named_controlnet, _named_t2i
from underpaint.engine.families.single_file import family_configs

CROSS, DOWN = "CrossAttnDownBlock2D", "DownBlock2D"
XL: dict[str, Any] = {
    "down_block_types": (DOWN, CROSS, CROSS), "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048,
    "attention_head_dim": [5, 10, 20], "use_linear_projection": True, "transformer_layers_per_block": [1, 2, 10],
    "addition_embed_type": "text_time", "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
PUBLISHED: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "sd 1.5": ("sd", ControlNetModel, {"cross_attention_dim": 768, "attention_head_dim": 8}),
    "sd 2.1": ("sd2", ControlNetModel, {"cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20],
                                        "use_linear_projection": True}),
    "sdxl": ("sdxl", ControlNetModel, XL),
    "sdxl mid": ("sdxl", ControlNetModel, XL | {"transformer_layers_per_block": [0, 0, 1]}),
    "sdxl small": ("sdxl", ControlNetModel, XL | {"down_block_types": (DOWN,) * 3, "mid_block_type": "UNetMidBlock2D",
                                                  "transformer_layers_per_block": [0, 0, 0]}),
    "union": ("sdxl", ControlNetUnionModel, XL | {"num_control_type": 6,
                                                  "conditioning_embedding_out_channels": (48, 96, 192, 384)}),
    "promax": ("sdxl", ControlNetUnionModel, XL | {"num_control_type": 8,
                                                   "conditioning_embedding_out_channels": (48, 96, 192, 384)}),
}  # fmt: skip
_MATTERS = ("block_out_channels", "layers_per_block", "cross_attention_dim", "use_linear_projection",
            "conditioning_embedding_out_channels", "addition_embed_type", "norm_num_groups", "flip_sin_to_cos",
            "num_control_type", "num_trans_channel", "num_trans_layer", "num_proj_channel", "act_fn", "freq_shift")


def empty(make: Any) -> Any:
    with init_empty_weights():
        return make()


def shapes(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in tensors.items()}


def listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_controlnet_of_published_size_needs_no_configuration(name: str) -> None:
    family, kind, published = PUBLISHED[name]
    net = empty(lambda: kind(**published))
    like = family_configs(family)["denoiser"]
    read = controlnet_config(shapes(net.state_dict()), like)
    again = empty(lambda: kind.from_config(read))
    assert shapes(again.state_dict()) == shapes(net.state_dict())
    for field in _MATTERS:
        if field in net.config:
            assert listed(again.config[field]) == listed(net.config[field]), field
    heads = [[one.heads for one in each.modules() if hasattr(one, "to_q")] for each in (net, again)]
    assert heads[0] == heads[1]


@pytest.mark.parametrize("name", ["sd 1.5", "sd 2.1", "sdxl"])
def test_original_names_of_published_size_come_back(name: str) -> None:
    _, kind, published = PUBLISHED[name]
    net = empty(lambda: kind(**published))
    original = controlnet_to_original(net)
    assert "control_model.input_hint_block.14.weight" in original
    assert "control_model.zero_convs.0.0.weight" in original and "control_model.middle_block_out.0.bias" in original
    named = _named_controlnet(original)
    wanted = shapes(net.state_dict())
    assert shapes(named).keys() == wanted.keys()
    assert all(torch.Size(shape).numel() == named[key].numel() for key, shape in wanted.items())


@pytest.mark.parametrize(("family", "kind", "factor", "channels"), [
    ("sd", "full_adapter", 8, 3), ("sd", "full_adapter", 8, 1), ("sd", "light_adapter", 8, 3),
    ("sdxl", "full_adapter_xl", 16, 3), ("sdxl", "full_adapter_xl", 16, 1)])  # fmt: skip
def test_a_t2i_adapter_of_published_size_needs_no_configuration(family: str, kind: str, factor: int,
                                                                channels: int) -> None:
    widths = [320, 640, 1280] if kind == "light_adapter" else [320, 640, 1280, 1280]
    adapter = empty(lambda: T2IAdapter(in_channels=channels, channels=widths, num_res_blocks=2, adapter_type=kind,
                                       downscale_factor=factor))
    for tensors in (adapter.state_dict(), _named_t2i(t2i_to_original(adapter))):
        read = t2i_config(shapes(dict(tensors)), scale=8, xl=family == "sdxl")
        assert read == {"in_channels": channels, "channels": widths, "num_res_blocks": 2, "downscale_factor": factor,
                        "adapter_type": kind}
