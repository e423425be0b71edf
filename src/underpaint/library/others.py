"""Painting another program's picture again, as near as this one can, and saying beforehand what will differ."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from underpaint.errors import ModelError, PictureError, PlanError, RecipeError
from underpaint.imaging.geometry import Extent
from underpaint.library.repaint import Foreseen, Outcome
from underpaint.library.saving import check_target, save_take
from underpaint.models import Catalogue, Kind, ModelDescription
from underpaint.pictures.found import KEYWORD
from underpaint.pictures.reading import read_info
from underpaint.plan.decide import check_size
from underpaint.recipe import ModelRef, Recipe, parse_recipe, with_changes
from underpaint.recipe.samplers import check_schedule, resolve_sampler, resolve_schedule

_IN_WORDS = re.compile(r"<(?:lora|lyco):([^<>:]{1,200})[^<>]{0,200}>")
NAMES = {
    "a1111": "AUTOMATIC1111", "c2pa": "Content Credentials", "civitai": "Civitai", "comfyui": "ComfyUI",
    "draw-things": "Draw Things", "easy-diffusion": "Easy Diffusion", "fooocus": "Fooocus", "forge": "Forge",
    "hf-space": "a Hugging Face Space", "imaginairy": "imaginAIry", "invokeai": "InvokeAI", "mflux": "mflux",
    "novelai": "NovelAI", "reforge": "reForge", "ruined-fooocus": "Ruined Fooocus", "sd-scripts": "sd-scripts",
    "sdnext": "SD.Next", "stability-matrix": "Stability Matrix", "swarmui": "SwarmUI", "tensorart": "TensorArt",
    "underpaint": "Underpaint",
}  # fmt: skip
"""What the programs that `info` knows call themselves."""


@dataclass(frozen=True)
class Theirs:
    """Another program's picture: the nearest recipe, and sentences about what it leaves out or changes."""

    path: Path
    program: str
    recipe: Recipe
    notes: tuple[str, ...]


def read_theirs(path: str | Path) -> Theirs | None:
    """The nearest recipe of another program's picture; None for a picture of our own.

    Raises PictureError for a picture that does not say how it was painted.
    """
    path = Path(path)
    reading = read_info(path)
    if KEYWORD in reading.raw:
        return None
    if reading.source is None or reading.recipe is None:
        said = reading.raw.get("unmapped") or ["it names no words and no settings"]
        raise PictureError(f"{path.name} does not say how it was painted: {said[0]}",
                           hint="Name a picture with the metadata of Underpaint or another program; editors and "
                                "web sites often cut it.")
    return Theirs(path, NAMES.get(reading.source, reading.source), parse_recipe(reading.recipe),
                  tuple(reading.raw.get("unmapped", ())))


def with_model(theirs: Theirs, model: str) -> Theirs:
    """The same, to be painted with a model of one's own choice."""
    named = theirs.recipe.model.name if theirs.recipe.model else "an unnamed model"
    note = f"it was painted with '{named}', here it is with '{model}'"
    return replace(theirs, recipe=with_changes(theirs.recipe, {"model": {"name": model}}), notes=(*theirs.notes, note))


def foresee_theirs(theirs: Theirs, catalogue: Catalogue, *, leave_out: bool = False) -> Foreseen:
    """What is missing here, and everything that will differ, without painting; `leave_out` as in `repaint_theirs`."""
    recipe, left = _without_missing(theirs.recipe, catalogue) if leave_out else (theirs.recipe, ())
    missing, differs = [], [*left]
    for ref, kind in _wanted(recipe):
        try:
            found = catalogue.find(ref.name, kind=kind, sha256=ref.hash)
        except ModelError as error:
            missing.append(f"the {kind} '{ref.name}': {error.message}")
            continue
        if ref.hash and found.sha256 and not found.sha256.startswith(ref.hash):
            differs.append(f"the {kind} '{ref.name}' has other weights here")
        if kind == "checkpoint":
            _, fitting = fitted(recipe, found)
            differs += fitting
    if recipe.model is None:
        missing.append("the checkpoint: the picture does not say which one painted it")
    nearest = f"it comes from {theirs.program}: another program paints the same settings alike, not pixel by pixel"
    return Foreseen(tuple(missing), (*differs, *theirs.notes, nearest))


def repaint_theirs(theirs: Theirs, target: Path, catalogue: Catalogue, *, leave_out: bool = False,
                   progress: Callable[[int, int], None] | None = None,
                   warn: Callable[[str], None] | None = None) -> Outcome:
    """Paint the nearest recipe to `target`. `leave_out` goes without LoRAs and VAEs that are not here.

    Raises ModelError when a model is missing, OutputError when `target` cannot be written.
    """
    from underpaint.plan.painter import Painter

    check_target(target, theirs.recipe)
    recipe, left = _without_missing(theirs.recipe, catalogue) if leave_out else (theirs.recipe, ())
    recipe, fitting = fitted(recipe, _checkpoint(recipe, catalogue))
    painter = Painter(catalogue=catalogue, warn=warn)
    take = painter.paint(painter.settled(recipe), {}, progress=progress)
    save_take(take, target)
    return Outcome("nearest", target, False, None, (*left, *fitting, *theirs.notes), take.seconds)


def _checkpoint(recipe: Recipe, catalogue: Catalogue) -> ModelDescription:
    hint = "Add its folder with `underpaint models add`, or choose another with --model."
    if recipe.model is None:
        raise ModelError("the picture does not say which model painted it",
                         hint="Choose one with --model (primer is the built-in one).", field="model")
    try:
        return catalogue.find(recipe.model.name, kind="checkpoint", sha256=recipe.model.hash)
    except ModelError as error:
        raise ModelError(error.message, hint=hint, field="model") from error


def _wanted(recipe: Recipe) -> list[tuple[ModelRef, Kind]]:
    found: list[tuple[ModelRef, Kind]] = [(recipe.model, "checkpoint")] if recipe.model else []
    found += [(recipe.vae, "vae")] if recipe.vae else []
    found += [(ref, "lora") for ref in recipe.loras]
    return found + [(ModelRef(name=name), "lora") for name in dict.fromkeys(_IN_WORDS.findall(recipe.prompt))]


def _without_missing(recipe: Recipe, catalogue: Catalogue) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe without LoRAs and VAEs that are not here, in the words too."""
    changes: dict[str, object] = {}
    left = []
    prompt, loras = recipe.prompt, list(recipe.loras)
    for ref, kind in _wanted(recipe):
        if kind == "checkpoint":
            continue
        try:
            catalogue.find(ref.name, kind=kind, sha256=ref.hash)
        except ModelError:
            left.append(f"the {kind} '{ref.name}' is not here: it is painted without")
            if kind == "vae":
                changes["vae"] = None
            loras = [one for one in loras if one.name != ref.name]
            prompt = _without_lora(prompt, ref.name)
    changes |= {"prompt": prompt, "loras": [one.model_dump(mode="json") for one in loras]}
    return with_changes(recipe, changes), tuple(left)


def _without_lora(prompt: str, name: str) -> str:
    return _IN_WORDS.sub(lambda match: "" if match[1] == name else match[0], prompt)


def fitted(recipe: Recipe, model: ModelDescription) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as this model can paint it, with a sentence about every change: sampler, schedule and size."""
    notes: list[str] = []
    changes: dict[str, object] = {}
    if not _can_sample(recipe, model):
        changes["sampling"] = {"steps": recipe.sampling.steps} if recipe.sampling.steps else {}
        notes.append(f"'{model.name}' cannot be painted with that sampler and schedule: its own are used")
    if recipe.width and recipe.height:
        size = Extent(recipe.width, recipe.height)
        if not _can_paint(size, model, recipe):
            share = ((model.native_area or 512 * 512) / size.area) ** 0.5
            smaller = size.scaled(share).multiple_of(model.size_step)
            changes |= {"width": smaller.width, "height": smaller.height}
            notes.append(f"'{model.name}' cannot paint {size} in one piece: it is painted as {smaller}")
            size = smaller
        if recipe.second_pass and not _can_paint(size.scaled(recipe.second_pass.scale), model, recipe):
            changes["second_pass"] = None
            notes.append(f"the second pass is left out: it would be too large for '{model.name}'")
    return (with_changes(recipe, changes) if changes else recipe), tuple(notes)


def _can_sample(recipe: Recipe, model: ModelDescription) -> bool:
    named, schedule = recipe.sampling.sampler, recipe.sampling.schedule
    flow = model.prediction == "flow"
    try:
        sampler, carried = resolve_sampler(named or model.default_sampler)
        chosen = resolve_schedule(schedule) if schedule else carried or resolve_schedule("automatic")
        check_schedule(sampler, chosen, flow=flow)
    except RecipeError:
        return False
    return True


def _can_paint(size: Extent, model: ModelDescription, recipe: Recipe) -> bool:
    try:
        check_size(size, model, tiled=recipe.tiles is not None)
    except PlanError:
        return False
    return True
