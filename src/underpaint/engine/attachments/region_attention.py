"""Words that are heard in one part of the picture only: attention from there is led to them.

Inside the region its own words count and the others' fade; outside they are not heard at all. All regions are painted
in one pass over one picture, so the model itself joins them (paint-with-words: Balaji et al. 2022; dense
text-to-image: Kim et al. 2023).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from underpaint.engine.attachments.attention import UNETS, Attend, Processors, is_aside
from underpaint.engine.components import Components
from underpaint.engine.families.adapter import Frame, make_adapter
from underpaint.engine.families.clip_words import TextOptions
from underpaint.engine.protocols import ModelCall, ModelInputs
from underpaint.engine.tiles import cut
from underpaint.imaging.arrays import FloatArray
from underpaint.prompt import parse_attention

OWN = 0.8
"""How much of the other words' say is taken from them inside the region."""
_NEVER, _LEAST = -1e4, 1e-4


class RegionAttention:
    """Leads attention to `words` where `mask` (H x W, 0..1, on the canvas of the pass) is, as strongly as `strength`
    says at a share of the run. Does nothing on models that are no UNet."""

    stands_round = True
    """Whatever else changes attention layers must be there before."""

    def __init__(self, words: str, mask: FloatArray, strength: Callable[[float], float]) -> None:
        self._words, self._strength = words, strength
        self._mask = torch.from_numpy(mask)[None, None]
        self._processors = Processors("attn2")
        self._tokens = torch.empty(0)
        self._now, self._negative = 0.0, 0
        self._place = torch.empty(0)
        self._maps: dict[int, Tensor] = {}

    def attach(self, components: Components) -> None:
        """Encode the words, and stand round the attention to words."""
        if components.family not in UNETS:
            return
        height, width = self._mask.shape[-2:]
        with torch.no_grad():
            told = make_adapter(components).encode(parse_attention(self._words), TextOptions(), Frame(height, width),
                                                   negative=False)
        self._tokens = told["encoder_hidden_states"]
        self._processors.put(components, lambda _: self._way)

    def detach(self) -> None:
        """Take everything off."""
        self._processors.take_off()
        self._tokens, self._maps, self._now = torch.empty(0), {}, 0.0

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """Note where the call paints; a region that is asked about alone needs no leading."""
        self._now = 0.0 if call.region is not None else self._strength(call.step.fraction)
        self._negative, self._maps = call.negative_rows, {}
        if self._now > 0:
            window = call.window
            height, width = call.sample.shape[-2:]
            whole = (window.whole_height, window.whole_width) if window else (height, width)
            place = interpolate(self._mask.to(call.sample.device), whole, mode="area")
            self._place = cut(place, window) if window else place
        return None

    def _way(self, own: Attend, attn: nn.Module, hidden: Tensor, words: Any, mask: Tensor | None, temb: Tensor | None,
             **others: Any) -> Tensor:
        given = words[0] if isinstance(words, tuple) else words
        here = self._now > 0 and given is not None and hidden.ndim == 3 and not is_aside()
        place = self._at(hidden.shape[1]) if here else None
        if place is None:
            return own(attn, hidden, words, mask, temb, **others)
        tokens = self._tokens.to(given).expand(len(given), -1, -1)
        heard = torch.cat([given, tokens], dim=1)
        bias = self._bias(place, hidden, given.shape[1], tokens.shape[1])
        if mask is not None:  # that of a region further out
            bias[..., : given.shape[1]] += mask
        return own(attn, hidden, (heard, *words[1:]) if isinstance(words, tuple) else heard, bias, temb, **others)

    def _bias(self, place: Tensor, hidden: Tensor, others: int, own: int) -> Tensor:
        """rows x places x words: added to the scores of attention; rows of the negative prompt hear no region."""
        inside = (place * self._now).clamp_min(_LEAST).log().to(hidden)
        fading = (1 - OWN * min(self._now, 1.0) * place).log().to(hidden)
        bias = torch.cat([fading[:, None].expand(-1, others), inside[:, None].expand(-1, own)], dim=1)
        bias = bias[None].repeat(len(hidden), 1, 1)
        bias[: self._negative, :, :others] = 0
        bias[: self._negative, :, others:] = _NEVER
        return bias

    def _at(self, count: int) -> Tensor | None:
        """The region at each of a layer's `count` places; None where no level of the picture has so many."""
        if count not in self._maps:
            height, width = self._place.shape[-2:]
            for _ in range(8):
                if height * width == count:
                    self._maps[count] = interpolate(self._place, (height, width), mode="area").flatten()
                    break
                height, width = -(-height // 2), -(-width // 2)
        return self._maps.get(count)
