"""A region's own controls: typed into it by name, followed and measured in its place, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from kit.controls import EXAMPLES, FURNISHED, Example, blob, boxes
from kit.tiny_models import tiny_components
from torch import Tensor

from underpaint.controls.ground import Ground
from underpaint.controls.reading import read_controls
from underpaint.controls.region_inside import called, everything
from underpaint.controls.region_place import GRID, Place, mirrored
from underpaint.controls.shape import Kept, Tools
from underpaint.controls.table import CONTROLS, check, steer
from underpaint.engine.engine import Engine
from underpaint.engine.protocols import ModelCall, Step
from underpaint.engine.run import Run
from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe import (
    Blob,
    CreateRecipe,
    Guidance,
    LoraRef,
    PaletteControl,
    PerspectiveControl,
    RegionControl,
    Sampling,
    Swatch,
    VanishingPoint,
    parse_recipe,
)

WHOLE = Extent(96, 64)
WARM, COLD = ("#7a1e0a", "#e8a13c"), ("#0b2740", "#5fb3c4")


def palette(colours: tuple[str, ...], **fields: object) -> PaletteControl:
    return PaletteControl(swatches=tuple(Swatch(colour=one) for one in colours), match="colours", **fields)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(tiny_components("sd"), "cpu", torch.float32)


def lain(example: Example, whole: Extent = WHOLE) -> Ground:
    return Ground(whole, Bounds.whole(whole), whole, example.ground().pixels)


def step(fraction: float = 0.0) -> Step:
    return Step(int(fraction * 10), 0, 10, 0, 10, 500.0, 1.0, 1.0, 1.0)


def left(*controls: object, **fields: object) -> tuple[RegionControl, Example]:
    example = EXAMPLES["region"]()
    return example.control.changed(words="", controls=controls, soft=0, resize="stretch", **fields), example


def test_it_edits_its_own_place_alone_and_has_the_last_word(engine: Engine) -> None:
    region, example = left(palette(WARM))
    (edit,) = steer([region], lain(example), Tools(lambda: engine.colours)).edits
    latents = torch.randn(1, 4, 32, 48, generator=torch.Generator().manual_seed(0))
    kept = latents.clone()
    changed = edit(latents, step())
    assert torch.equal(latents, kept) and torch.equal(changed[..., 24:], latents[..., 24:])
    assert (changed[..., :24] - latents[..., :24]).abs().mean() > 0.001
    assert edit.stage == "projection"
    assert torch.equal(steer([region.changed(end=0.5)], lain(example), Tools(lambda: engine.colours)).edits[0](
        latents, step(0.6)), latents)


def test_what_it_edits_is_what_the_region_alone_would_be(engine: Engine) -> None:
    """Shares are held over the region, not over the picture round it."""
    region, example = left(palette(WARM, hold_shares=1.0))
    tools, whole = Tools(lambda: engine.colours), Extent(128, 64)
    (edit,) = steer([region], lain(example, whole), tools).edits
    (alone,) = steer([palette(WARM, hold_shares=1.0)], lain(example, Extent(64, 64)), tools).edits
    latents = torch.randn(1, 4, 32, 64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(edit(latents, step())[..., :32], alone(latents[..., :32], step()), atol=1e-5)


def painted(engine: Engine, region: RegionControl | None, example: Example, tools: Tools) -> Tensor:
    made = steer([region] if region else [], lain(example, Extent(48, 32)), tools)
    return engine.run(Run(prompt="a cat", negative_prompt="b", width=48, height=32, seed=1,
                          sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3),
                          attachments=made.attachments, edits=made.edits, regions=made.regions))


@pytest.mark.parametrize("kind", ["line", "depth", "pose", "adapter", "style"])
def test_what_hangs_on_the_model_joins_the_calls_of_its_region_alone(kind: str, engine: Engine) -> None:
    class Watched:
        """Features that are added to every call, or to those of one region."""

        def __init__(self, key: object | None = None) -> None:
            self.key = key

        def within(self, region: object) -> "Watched":
            return Watched(region)

        def attach(self, _: object) -> None: ...

        def detach(self) -> None: ...

        def inputs(self, call: ModelCall) -> None:
            asked.append(self.key is call.region)

    from underpaint.controls.shape import Steering

    asked: list[bool] = []

    class Shape:
        def steer(self, *_: object) -> Steering:
            return Steering(attachments=(Watched(),))

    region, example = left(EXAMPLES[kind]().control)
    from underpaint.controls.region import Region

    made = Region(lambda: {kind: Shape()}).steer(region, lain(example, Extent(48, 32)),
                                                 Tools(lambda: engine.colours, prompt="a cat"))
    engine.run(Run(prompt="a cat", width=48, height=32, seed=1, sampling=Sampling(sampler="euler", steps=2),
                   attachments=made.attachments, regions=made.regions))
    assert asked == [False, True] * 2 and made.regions[0].words == "a cat"


def test_without_weight_there_is_nothing_of_its_own(engine: Engine) -> None:
    example = FURNISHED["region with controls of its own"]()
    region = example.control
    silent = region.changed(controls=tuple(one.changed(weight=0) for one in region.controls))
    bare, tools = region.changed(controls=()), Tools(lambda: engine.colours, prompt="a cat")
    assert everything([silent]) == [silent] and everything([region.changed(weight=0)]) == [region.changed(weight=0)]
    assert torch.equal(painted(engine, silent, example, tools), painted(engine, bare, example, tools))


def test_its_controls_in_either_order_are_the_same_to_the_bit(engine: Engine) -> None:
    region, example = left(palette(WARM), EXAMPLES["light"]().control, EXAMPLES["palette"]().control)
    turned, tools = region.changed(controls=region.controls[::-1]), Tools(lambda: engine.colours, prompt="a cat")
    assert torch.equal(painted(engine, region, example, tools), painted(engine, turned, example, tools))
    with_order = check([region], example.follows, example.ground())
    assert list(with_order) == list(check([turned], example.follows, example.ground()))
    assert sum(name.startswith("palette in map") for name in with_order) == 2


def test_finished_pixels_are_settled_in_its_place_alone(engine: Engine) -> None:
    region, example = left(palette(COLD, snap=1.0), weight=0.5)
    tools = Tools(lambda: engine.colours)
    (settle,) = steer([region], lain(example), tools).settles
    whole = np.full((64, 96, 3), (0.8, 0.3, 0.2), np.float32)
    done = settle(whole)
    assert np.array_equal(done[:, 48:], whole[:, 48:]) and done[20, 20, 2] > done[20, 20, 0] - 0.4
    (fully,) = steer([region.changed(weight=1)], lain(example), tools).settles
    assert np.abs(fully(whole) - whole)[:, :48].mean() > 1.5 * np.abs(done - whole)[:, :48].mean()


def test_a_region_that_is_not_in_the_painted_part_steers_nothing_there(engine: Engine) -> None:
    region, example = left(palette(WARM))
    beside = replace(lain(example), area=Bounds(64, 0, 32, 32), canvas=Extent(32, 32))
    made = steer([region], beside, Tools(lambda: engine.colours, prompt="a cat"))
    assert (made.attachments, made.edits, made.regions) == ((), (), ())


def test_its_controls_are_measured_on_its_own_place() -> None:
    picture = np.zeros((64, 96, 3), np.float32)
    picture[:, :48], picture[:, 48:] = (0.478, 0.118, 0.039), (0.043, 0.153, 0.251)
    region, example = left(palette(WARM[:1]), palette(COLD[:1], weight=0.9))
    ground = replace(Ground.of(picture, example.ground().pixels), prompt="a cat")
    found = check([region], picture, ground)
    assert set(found) == {"region", "palette in map", "palette in map 2"}
    assert sorted(round(found[name].score) for name in ("palette in map", "palette in map 2")) == [0, 1]
    off = min(found.values(), key=lambda one: one.score if "on" in one.measured else 2)
    shown = off.overlay(picture)
    assert shown.shape == picture.shape and np.allclose(shown[:, 60:], 0.4 * picture[:, 60:] + 0.6, atol=1e-5)


def test_points_lie_where_they_do_in_the_whole_picture() -> None:
    control = PerspectiveControl(points=(VanishingPoint(x=-0.5, y=0.42), VanishingPoint(x=1.6, y=0.42)), horizon=0.42)
    picture = boxes(control, height=192, width=256)
    ground = Ground.of(picture, lambda _: np.ones((1, 1, 3), np.float32))
    box = Bounds(64, 32, 160, 128)
    part = np.ascontiguousarray(picture[box.slices])
    there = replace(ground, area=box, canvas=box.extent)
    shape = CONTROLS["perspective"]
    found, naive = shape.check(part, control, there), shape.check(part, control, Ground.of(part, ground.pixels))
    assert found is not None and naive is not None and found.score > naive.score + 0.15
    assert shape.check(part, control.changed(curvature=0.5), there) is None


@settings(deadline=None, max_examples=40)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.sampled_from([0.0, 0.3, 1.0])))
def test_what_is_seen_lies_in_the_region(share: np.ndarray) -> None:
    if not share.any():
        assert Place.of(share) is None
        return
    seen = mirrored(share)
    inside = share >= min(0.5, share.max())
    own = np.arange(share.size).reshape(share.shape)
    assert inside.ravel()[seen].all() and np.array_equal(seen[inside], own[inside])
    assert np.array_equal(seen.ravel()[seen], seen)


def test_shares_and_textures_are_those_of_the_region() -> None:
    share = np.zeros((60, 80), np.float32)
    cv2.ellipse(share, (40, 30), (34, 24), 25, 0, 360, 1.0, -1)
    stripes = np.repeat((np.arange(80) // 4 % 2).astype(np.float32)[None], 60, axis=0)
    place = Place(Bounds(0, 0, 80, 60), share)
    seen = place.seen(np.where(share > 0.5, stripes, 9.0).astype(np.float32))
    assert seen.max() <= 1 and abs(seen.mean() - stripes[share > 0.5].mean()) < 0.06


def test_a_box_begins_and_ends_on_whole_cells() -> None:
    mask = np.zeros((100, 150), np.float32)
    mask[40:50, 70:75] = 1
    place = Place.of(mask)
    assert place is not None and place.box == Bounds(64, 32, GRID, GRID)
    assert np.array_equal(place.laid(np.zeros((100, 150, 1)), np.ones((GRID, GRID, 1)))[..., 0], mask)


class Files:
    """Every file is the example's mask, by its own name."""

    def picture(self, path: Path) -> Kept:
        return Kept(Blob(sha256="a" * 64, name=path.name), b"mask")


def test_controls_are_typed_into_a_region_by_its_name() -> None:
    texts = ["palette=#112233,#ffeedd:0.7+snap+in=coat", "region=masks/coat.png+words=a red coat+lora=inks:0.8,b",
             "light=left", "colour=flat.png+in=sea", "region=bottom+name=sea"]
    coat, light, sea = (one.control for one in read_controls(texts, Files()))
    assert [one.kind for one in coat.controls] == ["palette"] and coat.controls[0].weight == 0.7
    assert coat.loras == (LoraRef(name="inks", weight=0.8), LoraRef(name="b")) and coat.joint == 0.8
    assert light.kind == "light" and called(sea) == "sea" and sea.words == ""
    assert sea.controls[0].begin is None and sea.resize == "stretch"
    assert {blob.sha256 for blob in sea.blobs()} == {sea.mask.sha256, "a" * 64}
    turned = [one.control for one in read_controls(texts[::-1], Files())]
    assert sorted(one.to_key() for one in turned) == sorted(one.to_key() for one in (coat, light, sea))
    given = read_controls(texts, Files())
    assert all(set(one.blobs) == {blob.sha256 for blob in one.control.blobs()} for one in given)


def test_what_it_is_called_may_name_a_file() -> None:
    region, _ = left(palette(WARM))
    names = {"masks/coat.png": "coat", "a\0b:c.png": "a_b_c", "x" * 200: "x" * 40, "Mäntel 2": "Mäntel 2"}
    for name, called_so in names.items():
        assert called(region.changed(mask=Blob(sha256="0" * 64, name=name))) == called_so
    assert called(region.changed(mask=Blob(sha256="0" * 64), words="a red coat <lora:inks:1>")) == "a red coat"


@pytest.mark.parametrize(("texts", "said", "hint"), [
    (["light=left+in=coat"], "no region 'coat' for light", "region=coat.png"),
    (["region=left+words=a", "light=left+in=right"], "no region 'right'", "There are: left"),
    (["region=left+words=a", "region=left+words=b", "light=left+in=left"], "several regions", "+name="),
    (["region=left+words=a", "region=right+words=b+in=left"], "a region cannot lie in a region", "mask of its own"),
    (["region=left+words=a", "nudge=a.png+toward=warmer+in=left"], "a nudge cannot lie in a region", "--mask"),
    (["region=left+words=a", "colour=a.png+begin=0.5+in=left"], "painting starts from", "describe region"),
    (["region=left"], "words of its own, LoRAs or controls", "region=mask.png"),
    (["region=left+lora=inks:90"], "weight", "describe region"),
])
def test_what_cannot_lie_in_a_region_is_said(texts: list[str], said: str, hint: str) -> None:
    with pytest.raises(RecipeError, match=said) as error:
        read_controls(texts, Files())
    assert hint in (error.value.hint or "")


@pytest.mark.parametrize(("inner", "said"), [
    ({"kind": "region", "mask": {"sha256": "0" * 64}, "words": "x"}, "a region cannot lie in a region"),
    ({"kind": "nudge", "picture": {"sha256": "0" * 64}, "toward": "warmer"}, "a nudge starts from a whole picture"),
    ({"kind": "palette", "swatches": [{"colour": "red"}]}, "should match pattern"),
])
def test_a_recipe_refuses_them_by_name_and_place(inner: dict[str, object], said: str) -> None:
    region = {"kind": "region", "mask": {"sha256": "0" * 64}, "words": "a", "controls": [inner]}
    with pytest.raises(RecipeError, match=said) as error:
        parse_recipe({"task": "create", "controls": [region]})
    assert (error.value.field or "").startswith("controls.0.controls.0")


def test_a_recipe_carries_what_its_regions_name() -> None:
    blobs: dict[str, bytes] = {}
    flat = blob(np.zeros((4, 4, 3), np.float32), blobs)
    region = RegionControl(mask=Blob(sha256="0" * 64), loras=(LoraRef(name="inks"),),
                           controls=(palette(WARM), EXAMPLES["colour"]().control.changed(picture=flat)))
    recipe = CreateRecipe(controls=(region,))
    assert parse_recipe(recipe.to_json()) == recipe
    assert [one.sha256 for one in recipe.blobs()] == ["0" * 64, flat.sha256]
