"""Fooocus (its own scheme; its A1111 scheme is an infotext) and Ruined Fooocus."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, number, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import Lora, Told, reading

_PAIR = re.compile(r"\D{0,4}(\d{1,6})\D{1,6}(\d{1,6})\D{0,4}")
_OLD = {"Prompt": "prompt", "Negative Prompt": "negative_prompt", "Steps": "steps", "Resolution": "resolution",
        "Guidance Scale": "guidance_scale", "Base Model": "base_model", "Refiner Model": "refiner_model",
        "Sampler": "sampler", "Scheduler": "scheduler", "Seed": "seed", "Styles": "styles", "VAE": "vae",
        "Performance": "performance", "Version": "version", "Fooocus V2 Expansion": "prompt_expansion"}
_PERFORMANCE = {"quality": 60, "speed": 30, "extreme speed": 8, "lightning": 4, "hyper-sd": 4}


def read(found: Found) -> Reading | None:
    """A Reading of Fooocus' JSON, or None."""
    scheme = found.text("fooocus_scheme") or found.exif.get("MakerNote")
    for text in (found.text("parameters"), found.exif.get("UserComment"), found.text("Comment"), *found.comments):
        data = load_object(text)
        if data is None:
            continue
        if data.get("software") == "RuinedFooocus":
            return reading(_ruined(data), found)
        data = {_OLD.get(key, key): value for key, value in data.items()}
        if "base_model" in data and "prompt" in data and (scheme == "fooocus" or _knows(data)):
            return reading(_account(data), found)
    return None


def _knows(data: Mapping[str, Any]) -> bool:
    return str(data.get("version", "")).startswith("Fooocus") or bool({"performance", "sharpness"} & data.keys())


def _account(data: Mapping[str, Any]) -> Told:
    prompt, negative = _text(data, "prompt"), _text(data, "negative_prompt")
    width, height = _size(data)
    painted = (_full(data, "full_prompt") or prompt, _full(data, "full_negative_prompt") or negative)
    return Told(
        source="fooocus", prompt=prompt, negative_prompt=negative, seed=whole(data.get("seed")),
        steps=first(whole(data.get("steps")), _PERFORMANCE.get(str(data.get("performance", "")).casefold())),
        guidance=first(number(data.get("guidance_scale")), number(data.get("cfg"))),
        sampler=words(data.get("sampler")), schedule=words(data.get("scheduler")), width=width, height=height,
        model=words(data.get("base_model")), model_hash=words(data.get("base_model_hash")), hash_is_sha=True,
        loras=tuple(_loras(data)), painted_words=painted, noise="cpu", clip_skip=whole(data.get("clip_skip")),
        vae=_named(data.get("vae")), notes=tuple(_notes(data, painted != (prompt, negative))),
    )  # fmt: skip


def _notes(data: Mapping[str, Any], styled: bool) -> Iterator[str]:
    if styled:
        yield "the styles and the words that Fooocus added are written out in the recipe's words"
    if _named(data.get("refiner_model")):
        yield f"the refiner '{data['refiner_model']!s:.60}' has no counterpart here"
    for key, meaning in (("sharpness", "sharpness"), ("adm_guidance", "ADM guidance"), ("freeu", "FreeU"),
                         ("adaptive_cfg", "adaptive guidance")):
        if key in data:
            yield f"Fooocus' {meaning} ({data[key]!s:.40}) has no counterpart here"


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _full(data: Mapping[str, Any], key: str) -> str:
    """The lines that were painted; the long list of what is not wanted comes in several."""
    value = data.get(key)
    lines = [line for line in (listed(value) or [value]) if isinstance(line, str) and line.strip()]
    return ", ".join(lines[:64])


def _size(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """`(1024, 1024)`, as text; read, never evaluated."""
    match = _PAIR.fullmatch(str(data.get("resolution", ""))[:40])
    if match:
        return int(match[1]), int(match[2])
    return whole(data.get("width")), whole(data.get("height"))


def _named(value: object) -> str | None:
    name = words(value)
    return None if name is None or name.casefold() in ("none", "default (model)", "default") else name


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    """A list of [name, weight, hash], or `lora_combined_1: name : weight` (or `True : name : weight`) and so on."""
    for entry in listed(data.get("loras"))[:64]:
        parts = listed(entry)
        if len(parts) >= 2 and words(parts[0]):
            yield Lora(str(parts[0]), first(number(parts[1]), 1.0), None, words(parts[2]) if len(parts) > 2 else None)
    for key, value in data.items():
        named = key.startswith(("lora_combined_", "LoRA ")) and isinstance(value, str)
        parts = value.split(" : ") if named else []
        if len(parts) == 3 and parts.pop(0) != "True":
            continue
        if len(parts) == 2 and parts[0] != "None":
            yield Lora(parts[0], first(number(parts[1]), 1.0))


def _ruined(data: Mapping[str, Any]) -> Told:
    loras = []
    for entry in listed(data.get("loras"))[:64]:
        if isinstance(entry, Mapping) and words(entry.get("name")):
            weight = first(number(entry.get("weight")), 1.0)
            loras.append(Lora(str(entry["name"]), weight, None, words(entry.get("hash"))))
        elif isinstance(entry, list) and len(entry) >= 2:
            # [hash, "weight - name"]
            said, _, name = str(entry[1]).partition(" - ")
            if name:
                loras.append(Lora(name, first(number(said), 1.0), None, words(entry[0])))
    return Told(
        source="ruined-fooocus", prompt=_text(data, "Prompt"), negative_prompt=_text(data, "Negative"),
        seed=whole(data.get("seed")), steps=whole(data.get("steps")), guidance=number(data.get("cfg")),
        sampler=words(data.get("sampler_name")), schedule=words(data.get("scheduler")), width=whole(data.get("width")),
        height=whole(data.get("height")), model=words(data.get("base_model_name")),
        model_hash=words(data.get("base_model_hash")), hash_is_sha=True, loras=tuple(loras), dialect="comfyui",
        noise="cpu", clip_skip=whole(data.get("clip_skip")),
    )  # fmt: skip
