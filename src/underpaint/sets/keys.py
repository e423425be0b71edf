"""Colour keys: one drawing and one sentence become planned approaches to colour and light.

The n-th key of a drawing is always the same plan with a seed of its own, so a single key can be painted again, and
asking for more keys later never changes the ones there were. Past the table the plans come back mirrored, then with
new seeds.
"""

from dataclasses import dataclass, replace

from underpaint.errors import RecipeError
from underpaint.recipe import Blob, CreateRecipe, LineControl, Recipe
from underpaint.recipe.recipe import MAX_WORDS
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan

MAX_KEYS = 96
_SIDES = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Key:
    """One planned approach: its number from 1, its name as an artist would say it, and its recipe."""

    number: int
    name: str
    plan: LightPlan
    recipe: CreateRecipe


def plan_keys(words: str, drawing: Blob, *, count: int = 12, seed: int = 0,
              base: Recipe | None = None) -> tuple[Key, ...]:
    """`count` colour keys for a line layer under `words`; `base` gives whatever else the recipes share.

    Raises RecipeError for a count outside 1..96, and for a base of another task: keys are painted from noise.
    """
    if not 1 <= count <= MAX_KEYS:
        raise RecipeError(f"{count} keys were asked for", hint=f"Ask for 1 to {MAX_KEYS}.", field="count")
    base = base or CreateRecipe()
    if not isinstance(base, CreateRecipe):
        raise RecipeError(f"keys are created; a {base.task} recipe cannot shape them", field="task")
    return tuple(_key(number, words, drawing, seed, base) for number in range(1, count + 1))


def _key(number: int, words: str, drawing: Blob, seed: int, base: CreateRecipe) -> Key:
    plan, turn = _plan(number)
    text = f"{words.strip().rstrip(',.')}, {plan.words}" if words.strip() else plan.words
    if len(text) > MAX_WORDS:
        raise RecipeError(f"the words are {len(words):,} characters long", field="prompt",
                          hint=f"The limit is {MAX_WORDS:,}, the key's own words included.")
    line = LineControl(drawing=drawing)
    recipe = base.changed(prompt=text, seed=(seed + number - 1) % 2**64,
                          controls=(line, *plan.controls(), *base.controls))
    name = plan.name if turn < 2 else f"{plan.name}, seed {recipe.seed}"
    return Key(number, name, plan, recipe)


def _plan(number: int) -> tuple[LightPlan, int]:
    turn, index = divmod(number - 1, len(LIGHT_PLANS))
    plan = LIGHT_PLANS[index]
    return (mirrored(plan) if turn % 2 else plan), turn


def mirrored(plan: LightPlan) -> LightPlan:
    """The same plan with its light from the other side, or, for light from above, lower from the left."""
    if not any(side in plan.name for side in _SIDES):
        return replace(plan, name=plan.name.replace("from above", "from upper left"),
                       words=plan.words.replace("from above", "from the left"), direction=150)
    return replace(plan, name=_swap(plan.name), words=_swap(plan.words), direction=(180 - plan.direction) % 360)


def _swap(text: str) -> str:
    return " ".join(_SIDES.get(word.rstrip(","), word.rstrip(",")) + "," * word.endswith(",") for word in text.split())
