"""Depth, normals, subject and poses: the truth they learn from, training that resumes, and what comes out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from world_shards import write_shard

from underpaint.engine.families.extractor_net import JOINTS, REACH, ExtractorNet
from underpaint.engine.families.extractor_nets import BODY, Extractors, FoundPerson, found_people, working_size
from underpaint.errors import ModelError, PictureError, RecipeError
from underpaint.models.primer import primer_folder
from underpaint.primer.extractor_targets import View, body_maps, body_size, brightest_near
from underpaint.primer.extractors import ExtractorStep, extractor_trainer, train_extractors
from underpaint.primer.part_config import SHIPPED_PARTS, ExtractorsConfig, read_parts_config
from underpaint.primer.part_export import export_extractors
from underpaint.primer.part_scores import (
    Asked,
    depth_order,
    extractor_questions,
    extractor_scores,
    joints_right,
    normals_apart,
    overlap,
)
from underpaint.primer.part_truth import NORMALS, add_normals
from underpaint.training.loop import StepContext
from underpaint.training.shards import Shard

WHOLE = (0.0, 0.0, 1.0, 1.0)


def _config(**changes: object) -> ExtractorsConfig:
    tiny = {"widths": [8, 16, 16], "side": 64}
    return replace(read_parts_config().extractors, **({"steps": 2, "batch": 4, "model": tiny} | changes))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Shard]:
    folder = tmp_path_factory.mktemp("shards")
    made = [write_shard(folder, 0), write_shard(folder, 1, scenes=1)]
    add_normals(made[0])
    return made


def test_normals_are_unit_vectors_and_the_same_in_every_style(shards: list[Shard]) -> None:
    normals = shards[0].array(NORMALS).astype(np.float32) / 127
    assert normals.shape == (4, 64, 64, 3)
    assert np.abs(np.linalg.norm(normals, axis=-1) - 1).max() < 0.02
    assert np.array_equal(normals[0], normals[1]) and not np.array_equal(normals[0], normals[2])
    sky = (normals[0] == (0, 0, 1)).all(-1)
    assert sky.mean() > 0.05 and np.median(shards[0].array("near")[0][sky]) < 8, "the sky faces the viewer"
    ground = normals[0][-6:].reshape(-1, 3)
    assert np.median(ground[:, 1]) > 0.5, "a meadow faces up"


def _standing(x: float, y: float, tall: float) -> np.ndarray:
    """A stick figure facing the viewer: its own right is at the left."""
    shape = {"nose": (0, -0.42), "neck": (0, -0.3), "shoulder": (0.12, -0.29), "elbow": (0.17, -0.12),
             "wrist": (0.2, 0.04), "hip": (0.07, 0.02), "knee": (0.08, 0.26), "ankle": (0.08, 0.5),
             "eye": (0.03, -0.45), "ear": (0.06, -0.43)}  # fmt: skip
    points = []
    for name in BODY:
        side = -1 if name.startswith("right") else 1
        dx, dy = shape[name.split("_")[-1]]
        points.append((x + side * dx * tall, y + dy * tall, 2))
    return np.float32(points)


def _told(bodies: np.ndarray, size: tuple[int, int]) -> dict[str, torch.Tensor]:
    """What a network without faults would say."""
    maps = body_maps(bodies, size)

    def scores(values: np.ndarray) -> torch.Tensor:
        return torch.logit(torch.from_numpy(values), eps=1e-4)

    return {"joints": scores(maps.joints), "centres": scores(maps.centres)[None],
            "offsets": torch.from_numpy(maps.offsets)}  # fmt: skip


def test_people_are_found_where_the_maps_say(tmp_path: Path) -> None:
    bodies = np.stack([_standing(40, 64, 90), _standing(110, 70, 60)])
    found = found_people(_told(bodies, (160, 128)), (320, 256))
    assert len(found) == 2
    for person in found:
        body = min(bodies, key=lambda b: abs(b[1, 0] * 2 - person.points[1, 0]))
        assert np.linalg.norm(person.points - body[:, :2] * 2, axis=1).max() < 0.05 * 2 * body_size(body)
        assert person.confidence.min() > 0.3 and person.certainty > 0.9
    assert found_people(_told(np.zeros((0, JOINTS, 3), np.float32), (160, 128)), (320, 256)) == []


def test_a_joint_without_a_peak_is_placed_by_the_body_and_says_so() -> None:
    body = _standing(64, 64, 100)
    told = _told(body[None], (128, 128))
    wrist = BODY.index("left_wrist")
    told["joints"][wrist] = -9.0
    (person,) = found_people(told, (128, 128))
    assert person.confidence[wrist] < 0.05
    assert np.linalg.norm(person.points[wrist] - body[wrist, :2]) < 4


def test_a_mirrored_view_changes_sides() -> None:
    body = _standing(40, 64, 90)[None]
    there = View(WHOLE, True, (128, 128)).bodies(body, 128, 128)
    assert there[0, BODY.index("left_wrist"), 0] == pytest.approx(128 - body[0, BODY.index("right_wrist"), 0])
    again = View(WHOLE, True, (128, 128)).bodies(there, 128, 128)
    assert np.allclose(again, body, atol=1e-4)


def test_a_part_of_a_picture_leaves_joints_outside() -> None:
    body = _standing(64, 64, 100)[None]
    upper = View((0.0, 0.0, 1.0, 0.5), False, (128, 64)).bodies(body, 128, 128)
    assert upper[0, BODY.index("left_ankle"), 2] == 0 and upper[0, BODY.index("nose"), 2] == 2
    assert upper[0, BODY.index("nose"), 1] == pytest.approx(body[0, 0, 1])


def test_nearness_of_a_part_is_as_if_it_were_all() -> None:
    near = np.linspace(10, 100, 64 * 64).reshape(64, 64).astype(np.uint8)
    values = brightest_near(near)
    assert values.max() == 1.0 and values.min() == pytest.approx(10 / 99, abs=0.01)
    assert brightest_near(np.zeros((8, 8), np.uint8)).max() == 0.0


def test_a_batch_holds_what_every_head_must_say(shards: list[Shard]) -> None:
    config = _config()
    step = ExtractorStep(shards, config, "cpu")
    context = StepContext(0, 0.0, np.random.default_rng(3), torch.Generator().manual_seed(3))
    losses = step(ExtractorNet(**config.model), context)
    assert set(losses) == {"loss", "near", "subject", "normals", "joints", "centres", "offsets"}
    assert all(bool(torch.isfinite(value.detach())) for value in losses.values())
    assert losses["offsets"].item() > 0, "half of the batch shows somebody"


def test_a_killed_training_ends_as_one_that_was_left_alone(shards: list[Shard], tmp_path: Path) -> None:
    whole, _ = train_extractors(shards, _config(steps=3), tmp_path / "whole")
    killed = extractor_trainer(shards, _config(steps=3), tmp_path / "killed")
    assert not killed.run(lambda trainer: trainer.ask_to_stop())
    again, done = train_extractors(shards, _config(steps=3), tmp_path / "killed")
    assert done
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())


def test_training_goes_on_from_averaged_weights_alone(shards: list[Shard], tmp_path: Path) -> None:
    begun, _ = train_extractors(shards, _config(), tmp_path / "first")
    started = {name: value + 0.25 if name == "near.bias" else value for name, value in begun.state_dict().items()}
    again, done = train_extractors(shards, _config(steps=1), tmp_path / "second", weights=started)
    assert done and (again.near.bias.detach() - started["near.bias"]).abs().max().item() < 0.1


@pytest.fixture(scope="module")
def primer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("primer")
    config = _config()
    torch.manual_seed(2)
    size = export_extractors(ExtractorNet(**config.model).eval(), config, folder)
    assert size == (folder / "extractors" / "model.safetensors").stat().st_size
    return folder


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(64, 64, 3), (37, 91, 3), (200, 60, 4), (1, 1, 3), (3, 800, 3)]
)
def test_any_picture_can_be_read(primer: Path, height: int, width: int, channels: int) -> None:
    picture = np.random.default_rng(1).random((height, width, channels), dtype=np.float32)
    read = Extractors.load(primer).read(picture)
    assert read.depth.shape == read.mask.shape == (height, width)
    assert read.normals.shape == (height, width, 3)
    for values in (read.depth, read.mask):
        assert values.dtype == np.float32 and values.min() >= 0 and values.max() <= 1
    assert np.abs(np.linalg.norm(read.normals, axis=-1) - 1).max() < 1e-3


def test_each_question_alone_is_answered_the_same(primer: Path) -> None:
    picture = np.random.default_rng(4).random((48, 64, 3), dtype=np.float32)
    extractors = Extractors.load(primer)
    read = extractors.read(picture)
    assert np.array_equal(extractors.depth(picture), read.depth) and np.array_equal(extractors.mask(picture), read.mask)
    assert np.array_equal(extractors.normals(picture), read.normals)
    assert len(extractors.pose(picture)) == len(read.people)


def test_a_mirrored_picture_is_read_as_in_a_mirror(primer: Path) -> None:
    picture = np.random.default_rng(6).random((64, 64, 3), dtype=np.float32)
    extractors = Extractors.load(primer)
    straight, mirrored = extractors.read(picture), extractors.read(picture[:, ::-1])
    assert np.allclose(straight.depth, mirrored.depth[:, ::-1], atol=1e-4)
    assert np.allclose(straight.normals, mirrored.normals[:, ::-1] * (-1, 1, 1), atol=1e-3)
    assert np.allclose(straight.mask, mirrored.mask[:, ::-1], atol=1e-4)


def test_what_may_be_relied_upon_travels_with_the_weights(tmp_path: Path) -> None:
    config = _config(model={"widths": [8, 16, 16], "side": 64, "reads": ["depth"]})
    export_extractors(ExtractorNet(**config.model).eval(), config, tmp_path)
    assert Extractors.load(tmp_path).reads == ("depth",)
    assert json.loads((tmp_path / "extractors" / "config.json").read_text())["reads"] == ["depth"]


def test_alpha_is_not_looked_at(primer: Path) -> None:
    picture = np.random.default_rng(4).random((48, 64, 4), dtype=np.float32)
    extractors = Extractors.load(primer)
    assert np.array_equal(extractors.depth(picture), extractors.depth(picture[..., :3]))


def test_what_is_no_picture_is_refused(primer: Path) -> None:
    with pytest.raises(PictureError, match="colour"):
        Extractors.load(primer).depth(np.zeros((8, 8), np.float32))


def test_a_damaged_file_is_named(primer: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "primer"
    shutil.copytree(primer, copy)
    path = copy / "extractors" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 8
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"extractors/model\.safetensors is damaged"):
        Extractors.load(copy)
    config = json.loads((copy / "extractors" / "config.json").read_text())
    path.write_bytes((primer / "extractors" / "model.safetensors").read_bytes())
    (copy / "extractors" / "config.json").write_text(json.dumps(config | {"widths": [8, 16, 32]}))
    with pytest.raises(ModelError, match="does not fit"):
        Extractors.load(copy)
    (copy / "extractors" / "config.json").write_text(json.dumps(config | {"_class_name": "Other"}))
    with pytest.raises(ModelError, match="no ExtractorNet"):
        Extractors.load(copy)
    with pytest.raises(ModelError, match="has no extractors"):
        Extractors.load(tmp_path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((256, 256), (128, 128)), ((512, 256), (176, 96)), ((10, 4000), (16, 512)), ((1, 1), (128, 128))],
)
def test_pictures_are_looked_at_in_their_own_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert working_size(*size, 128) == expected


@pytest.mark.skipif(not (primer_folder() / "extractors").is_dir(), reason="the weights are not in this checkout")
def test_the_shipped_ones_know_near_from_far_and_where_the_subject_is(shards: list[Shard]) -> None:
    extractors = Extractors.load(primer_folder())
    assert {"depth", "normals", "subject"} <= set(extractors.reads)
    assert (primer_folder() / "extractors" / "model.safetensors").stat().st_size < 1_500_000
    scores = extractor_scores(extractors, extractor_questions(shards, 4))
    assert scores["depth"] > 0.7 and scores["normals"] < 45 and scores["subject"] > 0.3


def test_scores_know_right_from_wrong(shards: list[Shard]) -> None:
    body = _standing(64, 64, 100)
    right = FoundPerson(body[:, :2].copy(), np.ones(JOINTS, np.float32), 1.0)
    off = FoundPerson(body[:, :2] + 60, np.ones(JOINTS, np.float32), 1.0)
    assert joints_right([off, right], body[None]) == [1.0] * JOINTS
    assert joints_right([off], body[None]) == [0.0] * JOINTS == joints_right([], body[None])
    assert joints_right([right], np.zeros((0, JOINTS, 3), np.float32)) == []
    ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    assert depth_order(ramp**2, (ramp * 255).astype(np.uint8)) > 0.99
    assert depth_order(1 - ramp, (ramp * 255).astype(np.uint8)) < -0.99
    assert depth_order(np.zeros((64, 64), np.float32), (ramp * 255).astype(np.uint8)) == 0
    mask = np.zeros((64, 64), np.float32)
    mask[:, :32] = 1
    assert overlap(mask, (mask * 255).astype(np.uint8)) == 1 and overlap(1 - mask, (mask * 255).astype(np.uint8)) == 0


def test_an_examination_asks_for_all_four(shards: list[Shard], primer: Path) -> None:
    asked = extractor_questions(shards, 3)
    scores = extractor_scores(Extractors.load(primer), asked)
    assert scores["depth many"] == 3 and scores["pose many"] > 0
    assert -1 <= scores["depth"] <= 1 and 0 <= scores["normals"] <= 180 and 0 <= scores["subject"] <= 1
    one = asked[0]
    read = Extractors.load(primer).read(one.picture)
    true = replace(read, normals=one.normals.astype(np.float32) / 127)
    assert normals_apart(true, one) < 2
    assert isinstance(one, Asked) and one.people.shape[1:] == (JOINTS, 3)
    assert REACH > 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("[upscaler]\n", "[enlarger]\n", "section"),
        ("batch = 12", "# batch", "lacks a value"),
        ("lanes = 1", "roads = 1", "has no"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, before: str, after: str, words: str) -> None:
    path = tmp_path / "parts.toml"
    path.write_text(SHIPPED_PARTS.read_text().replace(before, after, 1))
    with pytest.raises(RecipeError, match=words):
        read_parts_config(path)
