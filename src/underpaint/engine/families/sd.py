"""Stable Diffusion 1.x and 2.x: a UNet that hears one CLIP text encoder."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.adapter import Conditioning, Frame
from underpaint.engine.families.clip_words import ClipEncoder, TextOptions
from underpaint.prompt import Weighted


class SdAdapter:
    """The UNet and text encoder of SD 1.x, SD 2.x, and of models laid out like them, such as the Primer."""

    runs_batched = True

    def __init__(self, components: Components) -> None:
        encoder = components.text_encoders[0]
        assert encoder is not None
        self._unet = components.denoiser
        self._text = ClipEncoder(components.tokenizers[0], encoder, 0, penultimate=False)

    def encode(self, words: Weighted, options: TextOptions, frame: Frame, *, negative: bool) -> Conditioning:
        features, _ = self._text.encode(words, options)
        return {"encoder_hidden_states": features}

    def forward(self, sample: Tensor, timestep: Tensor, arguments: Mapping[str, Any]) -> Tensor:
        output: Tensor = self._unet(sample, timestep, **arguments, return_dict=False)[0]
        return output
