"""Loading diffusers folders part by part, each by a class of ours or theirs from a fixed table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from underpaint.engine.components import Components
from underpaint.engine.families.building import Dtypes, build, read_tensors, vae_dtype
from underpaint.engine.families.tokenizing import load_tokenizer
from underpaint.errors import ModelError
from underpaint.models.description import ModelDescription
from underpaint.models.folders import component_weights
from underpaint.models.header import read_header, read_json
from underpaint.models.primer import check_files


def _unet() -> Any:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    return UNet2DConditionModel


def _patched() -> Any:
    from underpaint.engine.families.unet_patched import UNetPatched

    return UNetPatched


def _sd3() -> Any:
    from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

    return SD3Transformer2DModel


def _flux() -> Any:
    from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    return FluxTransformer2DModel


def _kl() -> Any:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    return AutoencoderKL


def _tiny() -> Any:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

    return AutoencoderTiny


def _unshuffle() -> Any:
    from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle

    return AutoencoderUnshuffle


def _adapter() -> Any:
    from diffusers.models.adapter import T2IAdapter

    return T2IAdapter


def _controlnet() -> Any:
    from diffusers.models.controlnets.controlnet import ControlNetModel

    return ControlNetModel


def _union() -> Any:
    from diffusers.models.controlnets.controlnet_union import ControlNetUnionModel

    return ControlNetUnionModel


CLASSES: dict[str, Callable[[], Any]] = {
    "UNet2DConditionModel": _unet, "UNetPatched": _patched, "SD3Transformer2DModel": _sd3,
    "FluxTransformer2DModel": _flux, "AutoencoderKL": _kl, "AutoencoderTiny": _tiny,
    "AutoencoderUnshuffle": _unshuffle, "T2IAdapter": _adapter,
    "ControlNetModel": _controlnet, "ControlNetUnionModel": _union,
}  # fmt: skip


def load_folder_components(description: ModelDescription, *, dtypes: Dtypes, vae: nn.Module | None) -> Components:
    """The components of a diffusers folder; `vae` takes the place of the folder's own.

    Raises:
        ModelError: a part is missing, damaged, a pickle, or of a class Underpaint does not know.
    """
    folder, family = description.path, description.family or "sd"
    check_files(folder)
    index = read_json(folder / "model_index.json")
    denoiser = "transformer" if family in ("sd3", "flux") else "unet"
    names = ["text_encoder", *(["text_encoder_2"] if family != "sd" and family != "sd2" else [])]
    names += ["text_encoder_3"] if family == "sd3" else []
    encoders = tuple(_text_encoder(folder, name, index, dtypes.text) for name in names)
    tokenizers = tuple(
        _tokenizer(folder, name.replace("text_encoder", "tokenizer"), encoder)
        for name, encoder in zip(names, encoders, strict=True)
    )
    tiny = folder / "tiny_vae"
    return Components(
        family=family,
        denoiser=load_part(folder / denoiser, dtype=dtypes.denoiser),
        vae=vae if vae is not None else _own_vae(folder / "vae", family, dtypes.vae),
        text_encoders=encoders,
        tokenizers=tokenizers,
        scheduler_config=read_json(folder / "scheduler" / "scheduler_config.json"),
        prediction=description.prediction or "epsilon",
        tiny_decoder=load_part(tiny, dtype=dtypes.vae) if tiny.is_dir() else None,
        latent_channels=description.latent_channels or 4,
        latent_scale=description.latent_scale,
        size_step=description.size_step,
        name=description.name,
        force_zeros_for_empty_prompt=bool(index.get("force_zeros_for_empty_prompt", family == "sdxl")),
    )


def _own_vae(folder: Path, family: str, dtype: torch.dtype) -> nn.Module:
    return load_part(folder, dtype=vae_dtype(read_json(folder / "config.json"), family, dtype))


def load_part(folder: Path, *, dtype: torch.dtype) -> nn.Module:
    """One part of a diffusers folder: its class from its ``config.json``, its weights from safetensors, all
    or nothing.

    Raises:
        ModelError: the class is not in our table, or weights are missing, left over, damaged or pickled.
    """
    config = read_json(folder / "config.json")
    name = str(config.get("_class_name", ""))
    if name not in CLASSES:
        raise ModelError(
            f"{folder} holds a '{name:.60}', which Underpaint does not know",
            hint="Only known classes are loaded; code inside model folders is never run.",
        )
    made = CLASSES[name]()
    files, _ = component_weights(folder)
    if name == "AutoencoderKL":
        return _old_attention(files, made, config, dtype)
    module: nn.Module = build(lambda: made.from_config(config), read_tensors(files), dtype=dtype, what=folder.name)
    return module


def _old_attention(files: list[Path], made: Any, config: dict[str, Any], dtype: torch.dtype) -> nn.Module:
    """VAEs saved before diffusers 0.18 call the parts of their attention by other names."""
    renamed = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
    tensors = {}
    for key, value in read_tensors(files).items():
        parts = key.rsplit(".", 2)
        if "attentions" in key and parts[-2] in renamed:
            key = f"{parts[0]}.{renamed[parts[-2]]}.{parts[-1]}"
        tensors[key] = value
    module: nn.Module = build(lambda: made.from_config(config), tensors, dtype=dtype, what="the VAE")
    return module


def _text_encoder(folder: Path, name: str, index: dict[str, Any], dtype: torch.dtype) -> nn.Module | None:
    if index.get(name, [None])[0] is None or not (folder / name).is_dir():
        if name == "text_encoder_3":
            return None  # SD 3 paints without T5, with less text understood
        raise ModelError(f"the model folder {folder} has no {name}", hint="Download the whole folder again.")
    config = read_json(folder / name / "config.json")
    kind = str((config.get("architectures") or [""])[0])
    if "T5" in kind:
        from transformers import T5EncoderModel as Encoder
    elif kind == "CLIPTextModelWithProjection":
        from transformers.models.clip.modeling_clip import CLIPTextModelWithProjection as Encoder
    elif kind in ("CLIPTextModel", "CLIPModel"):
        from transformers.models.clip.modeling_clip import CLIPTextModel as Encoder
    else:
        raise ModelError(f"{folder / name} holds a '{kind:.60}', which Underpaint does not know")
    files, variant = component_weights(folder / name)
    for path in files:
        read_header(path)
    return from_pretrained(Encoder, folder / name, variant, dtype)


def from_pretrained(encoder: Any, folder: Path, variant: str | None, dtype: torch.dtype) -> nn.Module:
    """Through transformers, which renames the weights of its own older versions."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        module, told = encoder.from_pretrained(
            str(folder),
            dtype=dtype,
            variant=variant,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{folder} cannot be loaded ({reason:.160})", hint="Download the folder again.") from error
    missing = sorted(told["missing_keys"])
    if missing:
        raise ModelError(
            f"{len(missing)} weights of {folder.name} are missing, such as {missing[0]}",
            hint="Download the folder again.",
        )
    return module.eval().requires_grad_(False)


def _tokenizer(folder: Path, name: str, encoder: nn.Module | None) -> Any:
    return load_tokenizer(folder / name) if encoder is not None else None
