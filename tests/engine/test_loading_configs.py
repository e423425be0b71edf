"""The configurations we wrote for single files: each part has exactly as many weights as the published models."""

import pytest
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, SD3Transformer2DModel, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from underpaint.engine.families.single_file import family_configs

CLIP_L, CLIP_H, CLIP_G = 123_060_480, 340_387_840, 694_659_840
VAE, VAE_16 = 83_653_863, 83_819_683


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        ("sd", {"denoiser": 859_520_964, "vae": VAE, "text_encoder": CLIP_L}),
        ("sd2", {"denoiser": 865_910_724, "vae": VAE, "text_encoder": CLIP_H}),
        ("sdxl", {"denoiser": 2_567_463_684, "vae": VAE, "text_encoder": CLIP_L, "text_encoder_2": CLIP_G}),
        ("sd3", {"denoiser": 2_028_328_000, "vae": VAE_16, "text_encoder_2": CLIP_G}),
    ],
)
def test_sizes_of_the_published_models(family: str, counts: dict[str, int]) -> None:
    configs = family_configs(family)
    for part, wanted in counts.items():
        config = configs[part]
        with init_empty_weights():
            if part.startswith("text_encoder"):
                kind = CLIPTextModelWithProjection if config["projection_dim"] == 1280 else CLIPTextModel
                module = kind(CLIPTextConfig(**config))
            else:
                unet = SD3Transformer2DModel if family == "sd3" else UNet2DConditionModel
                module = (AutoencoderKL if part == "vae" else unet).from_config(config)
        assert sum(weight.numel() for weight in module.parameters()) == wanted, part
