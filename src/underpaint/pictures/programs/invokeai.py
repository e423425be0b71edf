"""InvokeAI's three generations: the `Dream` command line, `sd-metadata`, and `invokeai_metadata`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, whole, words
from underpaint.pictures.programs.weights import plus_to_weights
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Lora, Told, reading

_UNWANTED = re.compile(r" {0,4}\[([^\[\]]{0,20000})\] {0,4}")
_LONG = {"steps": "s", "seed": "S", "width": "W", "height": "H", "cfg_scale": "C", "sampler": "A"}
_SAMPLERS = {"k_euler_a": "euler_a", "k_dpm_2_a": "dpm2_a", "kdpm_2": "dpm2", "kdpm_2_a": "dpm2_a",
             "k_dpm_2": "dpm2", "k_dpmpp_2": "dpmpp_2m", "k_dpmpp_2_a": "DPM++ 2S a"}


def read(found: Found) -> Reading | None:
    """A Reading of whichever generation's metadata is there, the newest first, or None."""
    newest = load_object(found.text("invokeai_metadata"))
    if newest:
        return reading(_newest(newest), found)
    second = load_object(found.text("sd-metadata"))
    if second is not None and isinstance(second.get("image"), Mapping):
        return reading(_second(second), found)
    dream = found.text("Dream")
    return reading(_dream(dream), found) if words(dream) else None


def _newest(data: Mapping[str, Any]) -> Told:
    """Since version 3: one flat object, whose model field changed its names twice."""
    model, vae = mapping(data.get("model")), mapping(data.get("vae"))
    positive, negative = _texts(data, "positive"), _texts(data, "negative")
    scheduler = words(data.get("scheduler"))
    clip_skip = whole(data.get("clip_skip")) or whole(data.get("clip_skipped_layers"))
    return Told(
        source="invokeai", prompt=positive[0], negative_prompt=negative[0], seed=whole(data.get("seed")),
        steps=first(whole(data.get("steps")), whole(data.get("num_steps"))),
        guidance=first(number(_scalar(data.get("cfg_scale"))), number(data.get("guidance"))), sampler=scheduler,
        width=whole(data.get("width")), height=whole(data.get("height")), model=_name(data.get("model")),
        model_hash=words(model.get("hash")), loras=tuple(_loras(data)), dialect="a1111",
        painted_words=(_with_style(*positive), _with_style(*negative)),
        sampler_here=_names(scheduler)[0], schedule_here=_names(scheduler)[1],
        guidance_here=number(data.get("guidance")) if (number(_scalar(data.get("cfg_scale"))) or 1) <= 1 else None,
        noise=None if data.get("rand_device") == "cuda" else "cpu", rescale=number(data.get("cfg_rescale_multiplier")),
        clip_skip=clip_skip + 1 if clip_skip else None, vae=_name(vae) if vae else None, notes=tuple(_notes(data)),
    )  # fmt: skip


def _texts(data: Mapping[str, Any], side: str) -> tuple[str, str]:
    text, style = data.get(f"{side}_prompt"), data.get(f"{side}_style_prompt")
    return text if isinstance(text, str) else "", style if isinstance(style, str) else ""


def _with_style(text: str, style: str) -> str:
    joined = text if not style or style == text else f"{text}, {style}" if text else style
    return plus_to_weights(joined)


def _scalar(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _name(value: object) -> str | None:
    """Names were `model_name` first, `name` later; in between there was only the file's path."""
    if isinstance(value, str):
        return words(value)
    model = mapping(value)
    return next((found for key in ("model_name", "name", "path", "key") if (found := words(model.get(key)))), None)


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    for entry in listed(data.get("loras"))[:64]:
        named = mapping(entry)
        name = _name(first(named.get("lora"), named.get("model"), dict(named)))
        if name:
            yield Lora(name, first(number(named.get("weight")), 1.0))


def _names(scheduler: str | None) -> tuple[str | None, str | None]:
    """`dpmpp_2m_sde_k` is DPM++ 2M SDE on Karras' schedule; `k_euler` of old is only Euler."""
    base = (scheduler or "").removesuffix("_k")
    return _SAMPLERS.get(base, base) or None, "karras" if scheduler and base != scheduler else None


def _notes(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("init_image") or data.get("initial_image_name") or "img2img" in str(data.get("generation_mode", "")):
        yield PAINTED_OVER
    named = {"controlnets": "control pictures (ControlNet)", "ipAdapters": "pictures it was led by (IP-Adapter)",
             "t2iAdapters": "control pictures (T2I-Adapter)", "refiner_model": "the refiner model",
             "hrf_enabled": "the high-resolution pass", "regions": "words for parts of the picture",
             "seamless_x": "seamless tiling", "canvas_v2_metadata": "the canvas it was painted on"}
    for key, meaning in named.items():
        if data.get(key):
            yield f"{meaning} cannot be taken over from the file"


def _second(data: Mapping[str, Any]) -> Told:
    """Versions 2.x: `sd-metadata`, the words with what is not wanted in square brackets."""
    image = mapping(data.get("image"))
    positive, negative = _split(_prompts(image.get("prompt")))
    sampler = words(image.get("sampler"))
    notes = []
    if image.get("type") == "img2img" or image.get("init_image_path"):
        notes.append(PAINTED_OVER)
    if listed(image.get("postprocessing")):
        notes.append("it was mended or enlarged afterwards, which is not done here")
    if image.get("hires_fix") is True:
        notes.append("the high-resolution pass cannot be taken over from the file")
    return Told(
        source="invokeai", prompt=positive, negative_prompt=negative, seed=whole(image.get("seed")),
        steps=whole(image.get("steps")), guidance=number(image.get("cfg_scale")), sampler=sampler,
        width=whole(image.get("width")), height=whole(image.get("height")),
        model=first(words(data.get("model_weights")), words(data.get("model"))),
        model_hash=words(data.get("model_hash")), hash_is_sha=False, noise="philox",
        painted_words=(plus_to_weights(positive), plus_to_weights(negative)),
        sampler_here=_names(sampler)[0], schedule_here=_names(sampler)[1], notes=tuple(notes),
    )  # fmt: skip


def _prompts(value: object) -> str:
    """One text, or a list of texts with weights, which A1111 writes with AND."""
    if isinstance(value, str):
        return value
    entries = [mapping(entry) for entry in listed(value)[:32]]
    parts = [(words(entry.get("prompt")), number(entry.get("weight"))) for entry in entries]
    told = [(text, weight) for text, weight in parts if text]
    if len(told) == 1:
        return told[0][0]
    return " AND ".join(text if weight in (None, 1.0) else f"{text} :{weight:g}" for text, weight in told)


def _split(text: str) -> tuple[str, str]:
    """(wanted, not wanted): everything in square brackets is not."""
    unwanted = [match[1].strip() for match in _UNWANTED.finditer(text)]
    return _UNWANTED.sub(" ", text).strip() if unwanted else text.strip(), " ".join(unwanted)


def _dream(text: str | None) -> Told:
    """Versions 1.x, its command line: `"words [not these]" -s 50 -S 1 -W 512 -H 512 -C 7.5 -A k_lms`."""
    text = (text or "").strip()
    prompt, options = _command(text)
    positive, negative = _split(prompt)
    told = _options(options)
    sampler = told.get("A") or told.get("m")
    return Told(
        source="invokeai", prompt=positive, negative_prompt=negative, seed=whole(told.get("S")),
        steps=whole(told.get("s")), guidance=number(told.get("C")), sampler=sampler, width=whole(told.get("W")),
        height=whole(told.get("H")), noise="philox",
        painted_words=(plus_to_weights(positive), plus_to_weights(negative)),
        sampler_here=_names(sampler)[0], schedule_here=_names(sampler)[1],
        notes=(PAINTED_OVER,) if "I" in told or "init_img" in told else (),
    )  # fmt: skip


def _options(text: str) -> dict[str, str]:
    """`-s 50`, `-s50`, `--steps 50` and `--steps=50` by their letter."""
    found: dict[str, str] = {}
    waiting: str | None = None
    for token in text.split()[:200]:
        if token.startswith("-") and number(token) is None:
            long = token.startswith("--")
            named, _, value = token[2:].partition("=") if long else (token[1:2], "", token[2:])
            key = _LONG.get(named, named)
            waiting = None if value else key
            if value:
                found.setdefault(key, value)
        elif waiting is not None:
            found.setdefault(waiting, token)
            waiting = None
    return found


def _command(text: str) -> tuple[str, str]:
    """(words, options): the words stand in quotes, in which quotes may be escaped."""
    if text.startswith('"'):
        end = text.rfind('" -')
        if end > 0:
            inside = text[1:end]
            return inside.replace('\\"', '"'), text[end + 1 :]
        return text.strip('"'), ""
    place = re.search(r"\s-{1,2}\w", text)
    return (text[: place.start()], text[place.start() :]) if place else (text, "")
