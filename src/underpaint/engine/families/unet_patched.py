"""diffusers' UNet on patches of 2x2 latents, for models that must be quick without a GPU."""

import functools
from typing import Any

from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

# diffusers' pipelines look for the mixin in the module of a class that is not theirs, to know how to load it.
__all__ = ["ModelMixin", "UNetPatched"]

_PATCH = 2


class UNetPatched(UNet2DConditionModel):
    """`UNet2DConditionModel` whose first convolution strides over 2x2 latents and whose last one unfolds them again.

    Configuration, inputs and outputs are those of the parent. Inside, every level is half as wide and half as high: a
    quarter of the work for the same widths, which buys wider layers where the meaning is. A T2I-Adapter for it has
    twice the downscale factor.
    """

    @functools.wraps(UNet2DConditionModel.__init__)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The patches halve once more than the parent counts, so that it keeps odd sizes in step on the way up.
        self.num_upsamplers += 1
        width = self.config.block_out_channels[0]
        self.conv_in = nn.Conv2d(self.config.in_channels, width, 2 * _PATCH, stride=_PATCH, padding=_PATCH // 2)
        self.conv_out = nn.Sequential(
            nn.Conv2d(width, self.config.out_channels * _PATCH**2, 3, padding=1), nn.PixelShuffle(_PATCH)
        )
