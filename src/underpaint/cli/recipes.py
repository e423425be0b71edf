"""Options that several commands share, and the recipe they make."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from underpaint.errors import PictureError, RecipeError
from underpaint.recipe import CreateRecipe, Recipe, parse_recipe, with_changes
from underpaint.recipe.recipe import MAX_RECIPE_BYTES

NEGATIVE = typer.Option("", "--negative", help="What should not be in the picture.")
MODEL = typer.Option(None, "--model", help=r"Name, path or hash of a model. \[primer]")
SIZE = typer.Option(None, "--size", metavar="WxH", help="Size in pixels, such as 512x768.")
STEPS = typer.Option(None, "--steps", help="Sampler steps.")
GUIDANCE = typer.Option(None, "--guidance", help="How strongly the words pull (guidance scale).")
SAMPLER = typer.Option(None, "--sampler", help="Such as euler_a or 'DPM++ 2M Karras'.")
SCHEDULE = typer.Option(None, "--schedule", help="Such as karras.")
SEED = typer.Option(None, "--seed", help="The same seed paints the same picture.")
LORA = typer.Option([], "--lora", metavar="NAME=WEIGHT", help="A LoRA by name or path; may be given again.")
CONTROL = typer.Option([], "--control", metavar="KIND=FILE:WEIGHT@START-END",
                       help="What steers besides words, such as line=map.png:0.8@0-0.6 or palette=brand.ase; may be "
                            "given again. +in=coat puts one into region=coat.png alone. `underpaint control "
                            "describe` lists them.")
SET = typer.Option([], "--set", metavar="FIELD=VALUE", help="Any field of the recipe; may be given again.")
DEVICE = typer.Option(None, "--device", help=r"cpu, cuda, mps. \[asks the machine]")
PRECISION = typer.Option(None, "--precision", help=r"fp32, bf16, fp16, int8. \[asks the machine]")
PREDICTION = typer.Option(None, "--prediction", help="epsilon or v_prediction, where a model does not say.")
VAE = typer.Option(None, "--vae", help="Another VAE in place of the model's own, by name or path.")
ONLINE = typer.Option(False, "--online", help="Allow fetching a model from the hub by its id.")
PRIVATE = typer.Option(False, "--private", help="Leave words, drawings, names and EXIF out of what files say of "
                                                "themselves.")
JSON = typer.Option(False, "--json", help="Print JSON.")


@dataclass(frozen=True)
class Asked:
    """What was asked for with options; None leaves a field to the recipe file or the plan."""

    words: str = ""
    negative: str = ""
    model: str | None = None
    size: str | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    seed: int | None = None
    loras: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    vae: str | None = None


def shared_recipe(asked: Asked, start: Recipe | None = None) -> Recipe:
    """The recipe that options make, on top of `start`. Raises RecipeError naming the option's field."""
    fields: dict[str, Any] = {}
    if asked.words:
        fields["prompt"] = asked.words
    if asked.negative:
        fields["negative_prompt"] = asked.negative
    if asked.model is not None:
        fields["model"] = {"name": asked.model}
    if asked.vae is not None:
        fields["vae"] = {"name": asked.vae}
    if asked.size is not None:
        fields["width"], fields["height"] = parse_size(asked.size)
    numbers = {"sampling.steps": asked.steps, "sampling.sampler": asked.sampler, "sampling.schedule": asked.schedule,
               "guidance.scale": asked.guidance, "seed": asked.seed}
    fields |= {name: value for name, value in numbers.items() if value is not None}
    if asked.loras:
        fields["loras"] = [parse_lora(text) for text in asked.loras]
    fields |= dict(parse_change(text) for text in asked.changes)
    return with_changes(start or CreateRecipe(), fields)


def parse_size(text: str) -> tuple[int, int]:
    """`512x768` as width and height."""
    width, mark, height = text.lower().replace("×", "x").partition("x")
    if not (mark and width.strip().isdecimal() and height.strip().isdecimal()):
        raise RecipeError(f"'{text:.40}' is no size", hint="Write width x height in pixels, such as 512x768.",
                          field="size")
    return int(width), int(height)


def parse_lora(text: str) -> dict[str, Any]:
    """`name=0.8` as the fields of a LoRA and its weight; the weight may be left out."""
    name, mark, weight = text.rpartition("=")
    if not mark:
        return {"name": text}
    try:
        return {"name": name, "weight": float(weight)}
    except ValueError as error:
        raise RecipeError(f"'{weight:.40}' is no weight for a LoRA", hint="Write NAME=0.8, from -10 to 10.",
                          field="lora") from error


def parse_change(text: str) -> tuple[str, Any]:
    """`guidance.scale=5` as a field and a value: JSON where it is JSON, else text."""
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise RecipeError(f"'{text:.60}' sets nothing", hint="Write --set field=value.", field="set")
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return name.strip(), value


def read_recipe(path: Path) -> Recipe:
    """A recipe from a JSON file. Raises PictureError when it cannot be read, RecipeError for what is in it."""
    try:
        if path.stat().st_size > MAX_RECIPE_BYTES:
            raise RecipeError(f"{path.name} is too large for a recipe", hint="Name a JSON file of a recipe.")
        return parse_recipe(path.read_bytes())
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}", hint="Check the name.") from error
