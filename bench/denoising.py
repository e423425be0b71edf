"""One denoising run, ours and diffusers' bare way, over the same UNet: what the step and loop measurements compare."""

from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from torch import Tensor, nn

from underpaint.engine.asking import Asker
from underpaint.engine.components import Components
from underpaint.engine.families.adapter import make_adapter
from underpaint.engine.families.schedulers import SamplerSettings, make_sampler
from underpaint.engine.guidance import make_guidance
from underpaint.engine.loop import denoise
from underpaint.engine.noise import make_source
from underpaint.engine.shortage import Fallbacks
from underpaint.engine.words import PartOverTime, WordsOverTime
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule

BETAS = {"_class_name": "EulerDiscreteScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085,
         "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1, "timestep_spacing": "linspace"}


class Words(nn.Module):
    """Stands in for a text encoder: the words are given as features."""

    config = type("config", (), {"max_position_embeddings": 77})


class Tokenizer:
    """Stands in for a tokenizer."""

    model_max_length = 77


def ours(unet: UNet2DConditionModel, words: Tensor, size: int, steps: int) -> Tensor:
    """Paint with the engine's own loop, in the UNet's precision."""
    parts = Components("sd", unet, nn.Identity(), (Words(),), (Tokenizer(),), BETAS, "epsilon")
    shape, device = (1, 4, size, size), torch.device("cpu")
    source = make_source("cpu", 1)
    settings = SamplerSettings(resolve_sampler("euler")[0], resolve_schedule("automatic"), steps)
    sampler = make_sampler(parts, settings, source, shape, device)
    told = [PartOverTime(1.0, ((steps, {"encoder_hidden_states": row[None]}),)) for row in words]
    asker = Asker(make_adapter(parts), WordsOverTime((told[1],), told[0]), sampler.timestep, [],
                  Fallbacks(parts, device, unet.dtype))
    return denoise(asker, sampler, source.draw(shape) * sampler.start_sigma, make_guidance("cfg", 7.5))


@torch.no_grad()
def bare(unet: UNet2DConditionModel, words: Tensor, size: int, steps: int) -> Tensor:
    """The loop as diffusers' documentation writes it, with nothing around it."""
    scheduler: Any = EulerDiscreteScheduler.from_config(BETAS)
    scheduler.set_timesteps(steps)
    scheduler.set_begin_index(0)
    latents = torch.randn((1, 4, size, size), generator=torch.Generator().manual_seed(1)) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(torch.cat([latents] * 2), timestep)
        said = unet(scaled.to(unet.dtype), timestep, encoder_hidden_states=words, return_dict=False)[0].float()
        negative, positive = said.chunk(2)
        latents = scheduler.step(negative + 7.5 * (positive - negative), timestep, latents, return_dict=False)[0]
    return latents
