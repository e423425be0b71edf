"""Tiny random adapters of the real classes, with the weights of every layer drawn, and their original key names."""

import re
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter
from kit.ldm_layout import unet_to_ldm
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection


def drawn(module: nn.Module, seed: int, much: float = 0.1) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(much * torch.randn(weight.shape, generator=generator))
    return module.eval().requires_grad_(False)


def tiny_controlnet(unet: Any, seed: int = 1, **changes: Any) -> ControlNetModel:
    torch.manual_seed(seed)
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16), **changes)
    return drawn(net, seed)


def tiny_union(unet: Any, seed: int = 2, types: int = 6) -> ControlNetUnionModel:
    torch.manual_seed(seed)
    shared = ("block_out_channels", "layers_per_block", "norm_num_groups", "attention_head_dim", "cross_attention_dim",
              "down_block_types", "use_linear_projection", "transformer_layers_per_block", "addition_embed_type",
              "addition_time_embed_dim", "projection_class_embeddings_input_dim")
    config = {name: unet.config[name] for name in shared}
    wide = unet.config.block_out_channels[0]
    return drawn(ControlNetUnionModel(**config, conditioning_embedding_out_channels=(8, 16), num_control_type=types,
                                      num_trans_channel=wide, num_proj_channel=wide), seed)


def tiny_t2i(unet: Any, seed: int = 3, kind: str = "full_adapter", channels: int = 3) -> T2IAdapter:
    torch.manual_seed(seed)
    widths = list(unet.config.block_out_channels)
    factor = 4 if kind == "full_adapter_xl" else 2
    return drawn(T2IAdapter(in_channels=channels, channels=widths[:1] if kind == "light_adapter" else widths,
                            num_res_blocks=2, downscale_factor=factor, adapter_type=kind), seed)


def controlnet_to_original(net: ControlNetModel, prefix: str = "control_model.") -> dict[str, Tensor]:
    """lllyasviel's names."""
    weights = dict(net.state_dict())
    found: dict[str, Tensor] = {}
    last = 2 * (1 + max(int(key.split(".")[2]) for key in weights if "cond_embedding.blocks" in key)) + 2
    for key in list(weights):
        kind = key.rsplit(".", 1)[1]
        if match := re.match(r"controlnet_cond_embedding\.blocks\.(\d+)\.", key):
            name = f"input_hint_block.{2 * int(match[1]) + 2}.{kind}"
        elif key.startswith("controlnet_cond_embedding."):
            name = f"input_hint_block.{0 if 'conv_in' in key else last}.{kind}"
        elif match := re.match(r"controlnet_down_blocks\.(\d+)\.", key):
            name = f"zero_convs.{match[1]}.0.{kind}"
        elif key.startswith("controlnet_mid_block."):
            name = f"middle_block_out.0.{kind}"
        else:
            continue
        found[name] = weights.pop(key)

    class _Rest:
        config: ClassVar[Any] = {**net.config, "up_block_types": net.config.down_block_types[::-1]}

        def state_dict(self) -> dict[str, Tensor]:
            return weights

    found |= unet_to_ldm(_Rest())
    return {prefix + key: value for key, value in found.items()}


def t2i_to_original(adapter: T2IAdapter) -> dict[str, Tensor]:
    """TencentARC's names."""
    layers = adapter.config.num_res_blocks
    found = {}
    for key, value in adapter.state_dict().items():
        bare = key.removeprefix("adapter.")
        if adapter.config.adapter_type == "light_adapter":
            found[re.sub(r"^(body\.\d+)\.resnets\.", r"\1.body.", bare)] = value
        elif match := re.match(r"body\.(\d+)\.resnets\.(\d+)\.(.+)", bare):
            found[f"body.{int(match[1]) * layers + int(match[2])}.{match[3]}"] = value
        elif match := re.match(r"body\.(\d+)\.in_conv\.(.+)", bare):
            found[f"body.{int(match[1]) * layers}.in_conv.{match[2]}"] = value
        else:
            found[bare] = value
    return found


def saved(tensors: dict[str, Tensor], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, path)
    return path


def tiny_encoder(seed: int = 5, width: int = 32, projected: int = 24) -> CLIPVisionModelWithProjection:
    """Sixteen heads, as all published ones have."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
                              num_attention_heads=16, image_size=32, patch_size=16, projection_dim=projected,
                              hidden_act="gelu")
    return drawn(CLIPVisionModelWithProjection(config), seed)


def tiny_ip(unet: Any, form: str = "ip", seed: int = 6, width: int = 32, projected: int = 24) -> dict[str, Tensor]:
    """An IP-Adapter's file for a denoiser: plain, plus, or full face."""
    from diffusers.models.embeddings import IPAdapterPlusImageProjection

    generator = torch.Generator().manual_seed(seed)
    context = unet.config.cross_attention_dim

    def draw(*shape: int) -> Tensor:
        return 0.3 * torch.randn(*shape, generator=generator)

    if form == "ip":
        found = {"proj.weight": draw(4 * context, projected), "proj.bias": draw(4 * context),
                 "norm.weight": draw(context) + 1, "norm.bias": draw(context)}
        tokens = {f"image_proj.{key}": value for key, value in found.items()}
    elif form == "ip_full":
        found = {"proj.0.weight": draw(width, width), "proj.0.bias": draw(width), "proj.2.weight": draw(context, width),
                 "proj.2.bias": draw(context), "proj.3.weight": draw(context) + 1, "proj.3.bias": draw(context)}
        tokens = {f"image_proj.{key}": value for key, value in found.items()}
    else:
        assert IPAdapterPlusImageProjection is not None
        inner = 64
        found = {"latents": draw(1, 4, inner), "proj_in.weight": draw(inner, width), "proj_in.bias": draw(inner),
                 "proj_out.weight": draw(context, inner), "proj_out.bias": draw(context),
                 "norm_out.weight": draw(context) + 1, "norm_out.bias": draw(context)}
        for layer in range(4):
            names = {f"layers.{layer}.0.norm1": (inner,), f"layers.{layer}.0.norm2": (inner,),
                     f"layers.{layer}.1.0": (inner,)}
            for name, shape in names.items():
                found |= {f"{name}.weight": draw(*shape) + 1, f"{name}.bias": draw(*shape)}
            found |= {f"layers.{layer}.0.to_q.weight": draw(inner, inner),
                      f"layers.{layer}.0.to_kv.weight": draw(2 * inner, inner),
                      f"layers.{layer}.0.to_out.weight": draw(inner, inner),
                      f"layers.{layer}.1.1.weight": draw(4 * inner, inner),
                      f"layers.{layer}.1.3.weight": draw(inner, 4 * inner)}
        tokens = {f"image_proj.{key}": value for key, value in found.items()}
    number = 1
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            wide = unet.get_submodule(name.removesuffix(".processor")).to_q.weight.shape[0]
            tokens |= {f"ip_adapter.{number}.to_{one}_ip.weight": draw(wide, context) for one in "kv"}
            number += 2
    return tokens
