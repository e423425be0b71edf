"""Tiny random models of the real classes, loaded: as the engine's components and as diffusers' own pipelines."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from kit.tiny_folders import SCHEDULER, save_tokenizer, tiny_clip, tiny_parts, tiny_vae
from transformers import CLIPTokenizer

from underpaint.engine.components import Components

LATENT_SCALE = 2
"""The tiny autoencoders have two levels: a latent cell is two pixels wide."""


@lru_cache(maxsize=1)
def tiny_tokenizer() -> CLIPTokenizer:
    with tempfile.TemporaryDirectory() as folder:
        save_tokenizer(Path(folder))
        return CLIPTokenizer.from_pretrained(folder)


def tiny_components(family: str = "sd", *, channels_in: int = 4, prediction: str = "", seed: int = 0,
                    **scheduler: Any) -> Components:
    """A tiny model; `scheduler` changes its scheduler configuration."""
    if family in ("sd3", "flux"):
        return _tiny_flow(family, seed, scheduler)
    parts = tiny_parts(family, channels_in=channels_in, seed=seed)
    encoders = tuple(parts[name] for name in ("text_encoder", "text_encoder_2") if name in parts)
    default = "v_prediction" if family == "sd2" else "epsilon"
    settings = {**SCHEDULER, "prediction_type": prediction or default, **scheduler}
    config = dict(DDIMScheduler.from_config(settings).config)
    return Components(
        family=family, denoiser=parts["unet"], vae=parts["vae"], text_encoders=encoders,
        tokenizers=(tiny_tokenizer(),) * len(encoders), scheduler_config=config, prediction=prediction or default,
        latent_scale=LATENT_SCALE, size_step=4,
    )


def _tiny_flow(family: str, seed: int, scheduler: dict[str, Any]) -> Components:
    torch.manual_seed(seed)
    vae = tiny_vae()
    vae.register_to_config(shift_factor=0.06, scaling_factor=1.5)
    shifting = {"use_dynamic_shifting": True} if family == "flux" else {"shift": 3.0}
    config = dict(FlowMatchEulerDiscreteScheduler(**shifting, **scheduler).config)
    if family == "sd3":
        denoiser = SD3Transformer2DModel(
            sample_size=16, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=4,
            joint_attention_dim=96, caption_projection_dim=32, pooled_projection_dim=80, out_channels=4,
            pos_embed_max_size=32)
        encoders = (tiny_clip(32, projected=True), tiny_clip(48, projected=True, act="gelu"), None)
        tokenizers = (tiny_tokenizer(), tiny_tokenizer(), None)
    else:
        denoiser = FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8),
            guidance_embeds=True)
        encoders, tokenizers = (tiny_clip(32), _t5()), (tiny_tokenizer(), tiny_tokenizer())
    with torch.no_grad():
        for weight in denoiser.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    return Components(
        family=family, denoiser=denoiser.eval(), vae=vae, text_encoders=encoders, tokenizers=tokenizers,
        scheduler_config=config, prediction="flow", latent_scale=LATENT_SCALE, size_step=4,
    )


def _t5() -> torch.nn.Module:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=len(tiny_tokenizer()), d_model=32, d_kv=8, d_ff=64, num_layers=1,
                                   num_heads=4)).eval()


def tiny_pipeline(components: Components, scheduler: Any, kind: Any = None) -> Any:
    """diffusers' pipeline over the same modules."""
    kind = kind or {"sd": StableDiffusionPipeline, "sd2": StableDiffusionPipeline,
                    "sdxl": StableDiffusionXLPipeline, "sd3": StableDiffusion3Pipeline,
                    "flux": FluxPipeline}[components.family]
    parts: dict[str, Any] = {"vae": components.vae, "scheduler": scheduler}
    parts["transformer" if components.is_flow else "unet"] = components.denoiser
    for index, (encoder, tokenizer) in enumerate(zip(components.text_encoders, components.tokenizers, strict=True)):
        name = "" if index == 0 else f"_{index + 1}"
        parts |= {f"text_encoder{name}": encoder, f"tokenizer{name}": tokenizer}
    if components.family in ("sd", "sd2"):
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    if components.family == "sdxl":
        parts |= {"force_zeros_for_empty_prompt": components.force_zeros_for_empty_prompt}
        if "Inpaint" not in kind.__name__:
            parts["add_watermarker"] = False
    pipeline = kind(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
