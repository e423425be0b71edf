"""Adapters from decision to take: chosen, recorded, told of before painting, followed into fills, found again."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.adapters import (
    controlnet_to_original,
    saved,
    t2i_to_original,
    tiny_controlnet,
    tiny_encoder,
    tiny_ip,
    tiny_t2i,
)
from kit.controls import blob
from kit.tiny_clip import save_tiny_clip
from kit.tiny_folders import save_folder, tiny_parts
from PIL import Image

from underpaint.controls.adapter import picture_on
from underpaint.controls.extractors import reading_with
from underpaint.controls.ground import Ground
from underpaint.engine.families.image_text import is_image_text
from underpaint.errors import ModelError, PlanError, UnderpaintError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.library.preflight import Preflight
from underpaint.library.repaint import Foreseen, foresee, read_source
from underpaint.library.saving import save_take
from underpaint.models import Catalogue
from underpaint.models.primer import primer_folder
from underpaint.plan.data import AdapterUse, Plan
from underpaint.plan.painter import Painter
from underpaint.recipe import (
    AdapterControl,
    Blob,
    CreateRecipe,
    DepthControl,
    FillRecipe,
    LightControl,
    LineControl,
    ModelRef,
    PoseControl,
    PosedPerson,
    RefineRecipe,
    StyleControl,
    WordsControl,
)

SIDE = 32


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    parts = tiny_parts("sd", seed=3)
    save_folder(folder / "tiny", "sd", parts)
    defaults = {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]}
    (folder / "tiny" / "primer.json").write_text(json.dumps({"defaults": defaults}))
    unet = parts["unet"]
    for number, name in enumerate(("control_v11f1p_sd15_depth", "control_v11p_sd15_inpaint", "control_v11f1e_tile",
                                   "control_v11p_sd15_openpose", "control_v11p_sd15_lineart")):
        saved(controlnet_to_original(tiny_controlnet(unet, number)), folder / f"{name}.safetensors")
    saved(t2i_to_original(tiny_t2i(unet, 9, channels=1)), folder / "t2iadapter_sketch_sd14v1.safetensors")
    saved(tiny_ip(unet), folder / "ip-adapter_sd15.safetensors")
    saved(dict(tiny_encoder().state_dict()), folder / "clip_vision.safetensors")
    return folder


@pytest.fixture
def catalogue(models: Path, home: Path) -> Catalogue:
    found = Catalogue()
    found.add(models)
    return found


BLOBS: dict[str, bytes] = {}
RAMP = blob(np.repeat(np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))[..., None], 3, axis=-1), BLOBS)
PICTURE = blob(np.random.default_rng(0).random((SIDE, SIDE, 3)), BLOBS)
BODY: tuple[tuple[float, float] | None, ...] = tuple((4.0 + n, 4.0 + n) for n in range(25))
POSE = PoseControl(people=(PosedPerson(body=BODY),), width=SIDE, height=SIDE)
DEPTH = DepthControl(map=RAMP)


def mask() -> Blob:
    file, white = io.BytesIO(), np.zeros((SIDE, SIDE), np.uint8)
    white[8:24, 8:24] = 255
    Image.fromarray(white).save(file, "PNG")
    from hashlib import sha256

    name = sha256(file.getvalue()).hexdigest()
    BLOBS[name] = file.getvalue()
    return Blob(sha256=name)


def recipe(*controls: Any, **fields: Any) -> CreateRecipe:
    return CreateRecipe(prompt="a cat", seed=1, model=ModelRef(name="tiny"), controls=controls, **fields)


def paint(catalogue: Catalogue, asked: Any, **options: Any) -> Any:
    with reading_with(lambda _: []):
        return Painter(catalogue=catalogue, threads=1, **options).paint(asked, BLOBS)


def test_what_only_an_adapter_follows_is_followed_by_the_one_that_is_here(catalogue: Catalogue) -> None:
    told: list[str] = []
    take = paint(catalogue, recipe(DEPTH, POSE), warn=told.append)
    used = {use.adapter.name for use in take.plan.adapters}
    assert used == {"control_v11f1p_sd15_depth", "control_v11p_sd15_openpose"}
    assert all(use.adapter.hash for use in take.plan.adapters)
    assert told == ["depth is followed by control_v11f1p_sd15_depth", "pose is followed by control_v11p_sd15_openpose"]
    again = Plan.from_record(take.plan.to_record())
    assert again == take.plan
    repainted = Painter(catalogue=catalogue, threads=1)
    with reading_with(lambda _: []):
        assert np.array_equal(repainted.paint(take.recipe, BLOBS, plan=again).picture, take.picture)
        assert np.array_equal(repainted.paint(recipe(POSE, DEPTH), BLOBS).picture, take.picture)
        bare = repainted.paint(recipe(), BLOBS)
    assert not np.array_equal(bare.picture, take.picture) and bare.plan.adapters == ()


def test_lines_prefer_an_adapter_to_the_estimate(catalogue: Catalogue) -> None:
    layer = np.zeros((SIDE, SIDE, 4))
    layer[10:12, 4:28, 3] = 1
    take = paint(catalogue, recipe(LineControl(drawing=blob(layer, BLOBS))))
    assert [use.adapter.name for use in take.plan.adapters] == ["control_v11p_sd15_lineart"]
    assert not any("loosely" in note for note in take.circumstances["notes"])


def test_tiles_and_holes_come_from_the_picture_that_is_painted_over(catalogue: Catalogue) -> None:
    tile = AdapterControl(adapter=ModelRef(name="control_v11f1e_tile"))
    hole = AdapterControl(adapter=ModelRef(name="control_v11p_sd15_inpaint"))
    common = {"prompt": "a cat", "seed": 1, "model": ModelRef(name="tiny"), "picture": PICTURE}
    plain, tiled = (paint(catalogue, RefineRecipe(**common, controls=controls)) for controls in ((), (tile,)))
    assert not np.array_equal(plain.picture, tiled.picture)
    fill = {**common, "mask": mask()}
    bare, filled = (paint(catalogue, FillRecipe(**fill, controls=controls)) for controls in ((), (hole,)))
    assert not np.array_equal(bare.picture, filled.picture)
    outside = np.ones((SIDE, SIDE), bool)
    outside[8:24, 8:24] = False
    assert np.array_equal(bare.picture[outside], filled.picture[outside])
    with pytest.raises(PlanError, match="which picture does the adapter get"):
        paint(catalogue, recipe(tile))


def test_picture_prompts_and_styles_go_through_an_ip_adapter(catalogue: Catalogue) -> None:
    prompt = AdapterControl(adapter=ModelRef(name="ip-adapter_sd15"), picture=PICTURE)
    style = StyleControl(pictures=(PICTURE,), how="adapter", adapter=ModelRef(name="ip-adapter_sd15"))
    bare, seen, styled = (paint(catalogue, recipe(*controls)) for controls in ((), (prompt,), (style,)))
    assert not np.array_equal(seen.picture, bare.picture) and not np.array_equal(styled.picture, bare.picture)
    assert seen.plan.adapters[0].encoder is not None


@pytest.mark.parametrize(("control", "error", "says"), [
    (DepthControl(map=RAMP, adapter=ModelRef(name="nobody")), ModelError, "no adapter called 'nobody'"),
    (DepthControl(map=RAMP, adapter=ModelRef(name="tiny")), ModelError, "a checkpoint, not an adapter"),
    (DepthControl(map=RAMP, adapter=ModelRef(name="ip-adapter_sd15")), PlanError, "looks at pictures"),
    (StyleControl(pictures=(PICTURE,), how="adapter", adapter=ModelRef(name="control_v11f1e_tile")), PlanError,
     "reads maps, not styles"),
])  # fmt: skip
def test_what_cannot_work_is_refused_before_a_model_is_loaded(catalogue: Catalogue, control: Any, error: type,
                                                              says: str) -> None:
    with pytest.raises(error, match=says) as told:
        paint(catalogue, recipe(control))
    assert told.value.hint
    with pytest.raises(error, match=says):
        Preflight(catalogue).check(recipe(control), BLOBS)


def test_without_any_adapter_the_way_out_is_said(home: Path) -> None:
    tiny = ModelRef(name=str(save_folder(home / "models" / "alone", "sd")))
    with pytest.raises(PlanError, match="'alone' has no adapter here that reads pose") as told:
        Preflight(Catalogue()).check(CreateRecipe(prompt="a", model=tiny, controls=(POSE,)), {})
    assert "--kind controlnet" in (told.value.hint or "")


def test_contradictions_are_told_before_anything_is_painted(catalogue: Catalogue) -> None:
    order: list[str] = []
    twice = (DEPTH, DepthControl(map=PICTURE))
    strange = AdapterControl(adapter=ModelRef(name="t2iadapter_sketch_sd14v1"), picture=PICTURE, reads="tile")
    painter = Painter(catalogue=catalogue, threads=1, warn=lambda text: order.append(text))
    with reading_with(lambda _: []):
        take = painter.paint(recipe(*twice, strange), BLOBS, progress=lambda *_: order.append("step"))
    first = order.index("step")
    assert any("reads one map, and is given 2" in text for text in order[:first])
    assert any("reads scribble by its name, and is given tile" in text for text in order[:first])
    assert set(order[:first]) <= set(take.circumstances["notes"]) and set(order[first:]) == {"step"}


def test_a_tile_is_shown_the_hole_as_it_is_and_a_filler_what_is_transparent() -> None:
    """What a net is shown where a mask is filled, and of a picture of its own with a transparent half."""
    extent = Extent(16, 16)
    half = np.zeros((16, 16), np.float32)
    half[:, 8:] = 1
    layer = np.dstack([np.full((16, 16, 3), 0.5, np.float32), 1 - half])
    lain = Ground(extent, Bounds.whole(extent), extent, lambda _: layer, scene=lambda: (layer[..., :3], half))
    control = AdapterControl(adapter=ModelRef(name="net"))
    assert picture_on(control, lain, ("tile",)).min() == 0.5
    assert all(np.array_equal(picture_on(control, lain, reads)[..., 0] == -1, half == 1) for reads in ((), ("fill",)))
    own = control.changed(picture=PICTURE)
    assert picture_on(own, lain, ("fill",))[0, :, 0].tolist() == [0.5] * 8 + [-1.0] * 8
    assert picture_on(own, lain, ("tile",))[0, :, 0].tolist() == [0.5] * 8 + [0.0] * 8


def test_what_is_missing_for_painting_again_is_foreseen(catalogue: Catalogue, tmp_path: Path) -> None:
    prompt = AdapterControl(adapter=ModelRef(name="ip-adapter_sd15"), picture=PICTURE)
    save_take(paint(catalogue, recipe(DEPTH, prompt)), tmp_path / "take.png")
    source = read_source(tmp_path / "take.png")
    assert foresee(source, catalogue) == Foreseen((), ())
    models = tmp_path / "fewer"
    shutil.copytree(catalogue.find("tiny").path, models / "tiny")
    fewer = Catalogue(tmp_path / "elsewhere")
    fewer.add(models)
    said = foresee(source, fewer).missing
    assert len(said) == 3 and all(any(name in one for one in said) for name in (
        "the adapter 'control_v11f1p_sd15_depth'", "the adapter 'ip-adapter_sd15'", "the image encoder 'clip_vision'"))


@pytest.mark.parametrize(("named", "says"), [("ip-adapter_sd15", "looks at pictures"), ("tiny/depth", "no adapter"),
                                             ("nobody", "no adapter called 'nobody'")])
def test_a_plan_that_somebody_changed_is_refused_in_words(catalogue: Catalogue, named: str, says: str) -> None:
    take = paint(catalogue, recipe(DEPTH))
    use = AdapterUse(control=take.plan.adapters[0].control, adapter=ModelRef(name=named))
    with pytest.raises(UnderpaintError, match=says):
        Painter(catalogue=catalogue, threads=1).paint(take.recipe, BLOBS, plan=take.plan.changed(adapters=(use,)))


def test_adapters_are_let_go_with_the_controls_that_asked_for_them(catalogue: Catalogue) -> None:
    painter = Painter(catalogue=catalogue, threads=1)
    with reading_with(lambda _: []):
        painter.paint(recipe(DEPTH), BLOBS)
        held = painter._loaded
        assert held is not None and len(held[1]._adapters) == 1
        painter.paint(recipe(), BLOBS)
    assert painter._loaded is held and not held[1]._adapters


def test_who_is_asked_for_phrases_is_recorded(catalogue: Catalogue, home: Path, tmp_path: Path) -> None:
    phrases = recipe(WordsControl(phrases=("a cat",), cutouts=2))
    if not is_image_text(primer_folder()):
        with pytest.raises(ModelError, match="no image-text model here"):
            Preflight(catalogue).check(phrases, BLOBS)
    save_tiny_clip(home / "clip" / "small")
    take = paint(catalogue, phrases)
    assert take.plan.image_text is not None and take.plan.image_text.name == "small" and take.plan.image_text.hash
    assert take.measured["words"]["model"] == "small"
    save_tiny_clip(home / "clip" / "a-later-one", seed=1)
    other = paint(catalogue, phrases)
    assert other.plan.image_text.name == "a-later-one" and not np.array_equal(other.picture, take.picture)
    save_take(take, tmp_path / "take.png")
    source = read_source(tmp_path / "take.png")
    assert foresee(source, catalogue) == Foreseen((), ())
    again = Painter(catalogue=catalogue, threads=1).paint(source.recipe, source.blobs, plan=source.plan)
    assert np.array_equal(again.picture, take.picture)
    shutil.rmtree(home / "clip" / "small")
    save_tiny_clip(home / "clip" / "small", seed=2)
    assert foresee(source, catalogue).differs == ("the image-text model 'small' has other weights here",)


def test_controls_that_fight_are_told_wherever_a_painter_paints(catalogue: Catalogue) -> None:
    order: list[str] = []
    lights = LightControl(direction=0), LightControl(direction=180)
    painter = Painter(catalogue=catalogue, threads=1, warn=order.append)
    take = painter.paint(recipe(*lights), BLOBS, progress=lambda *_: order.append("step"))
    assert order[0].startswith("two lights come from different sides") and order[1] == "step"
    assert order[0] in take.circumstances["notes"]


def test_a_pose_gives_the_picture_its_shape_and_a_grey_map_says_nothing(catalogue: Catalogue) -> None:
    wide = paint(catalogue, recipe(POSE.changed(width=64, height=32)))
    assert wide.plan.width / wide.plan.height == 2
    flat = DepthControl(map=blob(np.full((8, 8, 3), 0.5), BLOBS))
    with pytest.raises(Exception, match="of one grey"):
        paint(catalogue, recipe(flat))
