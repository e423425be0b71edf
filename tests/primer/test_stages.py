"""Every stage once, tiny, from nothing to a folder that paints: the way `make primer` goes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_primer import tiny_config

from underpaint.errors import ModelError, OutputError, RecipeError
from underpaint.models.primer import check_files
from underpaint.primer.__main__ import main
from underpaint.primer.adopt import adopt_stage
from underpaint.primer.config import SHIPPED, LimitsConfig, read_config
from underpaint.primer.export import strengthen
from underpaint.primer.hearing import hearing
from underpaint.primer.maps import CHANNELS
from underpaint.primer.paint import Order, paint
from underpaint.primer.stages import (
    Workshop,
    autoencoder_stage,
    decoder_stage,
    encode_stage,
    export_stage,
    finished_autoencoder,
    load_autoencoder,
    load_paintbox,
    painter_stage,
)
from underpaint.training.checkpoint import load_state
from underpaint.training.shards import Pool, complete_shards


@pytest.fixture
def shop(tiny_shop: Workshop) -> Workshop:
    return tiny_shop


def test_the_folder_loads_and_paints(shop: Workshop, tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline, T2IAdapter

    size = export_stage(shop, tmp_path / "primer")
    assert size == sum(p.stat().st_size for p in (tmp_path / "primer").rglob("*") if p.is_file())
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "primer", torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    painted = pipeline("a red cat", num_inference_steps=2, height=64, width=96, output_type="np").images
    assert painted.shape == (1, 64, 96, 3) and np.isfinite(painted).all()
    adapter = T2IAdapter.from_pretrained(tmp_path / "primer" / "adapter_line")
    shapes = [tuple(feature.shape[1:]) for feature in adapter(torch.zeros(1, 1, 64, 96))]
    assert shapes == [(16, 4, 6), (32, 2, 3)]
    card = json.loads((tmp_path / "primer" / "primer.json").read_text())
    assert card["defaults"]["size_step"] == 16
    assert card["training"]["scenes"] == 8
    assert set(card["adapters"]) == {"depth", "colour"}, "only what the configuration relies upon"
    assert not (tmp_path / "primer" / "adapter_pose").exists()
    assert "dragon" in card["knows"]["subjects"] and card["knows"]["words"]
    check_files(tmp_path / "primer")
    assert set(card["files"]) == {
        path.relative_to(tmp_path / "primer").as_posix() for path in (tmp_path / "primer").rglob("*.safetensors")
    }


def test_an_export_replaces_the_former_one_whole(shop: Workshop, tmp_path: Path) -> None:
    target = tmp_path / "primer"
    target.mkdir()
    (target / "stale.txt").write_text("old")
    export_stage(shop, target)
    assert not (target / "stale.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["primer"]


def test_a_model_over_its_limits_is_not_exported(shop: Workshop, tmp_path: Path) -> None:
    narrow = replace(shop, config=replace(shop.config, limits=LimitsConfig(file=10_000)))
    with pytest.raises(OutputError, match="may have 10,000"):
        export_stage(narrow, tmp_path / "primer")
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_map_changes_the_picture(shop: Workshop) -> None:
    box = load_paintbox(shop)
    bare = paint(box, Order(["a cat"], size=(64, 64), steps=2))
    for kind, channels in CHANNELS.items():
        side = 64 if kind == "line" else 32
        given = np.full((channels, side, side), 0.7, np.float32)
        assert not np.array_equal(bare, paint(box, Order(["a cat"], size=(64, 64), steps=2, maps={kind: [given]})))


def test_lines_change_the_picture_and_words_alone_paint(shop: Workshop) -> None:
    box = load_paintbox(shop)
    ink = np.zeros((64, 64), np.float32)
    ink[30:34] = 1.0
    bare = paint(box, Order(["a cat"], size=(64, 64), steps=2))
    lined = paint(box, Order(["a cat"], size=(64, 64), steps=2, maps={"line": [ink[None]]}))
    assert bare.shape == lined.shape == (1, 64, 64, 3) and bare.dtype == np.uint8
    assert np.array_equal(bare, paint(box, Order(["a cat"], size=(64, 64), steps=2)))


def test_the_words_that_were_read_are_kept_while_painting_is_learned(shop: Workshop) -> None:
    """The last norm alone is moved, once, so that what all sentences share is not heard."""
    read = load_state(shop.reading_folder / "weights.safetensors")[0]
    kept = load_paintbox(shop).painter.text_encoder.state_dict()
    assert {name for name in read if not torch.equal(read[name], kept[name])} <= {"final_layer_norm.bias"}


def test_nobody_paints_before_the_words_are_read(shop: Workshop, tmp_path: Path) -> None:
    other = replace(shop, folder=tmp_path / "other")
    other.folder.mkdir()
    for part in ("pictures", "tokenizer", "autoencoder"):
        (other.folder / part).symlink_to(shop.folder / part)
    with pytest.raises(ModelError, match="cannot read yet"):
        painter_stage(other)


def test_hearing_tells_own_words_from_others(shop: Workshop) -> None:
    pool = Pool(complete_shards(shop.pictures_folder), "latents")
    painter = load_paintbox(shop).painter
    found = hearing(painter, pool, seed=1, count=3)
    assert found == hearing(painter, pool, seed=1, count=3)
    assert set(found) == {f"{what} {band}" for what in ("words", "lines") for band in ("far", "middle", "near")}


def test_stages_that_are_done_stay_done(shop: Workshop) -> None:
    before = (shop.painter_folder / "weights.safetensors").read_bytes()
    assert painter_stage(shop) and autoencoder_stage(shop)
    assert (shop.painter_folder / "weights.safetensors").read_bytes() == before


def test_training_goes_on_from_averaged_weights_alone(shop: Workshop, tmp_path: Path) -> None:
    other = replace(shop, folder=tmp_path / "other")
    for part in ("pictures", "tokenizer", "autoencoder"):
        (other.folder / part).parent.mkdir(parents=True, exist_ok=True)
        (other.folder / part).symlink_to(shop.folder / part)
    assert painter_stage(other, weights=shop.painter_folder / "weights.safetensors")


def test_training_goes_on_from_a_shipped_folder_alone(shop: Workshop, tmp_path: Path) -> None:
    export_stage(shop, tmp_path / "primer")
    other = replace(shop, folder=tmp_path / "other")
    adopt_stage(other, tmp_path / "primer")
    (other.folder / "pictures").symlink_to(shop.folder / "pictures")
    for stage in (shop.painter_folder, shop.autoencoder_folder):
        first = load_state(stage / "weights.safetensors")[0]
        again = load_state(other.folder / stage.name / "weights.safetensors")[0]
        assert first.keys() == again.keys()
        assert all(torch.allclose(first[name], again[name], rtol=2e-3, atol=1e-3) for name in first)
    assert painter_stage(other, weights=other.painter_folder / "weights.safetensors")


def test_the_decoder_learns_to_forgive_over_the_same_encoder(shop: Workshop, tmp_path: Path) -> None:
    other = replace(shop, folder=tmp_path / "other")
    other.folder.mkdir()
    for part in ("pictures", "tokenizer", "autoencoder", "painter"):
        (other.folder / part).symlink_to(shop.folder / part)
    assert decoder_stage(other)
    before, after = load_autoencoder(other).state_dict(), finished_autoencoder(other).state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"decoder"}
    assert torch.equal(load_paintbox(other).autoencoder.state_dict()["decoder.conv_out.bias"],
                       after["decoder.conv_out.bias"])  # fmt: skip


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not trained yet"):
        encode_stage(Workshop(tmp_path, tiny_config()))


@pytest.mark.parametrize(
    ("change", "words"),
    [("[judge]", "section"), ("batch = ", "lacks a value"), ("rate = ", "has no")],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, change: str, words: str) -> None:
    text = SHIPPED.read_text()
    replaced = {"[judge]": "[judges]", "batch = ": "# batch = ", "rate = ": "speed = "}[change]
    path = tmp_path / "config.toml"
    path.write_text(text.replace(change, replaced, 1))
    with pytest.raises(RecipeError, match=words):
        read_config(path)


def test_the_command_line_says_errors_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["primer", "encode", "--work", str(tmp_path), "--device", "cpu"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == ModelError.exit_code
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "autoencoder" in said


def test_the_exported_adapter_is_stronger_by_the_configured_factor(shop: Workshop) -> None:
    adapter = load_paintbox(shop).painter.adapters["line"]
    ink = (torch.rand(1, 1, 64, 64) > 0.9).float()
    with torch.no_grad():
        before = adapter(ink)
        strengthen(adapter, 1.5)
        for weak, strong in zip(before, adapter(ink), strict=True):
            assert torch.allclose(1.5 * weak, strong, rtol=1e-4, atol=1e-5)
