"""Stability Matrix: `parameters-json` beside an infotext and ComfyUI's graph."""

from dataclasses import replace
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.infotext import parse_infotext
from underpaint.pictures.loose import load_object, number, whole, words
from underpaint.pictures.programs import a1111
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import Told, reading


def read(found: Found) -> Reading | None:
    """A Reading of Stability Matrix' settings, or None.

    Where an infotext stands beside them the words are shown as every other program reads them from it; the recipe
    takes them from the program's own JSON, whose letters are never garbled.
    """
    data = load_object(found.text("parameters-json"))
    if data is None or not {"PositivePrompt", "ModelName", "Steps"} & data.keys():
        return None
    positive, negative = (_text(data.get(key)) for key in ("PositivePrompt", "NegativePrompt"))
    told = Told(
        source="stability-matrix", prompt=positive, negative_prompt=negative, seed=whole(data.get("Seed")),
        steps=whole(data.get("Steps")), guidance=number(data.get("CfgScale")), sampler=words(data.get("Sampler")),
        width=whole(data.get("Width")), height=whole(data.get("Height")), model=words(data.get("ModelName")),
        model_hash=words(data.get("ModelHash")), hash_is_sha=True, dialect="comfyui", noise="cpu",
        painted_words=(_lines(positive), _lines(negative)),
    )  # fmt: skip
    infotext = found.text("parameters")
    more: dict[str, Any] = {}
    if infotext and load_object(infotext) is None:
        shown = a1111.account(infotext, info := parse_infotext(infotext))
        more = {"fields": dict(info.fields)}
        garbled = tuple(note for note in shown.notes if "garbled" in note)
        told = replace(told, prompt=shown.prompt, negative_prompt=shown.negative_prompt, notes=garbled)
    return reading(told, found, more=more)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
