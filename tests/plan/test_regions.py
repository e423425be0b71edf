"""What regions bring of their own, painted for real: LoRAs act in their region's call alone, everything travels with
the picture, and what cannot work is said before painting."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES, eyes
from kit.loras import random_pairs, save_kohya
from torch import Tensor, nn

from underpaint.controls.extractors import reading_with
from underpaint.engine.families.loading import load_components
from underpaint.errors import ModelError, PlanError, PromptError, UnderpaintError
from underpaint.library.preflight import Preflight
from underpaint.library.repaint import foresee, read_source
from underpaint.library.saving import save_take
from underpaint.models import Catalogue, describe
from underpaint.plan.painter import Painter
from underpaint.plan.regions import region_loras
from underpaint.recipe import CreateRecipe, LoraRef, ModelRef, PaletteControl, RegionControl, Swatch

EXAMPLE = EXAMPLES["region"]()
MODEL = ModelRef(name="tiny")
REGION = EXAMPLE.control.changed(soft=0)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Painter:
    catalogue, folder = Catalogue(tmp_path_factory.mktemp("home")), tmp_path_factory.mktemp("loras")
    components = load_components(describe(tiny_model))
    for seed, name in enumerate(("inks", "washes"), 1):
        save_kohya(folder / f"{name}.safetensors", components, random_pairs(components, seed))
    catalogue.add(tiny_model.parent)
    catalogue.add(folder)
    return Painter(catalogue=catalogue, threads=1)


def recipe(*controls: object, **fields: object) -> CreateRecipe:
    return CreateRecipe(prompt="a cat", model=MODEL, seed=1, width=48, height=32, controls=controls, **fields)


@contextmanager
def calls_of(painter: Painter) -> Iterator[list[Tensor]]:
    """What the denoiser says at every call, in order."""
    painter.paint(recipe(), {})
    assert painter._loaded is not None
    said: list[Tensor] = []

    def heard(_: nn.Module, __: object, out: object) -> None:
        said.append((out[0] if isinstance(out, tuple) else out.sample).clone())

    handle = painter._loaded[1].engine.components.denoiser.register_forward_hook(heard)
    try:
        yield said
    finally:
        handle.remove()


def test_a_regions_lora_acts_in_the_call_of_its_region_alone(painter: Painter) -> None:
    own = REGION.changed(loras=(LoraRef(name="inks", weight=0.8),), joint=0.8)
    with calls_of(painter) as said:
        bare = painter.paint(recipe(), {}).picture
        said.clear()
        without = painter.paint(recipe(own.changed(loras=())), EXAMPLE.blobs).picture
        count = len(said)
        with_lora = painter.paint(recipe(own), EXAMPLE.blobs)
    before, after = said[:count], said[count:]
    assert len(after) == count and count % 2 == 0
    assert torch.equal(before[0], after[0]), "at the first step the whole picture is asked about as without"
    assert not torch.equal(before[1], after[1])
    assert not np.array_equal(with_lora.picture, without)
    assert np.array_equal(painter.paint(recipe(), {}).picture, bare)
    (use,) = with_lora.plan.region_loras
    assert use.lora.name == "inks" and use.lora.weight == 0.8 and use.lora.hash is not None
    assert with_lora.plan.loras == ()


def test_named_in_its_words_or_listed_it_is_the_same(painter: Painter) -> None:
    listed = REGION.changed(loras=(LoraRef(name="inks", weight=0.8),))
    named = REGION.changed(words="a red coat<lora:inks:0.8>")
    both = named.changed(loras=(LoraRef(name="inks", weight=0.8),))
    pictures = [painter.paint(recipe(one), EXAMPLE.blobs).picture for one in (listed, named, both)]
    assert np.array_equal(pictures[0], pictures[1]) and np.array_equal(pictures[0], pictures[2])
    silent = painter.paint(recipe(REGION.changed(loras=(LoraRef(name="inks", weight=0.0),))), EXAMPLE.blobs).picture
    assert np.array_equal(silent, painter.paint(recipe(REGION), EXAMPLE.blobs).picture)
    none = painter.paint(recipe(listed.changed(weight=0)), EXAMPLE.blobs)
    assert none.plan.region_loras == () and np.array_equal(none.picture, painter.paint(recipe(), {}).picture)


def test_two_regions_keep_their_loras_apart(painter: Painter) -> None:
    left = REGION.changed(loras=(LoraRef(name="inks"),))
    right = EXAMPLE.shuffled.changed(words="a blue coat", loras=(LoraRef(name="washes"),), soft=0)
    with calls_of(painter) as said:
        painter.paint(recipe(left, right), EXAMPLE.blobs)
        count = len(said)
        painter.paint(recipe(left, right.changed(loras=())), EXAMPLE.blobs)
    first, other = said[:3], said[count:count + 3]
    same = [torch.equal(one, two) for one, two in zip(first, other, strict=True)]
    assert same[0] and sorted(same[1:]) == [False, True]
    turned = painter.paint(recipe(right, left), EXAMPLE.blobs).picture
    assert np.array_equal(painter.paint(recipe(left, right), EXAMPLE.blobs).picture, turned)


def test_from_the_picture_alone_it_is_painted_again_identically(painter: Painter, tmp_path: Path) -> None:
    warm = PaletteControl(swatches=(Swatch(colour="#7a1e0a"), Swatch(colour="#e8a13c")), match="colours", snap=1)
    line, colour = EXAMPLES["line"](), EXAMPLES["colour"]()
    region = REGION.changed(words="a red coat <lora:washes:0.5>", loras=(LoraRef(name="inks", weight=0.8),), joint=0.8,
                            controls=(line.control, warm, colour.control))
    blobs = {**EXAMPLE.blobs, **line.blobs, **colour.blobs}
    with reading_with(eyes):
        take = painter.paint(recipe(region), blobs)
    saved = save_take(take, tmp_path / "take.png")
    source = read_source(getattr(saved, "path", tmp_path / "take.png"))
    assert source.recipe == take.recipe and set(source.blobs) == {blob.sha256 for blob in take.recipe.blobs()}
    assert [one.lora.name for one in source.plan.region_loras] == ["inks", "washes"]
    assert not foresee(source, painter.catalogue).missing
    with reading_with(eyes):
        again = painter.paint(source.recipe, source.blobs, plan=source.plan)
    assert np.array_equal(again.picture, take.picture)
    assert {"region", "lines in map", "palette in map", "colour in map"} <= set(take.measured)
    assert take.measured["palette in map"]["on"] > 0.8


def test_words_of_a_region_are_no_need_for_a_call_where_it_only_edits(painter: Painter) -> None:
    warm = PaletteControl(swatches=(Swatch(colour="#7a1e0a"), Swatch(colour="#e8a13c")), match="colours")
    region = REGION.changed(words="", controls=(warm,))
    with calls_of(painter) as said:
        painter.paint(recipe(), {})
        bare = len(said)
        painter.paint(recipe(region), EXAMPLE.blobs)
        assert len(said) == 2 * bare
        painter.paint(recipe(region.changed(words="a dog")), EXAMPLE.blobs)
        assert len(said) == 4 * bare


@pytest.mark.parametrize(("region", "error", "said"), [
    (REGION.changed(joint=0, loras=(LoraRef(name="inks"),)), PlanError, "a LoRA in the region 'map' acts in"),
    (REGION.changed(joint=0, words="a coat <lora:inks:1>"), PlanError, "with joint 0 there is none"),
    (REGION.changed(joint=0, controls=(EXAMPLES["pose"]().control,)), UnderpaintError, "pose"),
    (REGION.changed(loras=(LoraRef(name="nobody"),)), ModelError, "nobody"),
    (REGION.changed(words="a coat <hypernet:x:1>"), PromptError, "<hypernet:...>"),
    (REGION.changed(controls=(EXAMPLES["light"]().control.changed(start=0.9, end=0.1),)), PlanError, "ends before"),
])
def test_what_cannot_be_painted_is_said_before(painter: Painter, region: RegionControl, error: type[UnderpaintError],
                                               said: str) -> None:
    for attempt in (lambda: painter.paint(recipe(region), EXAMPLE.blobs),
                    lambda: Preflight(painter.catalogue).check(recipe(region), EXAMPLE.blobs)):
        with pytest.raises(error, match=said) as raised:
            attempt()
        assert raised.value.message


def test_what_fights_in_a_region_is_told_of_it(painter: Painter) -> None:
    lights = tuple(EXAMPLES["light"]().control.changed(direction=one) for one in (0, 180))
    take = painter.paint(recipe(REGION.changed(controls=lights)), EXAMPLE.blobs)
    assert any(note.startswith("in the region 'map' two lights come from different sides")
               for note in take.circumstances["notes"])


def test_only_its_mask_gives_the_picture_its_shape(painter: Painter) -> None:
    style = EXAMPLES["style"]()
    region = REGION.changed(controls=(style.control,))
    take = painter.paint(CreateRecipe(prompt="a cat", model=MODEL, seed=1, controls=(region,)),
                         {**EXAMPLE.blobs, **style.blobs})
    bare = painter.paint(CreateRecipe(prompt="a cat", model=MODEL, seed=1, controls=(REGION,)), EXAMPLE.blobs)
    assert (take.plan.width, take.plan.height) == (bare.plan.width, bare.plan.height)


def test_a_region_that_weighs_nothing_has_no_loras() -> None:
    assert region_loras(recipe(REGION.changed(weight=0, words="a <lora:inks:1>"))) == ()
