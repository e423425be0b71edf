"""The axes of a plot by AUTOMATIC1111's names: what a value of each is, and what it changes in a recipe."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from underpaint.errors import RecipeError
from underpaint.recipe import CreateRecipe, Recipe, with_changes
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule
from underpaint.sets.plot_fields import FIXED, field_kind
from underpaint.sets.plot_values import ValueKind, shown

Apply = Callable[[Recipe, Any, Sequence[Any]], Recipe]
ModelKind = Literal["checkpoint", "vae", "lora"]


@dataclass(frozen=True)
class AxisKind:
    """One thing that can vary.

    `apply` makes a recipe with one value, given all of the axis's values; it raises RecipeError for what cannot be.
    `bare`: a label shows the value alone. `cost`: how dear a change of it is, 0 to 1; dear ones change seldom.
    `model`: the kind of model that its values name. `last`: it changes what other axes may bring in.
    """

    name: str
    values: ValueKind
    apply: Apply
    aliases: tuple[str, ...] = ()
    bare: bool = False
    cost: float = 0.0
    model: ModelKind | None = None
    last: bool = False

    def label(self, value: Any) -> str:
        """A value as the grid's labels say it."""
        if self.model is not None:
            return str(value).replace("\\", "/").rstrip("/").rpartition("/")[2]
        return shown(value) if self.bare else f"{self.name}: {shown(value)}"


def find_axis(name: str, recipe: Recipe) -> AxisKind:
    """The axis of that name: one of A1111's, one of ours, or any field of the recipe by its dotted name.

    Raises RecipeError for names that no axis has, and for A1111's that are not offered, with the reason.
    """
    key = _key(name)
    if key in _BY_NAME:
        return _BY_NAME[key]
    if key in _REFUSED:
        label, why = _REFUSED[key]
        raise RecipeError(f"the axis '{label}' is not offered: {why}")
    for beginning, make in _OF_ONE.items():
        if key.startswith(beginning + " "):
            return make(name.strip()[len(beginning):].strip())
    try:
        kind = field_kind(recipe, name.strip())
    except RecipeError as error:
        if "." in name or name.strip() in FIXED:
            raise
        near = difflib.get_close_matches(key, [*_BY_NAME, *_REFUSED], n=3, cutoff=0.5)
        hint = ", ".join(_BY_NAME[one].name if one in _BY_NAME else one for one in near)
        raise RecipeError("there is no such axis", hint=f"Did you mean: {hint}?" if near else error.hint) from None
    return AxisKind(name.strip(), kind, _field(name.strip()), cost=_field_cost(name), last="." in name)


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("[controlnet]", "control").split())


def _field(path: str, *more: str) -> Apply:
    return lambda recipe, value, _: with_changes(recipe, dict.fromkeys((path, *more), value))


def _field_cost(path: str) -> float:
    part = path.strip().partition(".")[0]
    return {"model": 1.0, "vae": 0.7, "loras": 0.3}.get(part, 0.0)


def _search_and_replace(recipe: Recipe, value: str, values: Sequence[str]) -> Recipe:
    wanted = values[0]
    if not wanted or (wanted not in recipe.prompt and wanted not in recipe.negative_prompt):
        raise RecipeError(f"looks for '{wanted:.60}', which is not in the words",
                          hint="The first value is what the others replace.")
    return recipe.changed(prompt=recipe.prompt.replace(wanted, value),
                          negative_prompt=recipe.negative_prompt.replace(wanted, value))


def _order(recipe: Recipe, value: tuple[str, ...], values: Sequence[tuple[str, ...]]) -> Recipe:
    words, places = recipe.prompt, []
    for piece in value:
        if not piece or piece not in words:
            raise RecipeError(f"'{piece:.60}' is not in the words")
        places.append((words.find(piece), piece))
    out, done = "", 0
    for (place, there), new in zip(sorted(places), value, strict=True):
        if place < done:
            raise RecipeError(f"'{there:.60}' overlaps another of the words to put in order")
        out, done = out + words[done:place] + new, place + len(there)
    return recipe.changed(prompt=out + words[done:])


def _sampler(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    sampler, schedule = resolve_sampler(value)
    changes = {"sampling.sampler": sampler.id} | ({"sampling.schedule": schedule.id} if schedule else {})
    return with_changes(recipe, changes)


def _schedule(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    return with_changes(recipe, {"sampling.schedule": resolve_schedule(value).id})


def _denoising(recipe: Recipe, value: float, _: Sequence[float]) -> Recipe:
    if not isinstance(recipe, CreateRecipe):
        return with_changes(recipe, {"strength": value})
    if recipe.second_pass is None:
        raise RecipeError("the picture is painted from noise", hint="Paint over a picture, or add a second pass with "
                          "--set second_pass.scale=2.")
    return with_changes(recipe, {"second_pass.strength": value})


def _size(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    width, mark, height = value.lower().replace("×", "x").partition("x")
    if not (mark and width.strip().isdecimal() and height.strip().isdecimal()):
        raise RecipeError("is no size", hint="Write width x height, such as 512x768.")
    return with_changes(recipe, {"width": int(width), "height": int(height)})


def _checkpoint(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    return with_changes(recipe, {"model": {"name": value}})


def _vae(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    own = names_no_model(value)
    return recipe.changed(vae=None) if own else with_changes(recipe, {"vae": {"name": value}})


def _lora(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    if names_no_model(value):
        return recipe
    return with_changes(recipe, {"loras": [*(one.model_dump() for one in recipe.loras), {"name": value}]})


def names_no_model(value: str) -> bool:
    """Whether a value of a model's axis means that there is none, or the model's own."""
    return value.casefold() in ("none", "automatic", "auto", "")


def _upscaler(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    known = {"latent": "latent", "picture": "picture", "lanczos": "picture"}
    if value.casefold() not in known:
        raise RecipeError("is no way to enlarge that this recipe has", hint="Choose Latent or Lanczos.")
    return with_changes(recipe, {"second_pass.upscale": known[value.casefold()]})


def _noise_source(recipe: Recipe, value: str, _: Sequence[str]) -> Recipe:
    known = {"cpu": "cpu", "gpu": "philox", "nv": "philox", "philox": "philox"}
    if value.casefold() not in known:
        raise RecipeError("is no source of noise", hint="Choose CPU, GPU or NV.")
    return with_changes(recipe, {"noise.source": known[value.casefold()]})


def _lora_weight(name: str = "") -> AxisKind:
    def apply(recipe: Recipe, value: float, _: Sequence[float]) -> Recipe:
        meant = [number for number, one in enumerate(recipe.loras) if not name or _same(one.name, name)]
        if not meant:
            raise RecipeError(f"the recipe has no LoRA{f' {name!r:.60}' if name else ''}",
                              hint="Add one with --lora; for <lora:...> in the words use Prompt S/R.")
        return with_changes(recipe, {f"loras.{number}.weight": value for number in meant})

    return AxisKind(f"LoRA weight {name}".strip(), "number", apply, ("lora weight", "lora strength"), last=True)


def _same(known: str, said: str) -> bool:
    return known.casefold() == said.casefold() or known.replace("\\", "/").rpartition("/")[2].casefold() == \
        said.casefold()


def _control_field(title: str, field: str, alias: str) -> Callable[[str], AxisKind]:
    def of_one(kind: str) -> AxisKind:
        def apply(recipe: Recipe, value: float, _: Sequence[float]) -> Recipe:
            meant = [number for number, one in enumerate(recipe.controls) if not kind or one.kind == kind.casefold()]
            if not meant:
                raise RecipeError(f"the recipe has no {kind + ' ' if kind else ''}control",
                                  hint="Add one with --control, such as --control line=map.png.")
            return with_changes(recipe, {f"controls.{number}.{field}": value for number in meant})

        return AxisKind(f"{title} {kind}".strip(), "number", apply, (alias,), last=True)

    return of_one


_OF_ONE: Mapping[str, Callable[[str], AxisKind]] = MappingProxyType({
    "lora weight": _lora_weight,
    "control weight": _control_field("Control weight", "weight", "control weight"),
    "control start": _control_field("Control start", "start", "control guidance start"),
    "control end": _control_field("Control end", "end", "control guidance end"),
})
"""Axes that are of all LoRAs or controls, or of the one that is named behind: `Control weight line`."""

AXES: tuple[AxisKind, ...] = (
    AxisKind("Nothing", "text", lambda recipe, value, _: recipe, bare=True),
    AxisKind("Seed", "whole", _field("seed")),
    AxisKind("Var. seed", "whole", _field("noise.variation_seed"), ("variation seed",)),
    AxisKind("Var. strength", "number", _field("noise.variation_strength"), ("variation strength",)),
    AxisKind("Steps", "whole", _field("sampling.steps")),
    AxisKind("Hires steps", "whole", _field("second_pass.steps")),
    AxisKind("Hires upscale", "number", _field("second_pass.scale"), ("hires scale",)),
    AxisKind("Hires upscaler", "text", _upscaler),
    AxisKind("CFG Scale", "number", _field("guidance.scale"), ("guidance", "guidance scale", "cfg")),
    AxisKind("Prompt S/R", "text", _search_and_replace, bare=True),
    AxisKind("Prompt order", "order", _order, bare=True),
    AxisKind("Sampler", "text", _sampler, bare=True),
    AxisKind("Schedule type", "text", _schedule, ("scheduler", "schedule")),
    AxisKind("Checkpoint name", "text", _checkpoint, ("checkpoint", "model"), cost=1.0, model="checkpoint"),
    AxisKind("Sigma Churn", "number", _field("sampling.s_churn")),
    AxisKind("Sigma min", "number", _field("sampling.s_tmin")),
    AxisKind("Sigma max", "number", _field("sampling.s_tmax")),
    AxisKind("Sigma noise", "number", _field("sampling.s_noise")),
    AxisKind("Eta", "number", _field("sampling.eta")),
    AxisKind("Clip skip", "whole", _field("clip_skip")),
    AxisKind("Denoising", "number", _denoising, ("denoising strength", "strength")),
    AxisKind("Size", "text", _size),
    AxisKind("VAE", "text", _vae, cost=0.7, model="vae"),
    AxisKind("RNG source", "text", _noise_source),
    AxisKind("LoRA", "text", _lora, cost=0.3, model="lora"),
    *(make("") for make in _OF_ONE.values()),
)
"""Every axis with a name of its own; beyond them any field of the recipe is one."""

NOT_OFFERED: Mapping[str, str] = MappingProxyType({
    "Image CFG Scale": "no model here is guided by a picture that way",
    "Hires sampler": "both passes are painted with one sampler",
    "Hires schedule type": "both passes follow one schedule",
    "Hires checkpoint": "both passes are painted by one model",
    "Negative Guidance minimum sigma": "say it with guidance.end, as a share of the steps",
    "Schedule min sigma": "schedules run between the model's own noise levels",
    "Schedule max sigma": "schedules run between the model's own noise levels",
    "Schedule rho": "schedules have their usual curve",
    "Beta schedule alpha": "schedules have their usual curve",
    "Beta schedule beta": "schedules have their usual curve",
    "Initial noise multiplier": "pictures are painted over with the noise that their strength asks for",
    "Extra noise": "pictures are painted over with the noise that their strength asks for",
    "Cond. Image Mask Weight": "models made for filling see the whole mask",
    "Styles": "words are the recipe's own: use Prompt S/R",
    "UniPC Order": "UniPC is painted in second order",
    "Face restore": "faces are not repainted behind your back",
    "Token merging ratio": "no words or places are merged",
    "Token merging ratio high-res": "no words or places are merged",
    "Always discard next-to-last sigma": "samplers keep the noise levels of their papers",
    "SGM noise multiplier": "samplers keep the noise levels of their papers",
    "Refiner checkpoint": "a picture is painted by one model",
    "Refiner switch at": "a picture is painted by one model",
    "FP8 mode": "precision belongs to the machine: --precision",
    "[ControlNet] Model": "a control finds its own model",
    "[ControlNet] Preprocessor": "a control's map is made beforehand: underpaint control extract",
    "[ControlNet] Control Mode": "use Control weight, Control start and Control end",
    "[ControlNet] Enabled": "use Control weight with 0",
})
"""A1111's axes whose field our recipe does not have, and why."""

_BY_NAME = {_key(name): axis for axis in AXES for name in (axis.name, *axis.aliases)}
_REFUSED = {_key(name): (name, why) for name, why in NOT_OFFERED.items()}
