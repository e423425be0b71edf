"""Deciding is pure: a recipe and what the model can do become one frozen plan, or a refusal that names the field."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PlanError, RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.models.description import ModelDescription
from underpaint.plan.data import Plan
from underpaint.plan.decide import Facts, Machine, decide
from underpaint.plan.words import Words
from underpaint.recipe import (
    Blob,
    ColourControl,
    CreateRecipe,
    FillRecipe,
    Guidance,
    LightControl,
    LineControl,
    LoraRef,
    Outpaint,
    Recipe,
    RefineRecipe,
    Sampling,
    SecondPass,
    Tiles,
)

PICTURE, DRAWING, MASK = (Blob(sha256=digit * 64, name=name) for digit, name in (("1", "p"), ("2", "d"), ("3", "m")))
LINES = LineControl(drawing=DRAWING)
MODEL = ModelDescription(
    name="painter", path=Path("painter"), kind="checkpoint", family="sd", prediction="epsilon",
    native_area=512 * 512, default_width=512, default_height=512, size_step=8, default_steps=25,
    default_guidance=7.0, default_sampler="DPM++ 2M", default_schedule="karras",
    supports=frozenset({"negative_prompt", "lora", "clip_skip", "line"}), sha256="ab" * 32,
)  # fmt: skip
HERE = Machine("cpu", "float32", 2)


def facts(picture: tuple[int, int] = (640, 480), drawing: tuple[int, int] = (300, 200), **fields: object) -> Facts:
    known = Facts(seed=7, words=Words("a cat", "blur"), model=MODEL, machine=HERE, sizes={
        PICTURE.sha256: Extent(*picture), DRAWING.sha256: Extent(*drawing), MASK.sha256: Extent(*picture)})
    return replace(known, **fields)


def model(**fields: object) -> ModelDescription:
    return MODEL.with_(**fields)


def without(*abilities: str) -> ModelDescription:
    return model(supports=MODEL.supports - set(abilities))


def size(plan: Plan) -> tuple[int, int]:
    return plan.width, plan.height


def painted(plan: Plan) -> list[tuple[int, int]]:
    return [(one.width, one.height) for one in plan.passes]


class TestSizes:
    def test_words_alone_are_painted_in_the_models_own_size(self) -> None:
        plan = decide(CreateRecipe(), facts())
        assert size(plan) == (512, 512) and painted(plan) == [(512, 512)]
        assert (plan.area.x, plan.area.y, plan.area.extent, plan.scale) == (0, 0, Extent(512, 512), 1)

    def test_a_size_that_is_asked_for_is_padded_to_the_models_step_and_never_resized(self) -> None:
        plan = decide(CreateRecipe(width=500, height=333), facts())
        assert size(plan) == (500, 333) and painted(plan) == [(504, 336)] and plan.scale == 1

    @pytest.mark.parametrize(("drawing", "wanted"), [((300, 200), 1.5), ((2000, 3000), 2 / 3), ((4000, 1000), 4.0)])
    def test_a_drawing_gives_the_picture_its_shape_at_the_models_area(self, drawing, wanted) -> None:
        plan = decide(CreateRecipe(controls=(LINES,)), facts(drawing=drawing))
        assert plan.width / plan.height == pytest.approx(wanted, rel=0.03)
        assert 0.85 * 512 * 512 <= plan.width * plan.height <= 512 * 512

    def test_one_side_given_is_followed_by_the_other(self) -> None:
        assert size(decide(CreateRecipe(width=600, controls=(LINES,)), facts())) == (600, 400)
        assert size(decide(CreateRecipe(height=100, controls=(LINES,)), facts())) == (150, 100)
        assert size(decide(CreateRecipe(width=256), facts())) == (256, 256)

    def test_a_picture_painted_over_keeps_its_size(self) -> None:
        assert size(decide(RefineRecipe(picture=PICTURE), facts((641, 479)))) == (641, 479)

    def test_one_too_large_is_brought_to_the_models_area(self) -> None:
        plan = decide(RefineRecipe(picture=PICTURE), facts((6000, 4000)))
        assert plan.width * plan.height <= 512 * 512 and plan.width / plan.height == pytest.approx(1.5, rel=0.02)

    def test_which_map_gives_the_shape_does_not_depend_on_the_order_and_no_weight_gives_none(self) -> None:
        flat = ColourControl(picture=PICTURE)
        for controls in ((LINES, flat), (flat, LINES)):
            assert size(decide(CreateRecipe(width=600, controls=controls), facts())) == (600, 400)
        assert size(decide(CreateRecipe(width=600, controls=(flat,)), facts())) == (600, 450)
        assert size(decide(CreateRecipe(controls=(LINES.changed(weight=0),)), facts())) == (512, 512)

    def test_a_weight_does_not_change_which_of_two_maps_gives_the_shape(self) -> None:
        other = LINES.changed(drawing=PICTURE)
        pairs = [(LINES.changed(weight=first), other.changed(weight=second))
                 for first, second in ((1, 0.5), (0.5, 1), (1, 1))]
        assert len({size(decide(CreateRecipe(width=600, controls=pair), facts())) for pair in pairs}) == 1

    def test_the_picture_shapes_a_refine_even_with_a_drawing(self) -> None:
        assert size(decide(RefineRecipe(picture=PICTURE, controls=(LINES,)), facts())) == (640, 480)

    def test_too_large_for_one_piece_is_refused_and_painted_in_tiles(self) -> None:
        asked = CreateRecipe(width=4096, height=4096)
        with pytest.raises(PlanError, match="too large") as caught:
            decide(asked, facts())
        assert caught.value.field == "width" and "tiles.size" in str(caught.value.hint)
        assert painted(decide(asked.changed(tiles=Tiles()), facts())) == [(4096, 4096)]

    def test_nobody_paints_sides_past_the_cap(self) -> None:
        with pytest.raises(PlanError, match="16384"):
            decide(CreateRecipe(width=20_000, height=8, tiles=Tiles()), facts())

    @settings(max_examples=60, deadline=None)
    @given(width=st.integers(8, 1500), height=st.integers(8, 1500), step=st.sampled_from((4, 8, 16, 64)))
    def test_any_size_is_painted_on_the_smallest_canvas_that_holds_it(self, width: int, height: int, step: int) -> None:
        plan = decide(CreateRecipe(width=width, height=height), facts(model=model(size_step=step)))
        canvas, = painted(plan)
        assert size(plan) == (width, height)
        assert all(side % step == 0 and 0 <= side - asked < step
                   for side, asked in zip(canvas, (width, height), strict=True))


class TestFills:
    def test_the_whole_picture_with_its_margins_is_painted(self) -> None:
        recipe = FillRecipe(picture=PICTURE, outpaint=Outpaint(left=10, top=20, right=30, bottom=40))
        plan = decide(recipe, facts((101, 99), masked=Bounds(0, 0, 141, 159)))
        assert size(plan) == (141, 159) and painted(plan) == [(144, 160)]
        assert plan.area.extent == Extent(141, 159)

    def test_the_masked_area_is_padded_and_kept_inside(self) -> None:
        recipe = FillRecipe(picture=PICTURE, mask=MASK, area="masked", padding=32)
        plan = decide(recipe, facts((1000, 900), masked=Bounds(10, 500, 300, 395)))
        assert (plan.area.x, plan.area.y, plan.area.width, plan.area.height) == (0, 468, 342, 432)
        assert plan.scale == 1 and painted(plan) == [(344, 432)] and size(plan) == (1000, 900)

    def test_a_small_area_is_painted_larger_and_a_large_one_smaller(self) -> None:
        recipe = FillRecipe(picture=PICTURE, mask=MASK, area="masked", padding=0)
        small = decide(recipe, facts((1000, 900), masked=Bounds(10, 10, 40, 20)))
        large = decide(recipe, facts((6000, 6000), masked=Bounds(0, 0, 5000, 4000)))
        assert small.scale > 5 and large.scale < 0.2
        for plan in (small, large):
            (width, height), = painted(plan)
            assert width * height == pytest.approx(512 * 512, rel=0.06)

    def test_a_size_says_how_large_the_area_is_painted(self) -> None:
        recipe = FillRecipe(picture=PICTURE, mask=MASK, area="masked", padding=0, width=256, height=512)
        plan = decide(recipe, facts(masked=Bounds(100, 100, 100, 100)))
        assert painted(plan) == [(256, 256)] and plan.scale == pytest.approx(2.56)
        assert plan.area.extent == Extent(100, 100) and size(plan) == (640, 480)

    def test_a_size_holds_for_the_whole_picture_too(self) -> None:
        recipe = FillRecipe(picture=PICTURE, mask=MASK, width=320, height=320)
        plan = decide(recipe, facts(masked=Bounds(0, 0, 5, 5)))
        assert size(plan) == (640, 480) and painted(plan) == [(320, 240)] and plan.scale == 0.5
        plan = decide(recipe.changed(width=320, height=None), facts(masked=Bounds(0, 0, 5, 5)))
        assert painted(plan) == [(320, 240)]

    @pytest.mark.parametrize("area", ["whole", "masked"])
    def test_an_empty_mask_is_refused(self, area: str) -> None:
        with pytest.raises(PlanError, match="mask is empty") as caught:
            decide(FillRecipe(picture=PICTURE, mask=MASK, area=area), facts(masked=None))
        assert caught.value.field == "mask" and "White" in str(caught.value.hint)

    def test_neither_mask_nor_margin_is_refused(self) -> None:
        with pytest.raises(PlanError, match="nothing to fill"):
            decide(FillRecipe(picture=PICTURE), facts())

    def test_a_whole_picture_too_large_points_at_the_masked_area(self) -> None:
        with pytest.raises(PlanError, match="too large") as caught:
            decide(FillRecipe(picture=PICTURE, mask=MASK), facts((5000, 5000), masked=Bounds(0, 0, 5, 5)))
        assert "area=masked" in str(caught.value.hint)


class TestPasses:
    def test_a_second_pass_is_larger_with_steps_and_strength_of_its_own(self) -> None:
        recipe = CreateRecipe(width=100, height=52, sampling=Sampling(steps=11), second_pass=SecondPass(scale=1.5))
        first, second = decide(recipe, facts()).passes
        assert (first.width, first.height, first.steps, first.strength, first.upscale) == (104, 56, 11, 1.0, None)
        assert (second.width, second.height, second.steps, second.strength) == (160, 88, 11, 0.6)
        assert second.upscale == "latent"

    def test_its_own_steps_and_way_of_enlarging(self) -> None:
        asked = SecondPass(scale=2, steps=5, strength=0.3, upscale="picture")
        second = decide(CreateRecipe(second_pass=asked), facts()).passes[1]
        assert (second.width, second.height, second.steps, second.strength, second.upscale) == (
            1024, 1024, 5, 0.3, "picture")

    def test_a_second_pass_too_large_for_one_piece_is_refused_or_tiled(self) -> None:
        recipe = CreateRecipe(second_pass=SecondPass(scale=6))
        with pytest.raises(PlanError, match="3072x3072 is too large"):
            decide(recipe, facts())
        assert painted(decide(recipe.changed(tiles=Tiles()), facts()))[1] == (3072, 3072)

    @pytest.mark.parametrize("recipe", [RefineRecipe(picture=PICTURE, strength=0.3),
                                        FillRecipe(picture=PICTURE, mask=MASK, strength=0.3)])
    def test_strength_is_the_first_passes(self, recipe: Recipe) -> None:
        assert decide(recipe, facts(masked=Bounds(0, 0, 9, 9))).passes[0].strength == 0.3


class TestSampling:
    def test_the_models_defaults_fill_what_is_unset(self) -> None:
        plan = decide(CreateRecipe(), facts())
        assert (plan.sampler, plan.schedule, plan.guidance_scale, plan.passes[0].steps) == (
            "dpmpp_2m", "karras", 7.0, 25)

    def test_what_is_set_is_kept(self) -> None:
        recipe = CreateRecipe(sampling=Sampling(sampler="Heun", schedule="exponential", steps=9),
                              guidance=Guidance(scale=0))
        plan = decide(recipe, facts())
        assert (plan.sampler, plan.schedule, plan.guidance_scale, plan.passes[0].steps) == (
            "heun", "exponential", 0, 9)

    def test_a_name_may_carry_its_schedule(self) -> None:
        plan = decide(CreateRecipe(sampling=Sampling(sampler="DPM++ 2M SDE Exponential")), facts())
        assert (plan.sampler, plan.schedule) == ("dpmpp_2m_sde", "exponential")

    def test_the_models_schedule_goes_with_the_models_sampler_only(self) -> None:
        assert decide(CreateRecipe(sampling=Sampling(sampler="euler")), facts()).schedule is None

    @pytest.mark.parametrize(("sampling", "field"), [
        (Sampling(sampler="ddim", schedule="karras"), "sampling.schedule"),
        (Sampling(sampler="DPM fast"), "sampling.sampler"), (Sampling(sampler="zzz"), "sampling.sampler"),
        (Sampling(schedule="zzz"), "sampling.schedule")])
    def test_what_cannot_be_is_refused_by_field(self, sampling: Sampling, field: str) -> None:
        with pytest.raises(RecipeError) as caught:
            decide(CreateRecipe(sampling=sampling), facts())
        assert caught.value.field == field and caught.value.hint

    @pytest.mark.parametrize("sampling", [Sampling(sampler="ddim", schedule="automatic"), Sampling(sampler="ddim")])
    def test_a_sampler_without_a_flow_twin_is_refused_for_flow_models(self, sampling: Sampling) -> None:
        flow = model(family="sd3", prediction="flow", default_sampler="Euler", default_schedule=None)
        with pytest.raises(RecipeError, match="flow-matching"):
            decide(CreateRecipe(sampling=sampling), facts(model=flow))
        assert decide(CreateRecipe(), facts(model=flow)).sampler == "euler"


class TestAbilities:
    def test_lines_take_the_adapter_where_there_is_one(self) -> None:
        asked = CreateRecipe(controls=(LINES,))
        assert decide(asked, facts(model=without("line"))).line_adapter is None
        assert decide(asked, facts()).line_adapter == "adapter_line"
        assert decide(CreateRecipe(controls=(LightControl(),)), facts(model=without("line"))).line_adapter is None

    def test_clip_skip_needs_layers_to_skip(self) -> None:
        with pytest.raises(PlanError) as caught:
            decide(CreateRecipe(clip_skip=2), facts(model=without("clip_skip")))
        assert caught.value.field == "clip_skip"
        assert decide(CreateRecipe(clip_skip=1), facts(model=without("clip_skip"))).clip_skip == 1

    def test_only_checkpoints_paint(self) -> None:
        with pytest.raises(PlanError, match="not a model that paints"):
            decide(CreateRecipe(), facts(model=model(kind="lora")))

    def test_a_control_that_ends_before_it_starts_is_refused(self) -> None:
        with pytest.raises(PlanError, match="ends before it starts"):
            decide(CreateRecipe(controls=(LightControl(start=0.6, end=0.4),)), facts())

    def test_loras_are_recorded_with_the_hash_that_was_found(self) -> None:
        found = model(name="inks", kind="lora", sha256="cd" * 32)
        plan = decide(CreateRecipe(), facts(loras=((LoraRef(name="inks", weight=0.7, text_weight=0.2), found),)))
        ref, = plan.loras
        assert (ref.name, ref.hash, ref.weight, ref.text_weight) == ("inks", "cd" * 32, 0.7, 0.2)

    def test_model_vae_machine_words_and_seed_are_written_down(self) -> None:
        plan = decide(CreateRecipe(), facts(vae=model(name="soft", kind="vae", sha256="ef" * 32)))
        assert (plan.model.name, plan.model.hash) == ("painter", "ab" * 32)
        assert plan.vae is not None and plan.vae.hash == "ef" * 32
        assert (plan.device, plan.dtype, plan.threads, plan.batch) == ("cpu", "float32", 2, 1)
        assert (plan.prompt, plan.negative_prompt, plan.seed) == ("a cat", "blur", 7)
        assert plan.recipe == CreateRecipe().hash()
