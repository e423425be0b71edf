"""Stable Diffusion XL: a UNet that hears two CLIP text encoders and is told the picture's size and crop."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.adapter import Conditioning, Frame
from underpaint.engine.families.clip_words import ClipEncoder, TextOptions
from underpaint.prompt import Weighted

_ADDED = ("text_embeds", "time_ids")


class SdxlAdapter:
    """SDXL base with its two encoders, and the refiner with the second alone."""

    runs_batched = True

    def __init__(self, components: Components) -> None:
        self._unet = components.denoiser
        self._zeros = components.force_zeros_for_empty_prompt
        pairs = enumerate(zip(components.tokenizers, components.text_encoders, strict=True))
        self._texts = [ClipEncoder(tokenizer, encoder, index, penultimate=True)
                       for index, (tokenizer, encoder) in pairs if encoder is not None]

    def encode(self, words: Weighted, options: TextOptions, frame: Frame, *, negative: bool) -> Conditioning:
        chunks = max(len(text.chunks(words, options)) for text in self._texts)
        encoded = [text.encode(words, options, chunks) for text in self._texts]
        features = torch.cat([hidden for hidden, _ in encoded], dim=-1)
        pooled = next(pooled for _, pooled in encoded if pooled is not None)
        if negative and self._zeros and not any(text.strip() for text, _ in words):
            features, pooled = torch.zeros_like(features), torch.zeros_like(pooled)
        sizes = (*(frame.original or (frame.height, frame.width)), *frame.crop,
                 *(frame.target or (frame.height, frame.width)))
        told = torch.tensor([sizes], dtype=features.dtype, device=features.device)
        return {"encoder_hidden_states": features, "text_embeds": pooled, "time_ids": told}

    def forward(self, sample: Tensor, timestep: Tensor, arguments: Mapping[str, Any]) -> Tensor:
        added = {**arguments.get("added_cond_kwargs", {}), **{key: arguments[key] for key in _ADDED}}
        others = {key: value for key, value in arguments.items() if key not in (*_ADDED, "added_cond_kwargs")}
        output: Tensor = self._unet(sample, timestep, **others, added_cond_kwargs=added, return_dict=False)[0]
        return output
