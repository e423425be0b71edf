"""Blocked-in colours: laid in place, kept in the masses, only rendered; measured area by area."""

import io

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES
from PIL import Image

from underpaint.controls.colour import Colour, colours_on, rendered, start_on
from underpaint.controls.colour_check import check_colours
from underpaint.controls.ground import Ground
from underpaint.controls.steering.colour_edit import ColourEdit
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Step
from underpaint.errors import PictureError
from underpaint.imaging.color import srgb_to_oklab
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe import Blob, ColourControl

PLAIN = LatentColours(torch.eye(3), torch.zeros(3), torch.eye(3))
STEP = Step(0, 0, 10, 0, 10, 500.0, 1.0, 1.0, 1.0)
BLOB = Blob(sha256="0" * 64)


def ground(pixels: np.ndarray, whole: Extent, area: Bounds | None = None) -> Ground:
    area = area or Bounds.whole(whole)
    return Ground(whole, area, area.extent, lambda _: pixels)


def blocks() -> np.ndarray:
    flat = np.zeros((40, 60, 3), np.float32)
    flat[:, :30], flat[:, 30:] = (0.8, 0.3, 0.2), (0.2, 0.4, 0.7)
    return flat


def test_colours_lie_where_they_were_painted() -> None:
    colours, opaque = colours_on(ColourControl(picture=BLOB), ground(blocks(), Extent(120, 80), Bounds(50, 0, 40, 80)))
    assert colours.shape == (80, 40, 3) and opaque.min() == 1
    np.testing.assert_allclose(colours[40, 2], (0.8, 0.3, 0.2), atol=0.02)
    np.testing.assert_allclose(colours[40, -2], (0.2, 0.4, 0.7), atol=0.02)


def test_transparency_says_nothing_and_is_filled_from_around_to_start_from() -> None:
    layer = np.concatenate([blocks(), np.ones((40, 60, 1), np.float32)], axis=2)
    layer[10:30, 10:50, 3] = 0
    place = ground(layer, Extent(60, 40))
    _, opaque = colours_on(ColourControl(picture=BLOB), place)
    assert opaque[20, 30] == 0 and opaque[5, 5] == 1
    start = start_on(ColourControl(picture=BLOB), place)
    np.testing.assert_allclose(start[5, 5], (0.8, 0.3, 0.2), atol=0.02)
    assert start[20, 12, 0] > start[20, 12, 2] and start[20, 47, 2] > start[20, 47, 0]


def test_colours_in_a_corner_fill_a_large_picture() -> None:
    layer = np.zeros((600, 900, 4), np.float32)
    layer[:60, :60] = (0.8, 0.3, 0.2, 1)
    start = start_on(ColourControl(picture=BLOB), ground(layer, Extent(900, 600)))
    np.testing.assert_allclose(start, np.broadcast_to((0.8, 0.3, 0.2), start.shape), atol=0.02)


def test_an_empty_picture_is_one_clear_error() -> None:
    with pytest.raises(PictureError, match="wholly transparent"):
        colours_on(ColourControl(picture=BLOB), ground(np.zeros((8, 8, 4), np.float32), Extent(8, 8)))


def test_steps_bring_the_masses_back_and_leave_detail() -> None:
    rng = torch.Generator().manual_seed(0)
    detail = 0.1 * torch.randn(1, 3, 10, 15, generator=rng)
    wrong = torch.full((1, 3, 10, 15), 0.5) + detail
    edit = ColourEdit(blocks(), np.ones((40, 60), np.float32), ColourControl(picture=BLOB), PLAIN)
    now = wrong
    for _ in range(8):
        now = edit(now, STEP)
    wanted = torch.from_numpy(blocks()[::4, ::4]).permute(2, 0, 1)
    means = now[0].unflatten(2, (3, 5)).mean((1, 3))
    torch.testing.assert_close(means[:, 0], wanted[:, 0, 0], atol=0.1, rtol=0)
    torch.testing.assert_close(means[:, 2], wanted[:, 0, -1], atol=0.1, rtol=0)
    assert float((now - now.mean((2, 3), keepdim=True)).diff(dim=2).std()) > 0.05


def test_where_nothing_is_said_nothing_moves() -> None:
    half = np.ones((40, 60), np.float32)
    half[:, 40:] = 0
    before = torch.rand(1, 3, 10, 15, generator=torch.Generator().manual_seed(1))
    after = ColourEdit(blocks(), half, ColourControl(picture=BLOB), PLAIN)(before, STEP)
    assert torch.equal(after[..., 10:], before[..., 10:]) and not torch.equal(after[..., :10], before[..., :10])


def test_rendering_keeps_hue_and_chroma_and_the_painted_light() -> None:
    rng = np.random.default_rng(0)
    light = np.linspace(0.35, 0.75, 60, dtype=np.float32)[None, :, None]
    painted = np.clip(light + 0.1 * rng.standard_normal((40, 60, 3)), 0, 1).astype(np.float32)
    opaque = np.ones((40, 60), np.float32)
    done = rendered(painted, blocks(), opaque, 1.0)
    lab, given = srgb_to_oklab(done), srgb_to_oklab(blocks())
    assert check_colours(done, blocks(), opaque).hue_shift < 1
    np.testing.assert_allclose(lab[..., 0], srgb_to_oklab(painted)[..., 0], atol=0.02)
    chroma, wanted = (np.linalg.norm(one[..., 1:], axis=-1) for one in (lab, given))
    assert np.quantile(np.abs(chroma - wanted), 0.8) < 0.02
    assert check_colours(painted, blocks(), opaque).hue_shift > 20


def test_the_check_names_the_area_that_is_off() -> None:
    shown = blocks()
    shown[:, 30:] = (0.7, 0.7, 0.2)
    found = check_colours(shown, blocks(), np.ones((40, 60), np.float32))
    assert found.areas == 2 and found.difference > 15
    assert found.map[20, 10] < 1 and found.map[20, 45] > 30
    assert check_colours(shown, blocks(), np.zeros((40, 60), np.float32)) is None


def test_greys_have_no_hue_to_turn() -> None:
    grey = np.full((20, 20, 3), 0.5, np.float32)
    assert check_colours(grey, grey, np.ones((20, 20), np.float32)).hue_shift is None


@pytest.mark.parametrize("how", ["flat", "soft"])
def test_a_picture_becomes_blocked_in_colours(how: str) -> None:
    example = EXAMPLES["colour"]()
    made = Colour().extract(example.follows, how)
    pixels = np.asarray(Image.open(io.BytesIO(made.data))).astype(np.float32) / 255
    assert pixels.shape == example.follows.shape and np.abs(pixels - example.follows).mean() < 0.06
    if how == "flat":
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) <= 14
