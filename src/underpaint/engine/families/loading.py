"""`load_components`: from what is known about a model to the model itself, from this disk only."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from underpaint.engine.components import Components, Prediction
from underpaint.errors import ModelError
from underpaint.models.description import ModelDescription
from underpaint.models.header import read_json

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from underpaint.engine.families.building import Dtypes, build, read_tensors, vae_dtype
from underpaint.engine.families.folder_loading import load_folder_components, load_part
from underpaint.engine.families.single_file import (
    check_loadable,
    family_configs,
    load_file_components,
    vae_from,
)


def load_components(
    description: ModelDescription,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | Dtypes = torch.float32,
    vae: ModelDescription | None = None,
    prediction: Prediction | None = None,
    config: Path | None = None,
) -> Components:
    """Load a checkpoint: a diffusers folder or a single file in the original layout.

    Args:
        description: what `describe` or `find` said.
        device: where the modules go. dtype: what their weights become, of all parts or of each (SDXL's VAE stays in
            fp32 under fp16, where it would overflow).
        vae: another VAE (or a tiny one) in place of the model's own.
        prediction: overrides what was decided about the model; without it, an undecided model takes one
        probing step. config: for a single file of unusual size, a folder in diffusers' layout with its
        configurations.

    Raises:
        ModelError: not a checkpoint, a part is missing or damaged, or the VAE is for other latents.
    """
    if description.kind != "checkpoint":
        raise ModelError(
            f"{description.path.name} is {description.kind_name}, not a model to paint with",
            hint="Choose a checkpoint with --model.",
        )
    _check_channels(description)
    load = _from_folder if description.layout == "diffusers" else _from_file
    loaded = load(description, Dtypes.of(dtype), vae, config)
    for module in loaded.modules():
        module.to(device)
    decided = prediction or description.prediction or _undecided(description, loaded)
    return loaded.with_(
        prediction=decided,
        scheduler_config=_agreeing(loaded.scheduler_config, decided),
        vae_hash=vae.sha256 if vae is not None else None,
    )


def _undecided(description: ModelDescription, loaded: Components) -> Prediction:
    if description.family not in ("sd", "sd2") or description.layout == "diffusers":
        raise ModelError(
            f"what {description.name} predicts is not known: {description.prediction_said}",
            hint="Say --prediction epsilon or --prediction v_prediction.",
            field="prediction",
        )
    return probe_prediction(loaded)


def _check_channels(description: ModelDescription) -> None:
    """Denoisers that see more than latents, or latents with mask and picture, need inputs that nobody here makes."""
    latent, channels = description.latent_channels, description.channels_in
    if latent is not None and channels not in (None, latent, 2 * latent + 1):
        raise ModelError(
            f"{description.name} takes {channels} channels, which Underpaint cannot fill: it may be made for depth "
            "maps or for instructions",
            hint="Choose an ordinary or an inpainting model.",
        )


def _from_folder(
    description: ModelDescription, dtypes: Dtypes, vae: ModelDescription | None, config: Path | None
) -> Components:
    base = read_json(description.path / "vae" / "config.json")
    return load_folder_components(description, dtypes=dtypes, vae=_chosen_vae(vae, description, base, dtypes.vae))


def _from_file(
    description: ModelDescription, dtypes: Dtypes, vae: ModelDescription | None, config: Path | None
) -> Components:
    check_loadable(description, has_vae=vae is not None)
    configs = family_configs(description.family or "sd", config)
    chosen = _chosen_vae(vae, description, configs["vae"], dtypes.vae)
    beside = (config / "tokenizer",) if config is not None else ()
    loaded = load_file_components(description, dtypes=dtypes, configs=configs, vae=chosen, beside=beside)
    scale = 2 ** (len(configs["vae"]["block_out_channels"]) - 1)
    return loaded.with_(latent_scale=scale, size_step=scale * description.size_step // description.latent_scale)


def _chosen_vae(
    vae: ModelDescription | None, description: ModelDescription, base: Mapping[str, Any], dtype: torch.dtype
) -> nn.Module | None:
    if vae is None:
        return None
    dtype = vae_dtype(base, description.family or "", dtype)
    return load_vae(vae, base=base, latent_channels=description.latent_channels, dtype=dtype)


def load_vae(
    description: ModelDescription, *, base: Mapping[str, Any], latent_channels: int | None, dtype: torch.dtype
) -> nn.Module:
    """A VAE to take the place of a model's own, whose configuration is `base`: a single VAE file does not say
    how its latents are scaled, so the model's own scale is kept.

    Raises:
        ModelError: it is no VAE, or for latents with another number of channels.
    """
    if description.kind not in ("vae", "tiny_vae"):
        raise ModelError(f"{description.path.name} is {description.kind_name}, not a VAE")
    if latent_channels is not None and description.latent_channels not in (None, latent_channels):
        raise ModelError(
            f"the VAE {description.name} is for latents of {description.latent_channels} channels, "
            f"the model has {latent_channels}",
            hint="Choose a VAE of the model's family.",
        )
    if description.layout == "diffusers":
        return load_part(description.path, dtype=dtype)
    tensors = read_tensors([description.path])
    if description.kind == "tiny_vae":
        return _tiny_vae(tensors, description.latent_channels or 4, dtype)
    if base.get("_class_name", "AutoencoderKL") != "AutoencoderKL":
        family = "sd" if description.latent_channels == 4 else "sd3"
        base = family_configs(family)["vae"]
    return vae_from(tensors, base, dtype)


@torch.no_grad()
def probe_prediction(components: Components) -> Prediction:
    """Decide between noise and velocity prediction by one step on pure noise without words.

    At the last timestep the latents are noise: a model that predicts noise gives them back, while one that
    predicts velocity answers with minus its guess of the picture, which has little to do with them.
    """
    denoiser = components.denoiser
    weight = next(denoiser.parameters())
    generator = torch.Generator().manual_seed(0)
    channels = components.denoiser_channels
    noise = torch.randn(1, components.latent_channels, 32, 32, generator=generator)
    sample = torch.nn.functional.pad(noise, (0, 0, 0, 0, 0, channels - noise.shape[1]))
    encoder = components.text_encoders[0]
    if encoder is None:
        return "epsilon"
    start, end = encoder.config.bos_token_id, encoder.config.eos_token_id
    words = torch.tensor([[start, *[end] * 76]], device=weight.device).clamp(0, encoder.config.vocab_size - 1)
    context = encoder(words[:, : encoder.config.max_position_embeddings]).last_hidden_state
    out = denoiser(
        sample.to(weight), torch.tensor([999], device=weight.device), encoder_hidden_states=context.to(weight)
    ).sample
    pair = torch.stack([out.float().flatten().cpu(), noise.flatten()])
    return "epsilon" if float(torch.corrcoef(pair)[0, 1]) > 0.5 else "v_prediction"


def _tiny_vae(tensors: Mapping[str, torch.Tensor], latent_channels: int, dtype: torch.dtype) -> nn.Module:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

    module: nn.Module = build(
        lambda: AutoencoderTiny(latent_channels=latent_channels), tensors, dtype=dtype, what="the tiny VAE"
    )
    return module


def _agreeing(config: Mapping[str, Any], prediction: Prediction) -> dict[str, Any]:
    """The scheduler's configuration, saying the same as the decision."""
    return dict(config) if prediction == "flow" else {**config, "prediction_type": prediction}
