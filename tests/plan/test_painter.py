"""Painting for real, on a tiny model of the real classes: fills keep their promise, passes and LoRAs do their work."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from kit.loras import random_pairs, save_kohya
from kit.studio import inked
from PIL import Image, ImageCms

from underpaint.engine.families.loading import load_components
from underpaint.errors import ModelError, PlanError, RecipeError
from underpaint.library.drawings import Stored
from underpaint.library.saving import save_take
from underpaint.models import Catalogue, describe
from underpaint.pictures import read_picture
from underpaint.plan.painter import Painter
from underpaint.recipe import (
    CreateRecipe,
    FillRecipe,
    LightControl,
    LineControl,
    LoraRef,
    ModelRef,
    NudgeControl,
    Outpaint,
    PaletteControl,
    Recipe,
    RefineRecipe,
    SecondPass,
    Swatch,
    Tiles,
)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Painter:
    catalogue = Catalogue(tmp_path_factory.mktemp("home"))
    catalogue.add(tiny_model.parent)
    return Painter(catalogue=catalogue, threads=1)


MODEL = ModelRef(name="tiny")


def stored(pixels: np.ndarray, form: str = "PNG", **options: Any) -> Stored:
    file = io.BytesIO()
    if pixels.dtype == np.uint16:
        order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(pixels.shape[-1], [0]) if pixels.ndim == 3 else ...
        return Stored.of(cv2.imencode(".png", pixels[..., order] if pixels.ndim == 3 else pixels)[1].tobytes(), "p.png")
    Image.fromarray(pixels).save(file, form, **options)
    return Stored.of(file.getvalue(), "p.png")


def noise(height: int, width: int, channels: int, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(height * width + channels)
    pixels = rng.integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)
    return pixels[..., 0] if channels == 1 else pixels


def boxed(height: int, width: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def blobs(*entries: Stored) -> dict[str, bytes]:
    return {entry.blob.sha256: entry.data for entry in entries}


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


KINDS: dict[str, Callable[[], Stored]] = {
    "8-bit RGB": lambda: stored(noise(29, 37, 3)),
    "8-bit RGBA with ICC": lambda: stored(noise(29, 37, 4), icc_profile=profile()),
    "8-bit grey": lambda: stored(noise(29, 37, 1)),
    "8-bit grey and alpha": lambda: stored(noise(29, 37, 2)),
    "16-bit RGB": lambda: stored(noise(29, 37, 3, np.uint16)),
    "16-bit RGBA": lambda: stored(noise(29, 37, 4, np.uint16)),
    "16-bit grey": lambda: stored(noise(29, 37, 1, np.uint16)),
    "8-bit RGB with ICC": lambda: stored(noise(29, 37, 3), icc_profile=profile()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fill_keeps_every_pixel_outside_its_mask_in_three_rounds(painter: Painter, kind: str, tmp_path: Path) -> None:
    first = now = KINDS[kind]()
    mask = boxed(29, 37, 9, 6, 24, 19)
    named = stored(mask)
    was = read_picture(first.data)
    for turn in range(3):
        recipe = FillRecipe(prompt="a cat", picture=now.blob, mask=named.blob, model=MODEL, seed=turn, feather=2,
                            strength=(1.0, 0.6, 1.0)[turn], area=("whole", "masked", "whole")[turn])
        file = tmp_path / f"{turn}.png"
        save_take(painter.paint(recipe, blobs(now, named)), file)
        now = Stored.of(file.read_bytes(), file.name)
        new = read_picture(file)
        assert (new.width, new.height, new.mode, new.depth, new.icc) == (37, 29, was.mode, was.depth, was.icc)
        np.testing.assert_array_equal(new.stored[mask == 0], was.stored[mask == 0])
        assert (new.stored[mask > 0] != was.stored[mask > 0]).any()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (33, 65), (64, 16)])
def test_any_odd_size_comes_back(painter: Painter, size: tuple[int, int], tmp_path: Path) -> None:
    height, width = size
    picture = stored(noise(height, width, 3))
    mask = boxed(height, width, 0, 0, max(1, width // 2), height)
    named = stored(mask)
    recipe = FillRecipe(picture=picture.blob, mask=named.blob, model=MODEL, seed=1)
    save_take(painter.paint(recipe, blobs(picture, named)), tmp_path / "o.png")
    new, was = read_picture(tmp_path / "o.png"), read_picture(picture.data)
    assert new.stored.shape == was.stored.shape
    np.testing.assert_array_equal(new.stored[mask == 0], was.stored[mask == 0])


def test_a_grey_mask_is_partly_painted_and_its_black_not_at_all(painter: Painter) -> None:
    picture = stored(noise(24, 24, 3))
    soft = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (24, 1))
    named = stored(soft)
    recipe = FillRecipe(picture=picture.blob, mask=named.blob, model=MODEL, seed=1, feather=0)
    take = painter.paint(recipe, blobs(picture, named))
    was = read_picture(picture.data).stored
    assert take.exact is not None
    np.testing.assert_array_equal(take.exact[soft == 0], was[soft == 0])
    change = np.abs(take.exact.astype(int) - was).mean(axis=(0, 2))
    assert change[1:8].mean() < change[8:16].mean() < change[16:].mean()


@pytest.mark.parametrize("grow", [Outpaint(left=5), Outpaint(right=7, bottom=3),
                                  Outpaint(left=1, top=2, right=3, bottom=9)],
                         ids=["left", "right and bottom", "all round"])
@pytest.mark.parametrize("kind", ["8-bit RGB", "16-bit RGBA"])
def test_outpainting_keeps_the_whole_picture(painter: Painter, grow: Outpaint, kind: str, tmp_path: Path) -> None:
    picture = KINDS[kind]()
    recipe = FillRecipe(picture=picture.blob, outpaint=grow, model=MODEL, seed=1)
    save_take(painter.paint(recipe, blobs(picture)), tmp_path / "o.png")
    new, was = read_picture(tmp_path / "o.png"), read_picture(picture.data)
    assert (new.width, new.height) == (37 + grow.left + grow.right, 29 + grow.top + grow.bottom)
    inside = new.stored[grow.top: grow.top + 29, grow.left: grow.left + 37]
    np.testing.assert_array_equal(inside, was.stored)
    if was.has_alpha:
        outside = new.stored[..., 3].copy()
        outside[grow.top: grow.top + 29, grow.left: grow.left + 37] = 65535
        assert (outside == 65535).all()


def test_a_picture_turned_by_exif_is_filled_upright(painter: Painter, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = stored(noise(20, 30, 3), exif=exif)
    named = stored(boxed(30, 20, 0, 0, 10, 10))
    take = painter.paint(FillRecipe(picture=picture.blob, mask=named.blob, model=MODEL, seed=1), blobs(picture, named))
    save_take(take, tmp_path / "o.png")
    new = read_picture(tmp_path / "o.png")
    assert (new.width, new.height, new.orientation) == (20, 30, 1)
    np.testing.assert_array_equal(new.stored[10:], read_picture(picture.data).stored[10:])


def test_a_refine_keeps_the_size_and_more_of_the_picture_at_less_strength(painter: Painter) -> None:
    smooth = cv2.GaussianBlur(noise(43, 51, 3), (0, 0), 6)
    picture = stored(smooth)
    takes = [painter.paint(RefineRecipe(picture=picture.blob, strength=strength, model=MODEL, seed=3), blobs(picture))
             for strength in (0.5, 1.0)]
    assert all(take.picture.shape == (43, 51, 3) and take.exact is None for take in takes)
    assert not np.array_equal(takes[0].picture, takes[1].picture)


@pytest.mark.parametrize("upscale", ["latent", "picture"])
def test_a_second_pass_doubles_the_picture_in_both_ways(painter: Painter, upscale: str) -> None:
    recipe = CreateRecipe(model=MODEL, seed=1, width=22, height=30, second_pass=SecondPass(upscale=upscale, scale=2))
    take = painter.paint(recipe, {})
    assert take.picture.shape == (60, 44, 3) and [one.upscale for one in take.plan.passes] == [None, upscale]
    assert np.array_equal(painter.paint(recipe, {}).picture, take.picture)


def test_a_refine_and_a_fill_may_have_a_second_pass(painter: Painter) -> None:
    picture, named = stored(noise(20, 24, 3)), stored(boxed(20, 24, 2, 2, 12, 12))
    twice = SecondPass(scale=2)
    refine = RefineRecipe(picture=picture.blob, model=MODEL, seed=1, second_pass=twice)
    assert painter.paint(refine, blobs(picture)).picture.shape == (40, 48, 3)
    fill = FillRecipe(picture=picture.blob, mask=named.blob, model=MODEL, seed=1, second_pass=twice)
    take = painter.paint(fill, blobs(picture, named))
    assert take.exact is not None and take.exact.shape == (20, 24, 3)


def test_tiles_paint_what_is_larger_than_a_tile(painter: Painter) -> None:
    recipe = CreateRecipe(model=MODEL, seed=1, width=160, height=72, tiles=Tiles(size=64, overlap=16))
    take = painter.paint(recipe, {})
    assert take.picture.shape == (72, 160, 3) and np.isfinite(take.picture).all()
    whole = painter.paint(recipe.changed(tiles=None), {})
    assert not np.array_equal(take.picture, whole.picture)
    small = recipe.changed(width=64, height=64)
    assert np.array_equal(painter.paint(small, {}).picture, painter.paint(small.changed(tiles=None), {}).picture)


def test_lines_light_and_palette_steer_in_any_order(painter: Painter) -> None:
    layer = np.zeros((110, 150, 4), np.uint8)
    layer[..., 3] = 255 - inked()
    drawing = stored(layer)
    controls = (LineControl(drawing=drawing.blob), LightControl(direction=0, lightness=0.4),
                PaletteControl(swatches=(Swatch(colour="#102040"), Swatch(colour="#ffe0a0"))))
    recipe = CreateRecipe(model=MODEL, seed=1, controls=controls)
    take = painter.paint(recipe, blobs(drawing))
    turned = painter.paint(recipe.changed(controls=controls[::-1]), blobs(drawing))
    assert np.array_equal(take.picture, turned.picture)
    assert take.picture.shape[1] / take.picture.shape[0] == pytest.approx(150 / 110, rel=0.1)
    assert {"kept", "invented", "f1"} <= take.measured["lines"].keys() and "toward" in take.measured["light"]
    for number in range(3):
        less = recipe.changed(controls=controls[:number] + controls[number + 1:], width=take.plan.width,
                              height=take.plan.height)
        assert not np.array_equal(painter.paint(less, blobs(drawing)).picture, take.picture)


def test_a_lora_weighs_in_and_leaves(painter: Painter, tiny_model: Path, tmp_path: Path) -> None:
    components = load_components(describe(tiny_model))
    file = save_kohya(tmp_path / "inks.safetensors", components, random_pairs(components))
    painter.catalogue.add(tmp_path)
    recipe = CreateRecipe(prompt="a cat", model=MODEL, seed=1)
    bare = painter.paint(recipe, {}).picture
    by_field = painter.paint(recipe.changed(loras=(LoraRef(name="inks", weight=0.8),)), {})
    by_words = painter.paint(recipe.changed(prompt="a cat<lora:inks:0.8>"), {})
    by_path = painter.paint(recipe.changed(loras=(LoraRef(name=str(file), weight=0.8),)), {})
    assert not np.array_equal(by_field.picture, bare)
    assert np.array_equal(by_field.picture, by_words.picture) and np.array_equal(by_field.picture, by_path.picture)
    assert by_words.plan.loras[0].hash == by_field.plan.loras[0].hash is not None
    assert np.array_equal(painter.paint(recipe, {}).picture, bare)
    no_pull = painter.paint(recipe.changed(loras=(LoraRef(name="inks", weight=0.0),)), {})
    np.testing.assert_allclose(no_pull.picture, bare, atol=1e-5)


def test_a_lora_made_for_another_kind_of_model_is_told(painter: Painter, tiny_model: Path, tmp_path: Path) -> None:
    components = load_components(describe(tiny_model))
    metadata = {"modelspec.prediction_type": "v"}
    save_kohya(tmp_path / "velvet.safetensors", components, random_pairs(components), **metadata)
    painter.catalogue.add(tmp_path)
    take = painter.paint(CreateRecipe(model=MODEL, seed=1, loras=(LoraRef(name="velvet", weight=0.5),)), {})
    assert any("velvet was trained on a model that predicts velocity" in note for note in take.circumstances["notes"])


def test_a_nudge_with_an_odd_second_pass_is_painted_and_measured(painter: Painter) -> None:
    taken = stored(noise(42, 61, 3))
    control = NudgeControl(picture=taken.blob, toward="warmer", begin=0.9)
    recipe = CreateRecipe(model=MODEL, seed=1, width=61, height=42, controls=(control,),
                          second_pass=SecondPass(scale=1.5))
    take = painter.paint(recipe, blobs(taken))
    assert "lines_f1" in take.measured["nudge"] and take.circumstances["notes"] == []


def test_a_plan_is_carried_out_again_to_the_bit(painter: Painter) -> None:
    recipe = CreateRecipe(prompt="{a|b|c} cat", model=MODEL, seed=11)
    take = painter.paint(recipe, {})
    assert take.plan.prompt in {"a cat", "b cat", "c cat"} and take.plan.seed == 11
    assert np.array_equal(painter.paint(take.recipe, {}, plan=take.plan).picture, take.picture)


def test_a_seed_is_drawn_where_none_is_given(painter: Painter) -> None:
    recipe = CreateRecipe(model=MODEL)
    seeds = {painter.settled(recipe).seed for _ in range(5)}
    assert len(seeds) == 5 and all(0 <= seed < 2**32 for seed in seeds if seed is not None)
    assert painter.settled(recipe.changed(seed=3)).seed == 3


def test_progress_counts_to_the_end_and_where_it_was_painted_is_told(painter: Painter) -> None:
    seen: list[tuple[int, int]] = []
    take = painter.paint(CreateRecipe(model=MODEL, seed=1), {}, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    said = take.circumstances
    assert (said["device"], said["dtype"], said["threads"]) == ("cpu", "float32", 1)
    assert {"torch", "diffusers", "underpaint", "python"} <= said["versions"].keys() and said["fallbacks"] == []


def test_a_plan_of_another_recipe_is_refused(painter: Painter) -> None:
    plan = painter.paint(CreateRecipe(model=MODEL, seed=1), {}).plan
    picture, named = stored(noise(20, 24, 3)), stored(boxed(20, 24, 2, 2, 12, 12))
    fill = FillRecipe(picture=picture.blob, mask=named.blob, model=MODEL, seed=1)
    with pytest.raises(RecipeError, match="does not belong"):
        painter.paint(fill, blobs(picture, named), plan=plan)
    wrong = painter.paint(fill, blobs(picture, named)).plan.changed(width=100, height=90)
    with pytest.raises(RecipeError, match="does not belong"):
        painter.paint(fill, blobs(picture, named), plan=wrong)


@pytest.mark.parametrize(("recipe", "error", "match"), [
    (CreateRecipe(model=ModelRef(name="nobody"), seed=1), ModelError, "nobody"),
    (CreateRecipe(model=MODEL, seed=1, loras=(LoraRef(name="nobody"),)), ModelError, "nobody"),
    (CreateRecipe(model=MODEL, seed=1, vae=ModelRef(name="nobody")), ModelError, "nobody"),
])
def test_what_is_missing_is_named(painter: Painter, recipe: Recipe, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        painter.paint(recipe, {})


@pytest.mark.parametrize(("options", "field"), [({"device": "warp"}, "device"), ({"precision": "fp8"}, "precision")])
def test_a_machine_that_is_not_there_is_refused(options: dict[str, str], field: str, home: Path) -> None:
    with pytest.raises(PlanError) as caught:
        Painter(**options)
    assert caught.value.field == field


def test_clip_skip_counts_as_a1111_does(painter: Painter) -> None:
    def take(skip: int | None) -> np.ndarray:
        recipe = CreateRecipe(prompt="a cat", model=MODEL, seed=5, width=64, height=64, clip_skip=skip)
        return painter.paint(recipe.changed(sampling=recipe.sampling.changed(steps=2)), {}).picture

    assert np.array_equal(take(1), take(None))  # 1 is the last layer, as without
    assert not np.array_equal(take(2), take(None))
