"""Asking the denoiser: rows for every part of the words, what attachments add, and retries when memory runs short."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.families.adapter import Conditioning, FamilyAdapter
from underpaint.engine.loop import Answers
from underpaint.engine.protocols import ModelCall, ModelInputs, Step, Supplies, Window
from underpaint.engine.shortage import Fallbacks
from underpaint.engine.words import WordsOverTime

_EXACT = frozenset({"time_ids", "guidance"})
"""Numbers, not features: half precision would round a size in pixels."""


class Asker:
    """Calls the denoiser for one run. Negative and positive prompts share one batch where their shapes agree.

    `region`: the key of the region whose words they are, as attachments are told.
    """

    def __init__(self, adapter: FamilyAdapter, words: WordsOverTime, timestep: Callable[[Step], Tensor],
                 supplies: Sequence[Supplies], fallbacks: Fallbacks, *, region: object | None = None) -> None:
        self._adapter, self._words, self._timestep = adapter, words, timestep
        self._supplies, self._fallbacks, self._region = tuple(supplies), fallbacks, region
        self._joined: dict[tuple[int, ...], dict[str, Tensor]] = {}

    def __call__(self, scaled: Tensor, step: Step, negative: bool, window: Window | None = None) -> Answers:
        """What the model says, fp32, to the scaled latents (1 x C x h x w)."""
        rows = [*([self._words.negative_at(step)] if negative else []), *self._words.at(step)]
        said = self._fallbacks.run(lambda: self._all_rows(rows, int(negative), scaled, step, window))
        return Answers(tuple(said[int(negative):]), self._words.weights, said[0] if negative else None)

    def _all_rows(self, rows: Sequence[Conditioning], negative: int, scaled: Tensor, step: Step,
                  window: Window | None) -> list[Tensor]:
        together = self._adapter.runs_batched and not self._fallbacks.one_row and _same_shapes(rows)
        if together:
            return list(self._one_call(rows, negative, scaled, step, window).chunk(len(rows)))
        return [self._one_call([row], int(index < negative), scaled, step, window) for index, row in enumerate(rows)]

    def _one_call(self, rows: Sequence[Conditioning], negative: int, scaled: Tensor, step: Step,
                  window: Window | None) -> Tensor:
        sample = torch.cat([scaled] * len(rows)) if len(rows) > 1 else scaled
        sample = sample.to(self._fallbacks.dtype)
        timestep, arguments = self._timestep(step), self._join(rows)
        if self._supplies:
            call = ModelCall(sample, timestep, arguments, negative, step, window, self._region)
            given = [found for supply in self._supplies if (found := supply.inputs(call)) is not None]
            sample, arguments = with_inputs(sample, arguments, given)
        return self._adapter.forward(sample, timestep, arguments).float()

    def _join(self, rows: Sequence[Conditioning]) -> dict[str, Tensor]:
        """One batch of the rows' conditionings, kept for the next step."""
        key = tuple(map(id, rows))
        if key not in self._joined:
            dtype = self._fallbacks.dtype
            joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
            self._joined[key] = {name: value if name in _EXACT else value.to(dtype)
                                 for name, value in joined.items()}
        return self._joined[key]


def with_inputs(sample: Tensor, arguments: Mapping[str, Any], given: Sequence[ModelInputs],
                ) -> tuple[Tensor, dict[str, Any]]:
    """The sample with the attachments' channels behind it, and the arguments with theirs merged in."""
    merged: dict[str, Any] = dict(arguments)
    channels = [sample]
    for inputs in given:
        if inputs.channels is not None:
            channels.append(inputs.channels.to(sample).expand(sample.shape[0], -1, -1, -1))
        for name, value in inputs.arguments.items():
            both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
            merged[name] = {**merged[name], **value} if both else value
        for name, residual in inputs.residuals.items():
            merged[name] = _added(merged.get(name), residual)
    return (torch.cat(channels, dim=1) if len(channels) > 1 else sample), merged


def _added(before: Any, residual: Tensor | Sequence[Tensor]) -> Any:
    """Residuals added up. Always a new list: diffusers' UNet empties the one it is given."""
    if isinstance(residual, Tensor):
        return residual if before is None else before + residual
    if before is None:
        return list(residual)
    return [one + other for one, other in zip(before, residual, strict=True)]


def _same_shapes(rows: Sequence[Conditioning]) -> bool:
    shapes = {tuple((name, tuple(value.shape)) for name, value in sorted(row.items())) for row in rows}
    return len(shapes) == 1
