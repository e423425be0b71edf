"""Teaching the review: wrong pictures with their places, a network that trains, calibrates and is read again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from underpaint.errors import ModelError, RecipeError
from underpaint.primer.early import fitted, limits, prompts_of, read_early_config
from underpaint.primer.quality import (
    QualityConfig,
    Samples,
    examined,
    read_quality_config,
    shards_of,
    train_quality,
)
from underpaint.primer.quality_damage import CELLS, DAMAGES, Sound, damage
from underpaint.primer.quality_pictures import PairJob, render_pairs
from underpaint.primer.quality_stage import area, calibrated, calibration_error, facts_of, write_quality
from underpaint.review.early import LOOKS, Early, features
from underpaint.review.quality import Quality
from underpaint.review.quality_net import NET_FAULTS, SIDE, QualityNet
from underpaint.training.shards import Shard


@pytest.fixture(scope="module")
def config() -> QualityConfig:
    return replace(read_quality_config(), shards=2, per_shard=2, held_shards=1, steps=2, batch=3)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, config: QualityConfig) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    render_pairs(PairJob(folder, config.shards, config.per_shard, config.seed))
    return folder


def sound() -> Sound:
    rng = np.random.default_rng(0)
    picture = np.clip(rng.random((SIDE, SIDE, 3)) * 0.1 + np.linspace(0.2, 0.8, SIDE)[:, None, None], 0, 1)
    subject = np.zeros((SIDE, SIDE), np.float32)
    subject[40:90, 50:80] = 1
    picture[40:90, 50:80] = (0.8, 0.2, 0.2)
    return Sound(picture.astype(np.float32), subject)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_fault_changes_the_picture_where_it_says(kind: str) -> None:
    rng = np.random.default_rng(4)
    for given in (sound(), Sound(sound().picture)):
        spoilt = damage(given, kind, 0.8, rng)
        assert spoilt.picture.shape == (SIDE, SIDE, 3) and spoilt.picture.dtype == np.float32
        assert spoilt.picture.min() >= 0 and spoilt.picture.max() <= 1 and np.isfinite(spoilt.picture).all()
        assert spoilt.fault in NET_FAULTS and spoilt.where.shape == (CELLS, CELLS) and spoilt.where.any()
        assert np.abs(spoilt.picture - given.picture).max() > 0.02


def test_pairs_say_what_is_wrong_and_where(pairs: Path) -> None:
    shard = Shard(pairs, 0)
    right, wrong, where = (shard.array(name) for name in ("right", "wrong", "where"))
    assert right.shape == wrong.shape == (2, SIDE, SIDE, 3) and where.shape == (2, 16, 16)
    for row, note in enumerate(shard.notes()):
        changed = np.abs(right[row].astype(int) - wrong[row]).max(-1) > 10
        assert note["kind"] in NET_FAULTS and note["share"] == pytest.approx(changed.mean(), abs=0.05)


def test_a_killed_run_renders_only_what_is_missing(pairs: Path, config: QualityConfig) -> None:
    before = {path: path.stat().st_mtime_ns for path in pairs.iterdir()}
    render_pairs(PairJob(pairs, config.shards, config.per_shard, config.seed))
    assert {path: path.stat().st_mtime_ns for path in pairs.iterdir()} == before


def test_it_trains_is_calibrated_written_and_read_again(pairs: Path, config: QualityConfig, tmp_path: Path) -> None:
    train, held = shards_of(pairs, config)
    assert [one.number for one in train] == [0] and [one.number for one in held] == [1]
    net, done = train_quality(train, [], config, tmp_path / "net")
    assert done and len((tmp_path / "net" / "checkpoint.safetensors").read_bytes()) > 1000
    seen = examined(net, Samples(held, [], config), 24, seed=1)
    calibration = calibrated(*seen)
    facts = facts_of(calibration, seen)
    assert 0 <= facts["calibration_error"] <= 1 and set(facts["fault_auc"]) == set(NET_FAULTS)
    write_quality(net, calibration, facts | {"steps": 2, "pairs": 2}, tmp_path / "shipped")
    assert (tmp_path / "shipped" / "model.safetensors").stat().st_size < 1_500_000
    grading, other = Quality.read(tmp_path / "shipped").grade([sound().picture, np.zeros((1, 1), np.float32)])
    assert grading.good + grading.fair + grading.weak == pytest.approx(1) and grading.good != other.good
    assert "Grades the craft" in (tmp_path / "shipped" / "README.md").read_text()


@pytest.mark.parametrize("spoil", ["config.json", "model.safetensors"])
def test_a_damaged_network_is_refused(pairs: Path, config: QualityConfig, tmp_path: Path, spoil: str) -> None:
    seen = examined(QualityNet().eval(), Samples(shards_of(pairs, config)[1], [], config), 8, seed=1)
    calibration = calibrated(*seen)
    write_quality(QualityNet(), calibration, facts_of(calibration, seen) | {"steps": 0, "pairs": 0}, tmp_path)
    (tmp_path / spoil).write_bytes((tmp_path / spoil).read_bytes()[:-40])
    with pytest.raises(ModelError):
        Quality.read(tmp_path)
    with pytest.raises(ModelError):
        Quality.read(tmp_path / "nowhere")


def test_areas_and_calibration_are_what_they_are_called() -> None:
    truth = np.array([True, True, False, False])
    assert area(np.array([0.9, 0.8, 0.2, 0.1]), truth) == 1 and area(np.array([0.5, 0.5, 0.5, 0.5]), truth) == 0.5
    assert area(np.array([0.5]), np.array([True])) is None
    assert calibration_error(np.array([1.0, 1.0, 0.0, 0.0]), truth) == 0
    assert calibration_error(np.array([0.0, 0.0, 1.0, 1.0]), truth) == 1


def test_what_foretells_is_fitted_and_stops_hardly_any_good_take(tmp_path: Path) -> None:
    config, rng = read_early_config(), np.random.default_rng(0)
    width = len(features(np.zeros((8, 32, 32), np.float32), None))
    good = rng.random(400) < 0.3
    numbers = rng.normal(size=(400, len(LOOKS), width)).astype(np.float32)
    numbers[good, :, 3] += 3.0
    notes = [{"prompt": number // 4, "grade": "good" if one else "weak", "score": float(one), "channels": 8}
             for number, one in enumerate(good)]
    early, facts = fitted(numbers, notes, config)
    assert min(facts["auc"]) > 0.9 and facts["false_stops"] <= config.false_stops + 0.02
    assert facts["stopped"] > 0.3 and facts["steps_for_a_good_take"] < 0.9
    (tmp_path / "early.json").write_text(json.dumps(early.to_json() | {"facts": facts}))
    assert Early.read(tmp_path).channels == 8
    with pytest.raises(ModelError, match="too few takes"):
        fitted(numbers[:40], [note | {"grade": "good", "score": 1.0} for note in notes[:40]], config)


def test_limits_keep_to_the_share_of_good_takes_that_may_be_lost() -> None:
    rng = np.random.default_rng(1)
    good = rng.random(1000) < 0.4
    chances = np.clip(rng.normal(0.3, 0.1, (1000, len(LOOKS))) + 0.3 * good[:, None], 0, 1)
    found = limits(chances, good, 0.05)
    assert (chances[good] < np.asarray(found)).any(axis=1).mean() <= 0.05 and max(found) > 0.3


def test_its_prompts_are_its_own_and_always_the_same() -> None:
    config = replace(read_early_config(), prompts=3)
    assert prompts_of(config) == prompts_of(config) and len(set(prompts_of(config))) == 3


def test_a_wrong_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quality.toml").write_text("steps = 3\n")
    for read in (read_quality_config, read_early_config):
        with pytest.raises(RecipeError):
            read(tmp_path / "quality.toml")
