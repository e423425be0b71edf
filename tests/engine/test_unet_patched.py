"""The patched UNet keeps its parent's border: sizes, configuration, saving, and what a T2I-Adapter adds."""

from pathlib import Path

import pytest
import torch
from diffusers import T2IAdapter

from underpaint.engine.families.folder_loading import load_part
from underpaint.engine.families.unet_patched import UNetPatched

_SHAPE = {
    "in_channels": 8, "out_channels": 8, "cross_attention_dim": 16, "block_out_channels": (16, 32),
    "layers_per_block": 1, "attention_head_dim": 2, "transformer_layers_per_block": [0, 1], "norm_num_groups": 8,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"), "mid_block_type": None,
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
}  # fmt: skip


def _unet() -> UNetPatched:
    torch.manual_seed(0)
    return UNetPatched(**_SHAPE).eval()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (8, 12), (18, 14), (6, 20)])
@torch.no_grad()
def test_what_comes_out_is_as_large_as_what_went_in(height: int, width: int) -> None:
    out = _unet()(torch.randn(2, 8, height, width), torch.tensor([1, 900]), torch.randn(2, 5, 16)).sample
    assert out.shape == (2, 8, height, width)


@torch.no_grad()
def test_it_is_saved_and_loaded_like_its_parent(tmp_path: Path) -> None:
    unet = _unet()
    unet.save_pretrained(tmp_path / "unet")
    again = load_part(tmp_path / "unet", dtype=torch.float32)
    assert isinstance(again, UNetPatched)
    asked = (torch.randn(1, 8, 8, 8), torch.tensor([500]), torch.randn(1, 5, 16))
    assert torch.allclose(unet(*asked).sample, again(*asked).sample, atol=1e-5)


@torch.no_grad()
def test_an_adapter_with_twice_the_factor_fits_it() -> None:
    adapter = T2IAdapter(in_channels=1, channels=[16, 32], num_res_blocks=1, downscale_factor=16,
                         adapter_type="full_adapter")  # fmt: skip
    unet, asked = _unet(), (torch.randn(1, 8, 18, 14), torch.tensor([500]), torch.randn(1, 5, 16))
    plain = unet(*asked).sample
    steered = unet(*asked, down_intrablock_additional_residuals=adapter(torch.rand(1, 1, 144, 112))).sample
    assert not torch.allclose(plain, steered)
