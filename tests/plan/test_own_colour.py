"""Blocked-in colours by an adapter: the one that a model brings, heard as it was trained; others only when named."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from diffusers import T2IAdapter
from kit.adapters import drawn, saved, t2i_to_original, tiny_ip, tiny_t2i
from kit.controls import blob
from kit.tiny_folders import save_folder, tiny_parts
from torch import Tensor, nn

from underpaint.controls.adapting import unsaid
from underpaint.controls.colour import heard
from underpaint.controls.depth import near_on, told_on
from underpaint.controls.extractors import reading_with
from underpaint.controls.ground import Ground
from underpaint.engine.attachments.maps import as_tensor
from underpaint.engine.families.adapters import MapAdapter
from underpaint.errors import PlanError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.library.preflight import Preflight
from underpaint.models import Catalogue
from underpaint.models.description import AdapterFacts
from underpaint.plan.painter import Painter
from underpaint.primer.maps import FLOOR, colour_map
from underpaint.recipe import Blob, ColourControl, CreateRecipe, DepthControl, ModelRef

SIDE = 32
BLOBS: dict[str, bytes] = {}
rng = np.random.default_rng(3)
BLOCKS = np.repeat(np.repeat(rng.random((4, 4, 3)), 8, 0), 8, 1)
FLAT = blob(BLOCKS, BLOBS)
DEFAULTS = {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]}
OWN = {"colour": {"folder": "adapter_colour", "channels": 3, "shrink": 2, "floor": FLOOR}}
CONTROL = ColourControl(picture=FLAT)


@pytest.fixture
def catalogue(tmp_path: Path, home: Path) -> Catalogue:
    """Two models alike, one of which brings an adapter for colours; one of others lies there too."""
    parts = tiny_parts("sd", seed=3)
    for name, card in (("bare", {"defaults": DEFAULTS}), ("tiny", {"defaults": DEFAULTS, "adapters": OWN})):
        save_folder(tmp_path / name, "sd", parts)
        (tmp_path / name / "primer.json").write_text(json.dumps(card))
    widths = list(parts["unet"].config.block_out_channels)
    own = drawn(T2IAdapter(in_channels=3, channels=widths, num_res_blocks=1, downscale_factor=1), 4)
    own.save_pretrained(tmp_path / "tiny" / "adapter_colour")
    saved(t2i_to_original(tiny_t2i(parts["unet"], 9)), tmp_path / "t2iadapter_color_sd14v1.safetensors")
    saved(tiny_ip(parts["unet"]), tmp_path / "ip-adapter_sd15.safetensors")
    found = Catalogue()
    found.add(tmp_path)
    return found


def paint(catalogue: Catalogue, model: str, *controls: Any, told: list[str] | None = None) -> Any:
    recipe = CreateRecipe(prompt="a cat", seed=1, model=ModelRef(name=model), controls=controls)
    with reading_with(lambda _: []):
        return Painter(catalogue=catalogue, threads=1, warn=(told if told is not None else []).append).paint(
            recipe, BLOBS)


def test_colours_are_followed_by_the_models_own_adapter_as_well_as_by_the_edit(catalogue: Catalogue) -> None:
    told: list[str] = []
    take = paint(catalogue, "tiny", CONTROL, told=told)
    assert [use.adapter.name for use in take.plan.adapters] == ["tiny/colour"] and told == []
    bare = paint(catalogue, "bare", CONTROL)
    assert bare.plan.adapters == () and not np.array_equal(bare.picture, take.picture)
    with reading_with(lambda _: []):
        again = Painter(catalogue=catalogue, threads=1).paint(take.recipe, BLOBS, plan=take.plan)
    assert np.array_equal(again.picture, take.picture)
    weak = paint(catalogue, "tiny", CONTROL.changed(weight=0))
    assert weak.plan.adapters == () and np.array_equal(weak.picture, paint(catalogue, "tiny").picture)


def test_anothers_is_taken_only_when_it_is_named(catalogue: Catalogue) -> None:
    named = CONTROL.changed(adapter=ModelRef(name="t2iadapter_color_sd14v1"))
    told: list[str] = []
    take = paint(catalogue, "bare", named, told=told)
    assert [use.adapter.name for use in take.plan.adapters] == ["t2iadapter_color_sd14v1"] and told == []
    assert not np.array_equal(take.picture, paint(catalogue, "bare", CONTROL).picture)
    wrong = CONTROL.changed(adapter=ModelRef(name="ip-adapter_sd15"))
    with pytest.raises(PlanError, match="looks at pictures and reads no colour"):
        Preflight(catalogue).check(CreateRecipe(prompt="a", model=ModelRef(name="bare"), controls=(wrong,)), BLOBS)


class Ears(nn.Module):
    """An adapter that says what it hears."""

    config = None

    def forward(self, sheet: Tensor) -> Tensor:
        return sheet


def sent(sheet: np.ndarray) -> np.ndarray:
    """What reaches the weights of an adapter that was trained at half size with a floor."""
    laid = sheet if sheet.ndim == 3 else sheet[..., None]
    heard_there: np.ndarray = MapAdapter(Ears(), 2, FLOOR)(as_tensor(laid, torch.zeros(1)))[0].numpy()
    return heard_there


def place(layer: np.ndarray, width: int = SIDE, height: int = SIDE) -> Ground:
    extent = Extent(width, height)
    return Ground(extent, Bounds.whole(extent), extent, lambda _: layer.astype(np.float32))


def test_it_hears_colours_as_it_was_trained_to_and_nothing_where_they_are_transparent() -> None:
    facts = AdapterFacts(form="t2i", reads=("colour",), shrink=2, floor=FLOOR)
    trained = colour_map(cv2.resize(BLOCKS.astype(np.float32), (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA))
    assert np.allclose(sent(heard(CONTROL, place(BLOCKS), facts)), trained, atol=1e-6)
    layer = np.dstack([BLOCKS, np.zeros((SIDE, SIDE))])
    layer[:, :16, 3], layer[:, 16:24, 3] = 1, 0.5
    partly = sent(heard(CONTROL, place(layer), facts))
    assert np.allclose(partly[:, :, :8], trained[:, :, :8], atol=1e-6)
    assert np.allclose(partly[:, :, 8:12], trained[:, :, 8:12] / 2, atol=1e-6)
    assert np.abs(partly[:, :, 12:]).max() < 1e-6
    black = sent(heard(CONTROL, place(np.zeros((SIDE, SIDE, 3))), facts))
    assert np.allclose(black, FLOOR, atol=1e-6)
    beside = sent(heard(CONTROL, place(BLOCKS, 64), facts))
    assert np.abs(beside[:, :, :8]).max() < 1e-6 and beside[:, :, 8:24].min() >= FLOOR - 1e-6
    others = heard(CONTROL, place(layer), AdapterFacts(form="t2i", reads=("colour",)))
    assert others.shape == (SIDE, SIDE, 3) and others[:, 24:].mean() > 0.2


def test_a_map_of_depth_that_is_transparent_is_silent_there_too() -> None:
    ramp = np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))
    layer = np.dstack([ramp, ramp, ramp, ramp >= 0.5])
    control = DepthControl(map=Blob(sha256="0" * 64))
    lain = place(layer)
    made = sent(unsaid(near_on(control, lain), told_on(control, lain), FLOOR))[0]
    assert np.abs(made[:, :8]).max() < 1e-6 and made[:, 8:].min() > 0.5
