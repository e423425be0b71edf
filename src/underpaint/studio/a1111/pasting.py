"""The field `infotext`: a picture's parameters fill in whatever the request leaves open."""

from typing import Any, TypeVar

from pydantic import ValidationError

from underpaint.errors import ModelError
from underpaint.pictures.infotext import parse_infotext
from underpaint.pictures.loose import number, whole
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.requests import Processing
from underpaint.studio.a1111.shelf import Shelf

P = TypeVar("P", bound=Processing)
_TEXTS = {"Sampler": "sampler_name", "Schedule type": "scheduler", "Hires upscaler": "hr_upscaler"}
_WHOLE = {"Steps": "steps", "Seed": "seed", "Size-1": "width", "Size-2": "height", "Variation seed": "subseed",
          "Hires steps": "hr_second_pass_steps", "Hires resize-1": "hr_resize_x", "Hires resize-2": "hr_resize_y",
          "Mask blur": "mask_blur", "Masked area padding": "inpaint_full_res_padding"}
_NUMBERS = {"CFG scale": "cfg_scale", "Denoising strength": "denoising_strength", "Eta": "eta",
            "Variation seed strength": "subseed_strength", "Hires upscale": "hr_scale", "Sigma churn": "s_churn",
            "Sigma tmin": "s_tmin", "Sigma tmax": "s_tmax", "Sigma noise": "s_noise"}
_CONTENT = {"fill": 0, "original": 1, "latent noise": 2, "latent nothing": 3}
_SETTINGS = {"Clip skip": "CLIP_stop_at_last_layers", "ENSD": "eta_noise_seed_delta", "RNG": "randn_source",
             "Emphasis": "emphasis"}


def pasted(request: P, shelf: Shelf) -> P:
    """The request with the fields that it leaves open taken from its infotext. A model, VAE or value that is not here
    is passed over, as A1111 does: what a request says itself is not."""
    if not request.infotext:
        return request
    info = parse_infotext(request.infotext)
    told: dict[str, Any] = {"prompt": info.prompt, "negative_prompt": info.negative_prompt}
    for names, read in ((_TEXTS, str), (_WHOLE, whole), (_NUMBERS, number)):
        told |= {field: read(info.fields[key]) for key, field in names.items() if key in info.fields}
    if "Masked content" in info.fields:
        told["inpainting_fill"] = _CONTENT.get(info.fields["Masked content"])
    if "Inpaint area" in info.fields:
        told["inpaint_full_res"] = info.fields["Inpaint area"] == "Only masked"
    if "hr_scale" in told or "hr_resize_x" in told:
        told["enable_hr"] = True
    known = type(request).model_fields
    told = {name: value for name, value in told.items() if value is not None and name in known}
    given = {name: getattr(request, name) for name in request.model_fields_set}
    settings = {**_settings(info.fields, shelf), **(request.override_settings or {})}
    try:
        return type(request).model_validate({**told, **given, "override_settings": settings})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Unprocessable(f"the infotext holds a value that does not fit: {first['msg']}", field="infotext",
                            hint=f"Send {first['loc'][0]} yourself." if first["loc"] else None) from error


def _settings(fields: Any, shelf: Shelf) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, option in _SETTINGS.items():
        if key in fields:
            number_of = whole(fields[key])
            found[option] = fields[key] if option in ("randn_source", "emphasis") else number_of
    model, digest = fields.get("Model"), fields.get("Model hash", "")
    if model:
        name = f"{model} [{digest}]" if digest else model
        if _is_here(shelf, name, "checkpoint"):
            found["sd_model_checkpoint"] = name
    if fields.get("VAE") and _is_here(shelf, fields["VAE"], "vae"):
        found["sd_vae"] = fields["VAE"]
    return {name: value for name, value in found.items() if value is not None}


def _is_here(shelf: Shelf, name: str, kind: Any) -> bool:
    try:
        shelf.find(name, kind)
    except ModelError:
        return False
    return True
