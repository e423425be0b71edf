"""Light and palette move the estimate the way they promise, and nothing else; latents and colours go both ways."""

import itertools

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from underpaint.controls.steering.calm_edit import CalmEdit, calmer
from underpaint.controls.steering.light_edit import LightEdit, light_change
from underpaint.controls.steering.palette_values import PaletteValuesEdit, wanted_colours
from underpaint.engine.latent_colours import LUMA, LatentColours
from underpaint.engine.loop import edited, in_order
from underpaint.engine.protocols import Step
from underpaint.recipe import Blob, LightControl, LineControl, PaletteControl, Swatch

MIX = torch.tensor([[0.9, -0.4, 0.2], [0.1, 0.8, -0.5], [0.3, 0.2, 1.1], [-0.6, 0.5, 0.4]])
"""A made-up autoencoder: four latent channels from three colours."""


def encode(picture: np.ndarray) -> Tensor:
    small = cv2.resize(picture, (picture.shape[1] // 8, picture.shape[0] // 8), interpolation=cv2.INTER_AREA)
    return torch.einsum("hwk,ck->chw", torch.from_numpy(small) - 0.5, MIX)[None] * 3


@pytest.fixture(scope="module")
def colours() -> LatentColours:
    return LatentColours.fit(encode)


def at(fraction: float, total: int = 10) -> Step:
    number = round(fraction * total)
    return Step(number, 0, total, number, total, 500.0, 1.0, 1.0, 1.0)


def estimate(seed: int = 0, height: int = 16, width: int = 24) -> Tensor:
    rgb = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
    return torch.einsum("nkhw,ck->nchw", rgb - 0.5, MIX) * 3


def luma(rgb: Tensor) -> Tensor:
    return (rgb * LUMA[:, None, None]).sum(1, keepdim=True)


def slope(light: Tensor, direction: float) -> float:
    """How much lighter it gets toward a direction in degrees."""
    height, width = light.shape[-2:]
    across = torch.linspace(-1, 1, width) * np.cos(np.radians(direction))
    upward = torch.linspace(1, -1, height)[:, None] * np.sin(np.radians(direction))
    return float((light * (across + upward)).mean())


PALETTE = PaletteControl(swatches=(Swatch(colour="#101830"), Swatch(colour="#c04020", share=0.5),
                                   Swatch(colour="#ffe0a0", share=0.25)))
LIGHT = LightControl(direction=0, hardness=1.0, lightness=0.5, contrast=0.2)


def edit(control: LightControl | PaletteControl, colours: LatentColours) -> LightEdit | PaletteValuesEdit:
    return LightEdit(control, colours) if isinstance(control, LightControl) else PaletteValuesEdit(control, colours)


class TestLatentColours:
    def test_a_linear_autoencoder_is_found_exactly(self, colours: LatentColours) -> None:
        picture = np.random.default_rng(3).random((64, 48, 3), dtype=np.float32)
        small = cv2.resize(picture, (6, 8), interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(colours.to_rgb(encode(picture))[0].permute(1, 2, 0).numpy(), small, atol=1e-4)

    def test_a_change_of_colour_there_and_back_is_the_same_change(self, colours: LatentColours) -> None:
        latents, change = estimate(), torch.randn(1, 3, 16, 24, generator=torch.Generator().manual_seed(1))
        moved = colours.to_rgb(latents + colours.to_latents(change)) - colours.to_rgb(latents)
        torch.testing.assert_close(moved, change, atol=1e-4, rtol=1e-4)

    def test_fitting_is_the_same_each_time(self, colours: LatentColours) -> None:
        again = LatentColours.fit(encode)
        assert torch.equal(again.to_colour, colours.to_colour) and torch.equal(again.from_colour, colours.from_colour)


@pytest.mark.parametrize("control", [LIGHT, PALETTE], ids=["light", "palette"])
class TestEveryEdit:
    def test_without_weight_or_outside_its_share_it_returns_the_very_estimate(self, control, colours) -> None:
        before = estimate()
        assert edit(control.changed(weight=0), colours)(before, at(0.5)) is before
        part = edit(control.changed(start=0.3, end=0.6), colours)
        assert part(before, at(0.2)) is before and part(before, at(0.6)) is before
        assert not torch.equal(part(before, at(0.3)), before) and not torch.equal(part(before, at(0.5)), before)

    def test_an_end_of_one_holds_to_the_last_step(self, control, colours) -> None:
        before = estimate()
        assert not torch.equal(edit(control, colours)(before, at(0.9)), before)

    def test_the_estimate_it_is_given_stays_as_it_was(self, control, colours) -> None:
        before = estimate()
        kept = before.clone()
        edit(control, colours)(before, at(0))
        assert torch.equal(before, kept)

    def test_twice_the_weight_moves_twice_as_far(self, control, colours) -> None:
        before = estimate()
        one = edit(control.changed(weight=0.5), colours)(before, at(0)) - before
        two = edit(control.changed(weight=1.0), colours)(before, at(0)) - before
        torch.testing.assert_close(two, 2 * one, atol=1e-5, rtol=1e-4)

    def test_it_is_a_gradient_edit_with_a_key_of_its_own(self, control, colours) -> None:
        first, second = edit(control, colours), edit(control.changed(weight=0.9), colours)
        assert first.stage == "gradient" and first.key != second.key
        assert first.key == edit(control.changed(), colours).key

    def test_any_shape_down_to_one_cell_is_steered(self, control, colours) -> None:
        for height, width in ((1, 1), (1, 9), (3, 2), (40, 12)):
            after = edit(control, colours)(estimate(1, height, width), at(0))
            assert after.shape == (1, 4, height, width) and torch.isfinite(after).all()


def test_the_order_of_listing_makes_no_bit_of_difference(colours: LatentColours) -> None:
    controls = [LIGHT, PALETTE, LIGHT.changed(direction=90, weight=0.4), PALETTE.changed(weight=0.3)]
    results = [edited(estimate(), at(0), in_order([edit(control, colours) for control in listed]))
               for listed in itertools.permutations(controls)]
    assert all(torch.equal(result, results[0]) for result in results)


class TestLight:
    @pytest.mark.parametrize("direction", [0, 45, 90, 135, 180, 270, 315])
    def test_repeated_steps_bring_the_light_to_the_planned_side(self, direction: float, colours: LatentColours) -> None:
        control = LightControl(direction=direction, hardness=1.0)
        # light from the wrong side to begin with
        ramp = LightEdit(control.changed(direction=(direction + 180) % 360), colours)
        now = edited(estimate(), at(0), [ramp, ramp])
        assert slope(luma(colours.to_rgb(now)), direction) < 0
        for _ in range(8):
            now = LightEdit(control, colours)(now, at(0))
        assert slope(luma(colours.to_rgb(now)), direction) > 0.02

    def test_light_that_is_already_there_is_left_alone(self) -> None:
        ramp = torch.linspace(0, 1, 24).expand(1, 1, 16, 24)
        assert light_change(ramp, LightControl(direction=0, hardness=1.0)).abs().max() == 0

    def test_hard_light_pulls_further_than_soft(self) -> None:
        flat = torch.full((1, 1, 16, 24), 0.5)
        soft, hard = (light_change(flat, LightControl(direction=0, hardness=hardness)) for hardness in (0.0, 1.0))
        assert 0 < slope(soft, 0) < slope(hard, 0)

    def test_it_adds_no_colour(self, colours: LatentColours) -> None:
        before = estimate()
        moved = colours.to_rgb(LightEdit(LIGHT, colours)(before, at(0))) - colours.to_rgb(before)
        torch.testing.assert_close(moved, moved.mean(1, keepdim=True).expand_as(moved), atol=1e-4, rtol=1e-3)

    @pytest.mark.parametrize("wanted", [0.15, 0.85])
    def test_lightness_moves_the_mean(self, wanted: float, colours: LatentColours) -> None:
        before = estimate()
        after = LightEdit(LightControl(lightness=wanted), colours)(before, at(0))
        was, now = (float(luma(colours.to_rgb(latents)).mean()) for latents in (before, after))
        assert abs(now - wanted) < abs(was - wanted)

    def test_contrast_spreads_or_gathers_the_masses(self) -> None:
        masses = torch.linspace(0.4, 0.6, 24).expand(1, 1, 16, 24)
        spread = float(masses.std())
        for wanted in (2 * spread, 0.5 * spread):
            after = masses + light_change(masses, LightControl(contrast=wanted))
            assert abs(float(after.std()) - wanted) < abs(spread - wanted)

    def test_nothing_asked_for_changes_nothing(self) -> None:
        assert not light_change(torch.rand(1, 1, 9, 9), LightControl()).any()

    def test_one_step_never_moves_further_than_its_limit(self, colours: LatentColours) -> None:
        dark = torch.einsum("nkhw,ck->nchw", torch.full((1, 3, 16, 24), -0.5), MIX) * 3
        after = LightEdit(LightControl(lightness=1.0, direction=0, hardness=1), colours)(dark, at(0))
        assert float(luma(colours.to_rgb(after)).max()) <= 0.25 + 1e-3


class TestPalette:
    def test_luma_stays(self, colours: LatentColours) -> None:
        before = estimate()
        after = PaletteValuesEdit(PALETTE, colours)(before, at(0))
        torch.testing.assert_close(luma(colours.to_rgb(after)), luma(colours.to_rgb(before)), atol=1e-4, rtol=1e-4)

    def test_darker_spots_earn_darker_swatches(self, colours: LatentColours) -> None:
        rgb = colours.to_rgb(estimate())
        earned, light = luma(wanted_colours(rgb, PALETTE)).flatten(), luma(rgb).flatten()
        assert (earned[light.argsort()].diff() >= -1e-6).all()

    def test_every_colour_lies_between_swatches_and_shares_are_kept(self) -> None:
        rgb = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
        halves = PaletteControl(swatches=(Swatch(colour="#000000", share=0.75), Swatch(colour="#ffffff", share=0.25)))
        earned = wanted_colours(rgb, halves)[0, 0]
        assert earned.min() == 0 and earned.max() == 1
        assert float(earned.mean()) == pytest.approx(0.375, abs=0.02)  # a ramp between the middles of the shares

    def test_the_order_of_swatches_does_not_matter(self) -> None:
        rgb = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2))
        turned = PALETTE.changed(swatches=PALETTE.swatches[::-1])
        torch.testing.assert_close(wanted_colours(rgb, turned), wanted_colours(rgb, PALETTE))

    def test_repeated_steps_come_near_the_swatches_hues(self, colours: LatentColours) -> None:
        blue = PaletteControl(swatches=(Swatch(colour="#102060"), Swatch(colour="#90b0ff")))
        now = estimate()
        for _ in range(6):
            now = PaletteValuesEdit(blue, colours)(now, at(0))
        red, _, azure = colours.to_rgb(now)[0].flatten(1).mean(-1)
        assert azure > red + 0.2


def test_paint_between_the_lines_is_calmed_up_to_the_lines_and_late() -> None:
    ink = torch.zeros(1, 1, 128, 192)
    ink[..., 88:104] = 1
    mottled = estimate()
    mottled[..., 12:] += 5
    change = calmer(mottled, ink)
    assert not change[..., 11:13].any()  # the line itself is left to the drawing
    calm = mottled + change
    left, right = calm[..., :11], calm[..., 13:]
    assert left.std() < 0.7 * mottled[..., :11].std() and right.std() < 0.7 * mottled[..., 13:].std()
    assert (right.mean() - left.mean()) > 4.5  # nothing runs across
    flat = torch.full((1, 4, 16, 24), 0.3)
    torch.testing.assert_close(calmer(flat, ink), torch.zeros_like(flat), atol=1e-6, rtol=0)
    control = LineControl(drawing=Blob(sha256="0" * 64), calm=0.5)
    edit = CalmEdit(ink[0, 0].numpy(), control)
    assert torch.equal(edit(mottled, at(0.1)), mottled)
    torch.testing.assert_close(edit(mottled, at(0.5)), mottled + 0.5 * change)
    assert torch.equal(CalmEdit(ink[0, 0].numpy(), control.changed(end=0.4))(mottled, at(0.5)), mottled)
