"""The weights in the package: small enough, whole, in diffusers' layout, and able to paint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, T2IAdapter

from underpaint.models.primer import primer_folder
from underpaint.primer.config import LimitsConfig

pytestmark = pytest.mark.skipif(
    not (primer_folder() / "model_index.json").is_file(), reason="the weights are not in this checkout"
)


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    made = StableDiffusionPipeline.from_pretrained(primer_folder(), torch_dtype=torch.float32)
    made.set_progress_bar_config(disable=True)
    return made


def test_the_folder_is_within_its_budget() -> None:
    sizes = [path.stat().st_size for path in primer_folder().rglob("*") if path.is_file()]
    assert sum(sizes) <= LimitsConfig().folder
    assert max(sizes) < LimitsConfig().file


def test_the_vocabulary_has_two_to_four_thousand_tokens(pipeline: StableDiffusionPipeline) -> None:
    assert 2000 <= len(pipeline.tokenizer) <= 4000
    assert pipeline.text_encoder.config.vocab_size == len(pipeline.tokenizer)


def test_the_card_beside_the_weights_tells_the_truth(pipeline: StableDiffusionPipeline) -> None:
    card = json.loads((primer_folder() / "primer.json").read_text())
    for part, name in (("unet", "unet"), ("vae", "vae"), ("text_encoder", "text_encoder")):
        module = getattr(pipeline, name)
        assert card["parameters"][part] == sum(p.numel() for p in module.parameters())
    assert card["defaults"]["sampler"] == "ddim"
    assert pipeline.vae_scale_factor == 8


def test_it_can_paint_a_dark_and_a_light_picture(pipeline: StableDiffusionPipeline) -> None:
    """Zero terminal signal-to-noise is what lets a night be dark."""
    prompts = ["black cat, in a town, at night, low key", "white rabbit, plain background, at noon, high key"]
    painted = pipeline(
        prompts, num_inference_steps=8, guidance_scale=4.0, height=256, width=256, output_type="np",
        generator=torch.Generator().manual_seed(1),
    ).images  # fmt: skip
    night, noon = (float(picture.mean()) for picture in painted)
    assert night < 0.4 < 0.55 < noon


def test_the_line_adapter_fits_the_denoiser(pipeline: StableDiffusionPipeline) -> None:
    adapter = T2IAdapter.from_pretrained(primer_folder() / "adapter_line")
    features = adapter(torch.zeros(1, 1, 192, 320))
    widths = pipeline.unet.config.block_out_channels
    # The denoiser's first level sees patches of 2x2 latents, sixteen pixels a side.
    assert [tuple(f.shape) for f in features] == [(1, w, 12 // 2**i, 20 // 2**i) for i, w in enumerate(widths)]


def test_no_weight_is_broken(pipeline: StableDiffusionPipeline) -> None:
    for module in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        for name, value in module.state_dict().items():
            assert bool(torch.isfinite(value).all()), name
    picture = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(1, 64, 64, 3)
    given = torch.from_numpy(picture).permute(0, 3, 1, 2) * 2 - 1
    with torch.no_grad():
        again = pipeline.vae(given).sample
    assert float((again - given).abs().mean()) < 0.15


def test_files_are_plain_tensors() -> None:
    names = {Path(p).suffix for p in primer_folder().rglob("*") if p.is_file()}
    assert names <= {".json", ".txt", ".safetensors"}
