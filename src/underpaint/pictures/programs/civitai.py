"""Civitai's own generator, where it writes ComfyUI's graph with `extraMetadata`; its infotexts are A1111's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import listed, load_object, mapping, number, whole, words
from underpaint.pictures.programs.comfyui import tell
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import ENLARGED, Told, reading

_SHARED = ("prompt", "negative_prompt", "seed", "steps", "guidance", "width", "height", "model", "clip_skip")


def read(found: Found) -> Reading | None:
    """A Reading of what the site was asked for, its gaps filled from the graph, or None."""
    data = load_object(found.text("extraMetadata")) or {}
    graph = load_object(found.text("prompt")) or {}
    data = data or load_object(graph.get("extraMetadata")) or {}
    if not {"prompt", "steps", "cfgScale", "seed"} & data.keys():
        return None
    told = _account(data)
    drawn = tell(found)
    return reading(_filled(told, drawn.told) if drawn else told, found)


def _account(data: Mapping[str, Any]) -> Told:
    negative = data.get("negativePrompt")
    notes = []
    if any(mapping(one).get("type") == "upscale" for one in listed(data.get("transformations"))[:64]):
        notes.append(ENLARGED)
    return Told(
        source="civitai", prompt=words(data.get("prompt")),
        negative_prompt=negative if isinstance(negative, str) else None,
        seed=whole(data.get("seed")), steps=whole(data.get("steps")), guidance=number(data.get("cfgScale")),
        sampler=words(data.get("sampler")), width=whole(data.get("width")), height=whole(data.get("height")),
        clip_skip=whole(data.get("clipSkip")), dialect="comfyui", noise="cpu", notes=tuple(notes),
    )  # fmt: skip


def _filled(told: Told, drawn: Told) -> Told:
    """What the site does not say from its graph; the graph's own sampler names go with its schedule."""
    gaps = {key: getattr(drawn, key) for key in _SHARED if getattr(told, key) is None}
    if drawn.sampler:
        gaps |= {"sampler": drawn.sampler, "schedule": drawn.schedule, "sampler_here": drawn.sampler_here}
    # Where only the enlarging stands in the graph, nothing of it had to be guessed.
    drawn_notes = drawn.notes if drawn.sampler or told.prompt is None else ()
    return replace(told, **gaps, loras=drawn.loras, notes=tuple(dict.fromkeys((*told.notes, *drawn_notes))))
