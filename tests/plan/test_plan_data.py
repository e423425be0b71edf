"""A plan survives its picture file, and a picture file's plan is a stranger's word."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import RecipeError
from underpaint.plan.data import Box, Pass, Plan
from underpaint.recipe import LoraRef, ModelRef

PLAN = Plan(
    task="create", recipe="1" * 64, prompt="a \"cat\", テスト", negative_prompt="blur",
    model=ModelRef(name="m", hash="ab" * 32), family="sd", prediction="epsilon", vae=ModelRef(name="v"),
    loras=(LoraRef(name="l", hash="cd" * 32, weight=-0.5, text_weight=2),), width=101, height=99,
    area=Box(x=0, y=0, width=101, height=99), passes=(
        Pass(width=104, height=104, steps=20),
        Pass(width=208, height=208, steps=7, strength=0.5, upscale="picture")),
    seed=2**64 - 1, sampler="euler", schedule="karras", guidance_scale=6.5, clip_skip=2,
    line_adapter="adapter_line", device="cpu", dtype="float32", threads=2,
)  # fmt: skip
SMALL = PLAN.changed(passes=PLAN.passes[:1], loras=(), vae=None)


def record(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(SMALL.to_record())), **changes}


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**64 - 1), prompt=st.text(max_size=40), scale=st.floats(0, 100), side=st.integers(8, 4096),
       steps=st.integers(1, 1000))
def test_any_plan_comes_back_from_json(seed: int, prompt: str, scale: float, side: int, steps: int) -> None:
    plan = PLAN.changed(seed=seed, prompt=prompt, guidance_scale=scale, width=side, height=side,
                        area=Box(x=0, y=0, width=side, height=side),
                        passes=(Pass(width=side, height=side, steps=steps),))
    assert Plan.from_record(json.loads(json.dumps(plan.to_record()))) == plan


def test_how_it_went_stands_beside_the_plan_and_is_no_part_of_it() -> None:
    beside = {"circumstances": {"device": "cpu"}, "measured": {"lines": {}}}
    assert Plan.from_record(record(**beside)) == SMALL


def test_an_unset_field_is_not_written() -> None:
    said = PLAN.changed(vae=None, loras=(), clip_skip=None).to_record()
    assert {"vae", "loras", "clip_skip"}.isdisjoint(said) and said["task"] == "create"


@pytest.mark.parametrize("changes", [
    {"seed": -1}, {"seed": 2**64}, {"seed": 1.5}, {"steps": 3}, {"threads": 0}, {"threads": 10**9}, {"batch": 2},
    {"passes": []}, {"passes": [{"width": 8, "height": 8, "steps": 1}] * 5}, {"guidance_scale": float("nan")},
    {"guidance_scale": "seven"}, {"width": 10**9}, {"width": 0}, {"scale": 0}, {"scale": float("inf")},
    {"task": "delete"}, {"model": "primer"}, {"model": {"name": ""}}, {"model": {"name": "m", "hash": "../../x"}},
    {"recipe": "short"}, {"area": {"x": -1, "y": 0, "width": 1, "height": 1}}, {"passes": {"0": 1}},
    {"passes": [{"width": 10**7, "height": 8, "steps": 1}]}, {"passes": [{"width": 8, "height": 8, "steps": 0}]},
    {"device": None}, {"__class__": "os"}, {"area": {"x": 50, "y": 0, "width": 101, "height": 99}},
    {"area": {"x": 0, "y": 0, "width": 101, "height": 100}},
], ids=str)
def test_a_hostile_plan_is_one_clear_error(changes: dict[str, Any]) -> None:
    with pytest.raises(RecipeError) as caught:
        Plan.from_record(record(**changes))
    assert str(caught.value.field).startswith("plan") and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("missing", ["task", "model", "area", "passes", "seed", "sampler", "device"])
def test_a_plan_that_lost_a_field_is_named_damaged(missing: str) -> None:
    said = record()
    del said[missing]
    with pytest.raises(RecipeError, match="damaged") as caught:
        Plan.from_record(said)
    assert missing in str(caught.value.field)


def test_a_newer_schema_asks_for_an_update() -> None:
    with pytest.raises(RecipeError, match="newer schema") as caught:
        Plan.from_record(record(schema=2))
    assert caught.value.hint == "Update Underpaint."


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PLAN.to_record())), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=5)))
def test_nothing_in_a_record_raises_anything_else(changes: dict[str, Any]) -> None:
    try:
        Plan.from_record(record(**changes))
    except RecipeError as error:
        assert "\n" not in str(error)


def test_a_box_and_bounds_are_the_same_place() -> None:
    box = Box(x=3, y=4, width=5, height=6)
    assert Box.of(box.bounds) == box and box.extent == box.bounds.extent
