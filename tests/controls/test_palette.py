"""Swatches: ramps that keep to the screen, transport that keeps shares, a snap that keeps values, an honest check."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kit.studio import save_picture
from scipy.stats import spearmanr

from underpaint.controls.palette import Palette, swatches_of
from underpaint.controls.palette_check import check_palette
from underpaint.controls.palette_cost import costs
from underpaint.controls.palette_extract import main_colours
from underpaint.controls.palette_snap import snap
from underpaint.controls.ramps import ramps, rgb_of
from underpaint.controls.steering.oklab import to_oklab, to_srgb
from underpaint.controls.steering.palette_transport import PaletteTransportEdit, sinkhorn
from underpaint.controls.swatches.sheet import Entry, SwatchSheet
from underpaint.controls.table import read_control
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Step
from underpaint.errors import RecipeError
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab
from underpaint.recipe import PaletteControl, Swatch

BRAND = tuple(Swatch(colour=one) for one in ("#12263a", "#1f6f78", "#e3b23c", "#f4ede4", "#a23b2a"))
COLOURS = LatentColours(torch.eye(3), torch.zeros(3), torch.eye(3))
"""Latents that are colours already."""
STEP = Step(0, 0, 10, 0, 10, 500.0, 1.0, 1.0, 1.0)


def picture(seed: int = 0, height: int = 60, width: int = 80) -> np.ndarray:
    """Soft colours of every kind."""
    import cv2

    blocks = np.random.default_rng(seed).random((5, 6, 3), dtype=np.float32)
    return np.clip(cv2.resize(blocks, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def estimate(seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(picture(seed, 24, 32)).permute(2, 0, 1)[None]


class TestRamps:
    def test_a_swatch_lies_on_its_own_ramp_between_black_and_white(self) -> None:
        known = ramps(BRAND)
        for number, swatch in enumerate(BRAND):
            lab = srgb_to_oklab(np.array(rgb_of(swatch.colour), np.float32))
            np.testing.assert_allclose(known.at(lab[0])[number], lab[1:], atol=4e-3)
            assert not known.table[number, [0, -1]].any()

    @pytest.mark.parametrize("colour", ["#0000ff", "#ff0000", "#00ff00", "#ffff00", "#808080", "#000000", "#ffffff"])
    def test_every_shade_can_be_shown(self, colour: str) -> None:
        table = ramps((Swatch(colour=colour),)).table[0]
        levels = np.linspace(0, 1, len(table), dtype=np.float32)[:, None]
        shown = oklab_to_srgb(np.concatenate([levels, table], axis=1))
        assert shown.min() > -0.01 and shown.max() < 1.01 and np.isfinite(shown).all()

    def test_less_light_on_a_swatch_stays_on_its_ramp(self) -> None:
        linear = np.array(rgb_of("#a23b2a")) ** 2.2 * 0.3
        assert check_palette(np.full((20, 20, 3), linear ** (1 / 2.2), np.float32), BRAND).on == 1


class TestSnap:
    def test_nearly_everything_is_on_the_palette_and_values_keep_their_order(self) -> None:
        before = picture()
        after = snap(before, PaletteControl(swatches=BRAND, snap=1))
        assert check_palette(before, BRAND).on < 0.4 < 0.9 < check_palette(after, BRAND).on
        light = [srgb_to_oklab(one)[..., 0].ravel() for one in (before, after)]
        assert np.abs(light[0] - light[1]).max() < 0.01 and spearmanr(*light).statistic > 0.999

    def test_a_smooth_ramp_stays_smooth(self) -> None:
        """A hundred greys going to yellow: no step is much larger than its neighbours."""
        ramp = np.linspace(0.2, 0.9, 100, dtype=np.float32)
        shown = np.repeat(np.stack([ramp, ramp * 0.9, ramp * 0.5], axis=-1)[None], 20, axis=0)
        steps = np.abs(np.diff(snap(shown, PaletteControl(swatches=BRAND[2:3], snap=1))[10], axis=0)).max(-1)
        assert steps.max() < 0.03

    def test_half_a_snap_goes_half_the_way(self) -> None:
        before = srgb_to_oklab(picture())
        half, whole = (srgb_to_oklab(snap(picture(), PaletteControl(swatches=BRAND, snap=share)))
                       for share in (0.5, 1.0))
        np.testing.assert_allclose((half - before)[..., 1:], 0.5 * (whole - before)[..., 1:], atol=0.02)

    @pytest.mark.parametrize("count", [1, 400])
    def test_one_swatch_or_four_hundred(self, count: int) -> None:
        rng = np.random.default_rng(1)
        many = swatches_of(SwatchSheet(tuple(Entry(tuple(rng.random(3))) for _ in range(count))))[0]
        control = PaletteControl(swatches=many, match="colours", hold_shares=0.5, snap=1)
        assert check_palette(snap(picture(), control), many).on > 0.95
        moved = PaletteTransportEdit(control, COLOURS)(estimate(), STEP)
        assert torch.isfinite(moved).all()


class TestTransport:
    def test_steps_bring_the_estimate_onto_the_palette_and_leave_its_lightness(self) -> None:
        edit = PaletteTransportEdit(PaletteControl(swatches=BRAND, match="colours"), COLOURS)
        now, before = estimate(), estimate()
        for _ in range(6):
            now = edit(now, STEP)
        was, is_ = (check_palette(one[0].permute(1, 2, 0).numpy(), BRAND) for one in (before, now))
        assert is_.on > 0.6 > was.on + 0.2
        light = [to_oklab(one)[0, 0] for one in (before, now)]
        assert (light[0] - light[1]).abs().max() < 0.08

    def test_shares_are_held_as_firmly_as_is_asked(self) -> None:
        shares = (0.5, 0.2, 0.15, 0.1, 0.05)
        swatches = tuple(one.changed(share=share) for one, share in zip(BRAND, shares, strict=True))
        lab = np.ascontiguousarray(srgb_to_oklab(picture(2, 20, 20)).reshape(-1, 3))
        cost, _ = costs(lab, swatches, ramps(swatches))
        base, off = np.log(np.array(shares, np.float32)), []
        for hold in (0.0, 0.5, 1.0):
            price = sinkhorn(cost, base, hold)
            score = (price[:, None] - cost) / 0.02**2 + (base[:, None] if hold else 0)
            weight = np.exp(score - score.max(0))
            taken = (weight / weight.sum(0)).mean(1)
            off.append(float(np.abs(taken - shares).sum()))
        assert off[0] > off[1] > off[2] and off[2] < 0.1

    def test_roles_keep_to_their_values(self) -> None:
        swatches = (Swatch(colour="#3050a0", role="dark"), Swatch(colour="#a0b0e0", role="light"))
        cost, _ = costs(np.array([[0.2, 0, -0.1], [0.9, 0, -0.03]], np.float32), swatches, ramps(swatches))
        assert cost.argmin(0).tolist() == [0, 1]
        plain = (Swatch(colour="#a23b2a"), Swatch(colour="#b04030", role="accent"))
        cost, _ = costs(srgb_to_oklab(np.array([rgb_of("#b04030")], np.float32)), plain, ramps(plain))
        assert cost[0, 0] < cost[1, 0]  # an accent does not spread to what another swatch does as well

    def test_colours_there_and_back(self) -> None:
        given = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(to_srgb(to_oklab(given)), given, atol=1e-3, rtol=1e-3)
        np.testing.assert_allclose(to_oklab(given).permute(0, 2, 3, 1).numpy(),
                                   srgb_to_oklab(given.permute(0, 2, 3, 1).numpy()), atol=1e-5)


class TestCheck:
    def test_the_largest_spot_off_the_palette_is_found(self) -> None:
        shown = np.full((100, 100, 3), rgb_of("#1f6f78"), np.float32)
        shown[10:30, 10:40] = (0.9, 0.1, 0.9)
        shown[60:65, 60:65] = (0.9, 0.1, 0.9)
        found = check_palette(shown, BRAND)
        assert found.on == pytest.approx(1 - 0.06 - 0.0025) and found.worst_blob == pytest.approx(0.06)
        assert found.shares[1] > 0.9 and sum(found.shares) == pytest.approx(1)
        red = found.overlay(shown)
        assert red[20, 20, 0] > 0.85 and np.ptp(red[50, 50]) < 0.01

    def test_lightness_is_free_and_hue_is_not(self) -> None:
        teal = srgb_to_oklab(np.array(rgb_of("#1f6f78"), np.float32))
        darker = np.clip(oklab_to_srgb(teal * 0.6), 0, 1)
        turned = np.clip(oklab_to_srgb(np.array([teal[0], -teal[1], teal[2]], np.float32)), 0, 1)
        on = [check_palette(np.full((8, 8, 3), one, np.float32), BRAND[1:2]).on for one in (darker, turned)]
        assert on == [1, 0]


class TestExtract:
    def test_flat_colours_are_found_with_their_shares(self) -> None:
        shown = np.zeros((60, 100, 3), np.float32)
        shown[:, :60], shown[:, 60:95], shown[:, 95:] = (0.1, 0.2, 0.4), (0.9, 0.8, 0.6), (0.8, 0.1, 0.1)
        found = main_colours(shown, 3)
        assert [round(share, 2) for _, share in found] == [0.6, 0.35, 0.05]
        for (colour, _), wanted in zip(found, ((0.1, 0.2, 0.4), (0.9, 0.8, 0.6), (0.8, 0.1, 0.1)), strict=True):
            np.testing.assert_allclose(colour, wanted, atol=0.06)
        assert main_colours(shown, 12) == main_colours(shown, 12) and len(main_colours(shown, 12)) <= 4

    def test_one_colour_is_one_swatch(self) -> None:
        assert len(main_colours(np.full((9, 9, 3), 0.3, np.float32), 8)) == 1

    def test_a_palette_file_of_the_asked_kind(self) -> None:
        made = Palette().extract(picture(), "5", ".ase")
        assert made.data[:4] == b"ASEF" and len(made.found["swatches"]) == 5


def test_hundreds_of_swatches_are_measured_and_followed() -> None:
    many = tuple(Swatch(colour=f"#{red:02x}{green:02x}{blue:02x}") for red in range(0, 256, 36)
                 for green in range(0, 256, 36) for blue in range(0, 256, 36))
    found = check_palette(picture(height=300, width=300), many)
    assert len(many) == 512 and found.on > 0.9 and len(found.off) < 100
    edit = PaletteTransportEdit(PaletteControl(swatches=many), COLOURS)
    lab = np.random.default_rng(0).random((3, 20, 30), dtype=np.float32) * 0.2 + 0.3
    whole = edit._wanted(lab)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("underpaint.controls.steering.palette_transport._AT_ONCE", 512 * 70)
        np.testing.assert_allclose(edit._wanted(lab), whole, atol=1e-6)


def test_forty_colours_are_typed_in_one_go() -> None:
    given = read_control("palette=" + ",".join(f"#10{number:02x}30" for number in range(40)), None)
    assert len(given.control.swatches) == 40


def test_no_swatches_of_a_picture_are_refused(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png")
    with pytest.raises(RecipeError, match="0 swatches are out of range"):
        read_control(f"palette={tmp_path / 'a.png'}+count=0", None)
