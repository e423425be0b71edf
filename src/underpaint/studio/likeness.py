"""More like these: the light plans that lie in, or between, keys that an artist liked."""

import itertools
from collections.abc import Sequence

from underpaint.errors import LibraryError, RecipeError
from underpaint.library.library import Entry, Library
from underpaint.recipe import Recipe, parse_recipe
from underpaint.sets.between import MAX_BETWEEN, between, plan_of
from underpaint.sets.light_plans import LightPlan


def more_like(library: Library, takes: Sequence[str], sentence: str = "", count: int = 12) -> tuple[LightPlan, ...]:
    """The plan of one take; plans between those of two; of more, each in turn with what lies between it and the next.

    `sentence` is what the keys are of, which is no part of their light. Raises NotThere for takes that are not there,
    RecipeError for pictures that are no keys.
    """
    entries = [library.find(take) for take in dict.fromkeys(takes)]
    recipes = [_recipe(library, entry) for entry in entries]
    if not all(recipe.prompt.startswith(sentence.strip().rstrip(",.")) for recipe in recipes):
        sentence = _shared(recipes)
    plans = [plan_of(recipe, entry.name.lstrip("0123456789").strip(), sentence)
             for recipe, entry in zip(recipes, entries, strict=True)]
    if len(plans) == 1:
        return (plans[0],)
    if len(plans) == 2:
        return between(plans[0], plans[1], min(count, MAX_BETWEEN))
    return tuple(plan for one, two in itertools.pairwise([*plans, plans[0]]) for plan in (one, *between(one, two, 1)))


def _recipe(library: Library, entry: Entry) -> Recipe:
    recipe, _, _ = library.record(entry)
    if recipe is None or entry.kind != "take":
        raise RecipeError(f"the picture {entry.id} was not painted here", field="like",
                          hint="Name keys that Underpaint painted.")
    try:
        return parse_recipe(recipe)
    except RecipeError as error:
        raise LibraryError(f"the recipe of {entry.id} cannot be read: {error.message}", field="like") from error


def _shared(recipes: Sequence[Recipe]) -> str:
    """The phrases with which all prompts begin: what keys of one drawing are of."""
    columns = zip(*(recipe.prompt.split(",") for recipe in recipes), strict=False)
    return ",".join(parts[0] for parts in itertools.takewhile(lambda parts: len(set(parts)) == 1, columns))
