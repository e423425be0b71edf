"""Pictures that a UNet's self-attention looks at while it paints another: their way of painting comes along.

Reference-only (Zhang 2023): the pictures, with as much noise as the painting has, go through the UNet beside it, and
each self-attention of the painting sees their features as well as its own. Shared attention (StyleAligned: Hertz et
al. 2023) first gives what asks and is asked the mean and spread of theirs.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from underpaint.engine.attachments.attention import Attend, Processors, aside
from underpaint.engine.components import Components
from underpaint.engine.families.adapter import FamilyAdapter, make_adapter
from underpaint.engine.protocols import ModelCall, ModelInputs, Step

_NEVER = -1e4
"""Added to scores that must not count; half precision holds it."""


class SharedAttention:
    """Lets the words that are asked for, not the negative ones, be painted in sight of some pictures.

    `latents` gives the pictures' latents (n x C x h x w), asked for once at attaching; `strength` how strongly they
    count at a share of the run, 1 as much as the painting itself counts for itself, 0 not at all; `align` shares the
    attention instead of only showing the pictures; `seed` draws their noise; `region` is the key of the region in whose
    calls alone they are looked at, None for all calls.
    """

    stands_round = True
    """Whatever else changes attention layers must be there before."""

    def __init__(self, latents: Callable[[], Tensor], strength: Callable[[float], float], *, align: bool,
                 seed: int = 0, region: object | None = None) -> None:
        self._make, self._strength, self._align, self._seed = latents, strength, align, seed
        self._region = region
        self._processors = Processors("attn1")
        self._mode: Literal["off", "look", "read"] = "off"
        self._seen: dict[str, Tensor] = {}
        self._forget()

    def within(self, region: object) -> "SharedAttention":
        """The same for the calls of one region."""
        return SharedAttention(self._make, self._strength, align=self._align, seed=self._seed, region=region)

    def _forget(self) -> None:
        self._components: Components | None = None
        self._adapter: FamilyAdapter | None = None
        self._latents, self._noise = torch.empty(0), torch.empty(0)
        self._seen, self._seen_at, self._mode = {}, -1, "off"
        self._negative, self._now = 0, 0.0

    def attach(self, components: Components) -> None:
        """Stand round the self-attentions, with the pictures' latents at hand."""
        self._components, self._adapter = components, make_adapter(components)
        self._latents = self._make()
        drawn = torch.randn(self._latents.shape, generator=torch.Generator().manual_seed(self._seed))
        self._noise = drawn.to(self._latents)
        self._processors.put(components, self._way)

    def detach(self) -> None:
        """Take everything off, and forget the pictures."""
        self._processors.take_off()
        self._forget()

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """Look at the pictures as they are at this noise, once a step; nothing is added to the call itself."""
        self._mode, self._now = "off", self._strength(call.step.fraction)
        if self._now > 0 and self._region in (None, call.region):
            if self._seen_at != call.step.call:
                self._look(call)
            self._mode, self._negative = "read", call.negative_rows
        return None

    def _look(self, call: ModelCall) -> None:
        assert self._components is not None and self._adapter is not None
        self._seen, self._seen_at, self._mode = {}, call.step.call, "look"
        sample = self._noised(call.step)
        beside = self._components.denoiser_channels - sample.shape[1]
        if beside > 0:  # a model for filling is shown pictures of which nothing is masked
            known = torch.cat([torch.zeros_like(sample[:, :1]), self._latents], dim=1)
            sample = torch.cat([sample, known[:, :beside]], dim=1)
        told = {name: value[:1].expand(len(sample), *value.shape[1:]) for name, value in call.conditioning.items()}
        try:
            with aside():
                self._adapter.forward(sample.to(call.sample), call.timestep, told)
        finally:
            self._mode = "off"

    def _noised(self, step: Step) -> Tensor:
        assert self._components is not None
        mixed = step.signal * self._latents + step.noise * self._noise
        return mixed if self._components.is_flow else mixed / math.hypot(step.signal, step.noise)

    def _way(self, name: str) -> Callable[..., Tensor]:
        def way(own: Attend, attn: nn.Module, hidden: Tensor, words: Any, mask: Tensor | None, temb: Tensor | None,
                **others: Any) -> Tensor:
            if self._mode == "look":
                self._seen[name] = hidden.detach()
            if self._mode != "read" or words is not None or mask is not None or hidden.ndim != 3:
                return own(attn, hidden, words, mask, temb, **others)
            return self._read(own, attn, hidden, self._seen[name], temb, others)

        return way

    def _read(self, own: Attend, attn: nn.Module, hidden: Tensor, seen: Tensor, temb: Tensor | None,
              others: dict[str, Any]) -> Tensor:
        count, theirs = seen.shape[0], seen.reshape(1, -1, seen.shape[-1])
        asking = hidden
        if self._align:
            asking = hidden.clone()
            asking[self._negative:] = aligned(hidden[self._negative:], theirs, min(self._now, 1.0))
        everything = torch.cat([asking, theirs.expand(len(hidden), -1, -1)], dim=1)
        bias = torch.zeros(len(hidden), 1, everything.shape[1], dtype=hidden.dtype, device=hidden.device)
        bias[:, :, hidden.shape[1]:] = math.log(self._now / count)
        bias[: self._negative, :, hidden.shape[1]:] = _NEVER
        return own(attn, asking, everything, bias, temb, **others)


def aligned(hidden: Tensor, theirs: Tensor, share: float) -> Tensor:
    """Features (n x tokens x width) with the mean and spread of `theirs` (1 x tokens x width), as far as `share`
    (Huang and Belongie 2017)."""
    mean, spread = hidden.mean(1, keepdim=True), hidden.std(1, keepdim=True).clamp_min(1e-5)
    brought = (hidden - mean) / spread * theirs.std(1, keepdim=True) + theirs.mean(1, keepdim=True)
    return torch.lerp(hidden, brought.to(hidden), share)


def latents_of(pictures: Sequence[Any], encode: Callable[[Any], Tensor]) -> Tensor:
    """The latents of several pictures of one size, n x C x h x w."""
    return torch.cat([encode(one) for one in pictures])
