"""Regions: words for a part of the picture are led there and asked for there, on every family; the check tells what
leaked."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES
from kit.tiny_models import tiny_components
from torch import Tensor

from underpaint.controls.ground import Ground
from underpaint.controls.region import Region
from underpaint.controls.region_place import mask_of, mask_on
from underpaint.controls.shape import Kept, Tools
from underpaint.controls.spec import parse_spec
from underpaint.controls.table import Steered, steer
from underpaint.engine.engine import Engine
from underpaint.engine.run import Run
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures import read_picture
from underpaint.recipe import Blob, Control, Guidance, RegionControl, Sampling

EXAMPLE = EXAMPLES["region"]()
WHOLE = Extent(48, 32)


def ground() -> Ground:
    return Ground(WHOLE, Bounds.whole(WHOLE), WHOLE, EXAMPLE.ground().pixels)


def painted(engine: Engine, controls: list[Control], *, leads: bool, prompt: str = "a cat") -> Tensor:
    tools = Tools(lambda: engine.colours, encode=engine.encode, attends=leads, prompt=prompt)
    made = steer(controls, ground(), tools) if controls else Steered()
    return engine.run(Run(prompt=prompt, negative_prompt="b", width=48, height=32, seed=1,
                          sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3),
                          attachments=made.attachments, edits=made.edits, regions=made.regions))


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux"])
def test_every_family_paints_a_region_and_is_left_as_it_was(family: str) -> None:
    engine = Engine(tiny_components(family), "cpu", torch.float32)
    bare = painted(engine, [], leads=False)
    changed = painted(engine, [EXAMPLE.control], leads=family in ("sd", "sdxl"))
    assert torch.isfinite(changed).all() and not torch.equal(changed, bare)
    assert torch.equal(painted(engine, [], leads=False), bare)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(tiny_components("sd"), "cpu", torch.float32)


def test_its_words_change_its_own_side_more(engine: Engine) -> None:
    bare = painted(engine, [], leads=True)
    for joint in (0.0, 1.0):
        moved = (painted(engine, [EXAMPLE.control.changed(joint=joint)], leads=True) - bare).abs()
        assert moved[..., :10].mean() > 1.5 * moved[..., -10:].mean()


def test_two_regions_listed_in_either_order_are_the_same_to_the_bit(engine: Engine) -> None:
    both = [EXAMPLE.control, EXAMPLE.shuffled.changed(words="a blue coat")]
    assert torch.equal(painted(engine, both, leads=True), painted(engine, both[::-1], leads=True))


def test_a_region_of_the_whole_picture_with_its_words_alone_paints_them(engine: Engine) -> None:
    """Joint guidance by itself: all of the picture is asked for by the region's words."""
    control = EXAMPLE.control.changed(mask=Blob(sha256="1" * 64), words="a dog", joint=1.0, with_words=False, soft=0)
    white = Ground(WHOLE, Bounds.whole(WHOLE), WHOLE, lambda _: np.ones((32, 48, 3), np.float32))
    made = steer([control], white, Tools(lambda: engine.colours, prompt="a cat"))
    run = Run(prompt="a cat", negative_prompt="b", width=48, height=32, seed=1,
              sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3), regions=made.regions)
    other = Run(prompt="a dog", negative_prompt="b", width=48, height=32, seed=1,
                sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3))
    assert torch.allclose(engine.run(run), engine.run(other), atol=1e-4)


def test_a_mask_is_what_is_opaque_or_what_is_bright() -> None:
    layer = np.zeros((4, 6, 4), np.float32)
    layer[:, :3, 3] = 1
    assert mask_of(layer)[:, :3].min() == 1 and mask_of(layer)[:, 3:].max() == 0
    bright = np.zeros((4, 6, 3), np.float32)
    bright[:, :3] = 1
    assert np.array_equal(mask_of(bright), mask_of(layer))
    soft = mask_on(EXAMPLE.control.changed(soft=0.25), EXAMPLE.ground())
    hard = mask_on(EXAMPLE.control.changed(soft=0.0), EXAMPLE.ground())
    assert 0.2 < soft[48, 66] < 0.6 and set(np.unique(hard)) == {0.0, 1.0}


def test_the_check_names_what_leaked_and_a_seam() -> None:
    leaked = Region().check(EXAMPLE.follows, EXAMPLE.shuffled, EXAMPLE.ground())
    held = Region().check(EXAMPLE.follows, EXAMPLE.control, EXAMPLE.ground())
    assert leaked is not None and held is not None
    assert leaked.measured["leaked"] and not held.measured["leaked"] and "no seam" in held.says
    seam = EXAMPLE.follows.copy()
    seam[:, 64:] *= 0.6
    shown = Region().check(seam, EXAMPLE.control, EXAMPLE.ground())
    assert shown is not None and "border shows" in shown.says and shown.score < held.score


@pytest.mark.parametrize("colour", ["#5a7fd0", "#1d3a78", "#a9c0ee"])
def test_a_colour_is_known_in_its_shades(colour: str) -> None:
    rgb = [int(colour[at: at + 2], 16) / 255 for at in (1, 3, 5)]
    picture = np.full_like(EXAMPLE.follows, 0.7)
    picture[20:80, 10:60] = rgb
    found = Region().check(picture, EXAMPLE.control.changed(words="a blue coat"), EXAMPLE.ground())
    assert found is not None and found.measured["inside"] > 0.3 > found.measured["outside"]


class Files:
    def picture(self, path: Path) -> Kept:
        return Kept(EXAMPLE.control.mask, b"")


def read(text: str) -> RegionControl:
    given = Region().read(parse_spec(text, ("region",)), Files())
    assert isinstance(given.control, RegionControl)
    return given.control


def test_it_is_typed_with_its_words_and_a_half_needs_no_mask() -> None:
    control = read("region=mask.png:1.5@0-0.8+words=a red coat+joint=20%+with-words=no")
    assert (control.words, control.weight, control.joint, control.with_words) == ("a red coat", 1.5, 0.2, False)
    given = Region().read(parse_spec("region=left+words=sea", ("region",)), Files())
    (name, data), = given.blobs.items()
    laid = Ground(WHOLE, Bounds.whole(WHOLE), WHOLE, lambda _: read_picture(data).pixels)
    mask = mask_on(given.control.changed(soft=0), laid)
    assert given.control.mask.sha256 == name and mask[:, :24].min() > 0.9 and mask[:, 24:].max() < 0.1


@pytest.mark.parametrize(("text", "said"), [
    ("region=mask.png", "words of its own"), ("region", "which part"),
    ("region=mask.png+words=a+colour=red", "no option 'colour'")])
def test_what_is_missing_is_said(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        read(text)


def test_a_region_is_found_in_a_picture_where_one_stands_out() -> None:
    found = Region().extract(EXAMPLE.follows[:, :64], "subject")
    mask = read_picture(found.data).pixels.mean(-1)
    assert mask[40:60, 20:40].min() > 0.9 and mask[:10].max() < 0.1


def test_an_empty_region_is_said_to_be_empty() -> None:
    place = Ground(Extent(32, 32), Bounds(0, 0, 32, 32), Extent(32, 32), lambda _: np.zeros((8, 8, 3), np.float32))
    with pytest.raises(PictureError, match="the region is empty"):
        mask_on(RegionControl(mask=Blob(sha256="0" * 64), words="a cat"), place)
