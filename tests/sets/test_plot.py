"""A plot: A1111's words for axes and values, every mistake found at once, dear axes outermost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underpaint.errors import ModelError
from underpaint.recipe import (
    Blob,
    CreateRecipe,
    LightControl,
    LineControl,
    LoraRef,
    RefineRecipe,
    Sampling,
    SecondPass,
)
from underpaint.sets.plot import Plot, PlotError, plan_plot
from underpaint.sets.plot_axes import AXES, NOT_OFFERED
from underpaint.sets.plot_values import read_values

CAT = CreateRecipe(prompt="a red cat on a wall", negative_prompt="dog, red", seed=7)
PICTURE = Blob(sha256="ab" * 32)


@pytest.mark.parametrize(("text", "kind", "values"), [
    ("1, 2,5", "whole", (1, 2, 5)),
    ("1-5", "whole", (1, 2, 3, 4, 5)),
    ("1-5 (+2)", "whole", (1, 3, 5)),
    ("1-5(+2), 9", "whole", (1, 3, 5, 9)),
    ("10-5 (-3)", "whole", (10, 7)),
    ("10-1 (-3)", "whole", (10, 7, 4)),
    ("1-10 [5]", "whole", (1, 3, 5, 7, 10)),
    ("-1", "whole", (-1,)),
    ("-5--1 (+2)", "whole", (-5, -3, -1)),
    ("1\n2", "whole", (1, 2)),
    ("1-3", "number", (1.0, 2.0, 3.0)),
    ("1-3 (+0.5)", "number", (1.0, 1.5, 2.0, 2.5, 3.0)),
    ("0.0-1.0 [6]", "number", (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ("1-0 (-0.25)", "number", (1.0, 0.75, 0.5, 0.25, 0.0)),
    ("1-2 (+0.3)", "number", (1.0, 1.3, 1.6, 1.9, 2.2)),
    ('"a, b",c , d', "text", ("a, b", "c", "d")),
    ('"say ""no""",b', "text", ('say "no"', "b")),
    ("cat,", "text", ("cat", "")),
    ("1-5", "text", ("1-5",)),
    ("a,b", "order", (("a", "b"), ("b", "a"))),
    ("0-1 [3]", "any", (0.0, 0.5, 1.0)),
    ("true,latent", "any", (True, "latent")),
])
def test_values_are_read_as_a1111_reads_them(text: str, kind, values: tuple) -> None:
    assert read_values(text, kind) == type(read_values("1", "text"))(values)


def test_a_quote_after_a_space_holds_nothing_and_is_remarked() -> None:
    found = read_values('"a, b", "c, d"', "text")
    assert found.values == ("a, b", '"c', 'd"') and "no space before a quote" in found.notes[0]


@pytest.mark.parametrize(("text", "kind", "part"), [
    ("5-1", "whole", "needs a step such as (-1)"), ("1-5 (-1)", "whole", "its step must too"),
    ("1-5 (+0)", "whole", "step of nothing"), ("1-5 (2)", "whole", "no whole number"),
    ("1-5 [0]", "whole", "holds no value"), ("1.5", "whole", "no whole number"), ("1,,2", "whole", "no whole number"),
    ("1-999999999999", "whole", "more than 1,000"), ("0-1 (+0.0000000001)", "number", "more than 1,000"),
    ("0-1 [99999999999]", "number", "more than 1,000"), ("nan", "number", "no number"), ("inf", "number", "no number"),
    ("0-99999999999999999999", "whole", "more than 1,000"), ("99999999999999999999-0 (-1)", "whole", "more than 1,000"),
    (f"0-1{'0' * 400} [5]", "whole", "far too long"), (f"0-1{'0' * 400} [5]", "any", "far too long"),
    ("", "text", "no values"), (" , ", "text", "no values"), ("a,b,c,d,e,f,g,h,i", "order", "orders"),
])
def test_values_that_cannot_be_are_said(text: str, kind, part: str) -> None:
    found = read_values(text, kind)
    assert len(found.problems) == 1 and part in found.problems[0][1]


@given(st.text(max_size=60), st.sampled_from(["whole", "number", "text", "any"]))
def test_no_text_breaks_the_reading(text: str, kind) -> None:
    found = read_values(text, kind)
    assert found.values or found.problems


def recipes(plot: Plot, field: str) -> list:
    return [cell.recipe.model_dump().get(field) for cell in sorted(plot.cells, key=lambda cell: cell.number)]


def test_cells_are_numbered_as_they_are_read_and_say_what_they_are() -> None:
    plot = plan_plot(CAT, "Steps=10,20", "CFG Scale=5-7 (+2)", "Prompt S/R=cat,owl")
    assert (plot.x.labels, plot.y.labels, plot.z.labels) == (
        ("Steps: 10", "Steps: 20"), ("CFG Scale: 5", "CFG Scale: 7"), ("cat", "owl"))
    cells = sorted(plot.cells, key=lambda cell: cell.number)
    assert [(cell.z, cell.y, cell.x) for cell in cells] == [(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    last, words = cells[-1], "a red owl on a wall"
    assert last.name == "Steps: 20, CFG Scale: 7, owl"
    assert (last.recipe.sampling.steps, last.recipe.guidance.scale, last.recipe.prompt) == (20, 7, words)
    assert plot.title == "X: Steps, Y: CFG Scale, Z: Prompt S/R"


def test_dear_axes_change_seldom() -> None:
    plot = plan_plot(CAT, "Checkpoint name=a,b", "Steps=1-3", "VAE=v,w")
    order = [(cell.recipe.model.name, cell.recipe.vae.name) for cell in plot.cells]
    assert list(dict.fromkeys(order)) == [("a", "v"), ("a", "w"), ("b", "v"), ("b", "w")]
    assert order == sorted(order) and len(order) == 12


def test_every_mistake_on_every_axis_is_said_before_anything_is_painted() -> None:
    def confirm(kind: str, name: str) -> None:
        if name == "gone":
            raise ModelError("no model is called 'gone'", hint="See underpaint models list.")

    with pytest.raises(PlotError) as caught:
        plan_plot(CAT, "Steps=0,abc,5", "Sampler=Eulr,DDIM", "Checkpoint name=here,gone", confirm=confirm)
    found = {(problem.axis, problem.value) for problem in caught.value.problems}
    assert found == {("X Steps", "abc"), ("X Steps", "0"), ("Y Sampler", "Eulr"), ("Z Checkpoint name", "gone")}
    assert "\n" not in str(caught.value) and "Euler" in str(caught.value)


@pytest.mark.parametrize(("axes", "part"), [
    ({}, "none was given"), ({"x": "Stps=3"}, "Did you mean: Steps"), ({"x": "Steps"}, "has no values"),
    ({"x": "Styles=a"}, "not offered"), ({"x": "foo.bar=1"}, "no such field"), ({"x": "task=fill"}, "cannot vary"),
    ({"x": "Control weight=1"}, "no control"), ({"x": "LoRA weight=1"}, "no LoRA"),
    ({"x": "Denoising=0.5"}, "painted from noise"), ({"x": "Prompt S/R=horse,cow"}, "not in the words"),
    ({"x": "Prompt order=cat,cow"}, "'cow' is not in the words"), ({"x": "Size=512"}, "no size"),
    ({"x": "Var. strength=2"}, "less than or equal to 1"), ({"x": "Hires upscaler=ESRGAN_4x"}, "Latent or Lanczos"),
    ({"x": "Seed=0-999", "y": "Steps=1-99"}, "at most 2,500"),
    ({"x": "Sampler=DDIM", "y": "Schedule type=Karras"}, "cannot follow"),
])
def test_axes_that_cannot_be_are_refused_with_a_way_out(axes: dict, part: str) -> None:
    with pytest.raises(PlotError) as caught:
        plan_plot(CAT, **axes)
    assert part in str(caught.value)


def test_each_axis_changes_its_field() -> None:
    rich = CAT.changed(loras=(LoraRef(name="ink"), LoraRef(name="wash")), second_pass=SecondPass(),
                       controls=(LineControl(drawing=PICTURE), LightControl()), sampling=Sampling(sampler="euler"))
    wanted = {
        "Seed=3": ("seed", 3), "Var. seed=4": ("noise.variation_seed", 4), "Var. strength=0.5":
        ("noise.variation_strength", 0.5), "Hires steps=6": ("second_pass.steps", 6), "Hires upscaler=Lanczos":
        ("second_pass.upscale", "picture"), "Denoising=0.3": ("second_pass.strength", 0.3), "Clip skip=2":
        ("clip_skip", 2), "size=96x64": ("width", 96), "VAE=v": ("vae.name", "v"), "RNG source=NV":
        ("noise.source", "philox"), "LoRA weight wash=0.25": ("loras.1.weight", 0.25), "Control weight line=0.5":
        ("controls.0.weight", 0.5), "[ControlNet] Weight=0.5": ("controls.1.weight", 0.5), "Eta=0.5":
        ("sampling.eta", 0.5), "Sampler=DPM++ 2M Karras": ("sampling.schedule", "karras"), "guidance.rescale=0.5":
        ("guidance.rescale", 0.5), "controls.1.hardness=0.25": ("controls.1.hardness", 0.25), "LoRA=third":
        ("loras.2.name", "third"), "Schedule type=Karras": ("sampling.schedule", "karras"),
    }  # fmt: skip
    for axis, (path, value) in wanted.items():
        here: object = plan_plot(rich, axis).cells[0].recipe
        for part in path.split("."):
            here = here[int(part)] if isinstance(here, tuple) else getattr(here, part)
        assert here == value, axis
    assert plan_plot(rich, "LoRA weight ink=0.5").cells[0].recipe.loras[1].weight == 1
    assert plan_plot(rich, "VAE=Automatic").cells[0].recipe.vae is None
    over = RefineRecipe(picture=PICTURE)
    assert recipes(plan_plot(over, "Denoising=0.25,0.5"), "strength") == [0.25, 0.5]


def test_prompt_order_puts_words_in_each_others_places() -> None:
    plot = plan_plot(CAT, "Prompt order=red,cat,wall")
    assert len(plot.cells) == 6
    assert {"a red cat on a wall", "a wall cat on a red", "a cat wall on a red"} < set(recipes(plot, "prompt"))
    assert plot.x.labels[1] == "red, wall, cat"


def test_search_and_replace_reaches_both_texts_and_a_weight_may_follow_a_lora() -> None:
    plot = plan_plot(CAT, "LoRA weight=0.5,1", "LoRA=ink,wash", "Prompt S/R=red,blue")
    last = max(plot.cells, key=lambda cell: cell.number).recipe
    assert (last.prompt, last.negative_prompt) == ("a blue cat on a wall", "dog, blue")
    assert [(one.name, one.weight) for one in last.loras] == [("wash", 1)]


def test_one_seed_for_all_and_minus_one_means_the_same_seed_again() -> None:
    free = CAT.changed(seed=None)
    assert set(recipes(plan_plot(free, "Steps=1-4", seed=5), "seed")) == {5}
    first = recipes(plan_plot(free, "Seed=-1,-1,3", seed=5), "seed")
    assert first == recipes(plan_plot(free, "Seed=-1,-1,3", seed=5), "seed") and first[2] == 3
    assert len(set(first)) == 3 and -1 not in first


def test_every_axis_of_a1111_is_offered_or_refused_with_its_reason() -> None:
    theirs = {
        "Nothing", "Seed", "Var. seed", "Var. strength", "Steps", "Hires steps", "CFG Scale", "Image CFG Scale",
        "Prompt S/R", "Prompt order", "Sampler", "Hires sampler", "Checkpoint name", "Negative Guidance minimum sigma",
        "Sigma Churn", "Sigma min", "Sigma max", "Sigma noise", "Schedule type", "Schedule min sigma",
        "Schedule max sigma", "Schedule rho", "Beta schedule alpha", "Beta schedule beta", "Eta", "Clip skip",
        "Denoising", "Initial noise multiplier", "Extra noise", "Hires upscaler", "Cond. Image Mask Weight", "VAE",
        "Styles", "UniPC Order", "Face restore", "Token merging ratio", "Token merging ratio high-res",
        "Always discard next-to-last sigma", "SGM noise multiplier", "Refiner checkpoint", "Refiner switch at",
        "RNG source", "FP8 mode", "Size",
    }  # fmt: skip
    assert theirs <= {axis.name for axis in AXES} | set(NOT_OFFERED)
