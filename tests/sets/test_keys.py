"""Colour keys are planned: pure, stable, named, and each with a light, values and a palette of its own."""

from dataclasses import replace

import pytest

from underpaint.errors import RecipeError
from underpaint.recipe import Blob, CreateRecipe, LightControl, LineControl, PaletteControl, Sampling, Swatch
from underpaint.sets.between import between, plan_of
from underpaint.sets.key_colours import in_colours
from underpaint.sets.keys import plan_keys
from underpaint.sets.light_plans import LIGHT_PLANS
from underpaint.sets.plan_files import parse_plans

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


def test_keys_follow_plans_of_somebodys_own_and_mirror_them() -> None:
    own = parse_plans(b'[[plans]]\nname = "reef"\nwords = "underwater, light from the left"\nlight = "left"\n'
                      b'palette = ["#0b2f36", "9FD6C0"]\n[[plans]]\nname = "cave, lamp from right"\nlight = 10\n'
                      b"lightness = 0.3\n", "own.toml")
    keys = plan_keys("a diver", DRAWING, count=4, plans=own)
    assert [key.name for key in keys] == ["reef", "cave, lamp from right", "reef, mirrored", "cave, lamp from left"]
    assert [key.plan.direction for key in keys] == [180, 10, 0, 170]
    _, light, palette = keys[0].recipe.controls
    assert (light.hardness, light.lightness) == (0.5, None)
    assert [swatch.colour for swatch in palette.swatches] == ["#0b2f36", "#9fd6c0"]
    assert len(keys[1].recipe.controls) == 2 and keys[2].recipe.prompt == "a diver, underwater, light from the right"
    as_yaml = b"plans:\n- {name: reef, words: 'underwater, light from the left', light: left, " \
              b"palette: ['#0b2f36', '9FD6C0']}\n"
    assert parse_plans(as_yaml, "own.yaml") == own[:1]
    with pytest.raises(RecipeError, match="no light plans"):
        plan_keys("a cat", DRAWING, plans=())


@pytest.mark.parametrize(("text", "part"), [
    ("plans: []", "holds no light plans"), ("plans: [3]", "no light plan"),
    ("- {name: a, light: nowhere}", "light comes"),
    ("- {name: a, hardness: 3}", "hardness: own.yaml, plan 1 'a'"), ("- {name: a, palette: ['#zz']}", "palette: own"),
    ("- {name: a, palette: red}", "list of up to"), ("- {name: a, colour: red}", "no field 'colour'"),
    ("- {name: a}\n- {name: a}", "two plans called 'a'"), ("- {words: a}", "name is a text"),
    ("- {name: a, lightness: true}", "lightness is a number"), ("- {name: a, light: .nan}", "light comes"),
    ("- {name: a, lightness: .nan}", "lightness"), ("{", "not YAML"), ("- !!python/name:os.system", "not YAML"),
    ("[" * 5000, "nested"), ("- {name: a}\n" * 201, "at most 200"), ("x" * 300_000, "too large"),
])
def test_broken_plan_files_are_refused_with_file_plan_and_field(text: str, part: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_plans(text.encode(), "own.yaml")
    said = str(caught.value)
    assert part in said and "own.yaml" in said and "\n" not in said


def test_a_clients_palette_leads_every_key_with_other_shares() -> None:
    colours = ("#0b1026", "#c9793f", "#e8b4bd", "#2c8a5b")
    client = PaletteControl(match="colours", swatches=tuple(Swatch(colour=colour) for colour in colours))
    plans = [in_colours(plan, client) for plan in LIGHT_PLANS]
    keys = plan_keys("a girl", DRAWING, plans=plans)
    assert len({key.name for key in keys}) == 12
    leading = set()
    for key, plan in zip(keys, LIGHT_PLANS, strict=True):
        palette = key.recipe.controls[2]
        assert tuple(swatch.colour for swatch in palette.swatches) == colours and palette.match == "colours"
        shares = [swatch.share for swatch in palette.swatches]
        assert sum(shares) == pytest.approx(1) and min(shares) > 0.02
        leading.add(shares.index(max(shares)))
        assert not {"palette", "pink", "teal", "warm", "vivid"} & set(key.recipe.prompt.replace(",", "").split())
        assert key.plan.direction == plan.direction and plan.words.split(",")[0] in key.recipe.prompt
    assert leading == {0, 1, 2, 3}  # each of the client's colours is the main one somewhere


def test_more_like_these_two_lie_between_them() -> None:
    sun, moon = LIGHT_PLANS[0], LIGHT_PLANS[2]
    plans = between(sun, moon, 3)
    assert [plan.direction for plan in plans] == [128.8, 92.5, 56.2]
    assert [plan.lightness for plan in plans] == sorted((plan.lightness for plan in plans), reverse=True)
    assert sun.lightness > plans[0].lightness and plans[2].lightness > moon.lightness
    assert "golden hour" in plans[0].words and "moonlight" not in plans[0].words
    assert "moonlight" in plans[2].words and "golden hour" not in plans[2].words
    assert [plan.words.count("light from") for plan in plans] == [1, 1, 1] and "light from above" in plans[1].words
    assert len({plan.palette for plan in plans}) == len({plan.name for plan in plans}) == 3
    keys = plan_keys("a cat", DRAWING, count=3, plans=plans)
    assert keys[1].recipe.controls[1].lightness == pytest.approx(0.47)
    wrapped = between(replace(sun, direction=350), replace(moon, direction=30), 1)
    assert wrapped[0].direction == 10  # the shorter way round
    with pytest.raises(RecipeError):
        between(sun, moon, 0)


def test_a_plan_is_found_again_in_a_keys_recipe() -> None:
    keys = plan_keys("a cat", DRAWING, count=15)
    assert [plan_of(key.recipe) for key in keys[:12]] == list(LIGHT_PLANS)
    turned = plan_of(keys[13].recipe, "my favourite", "a cat")
    assert turned.words == keys[13].plan.words
    assert (turned.name, turned.direction, turned.palette) == ("my favourite", 150, LIGHT_PLANS[1].palette)
    with pytest.raises(RecipeError, match="no colour key"):
        plan_of(CreateRecipe(prompt="a cat"))
