"""A model that brings an adapter for holes fills with it by itself; one without paints as it always did."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.adapters import saved, t2i_to_original, tiny_t2i
from kit.controls import blob
from kit.tiny_folders import save_folder, tiny_parts

from underpaint.errors import PlanError
from underpaint.imaging.masks import known_part
from underpaint.library.repaint import foresee, read_source
from underpaint.library.saving import save_take
from underpaint.models import Catalogue
from underpaint.plan.filling import THE_HOLE, chosen_filling
from underpaint.plan.painter import Painter
from underpaint.plan.take import Take
from underpaint.recipe import AdapterControl, Blob, CreateRecipe, FillRecipe, ModelRef, Outpaint, SecondPass, Tiles

SIDE = 32
CARD = {
    "defaults": {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]},
    "adapters": {"fill": {"folder": "adapter_fill", "channels": 4, "shrink": 1, "floor": 0.0}},
}
BLOBS: dict[str, bytes] = {}
COLOURS = np.random.default_rng(7).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
HOLE = np.zeros((SIDE, SIDE), np.uint8)
HOLE[8:20, 10:26] = 255


def png(pixels: np.ndarray) -> Blob:
    colours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    return blob(colours.astype(np.float32) / 255, BLOBS)


PICTURE, MASK = png(COLOURS), png(HOLE)


@pytest.fixture
def catalogue(tmp_path: Path, home: Path) -> Catalogue:
    parts = tiny_parts("sd", seed=3)
    for name in ("tiny", "plain"):
        save_folder(tmp_path / name, "sd", parts)
        (tmp_path / name / "primer.json").write_text(json.dumps(CARD if name == "tiny" else CARD | {"adapters": {}}))
        tiny_t2i(parts["unet"], 4, channels=4).save_pretrained(tmp_path / name / "adapter_fill")
    saved(t2i_to_original(tiny_t2i(parts["unet"], 9)), tmp_path / "t2iadapter_inpaint_sd14v1.safetensors")
    found = Catalogue()
    found.add(tmp_path)
    return found


def fill(model: str = "tiny", **fields: Any) -> FillRecipe:
    given = {"picture": PICTURE, "mask": MASK, "model": ModelRef(name=model), "prompt": "a cat", "seed": 1}
    return FillRecipe(**(given | fields))


def paint(catalogue: Catalogue, recipe: Any, plan: Any = None) -> Take:
    return Painter(catalogue=catalogue, threads=1).paint(recipe, BLOBS, plan=plan)


def test_a_hole_is_filled_with_the_models_own_adapter_and_nothing_outside_changes(catalogue: Catalogue) -> None:
    take, plain = paint(catalogue, fill()), paint(catalogue, fill("plain"))
    assert [(use.control, use.adapter.name) for use in take.plan.adapters] == [(THE_HOLE, "tiny/fill")]
    assert take.plan.adapters[0].adapter.hash is not None
    for painted in (take, plain):
        assert painted.exact is not None
        np.testing.assert_array_equal(painted.exact[HOLE == 0], COLOURS[HOLE == 0])
    assert take.exact is not None and plain.exact is not None
    assert (take.exact[HOLE > 0] != plain.exact[HOLE > 0]).mean() > 0.3


def test_a_model_without_one_is_planned_and_painted_as_before(catalogue: Catalogue) -> None:
    plain = paint(catalogue, fill("plain"))
    assert plain.plan.adapters == ()
    take = paint(catalogue, fill())
    before = paint(catalogue, fill(), take.plan.changed(adapters=()))
    np.testing.assert_array_equal(before.picture, plain.picture)


def test_painting_again_is_identical_and_tells_when_the_adapter_is_another(catalogue: Catalogue,
                                                                          tmp_path: Path) -> None:
    take = paint(catalogue, fill())
    again = paint(catalogue, take.recipe, take.plan)
    np.testing.assert_array_equal(again.picture, take.picture)
    save_take(take, tmp_path / "filled.png")
    source = read_source(tmp_path / "filled.png")
    assert source.plan.adapters == take.plan.adapters and foresee(source, catalogue).missing == ()
    (catalogue.find("tiny").path / "primer.json").write_text(json.dumps(CARD | {"adapters": {}}))
    assert any("tiny/fill" in text for text in foresee(source, catalogue).missing)
    with pytest.raises(PlanError, match="does not bring"):
        paint(catalogue, take.recipe, take.plan.changed(model=take.plan.model.changed(hash=None)))


def test_a_strangers_plan_names_no_other_adapter(catalogue: Catalogue) -> None:
    take = paint(catalogue, fill())
    use = take.plan.adapters[0]
    for name in ("plain/fill", "t2iadapter_inpaint_sd14v1", "tiny/depth"):
        strange = take.plan.changed(adapters=(use.changed(adapter=ModelRef(name=name)),))
        with pytest.raises(PlanError, match="does not bring"):
            paint(catalogue, take.recipe, strange)


@pytest.mark.parametrize("fields", [
    {"area": "masked", "padding": 4}, {"strength": 0.6}, {"second_pass": SecondPass(scale=2)},
    {"mask": None, "outpaint": Outpaint(left=9, bottom=5)}, {"tiles": Tiles(size=64, overlap=16)},
], ids=["masked area", "part of the way", "second pass", "outpainting", "tiles"])  # fmt: skip
def test_every_way_of_filling_sees_what_is_round_the_hole(catalogue: Catalogue, fields: dict[str, Any]) -> None:
    if "tiles" in fields:
        fields = fields | {"picture": png(np.tile(COLOURS, (3, 2, 1))),
                           "mask": png(np.tile(HOLE, (3, 2)))}  # fmt: skip
    take, plain = paint(catalogue, fill(**fields)), paint(catalogue, fill("plain", **fields))
    assert not np.array_equal(take.picture, plain.picture)
    assert take.exact is not None and plain.exact is not None and np.isfinite(take.picture).all()
    if fields.get("mask", MASK) is not None:
        outside = np.tile(HOLE == 0, (3, 2)) if "tiles" in fields else HOLE == 0
        np.testing.assert_array_equal(take.exact[outside], plain.exact[outside])
    else:
        np.testing.assert_array_equal(take.exact[:SIDE, 9:], COLOURS)


def test_where_nothing_is_known_nothing_is_told(catalogue: Catalogue) -> None:
    everything = png(np.full((SIDE, SIDE), 255, np.uint8))
    take, plain = (paint(catalogue, fill(model, mask=everything)) for model in ("tiny", "plain"))
    np.testing.assert_array_equal(take.picture, plain.picture)


def test_who_names_a_net_that_fills_gets_that_one_alone(catalogue: Catalogue) -> None:
    named = AdapterControl(adapter=ModelRef(name="t2iadapter_inpaint_sd14v1"))
    for control in (named, named.changed(reads="fill")):
        take = paint(catalogue, fill(controls=(control,)))
        assert [use.adapter.name for use in take.plan.adapters] == ["t2iadapter_inpaint_sd14v1"]
    tile = paint(catalogue, fill(controls=(named.changed(reads="tile", weight=0.0),)))
    assert [use.adapter.name for use in tile.plan.adapters] == ["tiny/fill"]


def test_only_a_fill_is_filled(catalogue: Catalogue) -> None:
    model = catalogue.find("tiny")
    assert chosen_filling(CreateRecipe(), model, ()) == ()
    assert chosen_filling(fill(), model.with_(family="flux"), ()) == ()
    assert paint(catalogue, CreateRecipe(model=ModelRef(name="tiny"), seed=1)).plan.adapters == ()


def test_black_paint_is_known_and_a_hole_is_nothing() -> None:
    mask = np.array([[0, 0.25, 1]], np.float32)
    found = known_part(np.array([[[0, 0, 0], [1, 0.4, 0], [1, 1, 1]]], np.float32), mask)
    np.testing.assert_allclose(found, [[[0, 0, 0, 1], [0.75, 0.3, 0, 0.75], [0, 0, 0, 0]]], atol=1e-6)
