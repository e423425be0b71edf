"""AUTOMATIC1111 and everything that writes its infotext: Forge, reForge, SD.Next, Civitai ..."""

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from underpaint.errors import RecipeError
from underpaint.pictures.found import Found
from underpaint.pictures.infotext import FEWEST_PAIRS, NEGATIVE, Infotext, parse_infotext
from underpaint.pictures.reading import Reading
from underpaint.recipe import parse_recipe
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule

# Bounded, so that a hostile text of many open brackets stays cheap.
_LORA = re.compile(r"<(?:lora|lyco):([^<>:]{1,200})((?::[^<>:]{1,40}){0,4})>")
_NOISE = {"CPU": "cpu", "GPU": "philox", "NV": "philox"}


def read(found: Found) -> Reading | None:
    """A Reading of the first text that has an infotext's settings or negative prompt, or None.

    A PNG's `parameters` may also be words alone, as A1111 reads it; JSON there belongs to another program.
    """
    own = found.texts.get("parameters", "")
    for text in (own, found.exif.get("UserComment"), found.exif.get("ImageDescription"), *found.comments):
        if not text or _is_json(text):
            continue
        info = parse_infotext(text)
        told = len(info.fields) >= FEWEST_PAIRS and "steps" in {key.casefold() for key in info.fields}
        if told or NEGATIVE in text or (text == own and info.prompt):
            return _reading(info, found)
    return None


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _reading(info: Infotext, found: Found) -> Reading:
    fields = _Fields(info.fields)
    prompt_loras = _loras(info.prompt, fields)
    sampler, schedule = fields.text("Sampler"), fields.text("Schedule type") or fields.text("Scheduler")
    width, height = fields.whole("Size-1"), fields.whole("Size-2")
    return Reading(
        source="a1111", prompt=info.prompt, negative_prompt=info.negative_prompt,
        seed=fields.whole("Seed"), steps=fields.whole("Steps"), guidance=fields.number("CFG scale"),
        sampler=sampler, schedule=schedule, width=width or found.width, height=height or found.height,
        model=fields.text("Model"), model_hash=fields.text("Model hash"), loras=tuple(prompt_loras),
        recipe=_nearest_recipe(info, fields), raw={**found.raw(), "fields": dict(info.fields)},
    )  # fmt: skip


class _Fields:
    """Fields by name, whatever their case, as the type that is wanted; None for nonsense."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {key.casefold(): value for key, value in reversed(list(fields.items()))}

    def text(self, key: str) -> str | None:
        return self._fields.get(key.casefold())

    def whole(self, key: str) -> int | None:
        value = (self.text(key) or "").strip()
        return int(value) if value.isascii() and value.removeprefix("-").isdigit() and len(value) < 25 else None

    def number(self, key: str) -> float | None:
        try:
            value = float(self.text(key) or "")
        except ValueError:
            return None
        return value if abs(value) < 1e9 else None


def _loras(prompt: str, fields: _Fields) -> list[dict[str, Any]]:
    hashes = _lora_hashes(fields.text("Lora hashes") or "")
    loras: list[dict[str, Any]] = []
    for match in _LORA.finditer(prompt):
        text_weight, weight = _weights(match[2])
        known = hashes.get(match[1].replace(":", "").replace(",", ""))
        loras.append({"name": match[1], "weight": weight, "text_weight": text_weight, "hash": known})
    return loras


def _lora_hashes(text: str) -> dict[str, str]:
    pairs = (entry.rpartition(":") for entry in text.split(","))
    return {name.strip(): digest.strip().lower() for name, colon, digest in pairs if colon}


def _weights(arguments: str) -> tuple[float, float]:
    """`:te` or `:te:unet`, or `:te=1:unet=1`, as (text encoder, denoiser)."""
    text, unet = None, None
    for argument in arguments.split(":")[1:]:
        name, equals, value = argument.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            continue
        if (name.strip() == "te" if equals else text is None):
            text = number
        elif name.strip() in ("", "unet"):
            unet = number
    text = 1.0 if text is None else text
    return text, text if unet is None else unet


def _nearest_recipe(info: Infotext, fields: _Fields) -> dict[str, Any] | None:
    """The recipe that comes nearest; what does not fit into one is left out, field by field."""
    data: dict[str, Any] = {"task": "create"}
    for key, value in _wanted(info, fields).items():
        if value in (None, "", {}, []):
            continue
        try:
            data = parse_recipe({**data, key: value}).model_dump(mode="json")
        except RecipeError:
            continue
    return data


def _wanted(info: Infotext, fields: _Fields) -> dict[str, Any]:
    """The fields of the recipe; LoRAs stay in the words, which name them: a second time would double them."""
    sampler, schedule = _sampling(fields)
    model, model_hash = fields.text("Model"), (fields.text("Model hash") or "").lower()
    noise = {"source": _NOISE.get(fields.text("RNG") or "GPU"), "offset": fields.whole("ENSD"),
             "variation_seed": fields.whole("Variation seed"),
             "variation_strength": fields.number("Variation seed strength")}
    return {
        "prompt": info.prompt, "negative_prompt": info.negative_prompt, "seed": fields.whole("Seed"),
        "width": fields.whole("Size-1"), "height": fields.whole("Size-2"),
        "sampling": _given(sampler=sampler, schedule=schedule, steps=fields.whole("Steps")),
        "guidance": _given(scale=fields.number("CFG scale")), "clip_skip": fields.whole("Clip skip"),
        "noise": _given(**noise),
        "model": _given(name=model, hash=model_hash or None) if model else None,
        "second_pass": _second_pass(fields),
    }  # fmt: skip


def _sampling(fields: _Fields) -> tuple[str | None, str | None]:
    """Our ids for the sampler and schedule; None for those that have no twin here."""
    sampler = schedule = None
    with contextlib.suppress(RecipeError):
        found, carried = resolve_sampler(fields.text("Sampler") or "")
        sampler, schedule = found.id, carried.id if carried else None
    with contextlib.suppress(RecipeError):
        schedule = resolve_schedule(fields.text("Schedule type") or "").id
    return sampler, schedule


def _second_pass(fields: _Fields) -> dict[str, Any] | None:
    scale = fields.number("Hires upscale")
    if scale is None:
        return None
    latent = (fields.text("Hires upscaler") or "Latent").startswith("Latent")
    return _given(scale=scale, upscale="latent" if latent else "picture",
                  strength=fields.number("Denoising strength"), steps=fields.whole("Hires steps"))


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
