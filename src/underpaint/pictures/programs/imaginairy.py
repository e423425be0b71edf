"""imaginAIry: JSON under `prompt` in EXIF's UserComment."""

from collections.abc import Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Told, reading


def read(found: Found) -> Reading | None:
    """A Reading of imaginAIry's settings, or None."""
    data = load_object(found.exif.get("UserComment")) or {}
    told = load_object(data.get("prompt"))
    named = str((told or {}).get("software", "")) == "imaginairy"
    if told is None or not (named or (found.exif.get("Software") or "").lower().startswith("imaginairy")):
        return None
    return reading(_account(told), found)


def _account(data: Mapping[str, Any]) -> Told:
    notes = []
    if data.get("init_image"):
        notes.append(PAINTED_OVER)
    for key, meaning in (("upscale", "enlarged"), ("fix_faces", "mended at the faces")):
        if data.get(key) is True:
            notes.append(f"it was {meaning} afterwards, which is not done here")
    size = listed(data.get("size"))
    return Told(
        source="imaginairy", prompt=_words(data.get("prompts", data.get("prompt"))),
        negative_prompt=_words(data.get("negative_prompt")), seed=whole(data.get("seed")),
        steps=whole(data.get("steps")), guidance=number(data.get("prompt_strength")),
        sampler=first(words(data.get("sampler_type")), words(data.get("solver_type"))),
        width=first(whole(data.get("width")), whole(size[0]) if len(size) == 2 else None),
        height=first(whole(data.get("height")), whole(size[1]) if len(size) == 2 else None),
        model=first(words(data.get("model")), words(data.get("model_weights")),
                    words(mapping(data.get("model_weights")).get("name"))),
        noise="cpu", notes=tuple(notes),
    )  # fmt: skip


def _words(value: object) -> str:
    """One text, or texts with weights ([weight, text] at first, objects later), which A1111 writes with AND."""
    if isinstance(value, str):
        return value
    parts: list[tuple[float, str]] = []
    for entry in listed(value)[:32]:
        named = mapping(entry)
        pair = [named.get("weight"), named.get("text")] if named else listed(entry)
        if len(pair) == 2 and words(pair[1]):
            parts.append((first(number(pair[0]), 1.0), str(pair[1])))
    if len(parts) == 1:
        return parts[0][1]
    return " AND ".join(text if weight == 1 else f"{text} :{weight:g}" for weight, text in parts)
