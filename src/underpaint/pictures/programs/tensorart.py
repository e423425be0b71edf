"""TensorArt: `generation_data`, beside ComfyUI's graph."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, unmangled, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import Lora, Told, reading


def read(found: Found) -> Reading | None:
    """A Reading of TensorArt's settings, or None."""
    data = load_object(unmangled(found.text("generation_data") or ""))
    return reading(_account(data, found), found) if data else None


def _account(data: Mapping[str, Any], found: Found) -> Told:
    base = mapping(data.get("baseModel"))
    seed = whole(data.get("seed"))
    drawn = _drawn_seed(found) if seed is None or seed < 0 else None
    cfg, guidance = number(data.get("cfgScale")), number(data.get("guidance"))
    notes = [] if not mapping(data.get("controlnet")) else ["the control pictures cannot be taken over from the file"]
    if data.get("workEngine") or words(data.get("hiresFix")):
        notes.append("the second pass cannot be taken over from the file")
    return Told(
        source="tensorart", prompt=first(words(data.get("prompt")), ""),
        negative_prompt=first(words(data.get("negativePrompt")), ""), seed=first(drawn, seed),
        steps=whole(data.get("steps")), guidance=first(cfg, guidance),
        sampler=first(words(data.get("ksamplerName")), words(data.get("samplerName")), words(data.get("sampler"))),
        schedule=first(words(data.get("schedule")), words(data.get("scheduler"))), width=whole(data.get("width")),
        height=whole(data.get("height")), model=first(words(base.get("modelFileName")), words(base.get("label"))),
        model_hash=words(base.get("hash")), hash_is_sha=True, loras=tuple(_loras(data)), dialect="comfyui",
        guidance_here=guidance if cfg is not None and cfg <= 1 else None,
        noise_offset=whole(data.get("etaNoiseSeedDelta")),
        clip_skip=whole(data.get("clipSkip")), notes=tuple(notes),
    )  # fmt: skip


def _drawn_seed(found: Found) -> int | None:
    """The seed that chance chose stands only in the graph beside the settings."""
    graph = load_object(found.text("prompt")) or {}
    for node in list(graph.values())[:1000]:
        inputs = mapping(mapping(node).get("inputs"))
        if "Sampler" in str(mapping(node).get("class_type", "")):
            return whole(inputs.get("seed", inputs.get("noise_seed")))
    return None


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    for entry in listed(data.get("models"))[:64]:
        named = mapping(entry)
        name = first(words(named.get("modelFileName")), words(named.get("label")))
        if name and str(named.get("type", "")).upper() in ("LORA", "LOCON", "LYCORIS", "DORA"):
            yield Lora(name, first(number(named.get("weight")), 1.0), None, words(named.get("hash")))
