"""What other programs want to know about a painted picture, gathered from its recipe and its plan."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from underpaint.errors import RecipeError
from underpaint.recipe import FillRecipe, LoraRef, Recipe, RefineRecipe
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule

_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Facts:
    """The recipe's fields with what the plan decided for the unset ones; None where neither says."""

    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    width: int | None = None
    height: int | None = None
    model: str | None = None
    model_hash: str | None = None
    vae: str | None = None
    vae_hash: str | None = None
    clip_skip: int | None = None
    strength: float | None = None
    loras: tuple[LoraRef, ...] = ()


def gather(recipe: Recipe | None, plan: Mapping[str, Any] | None) -> Facts:
    """Facts from a recipe and a plan's JSON, either of which may be missing; nonsense in the plan is passed over."""
    plan = plan or {}
    if recipe is None:
        return _planned(plan)
    planned = _planned(plan)
    strength = recipe.strength if isinstance(recipe, RefineRecipe | FillRecipe) else None
    if recipe.second_pass is not None and strength is None:
        strength = recipe.second_pass.strength
    sampling = recipe.sampling
    return Facts(
        # The plan's words first: there wildcards are resolved, and other programs need what was painted.
        prompt=planned.prompt or recipe.prompt,
        negative_prompt=planned.negative_prompt or recipe.negative_prompt,
        seed=_first(recipe.seed, planned.seed),
        steps=_first(sampling.steps, planned.steps),
        guidance=_first(recipe.guidance.scale, planned.guidance),
        # The plan's names are ours; the recipe's are as they were typed ("DPM++ 2M Karras").
        sampler=_first(planned.sampler, sampling.sampler),
        schedule=_first(planned.schedule, sampling.schedule),
        width=_first(recipe.width, planned.width),
        height=_first(recipe.height, planned.height),
        model=_first(planned.model, recipe.model.name if recipe.model else None),
        model_hash=_first(planned.model_hash, recipe.model.hash if recipe.model else None),
        vae=_first(planned.vae, recipe.vae.name if recipe.vae else None),
        vae_hash=_first(planned.vae_hash, recipe.vae.hash if recipe.vae else None),
        clip_skip=_first(recipe.clip_skip, planned.clip_skip),
        strength=strength,
        # The plan's include those that the words name, each with its hash.
        loras=planned.loras or recipe.loras,
    )


def _planned(plan: Mapping[str, Any]) -> Facts:
    passes = plan.get("passes")
    first = passes[0] if isinstance(passes, list | tuple) and passes and isinstance(passes[0], Mapping) else {}
    # With a second pass other programs mean the first one's size.
    size = first if isinstance(passes, list | tuple) and len(passes) > 1 else plan
    model, vae = _mapping(plan, "model"), _mapping(plan, "vae")
    return Facts(
        prompt=_text(plan, "prompt") or "",
        negative_prompt=_text(plan, "negative_prompt") or "",
        seed=_whole(plan, "seed"), steps=_whole(first, "steps"), guidance=_number(plan, "guidance_scale"),
        sampler=_text(plan, "sampler"), schedule=_text(plan, "schedule"),
        width=_whole(size, "width"), height=_whole(size, "height"),
        model=_text(model, "name"), model_hash=_text(model, "hash"),
        vae=_text(vae, "name"), vae_hash=_text(vae, "hash"), clip_skip=_whole(plan, "clip_skip"),
        loras=_loras(plan),
    )  # fmt: skip


def labels(sampler: str | None, schedule: str | None) -> tuple[str | None, str | None]:
    """A1111's labels for our ids; names that we do not know stay as they are."""
    if sampler is not None:
        with contextlib.suppress(RecipeError):
            found, carried = resolve_sampler(sampler)
            sampler = found.label
            schedule = schedule or (carried.label if carried else None)
    if schedule is not None:
        with contextlib.suppress(RecipeError):
            schedule = resolve_schedule(schedule).label
    return sampler, schedule


def stem(name: str) -> str:
    """What a model typed by its path or file name is called by other programs: no folders, no `.safetensors`."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    bare = last[: -len(_SUFFIX)] if last.lower().endswith(_SUFFIX) else last
    return bare or name


def _loras(plan: Mapping[str, Any]) -> tuple[LoraRef, ...]:
    named = plan.get("loras")
    loras = []
    for data in named if isinstance(named, list | tuple) else ():
        with contextlib.suppress(ValueError):  # pydantic's own is one
            loras.append(LoraRef.model_validate(data))
    return tuple(loras)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _mapping(plan: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = plan.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(plan: Mapping[str, Any], key: str) -> str | None:
    value = plan.get(key)
    return value if isinstance(value, str) else None


def _whole(plan: Mapping[str, Any], key: str) -> int | None:
    value = plan.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(plan: Mapping[str, Any], key: str) -> float | None:
    value = plan.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
