"""Recognising whole checkpoints and their parts (denoiser, VAE, text encoders) in single safetensors files.

Each recogniser takes a header and returns a description or None; `RECOGNISERS` is tried in order, by keys
first and shapes second, so that a model of unusual width is still known by its layout.
"""

import re
from collections.abc import Callable

from underpaint.models.adapters import recognise_adapter
from underpaint.models.description import Family, ModelDescription, TextEncoder
from underpaint.models.families import CONTEXT_FAMILIES, FAMILIES
from underpaint.models.header import Header
from underpaint.models.origin import Origin, origin_of_checkpoint
from underpaint.models.prediction import decide_for_file

DENOISER = "model.diffusion_model."
VAE_PREFIXES = ("first_stage_model.", "vae.", "")
_TEXT_PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("clip_l", "cond_stage_model.transformer.", "encoder.layers."),
    ("clip_h", "cond_stage_model.model.", "transformer.resblocks."),
    ("clip_l", "conditioner.embedders.0.transformer.", "encoder.layers."),
    ("clip_g", "conditioner.embedders.0.model.", "transformer.resblocks."),
    ("clip_g", "conditioner.embedders.1.model.", "transformer.resblocks."),
    ("clip_l", "text_encoders.clip_l.transformer.", "encoder.layers."),
    ("clip_g", "text_encoders.clip_g.transformer.", "encoder.layers."),
    ("t5", "text_encoders.t5xxl.transformer.", "encoder.block."),
)
_DISTILLED = re.compile(r"lightning|turbo|hyper|(?<![a-z])lcm(?![a-z])|schnell", re.IGNORECASE)
_TO_K = re.compile(r"attn2\.to_k\.weight$")


def recognise_unet_checkpoint(header: Header) -> ModelDescription | None:
    """SD 1.x, SD 2.x and SDXL in the original (LDM) layout, with or without VAE and text encoders."""
    prefix = DENOISER if header.shape(f"{DENOISER}input_blocks.0.0.weight") else ""
    first = header.shape(f"{prefix}input_blocks.0.0.weight")
    if first is None or len(first) != 4 or any(key.startswith("control_model.") for key in header.tensors):
        return None
    encoders = text_encoders(header)
    width = context_width(header)
    family = _unet_family(header, width, prefix)
    out = header.shape(f"{prefix}out.2.weight")
    refiner = "conditioner.embedders.0.model.text_projection" in header.tensors
    return checkpoint(
        header,
        family,
        encoders,
        channels_in=first[1],
        context_width=width,
        latent_channels=out[0] if out else FAMILIES[family].latent_channels,
        origin=Origin("refiner", "the layout of the file") if refiner else origin_of_checkpoint(header),
    )


def recognise_transformer_checkpoint(header: Header) -> ModelDescription | None:
    """SD 3 and Flux in the original layout, with or without VAE and text encoders."""
    for prefix in (DENOISER, ""):
        if header.shape(f"{prefix}joint_blocks.0.x_block.attn.qkv.weight"):
            family: Family = "sd3"
        elif header.shape(f"{prefix}double_blocks.0.img_attn.qkv.weight"):
            family = "flux"
        else:
            continue
        guided = family != "flux" or f"{prefix}guidance_in.in_layer.weight" in header.tensors
        found = checkpoint(header, family, text_encoders(header), latent_channels=FAMILIES[family].latent_channels)
        return (
            found
            if guided
            else found.with_(default_steps=4, default_guidance=1.0, supports=found.supports - {"embedded_guidance"})
        )
    return None


def recognise_vae(header: Header) -> ModelDescription | None:
    """A variational autoencoder on its own, in the original or in diffusers' layout."""
    for prefix in VAE_PREFIXES:
        inner = header.shape(f"{prefix}decoder.conv_in.weight")
        if inner is None or len(inner) != 4:
            continue
        ldm = any(key.startswith(f"{prefix}decoder.up.") for key in header.tensors)
        if ldm or any(key.startswith("decoder.up_blocks.") for key in header.tensors):
            # The VAEs of SD and SDXL have the same shapes and differ only in scale, which the name may tell.
            family: Family | None = "sdxl" if re.search(r"xl", header.path.stem, re.IGNORECASE) else None
            return plain(header, "vae", "ldm" if ldm else "component").with_(
                family=family if inner[1] == 4 else None, latent_channels=inner[1], components=("vae",)
            )
    return None


def recognise_tiny_vae(header: Header) -> ModelDescription | None:
    """A tiny autoencoder (TAESD and its kin) in diffusers' layout."""
    first = header.shape("decoder.layers.0.weight")
    if first is None or len(first) != 4:
        return None
    return plain(header, "tiny_vae", "component").with_(latent_channels=first[1], components=("vae",))


def recognise_text_encoder(header: Header) -> ModelDescription | None:
    """A CLIP or T5 text encoder on its own."""
    for key in (
        "text_model.embeddings.token_embedding.weight",
        "encoder.block.0.layer.0.SelfAttention.q.weight",
    ):
        shape = header.shape(key)
        if shape:
            name = "t5" if key.startswith("encoder.block") else {768: "clip_l", 1280: "clip_g"}.get(shape[-1], "clip")
            encoder = TextEncoder(name=name, width=shape[-1])
            return plain(header, "text_encoder", "component").with_(text_encoders=(encoder,))
    return None


def recognise_upscaler(header: Header) -> ModelDescription | None:
    """An ESRGAN-like upscaler, old or new names."""
    marks = (
        "model.1.sub.0.RDB1.conv1.0.weight",
        "RRDB_trunk.0.RDB1.conv1.weight",
        "body.0.rdb1.conv1.weight",
    )
    if any(mark in header.tensors for mark in marks):
        return plain(header, "upscaler", "tensors")
    return None


RECOGNISERS: tuple[Callable[[Header], ModelDescription | None], ...] = (
    recognise_adapter,
    recognise_unet_checkpoint,
    recognise_transformer_checkpoint,
    recognise_tiny_vae,
    recognise_vae,
    recognise_upscaler,
    recognise_text_encoder,
)


def plain(header: Header, kind: str, layout: str) -> ModelDescription:
    """A description with what any header tells."""
    return ModelDescription.model_validate(
        {
            "name": header.path.stem,
            "path": header.path,
            "kind": kind,
            "layout": layout,
            "dtype": header.dtype,
            "parameters": header.parameters,
            "file_bytes": header.file_bytes,
        }
    )


def checkpoint(
    header: Header,
    family: Family,
    encoders: tuple[TextEncoder, ...],
    *,
    latent_channels: int,
    channels_in: int | None = None,
    context_width: int | None = None,
    origin: Origin | None = None,
) -> ModelDescription:
    """A checkpoint's description: its family's facts, then what this file adds to them."""
    facts, decided = FAMILIES[family], decide_for_file(header, family)
    parts = ["denoiser", *(["vae"] if _has_vae(header) else []), *(["text_encoders"] if encoders else [])]
    notes, steps, guidance, side = [], facts.steps, facts.guidance, facts.side
    if family == "sd2" and decided.prediction == "epsilon":
        side = 512
    if _DISTILLED.search(header.path.stem):
        steps, guidance = 6, 1.5
        notes.append("by its name this is a distilled model: few steps, low guidance")
    supports = facts.supports | ({"fill_channels"} if channels_in == latent_channels * 2 + 1 else frozenset())
    return plain(header, "checkpoint", "ldm").with_(
        family=family,
        branch=origin.branch if origin else "",
        branch_said=origin.branch_said if origin else "",
        prediction=decided.prediction,
        prediction_said=decided.said,
        zero_terminal_snr=decided.zero_terminal_snr,
        native_area=side * side,
        default_width=side,
        default_height=side,
        size_step=facts.size_step,
        latent_channels=latent_channels,
        channels_in=channels_in or latent_channels,
        context_width=context_width,
        default_steps=steps,
        default_guidance=guidance,
        default_sampler=facts.sampler,
        default_schedule=facts.schedule,
        text_encoders=encoders,
        components=tuple(parts),
        supports=supports,
        notes=tuple(notes),
    )


def text_encoders(header: Header) -> tuple[TextEncoder, ...]:
    """The text encoders that a checkpoint brings, in the order the denoiser reads them."""
    found = []
    for name, prefix, layer in _TEXT_PREFIXES:
        keys = [key.removeprefix(prefix) for key in header.tensors if key.startswith(prefix)]
        if not keys:
            continue
        embedding = next((key for key in keys if key.endswith(("token_embedding.weight", "shared.weight"))), None)
        shape = header.shape(prefix + embedding) if embedding else None
        layers = {match[1] for key in keys if (match := re.search(re.escape(layer) + r"(\d+)\.", key))}
        found.append(TextEncoder(name=name, width=shape[-1] if shape else 0, layers=len(layers)))
    return tuple(found)


def context_width(header: Header) -> int | None:
    """The width of the text features that a denoiser's cross-attention reads."""
    for key, tensor in header.tensors.items():
        if _TO_K.search(key) and len(tensor.shape) == 2:
            return tensor.shape[1]
    return None


def _unet_family(header: Header, width: int | None, prefix: str) -> Family:
    keys = header.tensors
    if any(key.startswith("conditioner.embedders.") for key in keys):
        return "sdxl"
    if any(key.startswith("cond_stage_model.model.") for key in keys):
        return "sd2"
    if any(key.startswith("cond_stage_model.transformer.") for key in keys):
        return "sd"
    if f"{prefix}label_emb.0.0.weight" in keys:
        return "sdxl"
    return CONTEXT_FAMILIES.get(width or 0, "sd")


def _has_vae(header: Header) -> bool:
    return any(key.startswith(("first_stage_model.", "vae.")) for key in header.tensors)
