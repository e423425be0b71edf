"""What a pass paints in: sizes there and back, ink in its place, holes that start from the right pixels."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from underpaint.controls.line import ink_on
from underpaint.errors import PictureError, PlanError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.plan.data import Box, Pass, Plan
from underpaint.plan.materials import (
    Hole,
    ground,
    hole_content,
    masked_bounds,
    open_hole,
    painted,
    refined,
    sizes,
    unpainted,
)
from underpaint.recipe import Blob, CreateRecipe, FillRecipe, LineControl, ModelRef, Outpaint, RefineRecipe


class Kept(dict[str, bytes]):
    """Blobs by their hash."""

    def keep(self, pixels: np.ndarray, **options: object) -> Blob:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", **options)
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        self[digest] = file.getvalue()
        return Blob(sha256=digest, name="kept.png")


def made(width: int, height: int, *, step: int = 8, area: Box | None = None, scale: float = 1.0, task: str = "create",
         second: float | None = None) -> Plan:
    area = area or Box(x=0, y=0, width=width, height=height)
    canvas = area.extent.scaled(scale).multiple_of(step)
    passes = [Pass(width=canvas.width, height=canvas.height, steps=1)]
    if second:
        larger = canvas.scaled(second).multiple_of(step)
        passes.append(Pass(width=larger.width, height=larger.height, steps=1, upscale="latent"))
    return Plan(task=task, recipe="0" * 64, model=ModelRef(name="m"), family="sd", prediction="epsilon", width=width,
                height=height, area=area, scale=scale, passes=tuple(passes), seed=0, sampler="euler",
                guidance_scale=1, device="cpu", dtype="float32", threads=1)


def noise(height: int, width: int, channels: int = 3) -> FloatArray:
    return np.random.default_rng(height * width).random((height, width, channels), dtype=np.float32)


class TestThereAndBack:
    @settings(max_examples=60, deadline=None)
    @given(width=st.integers(1, 90), height=st.integers(1, 90), step=st.sampled_from((1, 4, 8, 64)))
    def test_padding_and_cropping_are_inverses_at_any_size(self, width: int, height: int, step: int) -> None:
        picture, plan = noise(height, width), made(width, height, step=step)
        canvas = painted(picture, plan, plan.passes[0])
        assert canvas.shape == (plan.passes[0].height, plan.passes[0].width, 3)
        np.testing.assert_array_equal(unpainted(canvas, plan, plan.passes[0]), picture)

    def test_an_area_comes_back_in_its_own_place(self) -> None:
        plan = made(60, 50, area=Box(x=7, y=9, width=33, height=21), task="fill")
        picture = noise(50, 60)
        there = painted(picture, plan, plan.passes[0])
        assert there.shape == (24, 40, 3)
        np.testing.assert_array_equal(unpainted(there, plan, plan.passes[0]), picture[9:30, 7:40])

    @settings(max_examples=60, deadline=None)
    @given(width=st.integers(1, 70), height=st.integers(1, 70), scale=st.floats(0.3, 6), step=st.sampled_from((4, 8)))
    def test_a_scaled_area_comes_back_at_its_own_size(self, width: int, height: int, scale: float, step: int) -> None:
        plan = made(100, 100, area=Box(x=5, y=6, width=width, height=height), scale=scale, step=step, task="fill")
        there = painted(noise(100, 100), plan, plan.passes[0])
        assert there.shape[:2] == (plan.passes[0].height, plan.passes[0].width)
        assert unpainted(there, plan, plan.passes[0]).shape == (height, width, 3)

    def test_padding_repeats_the_edge(self) -> None:
        plan = made(9, 5)
        canvas = painted(noise(5, 9), plan, plan.passes[0])
        np.testing.assert_array_equal(canvas[5:, :9], np.repeat(canvas[4:5, :9], 3, axis=0))
        np.testing.assert_array_equal(canvas[:, 9:], np.repeat(canvas[:, 8:9], 7, axis=1))

    def test_a_second_pass_enlarges_the_picture_and_crops_its_share_of_the_padding(self) -> None:
        plan = made(101, 37, second=2.0)
        assert (plan.passes[1].width, plan.passes[1].height) == (208, 80)
        assert unpainted(noise(80, 208), plan, plan.passes[1]).shape == (74, 202, 3)

    def test_a_fill_with_a_second_pass_stays_as_large_as_it_was(self) -> None:
        plan = made(101, 37, second=2.0, task="fill")
        assert unpainted(noise(80, 208), plan, plan.passes[1]).shape == (37, 101, 3)

    def test_masks_go_the_same_way(self) -> None:
        plan = made(9, 5)
        assert painted(noise(5, 9, 1)[..., 0], plan, plan.passes[0]).shape == (8, 16)


class TestInk:
    def sheet(self, kept: Kept, width: int = 40, height: int = 20) -> tuple[LineControl, np.ndarray]:
        layer = np.zeros((height, width, 4), np.uint8)
        layer[height // 4, :, 3] = 255
        layer[:, width // 4, 3] = 255
        return LineControl(drawing=kept.keep(layer)), layer[..., 3] / 255

    def test_ink_of_the_pictures_size_lies_where_it_was_drawn(self) -> None:
        kept = Kept()
        control, alpha = self.sheet(kept)
        plan = made(40, 20)
        ink = ink_on(control, ground(plan, plan.passes[0], kept))
        assert ink.shape == (24, 40)
        np.testing.assert_allclose(ink[:20], alpha, atol=1e-6)
        assert not ink[20:].any()

    def test_another_shape_is_centred(self) -> None:
        kept = Kept()
        control, alpha = self.sheet(kept)
        plan = made(40, 40)
        ink = ink_on(control, ground(plan, plan.passes[0], kept))
        np.testing.assert_allclose(ink[10:30], alpha, atol=1e-6)
        assert not ink[:10].any() and not ink[30:].any()

    def test_a_painted_area_gets_its_cut(self) -> None:
        kept = Kept()
        control, alpha = self.sheet(kept)
        plan = made(40, 20, area=Box(x=5, y=3, width=16, height=8), task="fill")
        np.testing.assert_allclose(ink_on(control, ground(plan, plan.passes[0], kept)), alpha[3:11, 5:21], atol=1e-6)

    def test_a_larger_pass_gets_larger_ink_in_the_same_place(self) -> None:
        kept = Kept()
        control, _ = self.sheet(kept)
        plan = made(40, 20, second=2.0, step=4)
        ink = ink_on(control, ground(plan, plan.passes[1], kept))
        assert ink.shape == (40, 80)
        assert abs(int(ink.sum(axis=0).argmax()) - 20.5) <= 1 and abs(int(ink.sum(axis=1).argmax()) - 10.5) <= 1

    def test_a_scaled_area_keeps_ink_and_paint_registered(self) -> None:
        kept = Kept()
        control, _ = self.sheet(kept)
        plan = made(40, 20, area=Box(x=4, y=2, width=20, height=12), scale=4.0, task="fill")
        ink = ink_on(control, ground(plan, plan.passes[0], kept))
        assert abs(int(ink[:48, :80].sum(axis=0).argmax()) - (10 - 4 + 0.5) * 4) <= 2
        assert abs(int(ink[:48, :80].sum(axis=1).argmax()) - (5 - 2 + 0.5) * 4) <= 2

    def test_a_drawing_that_is_not_there_is_named(self) -> None:
        plan = made(40, 20)
        with pytest.raises(PlanError, match=r"'lost\.png'"):
            ink_on(LineControl(drawing=Blob(sha256="0" * 64, name="lost.png")), ground(plan, plan.passes[0], {}))


class TestHoles:
    def opened(self, recipe_fields: dict, mask: np.ndarray | None = None,
               size: tuple[int, int] = (21, 30)) -> tuple[Hole, FillRecipe]:
        kept = Kept()
        pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
        named = kept.keep(mask) if mask is not None else None
        recipe = FillRecipe(picture=kept.keep(pixels), mask=named, **recipe_fields)
        return open_hole(recipe, kept), recipe

    def box(self) -> np.ndarray:
        mask = np.zeros((21, 30), np.uint8)
        mask[5:15, 8:22] = 255
        return mask

    def test_feathering_stays_inside_the_mask(self) -> None:
        hole, _ = self.opened({"feather": 4}, self.box())
        assert not hole.mask[self.box() == 0].any() and (hole.mask[self.box() > 0] > 0).all()
        assert 0 < hole.mask[5, 12] < hole.mask[7, 12] < hole.mask[9, 12]
        bounds = masked_bounds(hole)
        assert bounds is not None and (bounds.x, bounds.y, bounds.width, bounds.height) == (8, 5, 14, 10)

    def test_margins_are_all_mask_and_repeat_the_edge(self) -> None:
        hole, _ = self.opened({"outpaint": Outpaint(left=3, top=2, right=1, bottom=4), "feather": 0})
        assert hole.canvas.shape == (27, 34, 3) and (hole.left, hole.top) == (3, 2)
        assert not hole.mask[2:23, 3:33].any() and hole.mask.sum() == 27 * 34 - 21 * 30
        np.testing.assert_array_equal(hole.canvas[2:23, 0], hole.canvas[2:23, 3])
        np.testing.assert_array_equal(hole.canvas[2:23, 3:33], hole.source.pixels)

    def test_a_mask_of_another_size_is_refused(self) -> None:
        with pytest.raises(PlanError, match="mask is 10x10, the picture 30x21") as caught:
            self.opened({}, np.full((10, 10), 255, np.uint8))
        assert caught.value.field == "mask"

    def test_margins_past_the_size_limit_are_refused_before_they_are_made(self) -> None:
        with pytest.raises(PictureError, match="too large"):
            self.opened({"outpaint": Outpaint(left=16_384, right=16_384, top=16_384)})

    def test_original_content_is_the_picture(self) -> None:
        hole, recipe = self.opened({}, self.box())
        np.testing.assert_array_equal(hole_content(hole, recipe, 5), hole.source.pixels)

    def test_nothing_is_grey_inside_and_the_picture_outside(self) -> None:
        hole, recipe = self.opened({"content": "nothing", "feather": 0}, self.box())
        content = hole_content(hole, recipe, 5)
        assert (content[self.box() > 0] == 0.5).all()
        np.testing.assert_array_equal(content[self.box() == 0], hole.source.pixels[self.box() == 0])

    def test_blur_takes_colour_from_around_the_hole_and_none_from_in_it(self) -> None:
        kept = Kept()
        pixels = np.full((40, 40, 3), (200, 40, 40), np.uint8)
        pixels[12:28, 12:28] = (0, 255, 0)
        mask = np.zeros((40, 40), np.uint8)
        mask[12:28, 12:28] = 255
        recipe = FillRecipe(picture=kept.keep(pixels), mask=kept.keep(mask), content="blur", feather=0)
        content = hole_content(open_hole(recipe, kept), recipe, 5)
        np.testing.assert_allclose(content[20, 20], np.array((200, 40, 40)) / 255, atol=0.02)
        np.testing.assert_array_equal(content[mask == 0] * 255, pixels[mask == 0].astype(np.float32))

    def test_noise_has_nothing_of_the_picture_and_follows_the_seed(self) -> None:
        hole, recipe = self.opened({"content": "noise", "feather": 0}, self.box())
        content = hole_content(hole, recipe, 5)
        inside = self.box() > 0
        assert np.abs(content[inside] - hole.source.pixels[inside]).mean() > 0.1 and content[inside].std() > 0.1
        np.testing.assert_array_equal(content[~inside], hole.source.pixels[~inside])
        np.testing.assert_array_equal(content, hole_content(hole, recipe, 5))
        assert not np.array_equal(content, hole_content(hole, recipe, 6))

    def test_grown_margins_start_from_the_pictures_edge_colours(self) -> None:
        hole, recipe = self.opened({"outpaint": Outpaint(right=8)})
        content = hole_content(hole, recipe, 5)
        np.testing.assert_array_equal(content[:, :30], hole.source.pixels)
        assert np.isfinite(content).all() and content[:, 30:].std() < hole.source.pixels.std()

    def test_a_wholly_masked_picture_has_no_surroundings(self) -> None:
        hole, recipe = self.opened({"content": "blur", "feather": 0}, np.full((21, 30), 255, np.uint8))
        assert np.isfinite(hole_content(hole, recipe, 5)).all()


def test_sizes_are_those_of_every_picture_named() -> None:
    kept = Kept()
    picture, mask = kept.keep(np.zeros((4, 6, 3), np.uint8)), kept.keep(np.zeros((4, 6), np.uint8))
    drawing = kept.keep(np.zeros((5, 9, 4), np.uint8))
    found = sizes(FillRecipe(picture=picture, mask=mask, controls=(LineControl(drawing=drawing),)), kept)
    assert found == {picture.sha256: Extent(6, 4), mask.sha256: Extent(6, 4), drawing.sha256: Extent(9, 5)}
    assert sizes(CreateRecipe(), {}) == {}


def test_a_picture_to_refine_is_brought_to_the_plans_size() -> None:
    kept = Kept()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    recipe = RefineRecipe(picture=kept.keep(pixels))
    np.testing.assert_array_equal(refined(recipe, kept, made(30, 20)) * 255, pixels.astype(np.float32))
    assert refined(recipe, kept, made(15, 10)).shape == (10, 15, 3)


def test_a_transparent_picture_to_refine_lies_on_white() -> None:
    kept = Kept()
    pixels = np.zeros((4, 4, 4), np.uint8)
    np.testing.assert_array_equal(refined(RefineRecipe(picture=kept.keep(pixels)), kept, made(4, 4)),
                                  np.ones((4, 4, 3), np.float32))
