"""SwarmUI (StableSwarmUI before): `sui_image_params` in JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, whole, words
from underpaint.pictures.nearest import counted_steps
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import Lora, Told, reading

_NOTED = {"initimage": "the picture it began from", "maskimage": "the mask", "refinermodel": "the refiner model",
          "controlnetmodel": "the control picture", "videomodel": "the video model", "segmentmodel": "segments",
          "regionalobjectcleanupfactor": "words for parts of the picture", "freeuapplyto": "FreeU",
          "sigmashift": "the shift of the noise levels"}


def read(found: Found) -> Reading | None:
    """A Reading of SwarmUI's settings, or None."""
    for text in (found.text("parameters"), found.exif.get("UserComment"), found.exif.get("Model"), *found.comments):
        data = load_object(text)
        told = load_object(data.get("sui_image_params")) if data else None
        if data and told is not None:
            return reading(_account(told, listed(data.get("sui_models"))), found)
    return None


def _account(data: Mapping[str, Any], models: list[Any]) -> Told:
    cfg, flux = number(data.get("cfgscale")), number(data.get("fluxguidancescale"))
    stop = whole(data.get("clipstopatlayer"))
    hashes = {str(mapping(entry).get("param")): words(mapping(entry).get("hash")) for entry in models[:64]}
    scale = number(data.get("refinerupscale"))
    second = None
    if scale is not None and scale > 1:
        strength = number(data.get("refinercontrolpercentage", data.get("refinercontrol")))
        second = {"scale": scale, "upscale": "picture", "strength": strength,
                  "steps": counted_steps(whole(data.get("refinersteps")), strength)}
        second = {key: value for key, value in second.items() if value is not None}
    return Told(
        source="swarmui", prompt=first(words(data.get("prompt")), ""),
        negative_prompt=data["negativeprompt"] if isinstance(data.get("negativeprompt"), str) else "",
        seed=whole(data.get("seed")), steps=whole(data.get("steps")), guidance=cfg, sampler=words(data.get("sampler")),
        schedule=words(data.get("scheduler")), width=whole(data.get("width")), height=whole(data.get("height")),
        model=words(data.get("model")), model_hash=hashes.get("model"), loras=tuple(_loras(data)), dialect="comfyui",
        guidance_here=flux if flux and (cfg is None or cfg <= 1) else None, noise="cpu",
        clip_skip=-stop if stop is not None and stop < 0 else None, vae=_vae(data), second_pass=second,
        notes=tuple(_notes(data)),
    )  # fmt: skip


def _vae(data: Mapping[str, Any]) -> str | None:
    name = words(data.get("vae"))
    chosen = data.get("automaticvae") is not True and name is not None and name.casefold() not in ("none", "automatic")
    return name if chosen else None


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    """Names and weights come as two lists, or as two texts with commas."""
    names, weights = _list(data.get("loras")), _list(data.get("loraweights"))
    text_weights = _list(data.get("loratencweights"))
    for index, name in enumerate(names[:64]):
        if isinstance(name, str) and name.strip():
            weight = number(weights[index]) if index < len(weights) else None
            text = number(text_weights[index]) if index < len(text_weights) else None
            yield Lora(name.strip(), first(weight, 1.0), text)


def _list(value: object) -> list[Any]:
    return value.split(",") if isinstance(value, str) else listed(value)


def _notes(data: Mapping[str, Any]) -> Iterator[str]:
    for key, meaning in _NOTED.items():
        if data.get(key):
            yield f"{meaning} cannot be taken over from the file"
