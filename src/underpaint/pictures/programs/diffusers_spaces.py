"""Spaces on Hugging Face that write diffusers' settings as JSON (Animagine's and those made after it)."""

import re
from collections.abc import Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, load_object, mapping, number, unmangled, whole, words
from underpaint.pictures.programs.a1111 import loras_in
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import Told, reading

_SIZE = re.compile(r"\D{0,4}(\d{1,6})\s{0,4}[x×*]\s{0,4}(\d{1,6})\D{0,10}")
_MARKS = {"guidance_scale", "num_inference_steps", "resolution"}


def read(found: Found) -> Reading | None:
    """A Reading of such a Space's settings, or None."""
    places = (found.text("parameters"), found.text("metadata"), found.exif.get("UserComment"), *found.comments)
    for text in places:
        data = load_object(unmangled(text or ""))
        if data is not None and isinstance(data.get("prompt"), str) and len(_MARKS & data.keys()) >= 2 \
                and "use_stable_diffusion_model" not in data:
            return reading(_account(data), found)
    return None


def _account(data: Mapping[str, Any]) -> Told:
    size = _SIZE.fullmatch(str(data.get("resolution", ""))[:40])
    upscaler = mapping(data.get("use_upscaler"))
    scale = number(upscaler.get("upscale_by"))
    second = {"scale": scale, "upscale": "latent" if "latent" in str(upscaler.get("upscale_method", "")).lower() or
              str(upscaler.get("upscale_method")) in ("nearest-exact", "bilinear", "bicubic") else "picture",
              "strength": number(upscaler.get("upscaler_strength")), "steps": whole(upscaler.get("upscale_steps"))}
    prompt = data["prompt"]
    negative = data.get("negative_prompt")
    loras = loras_in(prompt)
    notes = []
    if words(data.get("style_preset")) and data["style_preset"] not in ("(None)", "None"):
        notes.append(f"the style '{data['style_preset']:.40}' is the Space's own: its words are not in the file")
    return Told(
        source="hf-space", prompt=prompt, negative_prompt=negative if isinstance(negative, str) else "",
        seed=whole(data.get("seed")), steps=first(whole(data.get("num_inference_steps")), whole(data.get("steps"))),
        guidance=number(data.get("guidance_scale")),
        sampler=first(words(data.get("sampler")), words(data.get("scheduler"))),
        width=int(size[1]) if size else whole(data.get("width")),
        height=int(size[2]) if size else whole(data.get("height")),
        model=first(words(data.get("Model")), words(data.get("model"))), model_hash=words(data.get("Model hash")),
        hash_is_sha=True, loras=loras, loras_in_words=bool(loras), noise="philox",
        second_pass={key: value for key, value in second.items() if value is not None} if scale and scale > 1 else None,
        notes=tuple(notes),
    )  # fmt: skip
