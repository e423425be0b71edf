"""Words through CLIP text encoders: chunks, emphasis, textual inversions, skipped layers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from underpaint.prompt import Chunk, Emphasis, Weighted, chunk_tokens

Vectors = Mapping[str, tuple[Tensor | None, ...]]


@dataclass(frozen=True)
class TextOptions:
    """How words are encoded: what weights do, how many layers are left out at the end (0: none), which textual
    inversions there are."""

    emphasis: Emphasis = Emphasis.ORIGINAL
    skip: int = 0
    vectors: Vectors = field(default_factory=dict)


class ClipTokenizer:
    """A transformers CLIP tokenizer as chunking wants it."""

    def __init__(self, tokenizer: Any, vectors: Vectors, encoder: int) -> None:
        self._tokenizer = tokenizer
        self.bos = int(tokenizer.bos_token_id)
        self.eos = int(tokenizer.eos_token_id)
        self.pad = int(tokenizer.pad_token_id)
        comma = tokenizer.convert_tokens_to_ids(",</w>")
        self.comma: int | None = None if comma in (None, tokenizer.unk_token_id) else int(comma)
        known = {name: found[encoder] for name, found in vectors.items() if encoder < len(found)}
        self.embeddings = {name: len(found) for name, found in known.items() if found is not None}

    def encode(self, text: str) -> Sequence[int]:
        ids: Sequence[int] = self._tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
        return ids


class ClipEncoder:
    """One CLIP text encoder of a model; `index` is its place among them.

    `penultimate`: read the last layer but one without the final norm (SDXL, SD3), not the last one with it (SD).
    """

    def __init__(self, tokenizer: Any, encoder: nn.Module, index: int, *, penultimate: bool) -> None:
        self.tokenizer, self.encoder, self.index, self.penultimate = tokenizer, encoder, index, penultimate
        longest = int(encoder.config.max_position_embeddings)
        self.room = min(int(tokenizer.model_max_length), longest) - 2

    def chunks(self, words: Weighted, options: TextOptions) -> list[Chunk]:
        """The words cut into this encoder's windows."""
        cutter = ClipTokenizer(self.tokenizer, options.vectors, self.index)
        return chunk_tokens(words, cutter, chunk=self.room)

    def encode(self, words: Weighted, options: TextOptions, chunks: int = 1) -> tuple[Tensor, Tensor | None]:
        """Features (1 x tokens x width) and the first chunk's pooled features (1 x width, None where there are none).

        `chunks`: at least so many, filled up with empty ones, for models whose encoders must agree in length.
        """
        cut = self.chunks(words, options)
        empty = self.chunks((("", 1.0),), options)[0]
        cut += [empty] * (chunks - len(cut))
        base = self._forward(empty, options)[0] if options.emphasis == Emphasis.FROM_EMPTY else None
        encoded = [self._forward(chunk, options) for chunk in cut]
        features = [weighed(hidden, chunk, options.emphasis, base)
                    for (hidden, _), chunk in zip(encoded, cut, strict=True)]
        return (features[0] if len(features) == 1 else torch.cat(features, dim=1)), encoded[0][1]

    def _forward(self, chunk: Chunk, options: TextOptions) -> tuple[Tensor, Tensor | None]:
        device = next(self.encoder.parameters()).device
        ids = torch.tensor([chunk.ids], device=device)
        with _inserted(self.encoder, chunk, options.vectors, self.index):
            if self.penultimate or options.skip:
                said = self.encoder(ids, output_hidden_states=True)
            else:
                said = self.encoder(ids, attention_mask=None)
        pooled = said[0] if said[0].ndim == 2 else None
        if self.penultimate:
            return said.hidden_states[-(options.skip + 2)], pooled
        if options.skip:
            # transformers moved the norm from the inner model to the outer one; diffusers looks for it inside.
            inner = getattr(self.encoder, "text_model", self.encoder)
            return inner.final_layer_norm(said.hidden_states[-(options.skip + 1)]), pooled
        return said[0], pooled


def weighed(hidden: Tensor, chunk: Chunk, emphasis: Emphasis, base: Tensor | None) -> Tensor:
    """Encoded tokens with their weights applied; untouched, to the bit, where every weight is 1."""
    if emphasis in (Emphasis.NONE, Emphasis.IGNORE) or all(weight == 1 for weight in chunk.weights):
        return hidden
    weights = torch.tensor(chunk.weights, dtype=hidden.dtype, device=hidden.device)[None, :, None]
    if emphasis == Emphasis.FROM_EMPTY:
        assert base is not None
        return base + (hidden - base) * weights
    scaled = hidden * weights
    if emphasis == Emphasis.NO_NORM:
        return scaled
    return scaled * (hidden.mean() / scaled.mean())


@contextmanager
def _inserted(encoder: nn.Module, chunk: Chunk, vectors: Vectors, index: int) -> Iterator[None]:
    """Within, the encoder reads the chunk's textual inversions where they stand."""
    if not chunk.fixes:
        yield
        return

    def put_in(module: nn.Module, args: Any, embedded: Tensor) -> Tensor:
        embedded = embedded.clone()
        for fix in chunk.fixes:
            found = vectors[fix.name][index]
            assert found is not None
            embedded[:, fix.position:fix.position + fix.vectors] = found.to(embedded.device, embedded.dtype)
        return embedded

    handle = encoder.get_input_embeddings().register_forward_hook(put_in)
    try:
        yield
    finally:
        handle.remove()
