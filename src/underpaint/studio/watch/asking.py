"""What the knobs ask for one drawing, ready to be painted: recipes and a chain of finishing operations."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underpaint.errors import PictureError, RecipeError
from underpaint.library.light_files import light_plans
from underpaint.models.programs.settings import on_network
from underpaint.recipe import Blob, CreateRecipe, Recipe, with_changes
from underpaint.sets.keys import Key, plan_keys
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan
from underpaint.studio.watch.knobs import Knobs


@dataclass(frozen=True)
class Asked:
    """What is asked for a drawing: the words of its keys, what they share, their light, and the finish."""

    knobs: Knobs
    words: str
    base: Recipe
    plans: tuple[LightPlan, ...]
    private: bool = False

    def keys(self, drawing: Blob) -> tuple[Key, ...]:
        """The keys of a drawing; none where none are wanted. Raises RecipeError."""
        if self.knobs.count == 0:
            return ()
        return plan_keys(self.words, drawing, count=self.knobs.count, seed=self.knobs.seed, base=self.base,
                         plans=self.plans)

    def mark(self, finish: Sequence[Mapping[str, Any]]) -> str:
        """What is asked, as a hash: equal marks paint equal pictures for equal drawings."""
        nothing = Blob(sha256="0" * 64)
        asked = [key.recipe.hash() for key in self.keys(nothing)]
        kind = [self.knobs.kind, self.knobs.keep_blue, self.private]
        text = json.dumps([asked, kind, list(finish)], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def asked_of(knobs: Knobs, where: Path, *, private: bool = False) -> Asked:
    """What `knobs` ask; files that they name lie in the folder `where`, or are named whole.

    Raises RecipeError and PictureError with the knob as their field.
    """
    words = ", ".join(text for text in (knobs.words.strip().rstrip(",."), knobs.style.strip()) if text)
    fields: dict[str, Any] = {"negative_prompt": knobs.negative} if knobs.negative else {}
    fields |= {name: {"name": said} for name, said in (("model", knobs.model), ("vae", knobs.vae)) if said}
    if knobs.size:
        fields["width"], fields["height"] = (int(part) for part in knobs.size.replace("×", "x").split("x"))
    numbers = {"sampling.steps": knobs.steps, "sampling.sampler": knobs.sampler, "sampling.schedule": knobs.schedule,
               "guidance.scale": knobs.guidance}
    fields |= {name: value for name, value in numbers.items() if value is not None}
    if knobs.loras:
        fields["loras"] = [_lora(text) for text in knobs.loras]
    base = with_changes(CreateRecipe(), fields | _flat(knobs.set))
    return Asked(knobs, words, base, _plans(knobs, where), private)


def nearby(said: str, where: Path, knob: str) -> Path:
    """A file that a knob names. Raises RecipeError for one on another machine, which looking would call."""
    if on_network(said):
        raise RecipeError(f"'{said:.100}' lies on another machine", hint="Copy the file here.", field=knob)
    return where / Path(said).expanduser()


def colours_or_file(said: str | Sequence[str], where: Path, knob: str) -> str:
    """A palette as it is written elsewhere: colours as they stand, or the whole path of a file."""
    if not isinstance(said, str):
        return ",".join(said)
    return said if said.lstrip().startswith("#") else str(nearby(said, where, knob))


def _plans(knobs: Knobs, where: Path) -> tuple[LightPlan, ...]:
    lights, palette = knobs.lights, knobs.palette
    colours = None if palette is None else colours_or_file(palette, where, "palette")
    names = (lights,) if isinstance(lights, str) and not _is_file(lights) else lights
    if isinstance(names, tuple):
        ours = _plans_in(None, colours)  # in the order of LIGHT_PLANS
        return tuple(ours[LIGHT_PLANS.index(_named(name))] for name in names)
    file = nearby(lights, where, "lights") if isinstance(lights, str) else None
    return _plans_in(file, colours)


def _plans_in(file: Path | None, colours: str | None) -> tuple[LightPlan, ...]:
    """The plans of a file, or ours, in somebody's colours; errors name the knob that they come from."""
    try:
        return light_plans(file, colours)
    except (PictureError, RecipeError) as error:
        if error.field == "plans" or colours is None:
            raise
        raise type(error)(error.message, hint=error.hint, field="palette") from error


def _is_file(said: str) -> bool:
    return Path(said).suffix.lower() in (".yaml", ".yml", ".toml")


def _named(name: str) -> LightPlan:
    """One of our light plans by its name, or by the beginning of it, or by words in it where only one has them."""
    low = name.strip().casefold()
    found = [plan for plan in LIGHT_PLANS if plan.name.casefold().startswith(low)] if low else []
    found = found or [plan for plan in LIGHT_PLANS if low and low in plan.name.casefold()]
    if len(found) != 1:
        known = "; ".join(plan.name.partition(",")[0] for plan in LIGHT_PLANS)
        many = f"{len(found)} light plans are" if found else "no light plan is"
        raise RecipeError(f"{many} called '{name:.60}'", field="lights",
                          hint=f"There are {known}; or name a YAML or TOML file.")
    return found[0]


def _lora(text: str) -> dict[str, Any]:
    name, mark, weight = text.rpartition("=")
    try:
        return {"name": name, "weight": float(weight)} if mark else {"name": text}
    except ValueError as error:
        raise RecipeError(f"'{weight:.40}' is no weight for a LoRA", hint='Write "NAME=0.8", from -10 to 10.',
                          field="loras") from error


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`set.guidance.rescale = 0.5` and `set = {"guidance.rescale" = 0.5}` alike."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = list(value) if isinstance(value, tuple) else value
    return found
