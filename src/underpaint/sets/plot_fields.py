"""Any field of a recipe by its dotted name, for axes that have no name of their own."""

import typing
from typing import Any, Literal

from pydantic import BaseModel

from underpaint.errors import RecipeError
from underpaint.recipe import Recipe
from underpaint.sets.plot_values import ValueKind

FIXED = frozenset({"task", "schema", "schema_", "kind"})
"""Fields that say what a recipe is; changing them makes another one, not a neighbour."""


def field_kind(recipe: Recipe, path: str) -> ValueKind:
    """What the values of a dotted field such as ``guidance.rescale`` or ``controls.0.weight`` are.

    Raises RecipeError for a field that a recipe of this task, with these controls, does not have.
    """
    here: Any = recipe
    annotation: Any = type(recipe)
    for part in path.split("."):
        if part in FIXED:
            raise RecipeError(f"'{path}' says what the recipe is and cannot vary", field=path)
        here, annotation = _step(here, annotation, part, path)
    return _kind_of(annotation)


def _step(here: Any, annotation: Any, part: str, path: str) -> tuple[Any, Any]:
    if isinstance(here, tuple):
        if not part.isdecimal() or int(part) >= len(here):
            raise RecipeError(f"there is no entry '{part:.20}'", hint=f"It has {len(here)} entries, from 0.",
                              field=path)
        return here[int(part)], type(here[int(part)])
    model = type(here) if isinstance(here, BaseModel) else _model_in(annotation)
    if model is None or part not in model.model_fields:
        raise RecipeError("there is no such field in this recipe", field=path,
                          hint="See docs/plot.md for the names of axes and docs/recipe.md for the fields.")
    return getattr(here, part, None), model.model_fields[part].annotation


def _members(annotation: Any) -> list[Any]:
    """What an annotation stands for, its unions and Annotateds opened."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    inner = typing.get_args(annotation)
    if inner and typing.get_origin(annotation) is not tuple and typing.get_origin(annotation) is not Literal:
        return [one for part in inner for one in _members(part)]
    return [annotation]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    found = [one for one in _members(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
    return found[0] if found else None


def _kind_of(annotation: Any) -> ValueKind:
    members = [one for one in _members(annotation) if one is not type(None)]
    if len(members) != 1:
        return "any"
    kinds: dict[Any, ValueKind] = {int: "whole", float: "number", str: "text"}
    if typing.get_origin(members[0]) is Literal:
        return "text"
    return kinds.get(members[0], "any")
