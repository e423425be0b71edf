"""The smaller networks once, tiny, from shards to a folder that other rooms read."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from world_shards import write_shard

from underpaint.engine.families.clip_pictures import ClipPictures
from underpaint.engine.families.extractor_nets import Extractors
from underpaint.engine.families.upscaler_net import load_enlarger
from underpaint.errors import ModelError
from underpaint.primer.config import read_config
from underpaint.primer.painter import new_text_encoder
from underpaint.primer.part_config import PartsConfig, read_parts_config
from underpaint.primer.part_export import PART_FOLDERS
from underpaint.primer.part_stages import (
    clip_stage,
    export_parts_stage,
    extractors_stage,
    painters_words,
    pictures_in,
    score_parts_stage,
    upscaler_stage,
)
from underpaint.primer.part_truth import NORMALS
from underpaint.primer.stages import Workshop
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.checkpoint import save_state
from underpaint.training.shards import complete_shards

SMALL_TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL_IMAGE = {"image_size": 32, "patch_size": 16, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
               "num_attention_heads": 2, "projection_dim": 12}  # fmt: skip


def _parts() -> PartsConfig:
    parts = read_parts_config()
    net = {"widths": [8, 16, 16], "side": 64}
    return replace(
        parts,
        extractors=replace(parts.extractors, steps=1, batch=2, normals_shards=1, model=net),
        upscaler=replace(parts.upscaler, steps=1, batch=2, crop=32, large=1, large_size=64,
                         model={"width": 8, "blocks": 1}),
        clip=replace(parts.clip, steps=1, batch=2, image=SMALL_IMAGE),
    )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    config = read_config()
    config = replace(config, painter=replace(config.painter, text=SMALL_TEXT))
    made = Workshop(tmp_path_factory.mktemp("work"), config)
    for number in range(2):
        write_shard(made.pictures_folder, number, scenes=1)
    write_shard(made.judge_pictures, 7, scenes=2)
    return made


@pytest.fixture(scope="module")
def primer(shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts, folder = _parts(), tmp_path_factory.mktemp("primer")
    assert extractors_stage(shop, parts) and upscaler_stage(shop, parts)
    assert set(export_parts_stage(shop, parts, folder)) == {"extractors", "upscaler"}
    with pytest.raises(ModelError, match="cannot read yet"):
        _taught_to_read(shop, read=False)
        clip_stage(shop, parts)
    encoder = _taught_to_read(shop, read=True)
    assert clip_stage(shop, parts)
    assert set(export_parts_stage(shop, parts, folder)) == {"extractors", "upscaler", "image_encoder"}
    encoder.save_pretrained(folder / "text_encoder")
    read_tokenizer(shop.tokenizer_folder).save_pretrained(folder / "tokenizer")
    return folder


def _taught_to_read(shop: Workshop, *, read: bool) -> object:
    texts = [text for s in complete_shards(shop.pictures_folder) for note in s.notes() for text in note["captions"]]
    write_tokenizer(shop.tokenizer_folder, *learn_vocabulary(texts, 700))
    encoder = new_text_encoder(shop.config.painter, read_tokenizer(shop.tokenizer_folder))
    if read:
        save_state(shop.reading_folder / "weights.safetensors", encoder.state_dict(), {"done": True})
    return encoder


def test_the_folder_holds_all_parts_and_they_load(primer: Path) -> None:
    made = {"extractors", "upscaler", "image_encoder", "text_projection"}
    assert made <= set(PART_FOLDERS) and made <= {path.name for path in primer.iterdir()}
    assert not list(primer.glob(".part-*"))
    picture = np.random.default_rng(1).random((48, 48, 3), dtype=np.float32)
    assert Extractors.load(primer).depth(picture).shape == (48, 48)
    assert load_enlarger(primer)[0](picture).shape == (192, 192, 3)
    assert ClipPictures.load(primer).pictures([picture]).shape == (1, 12)


def test_normals_are_looked_at_in_as_many_shards_as_configured(shop: Workshop, primer: Path) -> None:
    assert primer.is_dir()
    assert [shard.has(NORMALS) for shard in complete_shards(shop.pictures_folder)] == [True, False]


def test_the_painters_words_come_before_the_readers(shop: Workshop, primer: Path) -> None:
    assert primer.is_dir()
    read = painters_words(shop)[0].state_dict()
    moved = {f"text_encoder.{name}": value + 1 for name, value in read.items() if value.is_floating_point()}
    other = replace(shop, folder=shop.folder / "painted")
    (other.folder / "tokenizer").parent.mkdir()
    (other.folder / "tokenizer").symlink_to(shop.tokenizer_folder)
    save_state(other.painter_folder / "weights.safetensors", moved, {})
    again = painters_words(other)[0].state_dict()
    name = "text_model.final_layer_norm.bias" if "text_model.final_layer_norm.bias" in read else "final_layer_norm.bias"
    assert (again[name] - read[name]).min().item() == pytest.approx(1, abs=1e-5)


def test_all_are_examined(shop: Workshop, primer: Path, tmp_path: Path) -> None:
    for name, mode in (("grey.png", cv2.IMREAD_GRAYSCALE), ("colour.jpg", cv2.IMREAD_COLOR)):
        drawn = np.full((32, 40, 3), 200, np.uint8)
        cv2.line(drawn, (2, 2), (30, 25), (20, 30, 90), 2)
        cv2.imwrite(str(tmp_path / name), drawn if mode else drawn[..., 0])
    assert [picture.shape for picture in pictures_in(tmp_path)] == [(32, 40, 3)] * 2
    result = score_parts_stage(shop, primer, 2, outside=tmp_path)
    assert set(result) == {"pictures", "extractors", "upscaler", "upscaler outside", "clip"}
    assert result["upscaler"]["psnr"] == pytest.approx(result["upscaler"]["bicubic"], abs=1)
    assert (shop.folder / "evaluation" / "parts.json").is_file()
    with pytest.raises(ModelError, match="no pictures to examine"):
        score_parts_stage(replace(shop, folder=tmp_path), primer)
