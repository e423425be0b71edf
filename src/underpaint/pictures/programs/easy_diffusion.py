"""Easy Diffusion, whose settings stand one by one in a PNG's texts or as JSON; and sd-scripts, which does the first."""

from collections.abc import Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, number, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Lora, Told, reading

_LABELS = {
    "Prompt": "prompt", "Negative Prompt": "negative_prompt", "Seed": "seed", "Steps": "num_inference_steps",
    "Guidance Scale": "guidance_scale", "Sampler": "sampler_name", "Width": "width", "Height": "height",
    "Stable Diffusion model": "use_stable_diffusion_model", "VAE model": "use_vae_model", "Clip Skip": "clip_skip",
    "LoRA model": "use_lora_model", "LoRA Strength": "lora_alpha", "Prompt Strength": "prompt_strength",
}  # fmt: skip
_SCRIPTS = {"negative-prompt": "negative_prompt", "steps": "num_inference_steps", "scale": "guidance_scale",
            "sampler": "sampler_name"}


def read(found: Found) -> Reading | None:
    """A Reading of either program's settings, or None."""
    for text in (found.exif.get("UserComment"), found.text("parameters"), *found.comments):
        data = _named(load_object(text) or {})
        if "use_stable_diffusion_model" in data and "prompt" in data:
            return reading(_account(data, "easy-diffusion"), found)
    data = _named(found.texts)
    if "use_stable_diffusion_model" in data or {"prompt", "num_inference_steps", "guidance_scale"} <= data.keys():
        return reading(_account(data, "easy-diffusion"), found)
    if {"prompt", "seed", "steps", "scale"} <= found.texts.keys():
        scripts = {_SCRIPTS.get(key, key): value for key, value in found.texts.items()}
        return reading(_account(scripts, "sd-scripts"), found)
    return None


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    return {_LABELS.get(key, key): value for key, value in data.items()}


def _account(data: Mapping[str, Any], source: str) -> Told:
    prompt, negative = data.get("prompt"), data.get("negative_prompt")
    skip = data.get("clip_skip")
    notes = []
    if number(data.get("prompt_strength")) is not None and data.get("init_image"):
        notes.append(PAINTED_OVER)
    for key, meaning in (("use_upscale", "enlarged"), ("use_face_correction", "mended at the faces")):
        if words(data.get(key)) and data[key] not in ("None", "False", "none"):
            notes.append(f"it was {meaning} afterwards with '{data[key]:.40}', which is not done here")
    return Told(
        source=source, prompt=prompt if isinstance(prompt, str) else "",
        negative_prompt=negative if isinstance(negative, str) else "", seed=whole(data.get("seed")),
        steps=whole(data.get("num_inference_steps")), guidance=number(data.get("guidance_scale")),
        sampler=words(data.get("sampler_name")), width=whole(data.get("width")), height=whole(data.get("height")),
        model=words(data.get("use_stable_diffusion_model")), loras=_loras(data),
        clip_skip=2 if skip is True or skip == "True" else None, vae=_vae(data.get("use_vae_model")), noise="philox",
        notes=tuple(notes),
    )  # fmt: skip


def _vae(value: object) -> str | None:
    name = words(value)
    return None if name in (None, "None", "none") else name


def _loras(data: Mapping[str, Any]) -> tuple[Lora, ...]:
    """One name and one strength, or a list of each."""
    names, weights = data.get("use_lora_model"), data.get("lora_alpha")
    pairs = zip(names, [*listed(weights), *[1.0] * len(names)], strict=False) if isinstance(names, list) \
        else [(names, weights)]
    return tuple(Lora(name, first(number(weight), 1.0)) for name, weight in list(pairs)[:64]
                 if isinstance(name, str) and name not in ("", "None"))
