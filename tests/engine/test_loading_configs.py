"""The configurations we wrote for single files: each part has exactly as many weights as the published models."""

import pytest
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, SD3Transformer2DModel, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from underpaint.engine.families.original_names import original_names
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
        config = configs[part] | ({"pos_embed_max_size": 8} if part == "denoiser" and family == "sd3" else {})
        with init_empty_weights():
            if part.startswith("text_encoder"):
                kind = CLIPTextModelWithProjection if config["projection_dim"] == 1280 else CLIPTextModel
                module = kind(CLIPTextConfig(**config))
            else:
                unet = SD3Transformer2DModel if family == "sd3" else UNet2DConditionModel
                module = (AutoencoderKL if part == "vae" else unet).from_config(config)
        assert sum(weight.numel() for weight in module.parameters()) == wanted, part


@pytest.mark.parametrize(
    ("family", "known"),
    [
        (
            "sd",
            {
                "down_blocks.0.downsamplers.0.conv.weight": "input_blocks.3.0.op.weight",
                "down_blocks.2.resnets.0.conv_shortcut.weight": "input_blocks.7.0.skip_connection.weight",
                "down_blocks.3.resnets.1.time_emb_proj.bias": "input_blocks.11.0.emb_layers.1.bias",
                "mid_block.attentions.0.proj_in.weight": "middle_block.1.proj_in.weight",
                "mid_block.resnets.1.conv2.bias": "middle_block.2.out_layers.3.bias",
                "up_blocks.0.upsamplers.0.conv.weight": "output_blocks.2.1.conv.weight",
                "up_blocks.2.upsamplers.0.conv.weight": "output_blocks.8.2.conv.weight",
                "up_blocks.3.attentions.2.proj_out.bias": "output_blocks.11.1.proj_out.bias",
                "conv_out.weight": "out.2.weight",
            },
        ),
        (
            "sdxl",
            {
                "down_blocks.1.attentions.0.transformer_blocks.1.attn2.to_k.weight": (
                    "input_blocks.4.1.transformer_blocks.1.attn2.to_k.weight"
                ),
                "up_blocks.0.attentions.0.proj_in.weight": "output_blocks.0.1.proj_in.weight",
                "up_blocks.2.resnets.2.conv_shortcut.weight": "output_blocks.8.0.skip_connection.weight",
                "add_embedding.linear_2.weight": "label_emb.0.2.weight",
            },
        ),
    ],
)
def test_names_in_the_published_files(family: str, known: dict[str, str]) -> None:
    with init_empty_weights():
        unet = UNet2DConditionModel.from_config(family_configs(family)["denoiser"])
    names = original_names(unet.state_dict(), unet.config)
    assert names.keys() == unet.state_dict().keys()
    assert len(set(names.values())) == len(names)
    assert {ours: names[ours] for ours in known} == known
