"""Our own pictures: the record inside PNG texts, or in packets of JPEG and WebP."""

import json
from collections.abc import Mapping
from typing import Any

from underpaint.errors import RecipeError
from underpaint.pictures import packets
from underpaint.pictures.facts import Facts, gather
from underpaint.pictures.found import KEYWORD, Found
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.reading import Reading
from underpaint.recipe import Recipe, parse_recipe

_NUMBERS = ("seed", "steps", "guidance", "sampler", "schedule", "width", "height")


def read(found: Found) -> Reading | None:
    """A Reading of our own record, or None. A recipe that cannot be read is given as found."""
    data = find_note(found)
    if data is None:
        return None
    raw = {**found.raw(), KEYWORD: data}
    plan = data.get("plan") if isinstance(data.get("plan"), dict) else None
    if data.get("private"):
        return Reading(source="underpaint", **_safe_numbers(data), raw=raw)
    recipe = _recipe(data.get("recipe"))
    facts = gather(recipe, plan)
    return Reading(
        source="underpaint",
        prompt=recipe.prompt if recipe else facts.prompt or None,
        negative_prompt=recipe.negative_prompt if recipe else facts.negative_prompt or None,
        seed=facts.seed, steps=facts.steps, guidance=facts.guidance, sampler=facts.sampler,
        schedule=facts.schedule, **_size(facts, found), model=facts.model, model_hash=facts.model_hash,
        loras=tuple(lora.model_dump(mode="json") for lora in recipe.loras) if recipe else (),
        recipe=data.get("recipe") if isinstance(data.get("recipe"), dict) else None, plan=plan, raw=raw,
    )  # fmt: skip


def find_note(found: Found) -> dict[str, Any] | None:
    """The record's JSON object, or None where there is none that can be read."""
    text: str | bytes | None = found.texts.get(KEYWORD)
    if text is None and found.packets:
        text = packets.join(found.packets, LIMITS.blob_bytes).record
    if text is None:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and "underpaint" in data else None


def _recipe(data: object) -> Recipe | None:
    try:
        return parse_recipe(data) if isinstance(data, dict) else None
    except RecipeError:
        return None  # of a newer schema, or altered: `info` still shows it as found


def _size(facts: Facts, found: Found) -> dict[str, int | None]:
    return {"width": facts.width or found.width, "height": facts.height or found.height}


def _safe_numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"guidance": (int, float), "sampler": (str,), "schedule": (str,)}
    return {key: value for key in _NUMBERS if isinstance(value := data.get(key), kinds.get(key, (int,)))}
