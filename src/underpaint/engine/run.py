"""Everything one run of the engine is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from underpaint.engine.protocols import Attachment, Edit, Guidance, Observer
from underpaint.engine.regions import Region
from underpaint.prompt import Emphasis
from underpaint.recipe import Guidance as GuidanceFields
from underpaint.recipe import Noise, Sampling, SizeConditioning, Tiles

EMPHASES = {"original": Emphasis.ORIGINAL, "no_norm": Emphasis.NO_NORM, "ignore": Emphasis.IGNORE,
            "none": Emphasis.NONE}
"""The recipe's names of the emphasis modes."""

_GUIDED, _PLAIN_NOISE, _OWN_SIZE = GuidanceFields(scale=7.0), Noise(), SizeConditioning()


@dataclass(frozen=True)
class Run:
    """One picture to paint, every decision made: what a plan says, plus the live things that hang on to the loop.

    width, height: pixels, multiples of the model's size step. sampling, guidance: with sampler, steps and scale set.
    embedded_guidance: for models distilled to take guidance as a number (Flux). clip_skip: how many of the text
    encoder's last layers are left out.
    picture: float32 H x W x 3, 0..1, of this size, to paint over; `start`: its latents instead, where they are known;
    with either, only the last share `strength` (0..1] of the steps is run. Without them painting starts from noise.
    mask: float32 H x W, 1 = paint here, 0 = keep `picture`; at strength 1 the masked part starts from noise alone.
    first_pass_steps: this is a second pass after so many steps, which timed words count on from.
    guide: a guidance of one's own instead of the one that `guidance` names.
    regions: parts of the picture with words of their own.
    """

    prompt: str
    width: int
    height: int
    seed: int
    sampling: Sampling
    guidance: GuidanceFields = _GUIDED
    negative_prompt: str = ""
    dialect: str = "a1111"
    emphasis: str = "original"
    clip_skip: int | None = None
    noise: Noise = _PLAIN_NOISE
    size_conditioning: SizeConditioning = _OWN_SIZE
    embedded_guidance: float = 3.5
    picture: np.ndarray | None = None
    start: Tensor | None = None
    strength: float = 1.0
    mask: np.ndarray | None = None
    tiles: Tiles | None = None
    first_pass_steps: int | None = None
    guide: Guidance | None = None
    edits: Sequence[Edit] = field(default=())
    observers: Sequence[Observer] = field(default=())
    attachments: Sequence[Attachment] = field(default=())
    regions: Sequence[Region] = field(default=())
