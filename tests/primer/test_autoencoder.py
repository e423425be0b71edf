"""The drop-in autoencoder: AutoencoderKL's interface, any multiple of eight, the same after a round trip to disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.image_processor import VaeImageProcessor

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.primer.autoencoder import edge_loss, picture_tensor


@pytest.fixture(scope="module")
def small() -> AutoencoderUnshuffle:
    torch.manual_seed(0)
    widths, blocks = (8, 16), (1, 1)
    return AutoencoderUnshuffle(
        encoder_widths=widths, decoder_widths=widths, encoder_blocks=blocks, decoder_blocks=blocks,
        scaling_factor=0.75,
    ).eval()  # fmt: skip


@pytest.mark.parametrize("size", [(64, 64), (32, 96), (8, 8), (72, 40)])
def test_shapes(small: AutoencoderUnshuffle, size: tuple[int, int]) -> None:
    height, width = size
    with torch.no_grad():
        posterior = small.encode(torch.zeros(2, 3, height, width)).latent_dist
        assert posterior.mode().shape == (2, 8, height // 8, width // 8)
        assert small.decode(posterior.mode()).sample.shape == (2, 3, height, width)
        assert small.decode(posterior.mode(), return_dict=False)[0].shape == (2, 3, height, width)


def test_it_speaks_as_autoencoder_kl_does(small: AutoencoderUnshuffle) -> None:
    assert small.config.scaling_factor == 0.75
    assert small.config.shift_factor is None
    assert small.config.latent_channels == 8
    assert 2 ** (len(small.config.block_out_channels) - 1) == 8
    VaeImageProcessor(vae_scale_factor=8)
    for name in ("enable_slicing", "disable_slicing", "enable_tiling", "disable_tiling"):
        getattr(small, name)()


def test_sampling_follows_the_generator(small: AutoencoderUnshuffle) -> None:
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        posterior = small.encode(picture).latent_dist
        first = posterior.sample(torch.Generator().manual_seed(1))
        again = posterior.sample(torch.Generator().manual_seed(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, posterior.mode())


def test_saved_and_loaded_it_paints_the_same(small: AutoencoderUnshuffle, tmp_path: Path) -> None:
    small.save_pretrained(tmp_path, safe_serialization=True)
    loaded = AutoencoderUnshuffle.from_pretrained(tmp_path)
    picture = torch.rand(1, 3, 32, 48) * 2 - 1
    with torch.no_grad():
        assert torch.equal(small(picture).sample, loaded(picture).sample)
    assert loaded.config.scaling_factor == 0.75
    assert (tmp_path / "diffusion_pytorch_model.safetensors").is_file()


def test_away_from_the_border_a_crop_gives_what_the_whole_gives(small: AutoencoderUnshuffle) -> None:
    latents = torch.randn(1, 8, 24, 24)
    with torch.no_grad():
        whole = small.decode(latents).sample
        part = small.decode(latents[..., :16, :16]).sample
    assert torch.allclose(whole[..., :64, :64], part[..., :64, :64], atol=1e-5)


def test_edge_loss_punishes_blur_more_than_shade() -> None:
    sharp = picture_tensor(np.tile(np.repeat(np.array([0, 255], np.uint8), 4), (1, 32, 4))[..., None].repeat(3, -1))
    blurred = torch.nn.functional.avg_pool2d(sharp, 5, 1, 2, count_include_pad=False)
    assert float(edge_loss(sharp * 0.98, sharp)) < 0.1 * float(edge_loss(blurred, sharp))
    assert float(edge_loss(sharp, sharp)) == 0.0
