"""Image tower and words: training that resumes, and directions that other rooms can compare."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessor, CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection
from world_shards import write_shard

from underpaint.engine.families.clip_pictures import ClipPictures, tower_input
from underpaint.errors import ModelError, PictureError
from underpaint.primer.clip import Towers, clip_trainer, train_clip
from underpaint.primer.config import read_config
from underpaint.primer.painter import new_text_encoder
from underpaint.primer.part_config import ClipConfig, read_parts_config
from underpaint.primer.part_export import export_towers, keep_parts
from underpaint.primer.part_scores import clip_score
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.shards import Pool, Shard

Words = tuple[CLIPTextModel, CLIPTokenizer]


def _config(**changes: object) -> ClipConfig:
    image = {"image_size": 32, "patch_size": 16, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
             "num_attention_heads": 2, "projection_dim": 12}  # fmt: skip
    return replace(read_parts_config().clip, **({"steps": 2, "batch": 3, "image": image} | changes))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Shard]:
    return [write_shard(tmp_path_factory.mktemp("shards"), 0)]


@pytest.fixture(scope="module")
def words(shards: list[Shard], tmp_path_factory: pytest.TempPathFactory) -> Words:
    folder = tmp_path_factory.mktemp("words")
    texts = [text for note in shards[0].notes() for text in note["captions"]]
    write_tokenizer(folder, *learn_vocabulary(texts, 700))
    tokenizer = read_tokenizer(folder)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(1)
    return new_text_encoder(replace(read_config().painter, text=small), tokenizer).eval(), tokenizer


@pytest.fixture(scope="module")
def primer(words: Words, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("primer")
    words[0].save_pretrained(folder / "text_encoder")
    words[1].save_pretrained(folder / "tokenizer")
    assert export_towers(Towers(_config(), 16).eval(), folder) < 50_000
    return folder


def test_a_killed_training_ends_as_one_that_was_left_alone(shards: list[Shard], words: Words, tmp_path: Path) -> None:
    pool = Pool(shards, "pictures")
    whole, _ = train_clip(pool, _config(), words, tmp_path / "whole")
    killed = clip_trainer(pool, _config(), words, tmp_path / "killed")
    assert not killed.run(lambda trainer: trainer.ask_to_stop())
    again, done = train_clip(pool, _config(), words, tmp_path / "killed")
    assert done
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())


def test_the_words_stay_as_they_are_while_pictures_learn(shards: list[Shard], words: Words, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in words[0].state_dict().items()}
    config = _config()
    towers, _ = train_clip(Pool(shards, "pictures"), config, words, tmp_path)
    assert all(torch.equal(value, words[0].state_dict()[name]) for name, value in before.items())
    assert not torch.equal(towers.words.weight, Towers(config, 16).words.weight)


def test_training_goes_on_from_averaged_weights_alone(shards: list[Shard], words: Words, tmp_path: Path) -> None:
    begun = Towers(_config(), 16).state_dict()
    begun["words.weight"] = begun["words.weight"] + 3
    again, done = train_clip(Pool(shards, "pictures"), _config(steps=1), words, tmp_path, weights=begun)
    assert done and float((again.words.weight - begun["words.weight"]).abs().max()) < 0.1


def test_directions_have_length_one(primer: Path) -> None:
    towers = ClipPictures.load(primer)
    rng = np.random.default_rng(1)
    pictures = [rng.random((h, w, c), dtype=np.float32) for h, w, c in ((40, 40, 3), (17, 90, 4), (1, 1, 3))]
    seen, said = towers.pictures(pictures), towers.words(["a red cat", "", "a blue cat at night, ink " * 40])
    assert seen.shape == said.shape == (3, 12) and seen.dtype == said.dtype == np.float32
    for vectors in (seen, said):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert towers.pictures([]).shape == (0, 12) and towers.words([]).shape == (0, 12)
    assert towers.sharpness > 1


def test_company_changes_no_direction(primer: Path) -> None:
    """Neither a longer sentence nor another picture beside it."""
    towers = ClipPictures.load(primer)
    alone = towers.words(["a red cat"])
    assert np.allclose(
        alone, towers.words(["a red cat", "a blue castle on a cliff at night, oil painting"])[:1], atol=1e-5
    )
    picture = np.random.default_rng(2).random((32, 32, 3), dtype=np.float32)
    assert np.allclose(towers.pictures([picture]), towers.pictures([picture] * 40)[39:], atol=1e-5)


def test_the_image_tower_is_a_standard_folder(primer: Path) -> None:
    tower = CLIPVisionModelWithProjection.from_pretrained(primer / "image_encoder", dtype=torch.float32).eval()
    picture = (np.random.default_rng(3).random((32, 32, 3)) * 255).astype(np.uint8)
    given = CLIPImageProcessor.from_pretrained(primer / "image_encoder")(picture, return_tensors="pt").pixel_values
    assert given.shape == (1, 3, 32, 32)
    assert torch.allclose(given[0], tower_input(np.float32(picture) / 255, 32), atol=1e-5)
    with torch.no_grad():
        said = torch.nn.functional.normalize(tower(given).image_embeds, dim=-1)
    assert np.allclose(said.numpy(), ClipPictures.load(primer).pictures([np.float32(picture) / 255]), atol=1e-4)
    assert json.loads((primer / "text_projection" / "config.json").read_text())["projection_dim"] == 12


def test_what_is_missing_or_no_picture_is_named(primer: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no image_encoder"):
        ClipPictures.load(tmp_path)
    keep_parts(primer, tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        ClipPictures.load(tmp_path)
    with pytest.raises(PictureError, match="colour"):
        ClipPictures.load(primer).pictures([np.zeros((4, 4), np.float32)])


def test_a_new_export_carries_the_parts_over(primer: Path, tmp_path: Path) -> None:
    keep_parts(primer, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image_encoder", "text_projection"]
    weights = Path("image_encoder") / "model.safetensors"
    assert (tmp_path / weights).read_bytes() == (primer / weights).read_bytes()


def test_own_captions_are_counted(primer: Path, shards: list[Shard]) -> None:
    towers = ClipPictures.load(primer)
    assert clip_score(towers, shards, among=1, rounds=2) == 1.0
    assert 0 <= clip_score(towers, shards, among=2, rounds=1) <= 1
