"""The denoising loop: one for every family, with three seams.

Sohl-Dickstein et al. 2015, Ho et al. 2020; the estimate that edits act on is that of Song et al. 2021, and taking
gradients with respect to it alone is manifold-preserving guided diffusion (He et al. 2023).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import torch
from torch import Tensor

from underpaint.engine.protocols import Edit, Guidance, Observer, Outputs, Seen, Step, Stop

_STAGES = ("gradient", "projection", "mask")


class Sampler(Protocol):
    """What the loop needs of a sampler; see families/schedulers.py."""

    steps: tuple[Step, ...]

    def scaled(self, latents: Tensor, step: Step) -> Tensor: ...

    def estimate(self, output: Tensor, latents: Tensor, step: Step) -> Tensor: ...

    def shifted(self, output: Tensor, change: Tensor, step: Step) -> Tensor: ...

    def output_for(self, estimate: Tensor, latents: Tensor, step: Step) -> Tensor: ...

    def advance(self, output: Tensor, latents: Tensor, step: Step) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model says to each part of the words: fp32 tensors like the latents."""

    positives: tuple[Tensor, ...]
    weights: tuple[float, ...]
    negative: Tensor | None


Ask = Callable[[Tensor, Step, bool], Answers]
"""Scaled latents, the step, and whether to ask about the negative prompt too."""


@torch.no_grad()
def denoise(ask: Ask, sampler: Sampler, latents: Tensor, guidance: Guidance, edits: Sequence[Edit] = (),
            observers: Sequence[Observer] = ()) -> Tensor:
    """Take noisy latents (N x C x h x w, fp32) to a picture's latents.

    Without edits the model's output goes to the sampler as it is; with edits the estimate is formed and edited, and
    the output shifted by what the edits changed, so that an edit that changes nothing moves nothing. An observer that
    returns `Stop.NOW` ends the run with the estimate of that moment.
    """
    ordered = in_order(edits)
    for step in sampler.steps:
        answers = ask(sampler.scaled(latents, step), step, guidance.wants_negative(step))
        output = guidance(_for_guidance(answers, sampler, latents, step), step)
        if ordered:
            estimate = sampler.estimate(output, latents, step)
            output = sampler.shifted(output, edited(estimate, step, ordered) - estimate, step)
        before, latents = latents, sampler.advance(output, latents, step)
        if observers:
            seen = Seen(step, latents, _estimate_later(sampler, output, before, step))
            if [observer(seen) for observer in observers].count(Stop.NOW):
                return seen.estimate
    return latents


def edited(estimate: Tensor, step: Step, ordered: Sequence[Edit]) -> Tensor:
    """The estimate after all edits: gradients from the same estimate, added; then projections; then masks."""
    for stage, edits in groupby(ordered, key=lambda edit: edit.stage):
        if stage == "gradient":
            estimate = estimate + sum(edit(estimate, step) - estimate for edit in edits)
        else:
            for edit in edits:
                estimate = edit(estimate, step)
    return estimate


def in_order(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits by stage, and by key inside a stage, so that the order of listing never matters."""
    return tuple(sorted(edits, key=lambda edit: (_STAGES.index(edit.stage), edit.key)))


def _for_guidance(answers: Answers, sampler: Sampler, latents: Tensor, step: Step) -> Outputs:
    return Outputs(answers.positives, answers.weights, answers.negative, latents,
                   lambda output: sampler.estimate(output, latents, step),
                   lambda estimate: sampler.output_for(estimate, latents, step))


def _estimate_later(sampler: Sampler, output: Tensor, latents: Tensor, step: Step) -> Callable[[], Tensor]:
    return lambda: sampler.estimate(output, latents, step)
