"""A model's own image prompts: taken without being named, named by a person, and gone without a trace."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.adapters import saved, tiny_encoder, tiny_ip
from kit.controls import blob
from kit.tiny_folders import save_folder, tiny_parts

from underpaint.controls.extractors import reading_with
from underpaint.engine.attachments.ip_adapter import clip_pixels
from underpaint.engine.image_input import ImageInput
from underpaint.errors import ModelError, PlanError
from underpaint.library.repaint import Foreseen, foresee, read_source
from underpaint.library.saving import save_take
from underpaint.models import Catalogue
from underpaint.models.own_adapters import find_own, own_image_prompt
from underpaint.plan.painter import Painter
from underpaint.recipe import AdapterControl, CreateRecipe, ModelRef, StyleControl

SIDE = 32
BLOBS: dict[str, bytes] = {}
PICTURE = blob(np.random.default_rng(0).random((SIDE, 48, 3)), BLOBS)
CARD = {"defaults": {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]}}
LISTED = {kind: {"file": f"image_prompt/{kind}.safetensors"} for kind in ("style", "subject")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model that could have image prompts, but lists none."""
    made = tmp_path / "models" / "tiny"
    parts = tiny_parts("sd", seed=3)
    save_folder(made, "sd", parts)
    tiny_encoder().save_pretrained(made / "image_encoder")
    told = {"do_center_crop": False, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (made / "image_encoder" / "preprocessor_config.json").write_text(json.dumps(told))
    for seed, kind in enumerate(LISTED):
        saved(tiny_ip(parts["unet"], seed=seed), made / "image_prompt" / f"{kind}.safetensors")
    (made / "primer.json").write_text(json.dumps(CARD))
    return made


@pytest.fixture
def catalogue(folder: Path, home: Path) -> Catalogue:
    found = Catalogue()
    found.add(folder.parent)
    return found


def brings(folder: Path) -> None:
    (folder / "primer.json").write_text(json.dumps(CARD | {"adapters": LISTED}))


def paint(catalogue: Catalogue, *controls: Any, model: str = "tiny", **options: Any) -> Any:
    told: list[str] = []
    recipe = CreateRecipe(prompt="a cat", seed=1, model=ModelRef(name=model), controls=controls)
    with reading_with(lambda _: []):
        take = Painter(catalogue=catalogue, threads=1, warn=told.append).paint(recipe, BLOBS, **options)
    assert not told
    return take


def style(**fields: Any) -> StyleControl:
    return StyleControl(pictures=(PICTURE,), **fields)


def test_a_style_is_followed_by_the_models_own_as_soon_as_it_brings_one(catalogue: Catalogue, folder: Path) -> None:
    bare, before = paint(catalogue), paint(catalogue, style())
    assert before.plan.adapters == ()
    with pytest.raises(PlanError, match="no IP-Adapter"):
        paint(catalogue, style(how="adapter"))
    brings(folder)
    after = paint(catalogue, style())
    assert [use.adapter.name for use in after.plan.adapters] == ["tiny/style"] and after.plan.adapters[0].adapter.hash
    assert np.array_equal(after.picture, paint(catalogue, style(how="adapter")).picture)
    assert not np.array_equal(after.picture, before.picture)
    # Who wants it otherwise, or nothing at all, gets what there was before.
    assert np.array_equal(paint(catalogue).picture, bare.picture)
    assert np.array_equal(paint(catalogue, style(weight=0.0)).picture, bare.picture)
    assert paint(catalogue, style(how="statistics")).plan.adapters == ()
    again = paint(catalogue, style(), plan=after.plan)
    assert np.array_equal(again.picture, after.picture)


def test_the_picture_may_be_named_as_subject_and_both_kinds_go_together(catalogue: Catalogue, folder: Path) -> None:
    brings(folder)
    subject = AdapterControl(adapter=ModelRef(name="tiny/subject"), picture=PICTURE)
    bare, alone, both = paint(catalogue), paint(catalogue, subject), paint(catalogue, subject, style())
    assert len({one.picture.tobytes() for one in (bare, alone, both)}) == 3
    assert {use.adapter.name for use in both.plan.adapters} == {"tiny/subject", "tiny/style"}
    # What is only looked at gives the picture no shape.
    assert alone.picture.shape == bare.picture.shape


def test_a_model_that_is_named_by_its_path_is_painted_again_and_foreseen(
    catalogue: Catalogue, folder: Path, tmp_path: Path
) -> None:
    brings(folder)
    elsewhere = Catalogue(tmp_path / "another home")
    take = paint(elsewhere, style(), model=str(folder))
    save_take(take, tmp_path / "take.png")
    source = read_source(tmp_path / "take.png")
    assert foresee(source, elsewhere) == Foreseen((), ())
    shutil.rmtree(folder / "image_prompt")
    assert any("tiny/style" in one for one in foresee(source, catalogue).missing)


def test_only_what_the_card_lists_and_the_folder_holds_is_the_models_own(catalogue: Catalogue, folder: Path) -> None:
    model = catalogue.find("tiny")
    assert own_image_prompt(model, "style") is None
    brings(folder)
    own = find_own(catalogue, "tiny/style")
    assert own is not None and own.kind == "ip_adapter" and own.family == "sd" and own.adapter is not None
    assert own.adapter.reads == ("picture",)
    assert find_own(catalogue, "tiny/face") is None and find_own(catalogue, "style") is None
    (folder / "image_prompt" / "style.safetensors").write_bytes(b"half of a file")
    with pytest.raises(ModelError):
        paint(catalogue, style())
    (folder / "image_prompt" / "style.safetensors").unlink()
    assert paint(catalogue, style()).plan.adapters == ()


def test_a_picture_is_shown_to_an_encoder_as_the_file_beside_it_says(folder: Path, tmp_path: Path) -> None:
    shown = ImageInput.of(folder / "image_encoder")
    assert shown == ImageInput((0.5,) * 3, (0.5,) * 3, whole=True)
    wide = np.zeros((16, 64, 3), np.float32)
    wide[:, :8] = 1.0
    squeezed = clip_pixels(wide, 32, shown)
    assert squeezed.shape == (1, 3, 32, 32)
    assert squeezed[..., 0].min() == 1.0 and squeezed[..., -1].max() == -1.0  # the ends are not cut off
    assert clip_pixels(wide, 32)[0, 0].max() < 0  # as CLIP's own way does
    for odd in ({}, {"image_mean": "x", "image_std": [0, 0, 0], "do_center_crop": 3}, {"image_mean": [1, 2, True]}):
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(odd))
        assert ImageInput.of(tmp_path) == ImageInput()
