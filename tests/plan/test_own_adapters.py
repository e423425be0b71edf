"""A model's own adapters are taken before any other, and words that it never heard are told before it paints."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.adapters import saved, t2i_to_original, tiny_t2i
from kit.controls import blob
from kit.tiny_folders import save_folder, tiny_parts

from underpaint.controls.extractors import reading_with
from underpaint.models import Catalogue, describe
from underpaint.models.own_adapters import find_own, own_adapter
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe, DepthControl, ModelRef, RegionControl

SIDE = 32
BLOBS: dict[str, bytes] = {}
RAMP = blob(np.repeat(np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))[..., None], 3, axis=-1), BLOBS)
DARK = blob(np.repeat(np.tile(np.linspace(0, 0.02, SIDE), (SIDE, 1))[..., None], 3, axis=-1), BLOBS)
CARD = {
    "defaults": {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]},
    "adapters": {"depth": {"folder": "adapter_depth", "channels": 1, "shrink": 1, "floor": 0.1}},
    "knows": {"subjects": ["cat"], "words": ["cat", "red"]},
}


@pytest.fixture
def catalogue(tmp_path: Path, home: Path) -> Catalogue:
    parts = tiny_parts("sd", seed=3)
    save_folder(tmp_path / "tiny", "sd", parts)
    tiny_t2i(parts["unet"], 4, channels=1).save_pretrained(tmp_path / "tiny" / "adapter_depth")
    (tmp_path / "tiny" / "primer.json").write_text(json.dumps(CARD))
    saved(t2i_to_original(tiny_t2i(parts["unet"], 9, channels=1)), tmp_path / "t2iadapter_depth_sd14v1.safetensors")
    found = Catalogue()
    found.add(tmp_path)
    return found


def paint(catalogue: Catalogue, recipe: CreateRecipe, told: list[str] | None = None) -> Any:
    warn = (told if told is not None else []).append
    with reading_with(lambda _: []):
        return Painter(catalogue=catalogue, threads=1, warn=warn).paint(recipe, BLOBS)


def recipe(*controls: Any, prompt: str = "a cat") -> CreateRecipe:
    return CreateRecipe(prompt=prompt, seed=1, model=ModelRef(name="tiny"), controls=controls)


def test_the_models_own_adapter_comes_first_and_is_found_again(catalogue: Catalogue) -> None:
    told: list[str] = []
    take = paint(catalogue, recipe(DepthControl(map=RAMP)), told)
    assert [use.adapter.name for use in take.plan.adapters] == ["tiny/depth"] and told == []
    with reading_with(lambda _: []):
        again = Painter(catalogue=catalogue, threads=1).paint(take.recipe, BLOBS, plan=take.plan)
    assert np.array_equal(again.picture, take.picture)
    assert not np.array_equal(paint(catalogue, recipe()).picture, take.picture)


def test_what_is_dark_on_a_map_is_not_the_same_as_no_map(catalogue: Catalogue) -> None:
    bare, dark = paint(catalogue, recipe()), paint(catalogue, recipe(DepthControl(map=DARK)))
    assert not np.array_equal(bare.picture, dark.picture)


def test_only_what_the_card_lists_is_the_models_own(catalogue: Catalogue) -> None:
    model = catalogue.find("tiny")
    own = own_adapter(model, "depth")
    assert own is not None and own.adapter is not None and own.adapter.floor == 0.1
    assert own_adapter(model, "pose") is None and find_own(catalogue, "tiny/line") is None
    (model.path / "primer.json").write_text(json.dumps(CARD | {"adapters": {"depth": {"shrink": -3, "floor": "x"}}}))
    odd = own_adapter(describe(model.path), "depth")
    assert odd is not None and odd.adapter is not None and (odd.adapter.shrink, odd.adapter.floor) == (1, 0.0)


def test_words_that_the_model_never_heard_are_told_before_painting(catalogue: Catalogue) -> None:
    told: list[str] = []
    take = paint(catalogue, recipe(prompt="a red unicorn and a (yeti:1.2)"), told)
    assert told == ["not known to this model: unicorn, yeti"]
    assert told[0] in take.circumstances["notes"]
    assert paint(catalogue, recipe(prompt="a red cat"), told) and len(told) == 1


def test_words_for_a_part_of_the_picture_are_heard_too(catalogue: Catalogue) -> None:
    told: list[str] = []
    paint(catalogue, recipe(RegionControl(mask=RAMP, words="a yeti"), prompt="a red {cat}"), told)
    assert told == ["not known to this model: yeti"]
