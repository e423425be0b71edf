"""Carrying out a plan: pass after pass through the engine, then back to the finished picture's pixels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from underpaint.controls.colour import start_on
from underpaint.controls.nudge import nudged_on
from underpaint.controls.table import Steered
from underpaint.engine.protocols import Attachment, Observer
from underpaint.engine.run import Run
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.pictures.stored import keep_outside
from underpaint.plan.data import Pass, Plan
from underpaint.plan.decide import beginnings
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import Hole, ground, hole_content, painted, refined, unpainted
from underpaint.plan.steering import steer
from underpaint.recipe import FillRecipe, NudgeControl, Recipe, RefineRecipe


@dataclass(frozen=True, eq=False)
class Done:
    """The finished picture (H x W x 3 floats); of a fill also as integers of the input's kind. `unguided`: how often
    each control was left out of a step because its change was no number."""

    picture: FloatArray
    exact: NDArray[Any] | None = None
    unguided: Mapping[str, int] = field(default_factory=dict)


def carry_out(plan: Plan, recipe: Recipe, blobs: Mapping[str, bytes], loaded: Loaded, hole: Hole | None,
              attachments: Sequence[Attachment], observers: Sequence[Observer]) -> Done:
    """Paint every pass of a plan; `hole` is the opened input of a fill."""
    latents: Tensor | None = None
    steering: Steered | None = None
    told = loaded.description.can("embedded_guidance")  # such a model is told the scale as a number
    unguided: Counter[str] = Counter()
    for one in plan.passes:
        steering = steer(recipe, blobs, plan, one, loaded, hole)
        run = Run(
            prompt=plan.prompt, negative_prompt=plan.negative_prompt, width=one.width, height=one.height,
            seed=plan.seed, noise=recipe.noise, dialect=recipe.dialect, emphasis=recipe.emphasis,
            clip_skip=_layers_left_out(plan), size_conditioning=recipe.size_conditioning, tiles=recipe.tiles,
            sampling=recipe.sampling.changed(sampler=plan.sampler, schedule=plan.schedule, steps=one.steps),
            guidance=recipe.guidance.changed(scale=1.0 if told else plan.guidance_scale),
            embedded_guidance=plan.guidance_scale, strength=one.strength,
            edits=steering.edits, observers=observers, attachments=(*attachments, *steering.attachments),
            regions=steering.regions,
            first_pass_steps=plan.passes[0].steps if one.upscale else None,
            **_start(plan, recipe, blobs, hole, one, loaded, latents))
        latents = loaded.engine.run(run)
        unguided.update(steering.unguided)
    assert latents is not None and steering is not None  # a plan has at least one pass
    decoded = loaded.engine.decode(latents)
    for settle in (*(steering.bends if hole is None else ()), *steering.settles):
        decoded = settle(decoded)
    picture = unpainted(decoded, plan, plan.passes[-1])
    done = _pasted(picture, hole, plan) if hole is not None else Done(picture)
    return replace(done, unguided=dict(unguided))


def _layers_left_out(plan: Plan) -> int | None:
    """From A1111's count (1 is the last layer, 2 the one before) to layers left out beyond the family's own."""
    own = 2 if plan.family == "sdxl" else 1
    return max(plan.clip_skip - own, 0) if plan.clip_skip is not None else None


def _start(plan: Plan, recipe: Recipe, blobs: Mapping[str, bytes], hole: Hole | None, one: Pass, loaded: Loaded,
           before: Tensor | None) -> dict[str, Any]:
    """What a pass starts from, besides noise: the pass before it, the picture painted over, the hole."""
    if one.upscale == "latent" and before is not None:
        scale = loaded.engine.components.latent_scale
        cells = (one.height // scale, one.width // scale)
        return {"start": interpolate(before, size=cells, mode="bilinear", antialias=False)}
    if one.upscale == "picture" and before is not None:
        return {"picture": resize(loaded.engine.decode(before), Extent(one.width, one.height), Resample.LANCZOS)}
    if hole is not None and isinstance(recipe, FillRecipe):
        content = hole_content(hole, recipe, plan.seed)
        return {"picture": painted(content, plan, one), "mask": painted(hole.mask, plan, one)}
    if isinstance(recipe, RefineRecipe):
        return {"picture": painted(refined(recipe, blobs, plan), plan, one)}
    for control in beginnings(recipe):
        lain = ground(plan, one, blobs)
        return {"picture": nudged_on(control, lain) if isinstance(control, NudgeControl) else start_on(control, lain)}
    return {}


def _pasted(picture: FloatArray, hole: Hole, plan: Plan) -> Done:
    """The painted area in its place, mixed by the mask; where the mask is 0 the input's own pixels."""
    whole = hole.canvas.copy()
    window = plan.area.bounds.slices
    soft = hole.mask[window][..., None]
    whole[window] = whole[window] * (1 - soft) + picture * soft
    exact = keep_outside(np.ascontiguousarray(whole), hole.source, hole.mask, (hole.left, hole.top))
    return Done(whole, exact)
