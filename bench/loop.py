"""What the loop itself costs over bare diffusers, on a UNet as small as the Primer's."""

import torch
from diffusers import UNet2DConditionModel

from bench.denoising import bare, ours
from bench.table import Row, interleaved

STEPS, SIZE = 10, 32


def measure() -> list[Row]:
    """Median seconds of the same guided run both ways, taken in turn; both must paint the same, to the bit."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=(64, 128, 192), layers_per_block=1, cross_attention_dim=128, attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")).eval().requires_grad_(False)
    words = torch.randn(2, 77, 128)
    same = torch.equal(ours(unet, words, SIZE, STEPS), bare(unet, words, SIZE, STEPS))
    mine, theirs = interleaved(lambda: ours(unet, words, SIZE, STEPS), lambda: bare(unet, words, SIZE, STEPS), rounds=9)
    million = sum(weight.numel() for weight in unet.parameters()) / 1e6
    over = mine / theirs - 1
    return [Row(f"loop over bare diffusers, {million:.0f} M parameters", f"{over:+.1%}", "< 2 %", over < 0.02),
            Row("both paint the same", "to the bit" if same else "no", "to the bit", same)]
