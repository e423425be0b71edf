"""What an inpainting UNet is given beside the latents: the mask, and the picture with a hole."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from underpaint.engine.codec import Codec, Picture, to_tensor
from underpaint.engine.components import Components
from underpaint.engine.noise import NoiseSource
from underpaint.engine.protocols import ModelCall, ModelInputs
from underpaint.engine.tiles import cut


class InpaintChannels:
    """Adds mask and masked picture, in this order, to every call of a denoiser that was trained for them."""

    def __init__(self, channels: Tensor) -> None:
        self._channels = channels

    @classmethod
    def of(cls, picture: Picture, mask: np.ndarray, codec: Codec, source: NoiseSource,
           shape: Sequence[int]) -> "InpaintChannels":
        """From a picture (H x W x 3) and a mask (H x W, 1 = paint), which such models take as hard."""
        hard = torch.from_numpy(np.ascontiguousarray(mask >= 0.5, dtype=np.float32))[None, None]
        hard = hard.to(codec.device)
        holed = (2.0 * to_tensor(picture, codec.device) - 1.0) * (hard < 0.5)
        latents = codec.encode_pixels(holed, source)
        small = torch.nn.functional.interpolate(hard, size=tuple(shape[-2:])).to(latents)
        return cls(torch.cat([small, latents], dim=1))

    @classmethod
    def everywhere(cls, codec: Codec, shape: Sequence[int], scale: int) -> "InpaintChannels":
        """For painting without a mask: all of it is to be painted, and the picture with the hole is mid-grey.

        No noise is drawn for it, so that a seed stays the seed's; A1111 tells such models the same.
        """
        grey = torch.zeros((1, 3, shape[-2] * scale, shape[-1] * scale), device=codec.device)
        latents = codec.encode_pixels(grey)
        return cls(torch.cat([torch.ones_like(latents[:, :1]), latents], dim=1))

    def attach(self, components: Components) -> None:
        """Nothing is hooked: the channels travel with each call."""

    def detach(self) -> None:
        """Nothing was hooked."""

    def inputs(self, call: ModelCall) -> ModelInputs:
        """The channels of the whole, or of the tile."""
        return ModelInputs(channels=self._channels if call.window is None else cut(self._channels, call.window))
