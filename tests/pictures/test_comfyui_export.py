"""A recipe as a ComfyUI workflow: what it says comes back from it, and what cannot be said is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_kit import rgb_image, saved

from underpaint.errors import RecipeError
from underpaint.pictures import read_info
from underpaint.pictures.comfyui_export import comfyui_workflow
from underpaint.pictures.containers import png
from underpaint.prompt import parse_attention, parse_comfyui
from underpaint.recipe import SecondPass, parse_recipe

PLAIN: dict[str, Any] = {
    "task": "create", "prompt": "a fox", "negative_prompt": "blur", "dialect": "comfyui", "seed": 42, "width": 512,
    "height": 768, "sampling": {"sampler": "dpmpp_2m", "schedule": "karras", "steps": 20}, "guidance": {"scale": 5.5},
    "model": {"name": "v1-5"}, "clip_skip": 2,
}  # fmt: skip


def exported(**changes: Any) -> dict[str, Any]:
    return comfyui_workflow(parse_recipe(PLAIN | changes)).prompt


def read_back(workflow: dict[str, Any]) -> Any:
    return read_info(png.embed(saved(rgb_image(), "PNG"), [png.text_chunk("prompt", json.dumps(workflow))], ()))


def test_what_it_says_comes_back() -> None:
    loras = [{"name": "inks", "weight": 0.7}, {"name": "paper", "weight": 0.5, "text_weight": 0.25}]
    second = {"scale": 1.5, "strength": 0.5, "steps": 20}
    workflow = exported(loras=loras, second_pass=second, vae={"name": "mse"})
    reading = read_back(workflow)
    assert (reading.source, reading.prompt, reading.negative_prompt) == ("comfyui", "a fox", "blur")
    assert (reading.seed, reading.steps, reading.guidance) == (42, 20, 5.5)
    assert (reading.sampler, reading.schedule, reading.model) == ("dpmpp_2m", "karras", "v1-5.safetensors")
    wanted = parse_recipe(
        {**PLAIN, "loras": [loras[0] | {"text_weight": 0.7}, loras[1]], "vae": {"name": "mse"}, "second_pass": second}
    )
    assert parse_recipe(reading.recipe) == wanted


def test_a_picture_that_was_enlarged_between_passes() -> None:
    workflow = exported(second_pass={"scale": 2.0, "upscale": "picture", "strength": 0.4})
    kinds = [node["class_type"] for node in workflow.values()]
    assert kinds.count("KSampler") == 2 and "ImageScaleBy" in kinds and "VAEEncode" in kinds
    assert [node["inputs"]["steps"] for node in workflow.values() if node["class_type"] == "KSampler"] == [20, 8]
    second = parse_recipe(read_back(workflow).recipe).second_pass
    assert second == SecondPass(scale=2.0, upscale="picture", strength=0.4, steps=20)


def test_a1111s_words_are_spelled_out() -> None:
    workflow = exported(dialect="a1111", prompt="a ((red)) [old] \\(x\\) house BREAK by the sea <lora:inks:0.5>")
    texts = [node["inputs"]["text"] for node in workflow.values() if node["class_type"] == "CLIPTextEncode"]
    assert texts[0] == "a (red:1.21) (old:0.909091) \\(x\\) house" and texts[1] == "by the sea "
    assert any(node["class_type"] == "ConditioningConcat" for node in workflow.values())
    lora = next(node["inputs"] for node in workflow.values() if node["class_type"] == "LoraLoader")
    assert (lora["lora_name"], lora["strength_model"], lora["strength_clip"]) == ("inks.safetensors", 0.5, 0.5)


def letters(weighted: tuple[tuple[str, float], ...]) -> list[tuple[str, float]]:
    return [(letter, round(weight, 3)) for text, weight in weighted for letter in text if not letter.isspace()]


@settings(max_examples=150, deadline=None)
@given(st.text("abé ()[],.", max_size=30))
def test_spelled_words_weigh_the_same_there(words: str) -> None:
    workflow = exported(dialect="a1111", prompt=words)
    texts = [node["inputs"]["text"] for node in workflow.values() if node["class_type"] == "CLIPTextEncode"]
    assert letters(parse_comfyui(texts[0])) == letters(parse_attention(words))


@pytest.mark.parametrize(("changes", "field"), [
    ({"task": "refine", "picture": {"sha256": "0" * 64}}, "task"),
    ({"controls": [{"kind": "line", "drawing": {"sha256": "0" * 64}}]}, "controls"),
    ({"tiles": {"size": 512}}, "tiles"),
    ({"noise": {"variation_seed": 3, "variation_strength": 0.2}}, "noise.variation_strength"),
    ({"guidance": {"scale": 5, "method": "apg"}}, "guidance"),
    ({"guidance": {"scale": 5, "end": 0.5}}, "guidance"),
    ({"sampling": {"sampler": "ddim", "eta": 0.5}}, "sampling.eta"),
    ({"sampling": {"sampler": "plms"}}, "sampling.sampler"),
    ({"dialect": "a1111", "prompt": "a [cat:dog:0.5]"}, "prompt"),
    ({"dialect": "a1111", "prompt": "a AND b"}, "prompt"),
    ({"dialect": "a1111", "prompt": "a <hypernet:x:1>"}, "prompt"),
    ({"model": None}, "model"), ({"model": {"name": "primer"}}, "model"),
])  # fmt: skip
def test_what_it_cannot_express_is_refused_with_the_reason(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        exported(**changes)
    assert caught.value.field == field and "ComfyUI cannot express this" in caught.value.message and caught.value.hint


def test_what_differs_is_noted_and_the_plan_fills_what_is_open() -> None:
    recipe = parse_recipe({"task": "create", "prompt": "a fox", "noise": {"source": "philox"}})
    plan = {
        "model": {"name": "flux1-dev"},
        "family": "flux",
        "seed": 7,
        "guidance_scale": 3.5,
        "sampler": "euler",
        "schedule": "beta",
        "width": 1024,
        "height": 1000,
        "passes": [{"steps": 12, "width": 1024, "height": 1000}],
    }
    workflow = comfyui_workflow(recipe, plan)
    kinds = {node["class_type"]: node["inputs"] for node in workflow.prompt.values()}
    assert kinds["FluxGuidance"]["guidance"] == 3.5 and kinds["KSampler"]["cfg"] == 1.0
    assert (kinds["KSampler"]["steps"], kinds["KSampler"]["seed"]) == (12, 7)
    assert kinds["EmptySD3LatentImage"]["height"] == 1000
    assert any("noise on the processor" in note for note in workflow.notes)
    open_recipe = comfyui_workflow(parse_recipe({"task": "create", "model": {"name": "x.ckpt"}}))
    assert sum("open" in note for note in open_recipe.notes) == 6
