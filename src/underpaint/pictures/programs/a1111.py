"""AUTOMATIC1111 and everything that writes its infotext: Forge, reForge, SD.Next, Civitai, savers of ComfyUI ..."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from underpaint.pictures.found import Found
from underpaint.pictures.infotext import FEWEST_PAIRS, NEGATIVE, Infotext, parse_infotext
from underpaint.pictures.loose import first, load_json, load_object, mapping, number, unmangled, whole
from underpaint.pictures.nearest import counted_steps
from underpaint.pictures.programs import comfyui
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Lora, Told, reading

# Bounded, so that a hostile text of many open brackets stays cheap.
_LORA = re.compile(r"<(?:lora|lyco):([^<>:]{1,200})((?::[^<>:]{1,40}){0,4})>")
_MAX_LORAS = 200
_FORGE = re.compile(r"f\d")
_REFORGE = re.compile(r"f\d+(?:\.\d+){1,2}(?:v\d+)?-v")
_NOISE: dict[str, Literal["cpu", "philox"]] = {"CPU": "cpu", "GPU": "philox", "NV": "philox"}
_CPU_NOISE = {"comfyui", "fooocus"}
_EMPHASIS = {"no norm": "no_norm", "ignore": "ignore", "none": "none"}
_TEMPLATE = re.compile(r"(?:^|\n)(?:Negative )?Template: ")
_RESOURCES = "Civitai resources: "
_TAKEN = {
    "steps", "sampler", "schedule type", "scheduler", "cfg scale", "distilled cfg scale", "seed", "size-1", "size-2",
    "model", "model hash", "vae", "vae hash", "clip skip", "ensd", "rng", "variation seed", "variation seed strength",
    "denoising strength", "hires upscale", "hires resize-1", "hires resize-2", "hires steps", "hires upscaler",
    "lora hashes", "lora weights", "ti hashes", "eta", "emphasis", "hashes",
}  # fmt: skip
_TELLS_NOTHING = {
    "version", "app", "user", "task", "created date", "civitai resources", "civitai metadata", "pipeline",
    "operations", "backend", "parser", "performance", "raw prompt", "raw negative prompt", "refiner hash", "time",
    "metadata scheme", "image cfg scale", "face restoration", "full_prompt", "batch", "index",
    "cache fp16 weight for lora", "mask mode", "fp8 weight", "diffusion in low bits", "hires schedule type",
}  # fmt: skip


def read(found: Found) -> Reading | None:
    """A Reading of the first text that has an infotext's settings or negative prompt, or None."""
    own = found.text("parameters")
    for text in (own, found.exif.get("UserComment"), found.exif.get("ImageDescription"), *found.comments):
        if not text or load_object(text) is not None or isinstance(load_json(text), list):
            continue
        info = parse_infotext(text)
        told = len(info.fields) >= FEWEST_PAIRS and "steps" in {key.casefold() for key in info.fields}
        if told or NEGATIVE in text:
            shown = account(text, info)
            if shown.source == "a1111" and comfyui.graph_in(found) is not None:
                shown = replace(shown, source="comfyui", noise="cpu")  # a saver that does not name itself
            return reading(shown, found, painted=_graphed(shown, found), more={"fields": dict(info.fields)})
    return None


def _graphed(shown: Told, found: Found) -> Told | None:
    """What ComfyUI's graph says, where a saver wrote an infotext beside it that is about nothing or another picture."""
    graph = comfyui.tell(found) if shown.source == "comfyui" else None
    if graph is None or not graph.told.prompt or graph.told.seed is None:
        return None
    empty = (shown.prompt or "").strip().casefold() in ("", "unknown")
    if not empty and graph.told.seed == shown.seed:
        return None
    note = "its infotext does not fit its graph of nodes: the recipe follows the graph"
    return replace(graph.told, notes=(note, *graph.told.notes))


def read_words(found: Found) -> Reading | None:
    """A Reading of words alone, as A1111 reads them where it keeps its infotext."""
    text = found.texts.get("parameters", "")
    info = parse_infotext(text)
    if not info.prompt or isinstance(load_json(text), dict | list):
        return None
    return reading(account(text, info), found, more={"fields": dict(info.fields)})


def account(text: str, info: Infotext) -> Told:
    """What an infotext tells; words and fields as A1111 reads them."""
    fields = Fields(info.fields)
    source = _source(fields, text)
    resources = list(_resources(text))
    loras = tuple(_loras(info.prompt, fields))
    in_words = bool(loras)
    if not loras:
        loras = tuple(_resource_loras(resources)) or tuple(_weighed_loras(fields))
    second, notes = _second_pass(fields)
    checkpoint = next((_resource_name(entry) for entry in resources if entry.get("type") == "checkpoint"), None)
    guidance, distilled = fields.number("CFG scale"), fields.number("Distilled CFG Scale")
    if distilled is not None and (guidance is None or guidance <= 1):
        notes.append(f"the guidance {distilled:g} is the distilled one, for models that were trained with it")
    else:
        distilled = None
    painted = (_mended(info.prompt, notes), _mended(info.negative_prompt, notes))
    variation = (fields.whole("Variation seed"), fields.number("Variation seed strength"))
    noise: Literal["cpu", "philox"] | None = "cpu" if source in _CPU_NOISE else _NOISE.get(fields.text("RNG") or "GPU")
    return Told(
        source=source, prompt=info.prompt, negative_prompt=info.negative_prompt, seed=fields.whole("Seed"),
        steps=fields.whole("Steps"), guidance=guidance, sampler=fields.text("Sampler"),
        schedule=fields.text("Schedule type") or fields.text("Scheduler"), width=fields.whole("Size-1"),
        height=fields.whole("Size-2"), model=fields.text("Model") or checkpoint, model_hash=fields.text("Model hash"),
        loras=loras, painted_words=painted, guidance_here=distilled, noise=noise, noise_offset=fields.whole("ENSD"),
        variation=(variation[0], variation[1]) if variation[0] is not None and variation[1] else None,
        eta=fields.number("Eta"), clip_skip=fields.whole("Clip skip"), vae=_vae(fields.text("VAE")), hash_is_sha=True,
        loras_in_words=in_words, second_pass=second, emphasis=_EMPHASIS.get((fields.text("Emphasis") or "").lower()),
        sampler_here=_spelled(fields), notes=(*notes, *_left_over(info.fields)),
    )  # fmt: skip


def _mended(words: str, notes: list[str]) -> str:
    """Words for the recipe: letters as they were meant, without the template that an extension writes behind them."""
    mended = unmangled(words)
    if mended != words:
        notes.append("the letters of the words are garbled where other programs read them: the recipe has them mended")
    match = _TEMPLATE.search(mended)
    return mended[: match.start()].strip() if match else mended


class Fields:
    """Fields by name, whatever their case, as the type that is wanted; None for nonsense."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {key.casefold(): value for key, value in reversed(list(fields.items()))}

    def text(self, key: str) -> str | None:
        """The field as it stands."""
        return self._fields.get(key.casefold())

    def whole(self, key: str) -> int | None:
        """The field as a whole number."""
        return whole(self.text(key))

    def number(self, key: str) -> float | None:
        """The field as a number."""
        return number(self.text(key))


def _source(fields: Fields, text: str) -> str:
    """The program, by the marks that each leaves in Version or App."""
    version, app = fields.text("Version") or "", fields.text("App") or ""
    if app == "SD.Next":
        return "sdnext"
    marks = {"fooocus": "fooocus", "comfyui": "comfyui", "underpaint": "underpaint", "classic": "forge", "neo": "forge",
             "sd.next": "sdnext", "swarm": "swarmui"}
    low = version.casefold()
    found = next((source for mark, source in marks.items() if low.startswith(mark)), None)
    if found is None and _REFORGE.match(version):
        found = "reforge"
    if found is None and _FORGE.match(version):
        found = "forge"
    return found or ("civitai" if _RESOURCES in text else "a1111")


def _spelled(fields: Fields) -> str | None:
    """`euler_simple`, as savers of ComfyUI glue sampler and schedule together, in a spelling that is known here."""
    sampler = fields.text("Sampler")
    if sampler is None or sampler.casefold() == "default":
        return None
    return sampler.replace("CFG++", "").strip() if sampler.endswith("CFG++") else sampler


def _vae(name: str | None) -> str | None:
    return None if name is None or name.casefold() in ("none", "automatic", "default", "default (model)") else name


def loras_in(prompt: str) -> tuple[Lora, ...]:
    """The LoRAs that words name as `<lora:name:weight>`."""
    return tuple(_loras(prompt, Fields({})))


def _loras(prompt: str, fields: Fields) -> Iterator[Lora]:
    hashes = _hashes(fields.text("Lora hashes") or "")
    for match in islice(_LORA.finditer(prompt), _MAX_LORAS):
        text, weight = _weights(match[2])
        known = hashes.get(match[1].replace(":", "").replace(",", ""))
        yield Lora(match[1], weight, text, known)


def _hashes(text: str) -> dict[str, str]:
    pairs = (entry.split(":") for entry in text.split(","))
    return {pair[0].strip(): pair[1].strip().lower() for pair in pairs if len(pair) >= 2}


def _weights(arguments: str) -> tuple[float, float]:
    """`:te` or `:te:unet`, or `:te=1:unet=1`, as (text encoder, denoiser)."""
    text, unet = None, None
    for argument in arguments.split(":")[1:]:
        name, equals, value = argument.rpartition("=")
        weight = number(value)
        if weight is None:
            continue
        if (name.strip() == "te" if equals else text is None):
            text = weight
        elif name.strip() in ("", "unet"):
            unet = weight
    text = 1.0 if text is None else text
    return text, text if unet is None else unet


def _weighed_loras(fields: Fields) -> Iterator[Lora]:
    """Fooocus writes `name: weight` beside, or `name: hash: weight` among, the hashes."""
    hashes = _hashes(fields.text("Lora hashes") or "")
    for entry in (fields.text("Lora weights") or fields.text("Lora hashes") or "").split(",")[:64]:
        parts = [part.strip() for part in entry.split(":")]
        weight = number(parts[-1]) if len(parts) >= 2 else None
        if weight is not None and abs(weight) <= 10:
            yield Lora(parts[0], weight, None, hashes.get(parts[0]))


def _resources(text: str) -> Iterator[Mapping[str, Any]]:
    """Civitai's list of models: JSON in the middle of the line, without quotes around it."""
    place = text.rfind(_RESOURCES)
    if place < 0:
        return
    try:
        data, _ = json.JSONDecoder().raw_decode(text, place + len(_RESOURCES))
    except (ValueError, RecursionError):
        return
    yield from (mapping(entry) for entry in (data[:64] if isinstance(data, list) else ()))


def _resource_name(entry: Mapping[str, Any]) -> str | None:
    name, version = entry.get("modelName"), entry.get("modelVersionName")
    named = [part for part in (name, version) if isinstance(part, str) and part]
    return " ".join(named) or None


def _resource_loras(resources: list[Mapping[str, Any]]) -> Iterator[Lora]:
    for entry in resources:
        name = _resource_name(entry)
        if name and str(entry.get("type", "")).casefold() in ("lora", "lycoris", "locon", "dora"):
            yield Lora(name, first(number(entry.get("weight")), 1.0))


def _second_pass(fields: Fields) -> tuple[dict[str, Any] | None, list[str]]:
    scale, strength = fields.number("Hires upscale"), fields.number("Denoising strength")
    width, resized = fields.whole("Size-1"), fields.whole("Hires resize-1")
    if scale is None and resized and width:
        scale = round(resized / width, 4)
    if scale is None:
        over = PAINTED_OVER
        return None, [over] if strength is not None and strength < 1 else []
    upscaler = fields.text("Hires upscaler") or "Latent"
    latent = upscaler.startswith("Latent")
    notes = [] if latent else [f"the second pass was enlarged with '{upscaler:.60}', here by plain resampling"]
    if scale <= 1:
        return None, notes
    told = {"scale": scale, "upscale": "latent" if latent else "picture", "strength": strength,
            "steps": counted_steps(fields.whole("Hires steps") or None, strength)}
    return {key: value for key, value in told.items() if value is not None}, notes


def _left_over(fields: Mapping[str, str]) -> Iterator[str]:
    """A sentence about every field without a counterpart; those of one extension together."""
    groups: dict[str, list[str]] = {}
    for key, value in fields.items():
        if key.casefold() not in _TAKEN | _TELLS_NOTHING:
            groups.setdefault(key.split()[0], []).append(f"{key}: {value:.40}")
    for entries in groups.values():
        more = f" (and {len(entries) - 1} more of its settings)" if len(entries) > 1 else ""
        yield f"'{entries[0]}'{more} has no counterpart here"
