"""Loading one safetensors file in the original (LDM) layout, with our own configurations and without the
network.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders import single_file_utils as ldm
from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.families.building import Dtypes, build, read_tensors, vae_dtype
from underpaint.engine.families.tokenizing import clip_tokenizer
from underpaint.errors import ModelError
from underpaint.models.checkpoints import DENOISER, VAE_PREFIXES
from underpaint.models.description import ModelDescription
from underpaint.models.header import read_json


@dataclass(frozen=True)
class _Encoder:
    part: str
    prefix: str
    open_clip: bool = False
    projected: bool = False


_ENCODERS: dict[str, tuple[_Encoder, ...]] = {
    "sd": (_Encoder("text_encoder", "cond_stage_model.transformer."),),
    "sd2": (_Encoder("text_encoder", "cond_stage_model.model.", open_clip=True),),
    "sdxl": (
        _Encoder("text_encoder", "conditioner.embedders.0.transformer."),
        _Encoder("text_encoder_2", "conditioner.embedders.1.model.", open_clip=True, projected=True),
    ),
    "sd3": (
        _Encoder("text_encoder", "text_encoders.clip_l.transformer.", projected=True),
        _Encoder("text_encoder_2", "text_encoders.clip_g.transformer.", projected=True),
    ),
}


def load_file_components(
    description: ModelDescription,
    *,
    dtypes: Dtypes,
    configs: Mapping[str, Any],
    vae: nn.Module | None,
    beside: tuple[Path, ...] = (),
) -> Components:
    """The components of a single file. `vae` takes the place of the file's own; `beside` are folders to look
    for a vocabulary first; `configs` is what `family_configs` gave.

    Raises:
        ModelError: the family has no single-file form here, or a part is missing.
    """
    check_loadable(description, has_vae=vae is not None)
    family = description.family or "sd"
    tensors = read_tensors([description.path])
    chosen = _ENCODERS[family]
    encoders = tuple(_text_encoder(tensors, encoder, configs[encoder.part], dtypes.text) for encoder in chosen)
    tokenizers = tuple(
        clip_tokenizer(
            int(module.config.vocab_size),
            pads_with_zero=encoder.open_clip or encoder.part == "text_encoder_2",
            beside=beside,
        )
        for module, encoder in zip(encoders, chosen, strict=True)
    )
    missing_t5 = (None,) if family == "sd3" else ()  # T5 is optional, and seldom inside
    return Components(
        family=family,
        denoiser=_denoiser(tensors, description, configs["denoiser"], dtypes.denoiser),
        vae=vae or vae_from(tensors, configs["vae"], vae_dtype(configs["vae"], family, dtypes.vae)),
        text_encoders=(*encoders, *missing_t5),
        tokenizers=(*tokenizers, *missing_t5),
        scheduler_config=_scheduler(description, configs["scheduler"]),
        prediction=description.prediction or "epsilon",
        latent_channels=description.latent_channels or 4,
        name=description.name,
        force_zeros_for_empty_prompt=family == "sdxl",
    )


def check_loadable(description: ModelDescription, *, has_vae: bool) -> None:
    """Raise ModelError if this single file cannot be painted with, before anything large is read."""
    if description.family not in _ENCODERS or description.branch == "refiner":
        said = "SDXL refiners" if description.branch == "refiner" else f"{description.family_name} in a single file"
        raise ModelError(f"{said} cannot be painted with yet", hint="Use a diffusers folder of this model.")
    if len(description.text_encoders) < len(_ENCODERS[description.family]):
        raise ModelError(
            f"{description.path.name} holds a denoiser without its text encoders",
            hint="Use the full checkpoint or the diffusers folder of this model.",
        )
    if "vae" not in description.components and not has_vae:
        raise ModelError(f"{description.path.name} holds no VAE", hint="Choose one with --vae.")


def family_configs(family: str, folder: Path | None = None) -> dict[str, Any]:
    """The configurations of a family's parts: ours, or those of a folder in diffusers' layout
    (``unet/config.json`` ...) for a model of unusual size."""
    text = resources.files("underpaint.engine.families").joinpath("configs", f"{family}.json").read_text("utf-8")
    configs: dict[str, Any] = json.loads(text)
    if folder is None:
        return configs
    denoiser = "transformer" if (folder / "transformer").is_dir() else "unet"
    found = {"scheduler": read_json(folder / "scheduler" / "scheduler_config.json")}
    for part in configs:
        if part != "scheduler":
            found[part] = read_json(folder / (denoiser if part == "denoiser" else part) / "config.json")
    return found


def vae_from(tensors: Mapping[str, Tensor], config: Mapping[str, Any], dtype: torch.dtype) -> nn.Module:
    """An `AutoencoderKL` from tensors in the original or in diffusers' layout; other tensors among them are
    ignored.

    Raises:
        ModelError: weights are missing or of another shape.
    """
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    parts = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.")
    prefix = next(name for name in VAE_PREFIXES if f"{name}decoder.conv_in.weight" in tensors or not name)
    own = {
        key.removeprefix(prefix): value
        for key, value in tensors.items()
        if key.startswith(tuple(prefix + part for part in parts))
    }
    if not any(key.startswith("decoder.up_blocks.") for key in own):
        own = ldm.convert_ldm_vae_checkpoint(own, config)
    module: nn.Module = build(lambda: AutoencoderKL.from_config(dict(config)), own, dtype=dtype, what="the VAE")
    return module


def _denoiser(
    tensors: Mapping[str, Tensor],
    description: ModelDescription,
    config: Mapping[str, Any],
    dtype: torch.dtype,
) -> nn.Module:
    bare = any(key.startswith(DENOISER) for key in tensors)
    own = {key: value for key, value in tensors.items() if key.startswith(DENOISER) or not bare}
    module: nn.Module
    if description.family == "sd3":
        from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

        own = {key.removeprefix(DENOISER): value for key, value in own.items()}
        sized = _sd3_config(own, config)
        converted = ldm.convert_sd3_transformer_checkpoint_to_diffusers(own)
        make = lambda: SD3Transformer2DModel.from_config(sized)  # noqa: E731
        module = build(make, converted, dtype=dtype, what="the denoiser")
    else:
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

        sized = {**config, "in_channels": description.channels_in or config["in_channels"]}
        converted = ldm.convert_ldm_unet_checkpoint(own, sized)
        make = lambda: UNet2DConditionModel.from_config(sized)  # noqa: E731
        module = build(make, converted, dtype=dtype, what="the denoiser")
    return module


def _sd3_config(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, Any]:
    """SD 3 and 3.5 in their sizes: depth, width and the second attention are read off the shapes."""
    layers = 1 + max(int(match[1]) for key in tensors if (match := re.match(r"joint_blocks\.(\d+)\.", key)))
    width = tensors["x_embedder.proj.weight"].shape[0]
    twice = sorted({int(key.split(".")[1]) for key in tensors if ".x_block.attn2.qkv.weight" in key})
    normed = any(".attn.ln_q." in key for key in tensors)
    return {
        **config,
        "num_layers": layers,
        "num_attention_heads": width // int(config["attention_head_dim"]),
        "caption_projection_dim": width,
        "pos_embed_max_size": math.isqrt(tensors["pos_embed"].shape[1]),
        "dual_attention_layers": tuple(twice),
        "qk_norm": "rms_norm" if normed else None,
    }


def _text_encoder(
    tensors: Mapping[str, Tensor], encoder: _Encoder, config: Mapping[str, Any], dtype: torch.dtype
) -> Any:
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    make = CLIPTextModelWithProjection if encoder.projected else CLIPTextModel
    settings = CLIPTextConfig(**{key: value for key, value in config.items() if not key.startswith("_")})
    own = {key: value for key, value in tensors.items() if key.startswith(encoder.prefix)}
    if encoder.open_clip:
        flat = _OpenClip(settings)
        converted = ldm.convert_open_clip_checkpoint(flat, own, prefix=encoder.prefix)
    else:
        converted = {key.removeprefix(encoder.prefix): value for key, value in own.items()}
    converted = {key: value for key, value in converted.items() if not key.endswith("position_ids")}
    bare = {key.removeprefix("text_model."): value for key, value in converted.items()}
    if not encoder.projected:
        bare.pop("text_projection.weight", None)
        bare.pop("logit_scale", None)
    elif "text_projection.weight" not in bare:
        bare["text_projection.weight"] = torch.eye(int(settings.projection_dim), int(settings.hidden_size))
    if encoder.projected:
        bare = {key if key.startswith("text_projection") else f"text_model.{key}": value for key, value in bare.items()}
    # Checkpoints of SD 2 carry one layer more than is used.
    last = f"encoder.layers.{settings.num_hidden_layers}."
    bare = {key: value for key, value in bare.items() if last not in key}
    return build(lambda: make(settings), bare, dtype=dtype, what=encoder.part.replace("_", " "))


@dataclass(frozen=True)
class _OpenClip:
    """All that the conversion of an OpenCLIP encoder asks of a model: its configuration."""

    config: Any


def _scheduler(description: ModelDescription, config: Mapping[str, Any]) -> dict[str, Any]:
    if description.prediction == "flow":
        return dict(config)
    changed = {
        **config,
        "prediction_type": description.prediction or config.get("prediction_type", "epsilon"),
    }
    if description.zero_terminal_snr:  # Lin et al. 2023: then sampling must begin at the very end
        changed |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    return changed
