"""Flux.1: a transformer over packed 2 x 2 latent cells that predicts a flow and hears T5 and CLIP's pooled word."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.adapter import Conditioning, Frame
from underpaint.engine.families.clip_words import TextOptions
from underpaint.engine.families.t5_words import cut_off, encode_t5, plain
from underpaint.prompt import Weighted

_T5_LENGTH = 512


class FluxAdapter:
    """Flux.1 dev and schnell. CLIP gives one pooled vector only, so weights and further chunks do nothing here."""

    runs_batched = False

    def __init__(self, components: Components) -> None:
        self._transformer = components.denoiser
        self._clip, self._t5 = components.text_encoders[:2]
        self._clip_tokenizer, self._t5_tokenizer = components.tokenizers[:2]

    def encode(self, words: Weighted, options: TextOptions, frame: Frame, *, negative: bool) -> Conditioning:
        assert self._clip is not None and self._t5 is not None
        ids = self._clip_tokenizer(plain(words), padding="max_length", truncation=True, return_tensors="pt",
                                   max_length=self._clip_tokenizer.model_max_length).input_ids
        device = next(self._clip.parameters()).device
        pooled = self._clip(ids.to(device), output_hidden_states=False).pooler_output
        features = encode_t5(self._t5_tokenizer, self._t5, words, _T5_LENGTH)
        told: dict[str, Tensor] = {"encoder_hidden_states": features, "pooled_projections": pooled}
        if self._transformer.config.guidance_embeds:
            told["guidance"] = torch.full([1], frame.guidance, device=device, dtype=torch.float32)
        return told

    def unread(self, words: Weighted) -> str:
        """What of the words T5 is not told."""
        return cut_off(self._t5_tokenizer, words, _T5_LENGTH)

    def forward(self, sample: Tensor, timestep: Tensor, arguments: Mapping[str, Any]) -> Tensor:
        rows, _, height, width = sample.shape
        words = arguments["encoder_hidden_states"]
        output = self._transformer(
            hidden_states=packed(sample), timestep=timestep.expand(rows).to(sample.dtype) / 1000,
            txt_ids=torch.zeros(words.shape[1], 3, device=sample.device, dtype=sample.dtype),
            img_ids=_places(height // 2, width // 2, sample), **arguments, return_dict=False)[0]
        return unpacked(output, height, width)


def packed(latents: Tensor) -> Tensor:
    """N x C x h x w as a row of tokens, N x (h/2 w/2) x 4C."""
    rows, channels, height, width = latents.shape
    cells = latents.reshape(rows, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return cells.reshape(rows, (height // 2) * (width // 2), channels * 4)


def unpacked(tokens: Tensor, height: int, width: int) -> Tensor:
    """A row of tokens as latents again."""
    rows, _, channels = tokens.shape
    cells = tokens.reshape(rows, height // 2, width // 2, channels // 4, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return cells.reshape(rows, channels // 4, height, width)


def _places(height: int, width: int, like: Tensor) -> Tensor:
    places = torch.zeros(height, width, 3)
    places[..., 1] += torch.arange(height)[:, None]
    places[..., 2] += torch.arange(width)[None, :]
    return places.reshape(height * width, 3).to(like.device, like.dtype)
