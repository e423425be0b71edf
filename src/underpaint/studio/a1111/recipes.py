"""From a request to recipes: what A1111's names mean in ours."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from underpaint.errors import RecipeError
from underpaint.pictures.nearest import counted_steps
from underpaint.recipe import Recipe, parse_recipe
from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.requests import Img2Img, Processing, Txt2Img
from underpaint.studio.a1111.samplers import chosen

_NETWORK = re.compile(r"<\w{1,40}:[^<>]{1,300}>")
_EMPHASIS = {"none": "none", "ignore": "ignore", "original": "original", "no norm": "no_norm"}
_HR_BY_PICTURE = {"none", "lanczos", "nearest"}
SEEDS = 2**32
_FIELDS = {"sampling.steps": "steps", "guidance.scale": "cfg_scale", "noise.variation_strength": "subseed_strength",
           "strength": "denoising_strength", "noise.variation_seed": "subseed", "second_pass.scale": "hr_scale",
           "second_pass.strength": "denoising_strength", "second_pass.steps": "hr_second_pass_steps",
           "sampling.eta": "eta", "sampling.s_churn": "s_churn", "sampling.s_tmin": "s_tmin",
           "sampling.s_tmax": "s_tmax", "sampling.s_noise": "s_noise", "clip_skip": "CLIP_stop_at_last_layers",
           "noise.offset": "eta_noise_seed_delta", "feather": "mask_blur", "padding": "inpaint_full_res_padding"}
"""Our fields by the names that A1111's clients know."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A request with everything settled that is A1111's own: the client's settings with those that override them,
    words with their styles, the seeds of the first picture."""

    request: Processing
    options: Mapping[str, Any]
    prompt: str
    negative_prompt: str
    seed: int
    subseed: int
    most_pixels: int
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def varied(self) -> bool:
        """Whether pictures of a batch differ by their second seed instead of the first."""
        return (self.request.subseed_strength or 0) > 0

    def seeds(self, number: int) -> tuple[int, int]:
        """Seed and second seed of the picture of that number, from 0."""
        return self.seed + (0 if self.varied else number), self.subseed + number


def drawn(seed: int | None, name: str) -> int:
    """A seed as it was asked for; -1 (and every other negative one) is any. Raises Unprocessable for one too large."""
    if seed is None or seed < 0:
        return secrets.randbelow(SEEDS)
    if seed >= 2**63:
        raise Unprocessable(f"a seed of {seed} is too large", field=name, hint="Seeds go to 9223372036854775807.")
    return seed


def painted_recipe(asked: Asked, number: int, own: Mapping[str, Any], *, words: str | None = None) -> Recipe:
    """The recipe of one picture; `own` are the fields that its kind of painting adds. Raises UnderpaintErrors that
    name A1111's fields."""
    data = {**shared_fields(asked, number), **own}
    if words is not None:
        data["prompt"] = words
    return parsed(data)


def parsed(data: Mapping[str, Any]) -> Recipe:
    """A recipe from its data. Raises Unprocessable that names A1111's field."""
    try:
        return parse_recipe(data)
    except RecipeError as error:
        name = _FIELDS.get(error.field or "", error.field)
        raise Unprocessable(error.message, field=name, hint=error.hint) from error


def shared_fields(asked: Asked, number: int) -> dict[str, Any]:
    """What every recipe of a request says, as JSON data."""
    request, options = asked.request, asked.options
    seed, subseed = asked.seeds(number)
    skip = options["CLIP_stop_at_last_layers"] or 1
    prompt, negative = asked.prompt, asked.negative_prompt
    if request.disable_extra_networks:
        prompt, negative = _NETWORK.sub("", prompt), _NETWORK.sub("", negative)
    noise = {"source": "cpu" if str(options["randn_source"]).upper() == "CPU" else "philox",
             "offset": options["eta_noise_seed_delta"] or 0}
    if asked.varied:
        noise |= {"variation_seed": subseed, "variation_strength": request.subseed_strength}
    data = {"prompt": prompt, "negative_prompt": negative, "seed": seed, "noise": noise, "sampling": _sampling(asked),
            "guidance": {} if request.cfg_scale is None else {"scale": request.cfg_scale},
            "emphasis": _EMPHASIS.get(str(options["emphasis"]).lower(), "original"),
            "clip_skip": skip if skip > 1 else None}
    model, vae = options["sd_model_checkpoint"], options["sd_vae"]
    data |= {"model": {"name": model}} if model else {}
    data |= {"vae": {"name": vae}} if vae and str(vae).lower() not in ("automatic", "none") else {}
    return data


def _sampling(asked: Asked) -> dict[str, Any]:
    """Sampler and what it obeys; the rest is passed over, as clients send all of it always."""
    request, options = asked.request, asked.options
    sampler, schedule = chosen(request.sampler_name or request.sampler_index or "Euler", request.scheduler)
    found: dict[str, Any] = {"sampler": sampler.id, "schedule": schedule.id if schedule else None}
    if request.steps is not None:
        fixed = isinstance(request, Img2Img) and options["img2img_fix_steps"]
        found["steps"] = counted_steps(request.steps, strength_of(request)) if fixed else request.steps
    if "eta" in sampler.parameters:
        found["eta"] = options["eta_ddim"] if request.eta is None else request.eta
    for name in ("s_churn", "s_tmin", "s_tmax", "s_noise"):
        value = getattr(request, name)
        value = options[name] if value is None else value
        if name in sampler.parameters and (value or name == "s_noise"):
            found[name] = value  # an s_tmax of 0 is none
    return found


def strength_of(request: Processing) -> float:
    """A1111's denoising strength."""
    return 0.75 if request.denoising_strength is None else request.denoising_strength


def create_fields(asked: Asked) -> dict[str, Any]:
    """What txt2img adds: size and second pass."""
    request = asked.request
    assert isinstance(request, Txt2Img)
    width, height = request.width or 512, request.height or 512
    own: dict[str, Any] = {"task": "create", "width": width, "height": height}
    if not request.enable_hr:
        return own
    target = (request.hr_resize_x or 0, request.hr_resize_y or 0)
    if request.firstphase_width and request.firstphase_height:  # as it was said in 2022
        target = (width, height)
        own |= {"width": request.firstphase_width, "height": request.firstphase_height}
    scale = _scale(request, (own["width"], own["height"]), target)
    strength = strength_of(request)
    # A1111 paints as many steps as it says; a recipe counts those that the strength leaves out too.
    steps = counted_steps(request.hr_second_pass_steps or request.steps, strength)
    return own | {"second_pass": {"scale": scale, "upscale": _upscale(request.hr_upscaler), "strength": strength,
                                  **({"steps": steps} if steps else {})}}


def _scale(request: Txt2Img, first: tuple[int, int], target: tuple[int, int]) -> float:
    if target == (0, 0):
        return request.hr_scale or 2.0
    if min(first) < 1:
        return 2.0  # refused as a size
    across, down = target[0] / first[0], target[1] / first[1]
    if target[0] and target[1] and abs(across - down) * max(first) > 8:
        raise NotServed(f"a second pass of {target[0]}x{target[1]} has another shape than {first[0]}x{first[1]}",
                        field="hr_resize_x", hint="Give hr_scale, or sizes of the same shape.")
    return max(across, down)


def _upscale(name: str | None) -> str:
    low = (name or "Latent").strip().lower()
    if low.startswith("latent"):
        return "latent"
    if low not in _HR_BY_PICTURE:
        raise NotServed(f"a second pass is not begun by '{name:.60}'", field="hr_upscaler",
                        hint="Choose Latent or Lanczos; networks enlarge finished pictures (extra-single-image).")
    return "picture"
