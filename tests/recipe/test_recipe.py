"""Recipes: sparse, strict, frozen, and the same after any trip through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from underpaint.errors import RecipeError
from underpaint.recipe import (
    Blob,
    CreateRecipe,
    FillRecipe,
    Guidance,
    LightControl,
    LineControl,
    LoraRef,
    Noise,
    Outpaint,
    PaletteControl,
    RefineRecipe,
    Sampling,
    SecondPass,
    Swatch,
    Tiles,
    parse_recipe,
    with_changes,
)

HASH = "ab" * 32
words = st.text(max_size=200)
fractions = st.floats(0, 1)
seeds = st.integers(0, 2**64 - 1)
blobs = st.builds(Blob, sha256=st.text("0123456789abcdef", min_size=64, max_size=64), name=st.text(max_size=50))
colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
controls = st.one_of(
    st.builds(LineControl, drawing=blobs, weight=st.floats(0, 2), start=fractions, end=fractions),
    st.builds(LightControl, direction=st.none() | st.floats(0, 359), hardness=fractions, lightness=fractions),
    st.builds(PaletteControl, swatches=st.lists(st.builds(Swatch, colour=colours), min_size=2, max_size=5).map(tuple)),
)
shared = {
    "prompt": words, "negative_prompt": words, "seed": st.none() | seeds, "width": st.none() | st.integers(8, 4096),
    "noise": st.builds(Noise, source=st.sampled_from(["cpu", "philox"]), variation_seed=st.none() | seeds),
    "sampling": st.builds(Sampling, sampler=st.none() | st.just("euler"), steps=st.none() | st.integers(1, 1000),
                          eta=st.none() | fractions),
    "guidance": st.builds(Guidance, scale=st.none() | st.floats(0, 30), rescale=fractions),
    "loras": st.lists(st.builds(LoraRef, name=st.just("ink"), weight=st.floats(-2, 2)), max_size=3).map(tuple),
    "controls": st.lists(controls, max_size=3).map(tuple),
    "second_pass": st.none() | st.builds(SecondPass, scale=st.floats(1.5, 4)),
    "tiles": st.none() | st.builds(Tiles, size=st.integers(128, 512)),
}
recipes = st.one_of(
    st.builds(CreateRecipe, **shared),
    st.builds(RefineRecipe, picture=blobs, strength=st.floats(0.01, 1), **shared),
    st.builds(FillRecipe, picture=blobs, mask=st.none() | blobs, outpaint=st.builds(Outpaint, left=st.integers(0, 9)),
              **shared),
)


def test_an_all_defaults_recipe_is_just_its_task() -> None:
    assert CreateRecipe().to_json() == '{"task": "create"}'
    assert parse_recipe('{"task": "create"}') == CreateRecipe()


@given(recipes)
def test_a_recipe_survives_json(recipe) -> None:
    again = parse_recipe(recipe.to_json())
    assert again == recipe
    assert again.hash() == recipe.hash()


@given(recipes)
def test_sparse_json_holds_no_default(recipe) -> None:
    data = json.loads(recipe.to_json())
    fresh = type(recipe).model_fields
    for name, value in data.items():
        if name != "task" and not fresh[name].is_required():
            assert value != json.loads(json.dumps(fresh[name].get_default(), default=lambda item: item.model_dump()))


@pytest.mark.parametrize(("text", "says"), [
    ('{"task": "create", "sampling": {"steps": 0}}', "sampling.steps"),
    ('{"task": "create", "guidance": {"scale": NaN}}', "guidance.scale"),
    ('{"task": "create", "seed": -1}', "seed"),
    ('{"task": "create", "tiles": {"size": 64}}', "tiles"),
    ('{"task": "create", "seed": 18446744073709551616}', "seed"),
    ('{"task": "create", "wings": 2}', "wings"),
    ('{"task": "create", "sampling": {"stepz": 2}}', "sampling.stepz"),
    ('{"task": "paint"}', "task"),
    ('{"task": "create", "schema": 2}', "schema"),
    ('{"task": "create", "schema": true}', "schema"),
    ('{"task": "refine"}', "picture"),
    ('{"task": "refine", "picture": {"sha256": "' + HASH + '"}, "strength": 0}', "strength"),
    ('{"task": "create", "controls": [{"kind": "line"}]}', "controls.0.drawing"),
    ('{"task": "create", "controls": [{"kind": "palette", "swatches": [{"colour": 3}]}]}',
     "controls.0.swatches.0.colour"),
    ("[]", "JSON object"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
])
def test_a_bad_recipe_names_the_field(text: str, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(ValidationError):
        CreateRecipe().prompt = "changed"


def test_changes_reach_inside_and_are_checked() -> None:
    recipe = CreateRecipe(controls=(LineControl(drawing=Blob(sha256=HASH)),))
    changed = with_changes(recipe, {"guidance.scale": 5, "controls.0.weight": 1.5, "prompt": "a cat"})
    assert (changed.guidance.scale, changed.controls[0].weight, changed.prompt) == (5, 1.5, "a cat")
    for path, value in {"guidance.scale": "loud", "guidance.volume": 1, "controls.7.weight": 1, "prompt.x": 1}.items():
        with pytest.raises(RecipeError):
            with_changes(recipe, {path: value})


def test_the_defaults_of_schema_1_never_change() -> None:
    recipe = CreateRecipe()
    assert recipe.noise == Noise(source="cpu", offset=0, variation_seed=None, variation_strength=0)
    assert recipe.guidance == Guidance(scale=None, method="cfg", rescale=0, start=0, end=1)
    assert (recipe.emphasis, recipe.dialect, recipe.sampling.s_noise) == ("original", "a1111", 1.0)
    fill = FillRecipe(picture=Blob(sha256=HASH))
    assert (fill.strength, fill.feather, fill.content, fill.area, fill.padding) == (1.0, 4, "original", "whole", 32)
    assert RefineRecipe(picture=Blob(sha256=HASH)).strength == 0.75
    assert SecondPass() == SecondPass(scale=2.0, upscale="latent", strength=0.6, steps=None)
