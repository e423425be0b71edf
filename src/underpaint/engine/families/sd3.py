"""Stable Diffusion 3: a transformer that predicts a flow and hears two CLIP encoders and, if it is there, T5."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.adapter import Conditioning, Frame
from underpaint.engine.families.clip_words import ClipEncoder, TextOptions
from underpaint.engine.families.t5_words import cut_off, encode_t5, no_t5
from underpaint.prompt import Weighted

_T5_LENGTH = 256


class Sd3Adapter:
    """SD3 and SD3.5 in their diffusers layout."""

    runs_batched = True

    def __init__(self, components: Components) -> None:
        self._transformer = components.denoiser
        self._texts = []
        for index in (0, 1):
            encoder = components.text_encoders[index]
            assert encoder is not None
            self._texts.append(ClipEncoder(components.tokenizers[index], encoder, index, penultimate=True))
        self._t5 = components.text_encoders[2] if len(components.text_encoders) > 2 else None
        self._t5_tokenizer = components.tokenizers[2] if self._t5 is not None else None

    def encode(self, words: Weighted, options: TextOptions, frame: Frame, *, negative: bool) -> Conditioning:
        chunks = max(len(text.chunks(words, options)) for text in self._texts)
        encoded = [text.encode(words, options, chunks) for text in self._texts]
        clip = torch.cat([hidden for hidden, _ in encoded], dim=-1)
        if self._t5 is None:
            t5 = no_t5(_T5_LENGTH, int(self._transformer.config.joint_attention_dim), clip)
        else:
            t5 = encode_t5(self._t5_tokenizer, self._t5, words, _T5_LENGTH)
        clip = torch.nn.functional.pad(clip, (0, t5.shape[-1] - clip.shape[-1]))
        pooled = torch.cat([pooled for _, pooled in encoded if pooled is not None], dim=-1)
        return {"encoder_hidden_states": torch.cat([clip, t5], dim=-2), "pooled_projections": pooled}

    def unread(self, words: Weighted) -> str:
        """What of the words T5 is not told; CLIP reads everything."""
        return cut_off(self._t5_tokenizer, words, _T5_LENGTH) if self._t5 is not None else ""

    def forward(self, sample: Tensor, timestep: Tensor, arguments: Mapping[str, Any]) -> Tensor:
        output: Tensor = self._transformer(hidden_states=sample, timestep=timestep.expand(sample.shape[0]),
                                           **arguments, return_dict=False)[0]
        return output
