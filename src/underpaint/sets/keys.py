"""Colour keys: one drawing and one sentence become planned approaches to colour and light.

The n-th key of a drawing is always the same plan with a seed of its own, so a single key can be painted again, and
asking for more keys later never changes the ones there were. Past the table the plans come back mirrored, then with
new seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from underpaint.errors import RecipeError
from underpaint.recipe import Blob, CreateRecipe, LineControl, Recipe
from underpaint.recipe.recipe import MAX_WORDS
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan

MAX_KEYS = 96
CALM = 0.25
"""How calm the paint between the lines is kept: keys are about masses."""
_SIDES = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Key:
    """One planned approach: its number from 1, its name as an artist would say it, and its recipe."""

    number: int
    name: str
    plan: LightPlan
    recipe: CreateRecipe


def plan_keys(words: str, drawing: Blob, *, count: int = 12, seed: int = 0, base: Recipe | None = None,
              plans: Sequence[LightPlan] = LIGHT_PLANS) -> tuple[Key, ...]:
    """`count` colour keys for a line layer under `words`; `base` gives whatever else the recipes share.

    `plans` are the approaches, in turn: ours, somebody's own (`parse_plans`), in a client's colours (`in_colours`), or
    between two that were liked (`between`). Raises RecipeError for a count outside 1..96, for no plans, and for a base
    of another task: keys are painted from noise.
    """
    if not 1 <= count <= MAX_KEYS:
        raise RecipeError(f"{count} keys were asked for", hint=f"Ask for 1 to {MAX_KEYS}.", field="count")
    if not plans:
        raise RecipeError("there are no light plans", hint="Give at least one.", field="plans")
    base = base or CreateRecipe()
    if not isinstance(base, CreateRecipe):
        raise RecipeError(f"keys are created; a {base.task} recipe cannot shape them", field="task")
    return tuple(_key(_plan(number, plans), number, words, drawing, base.changed(seed=(seed + number - 1) % 2**64))
                 for number in range(1, count + 1))


def _key(planned: tuple[LightPlan, int], number: int, words: str, drawing: Blob, base: CreateRecipe) -> Key:
    plan, turn = planned
    text = f"{words.strip().rstrip(',.')}, {plan.words}" if words.strip() else plan.words
    if len(text) > MAX_WORDS:
        raise RecipeError(f"the words are {len(words):,} characters long", field="prompt",
                          hint=f"The limit is {MAX_WORDS:,}, the key's own words included.")
    line = LineControl(drawing=drawing, calm=CALM)
    recipe = base.changed(prompt=text, controls=(line, *plan.controls(), *base.controls))
    name = plan.name if turn < 2 else f"{plan.name}, seed {recipe.seed}"
    return Key(number, name, plan, recipe)


def _plan(number: int, plans: Sequence[LightPlan]) -> tuple[LightPlan, int]:
    turn, index = divmod(number - 1, len(plans))
    plan = plans[index]
    return (mirrored(plan) if turn % 2 else plan), turn


def mirrored(plan: LightPlan) -> LightPlan:
    """The same plan with its light from the other side, or, for light from above, lower from the left."""
    if any(side in plan.name for side in _SIDES):
        return replace(plan, name=_swap(plan.name), words=_swap(plan.words), direction=_turned(plan.direction))
    if "from above" in plan.name:
        return replace(plan, name=plan.name.replace("from above", "from upper left"),
                       words=plan.words.replace("from above", "from the left"), direction=150)
    return replace(plan, name=f"{plan.name}, mirrored", words=_swap(plan.words), direction=_turned(plan.direction))


def _turned(direction: float | None) -> float | None:
    return None if direction is None else (180 - direction) % 360


def _swap(text: str) -> str:
    return " ".join(_SIDES.get(word.rstrip(","), word.rstrip(",")) + "," * word.endswith(",") for word in text.split())
