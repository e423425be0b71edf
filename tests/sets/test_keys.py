"""Colour keys are planned: pure, stable, named, and each with a light, values and a palette of its own."""

import pytest

from underpaint.errors import RecipeError
from underpaint.recipe import Blob, CreateRecipe, LightControl, LineControl, PaletteControl, Sampling
from underpaint.sets.keys import plan_keys
from underpaint.sets.light_plans import LIGHT_PLANS

DRAWING = Blob(sha256="cd" * 32, name="cliff.png")


def test_twelve_keys_differ_in_light_palette_and_name() -> None:
    keys = plan_keys("a girl on a cliff", DRAWING)
    assert [key.number for key in keys] == list(range(1, 13))
    assert len({key.name for key in keys}) == len({key.recipe.hash() for key in keys}) == 12
    for key in keys:
        line, light, palette = key.recipe.controls
        assert isinstance(line, LineControl) and line.drawing == DRAWING
        assert isinstance(light, LightControl) and isinstance(palette, PaletteControl)
        assert key.recipe.prompt.startswith("a girl on a cliff, ")
    assert len({key.recipe.controls[2].swatches for key in keys}) == 12


def test_more_keys_never_change_the_first_ones() -> None:
    few, many = plan_keys("a cat", DRAWING, count=3, seed=9), plan_keys("a cat", DRAWING, count=40, seed=9)
    assert many[:3] == few
    assert len({key.name for key in many}) == 40


def test_the_second_round_mirrors_the_light_in_words_and_direction() -> None:
    keys = plan_keys("a cat", DRAWING, count=24)
    for first, second in zip(keys[:12], keys[12:], strict=True):
        assert first.plan.direction != second.plan.direction
        if "left" in first.plan.words:
            assert "right" in second.plan.words and "left" not in second.plan.words


@pytest.mark.parametrize("plan", LIGHT_PLANS, ids=lambda plan: plan.name)
def test_words_and_direction_of_a_plan_agree(plan) -> None:
    sides = {"left": 120 < plan.direction < 240, "right": plan.direction < 60 or plan.direction > 300,
             "above": 60 <= plan.direction <= 120}
    said = next(side for side in sides if f"from the {side}" in plan.words or f"from {side}" in plan.words)
    assert sides[said]
    lightness = [int(colour[1:3], 16) + 2 * int(colour[3:5], 16) + int(colour[5:], 16) / 2 for colour in plan.palette]
    assert lightness == sorted(lightness)


def test_the_base_recipe_is_kept() -> None:
    base = CreateRecipe(sampling=Sampling(steps=8), negative_prompt="text")
    key = plan_keys("", DRAWING, count=1, base=base)[0]
    assert (key.recipe.sampling.steps, key.recipe.negative_prompt) == (8, "text")


@pytest.mark.parametrize("count", [0, -1, 97])
def test_a_count_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(RecipeError, match="count"):
        plan_keys("a cat", DRAWING, count=count)
