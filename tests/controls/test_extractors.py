"""Who reads depth and poses out of pictures: tiny transformers models of the real classes, or nobody."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from underpaint.controls.extractors import Extractor, extractor, reading_with, shelf_of
from underpaint.controls.pose.people import Pose
from underpaint.controls.preprocess import MODULES, preprocessed
from underpaint.controls.spec import parse_spec
from underpaint.engine.families.extractors import DepthModel, PeopleModel, PoseModel
from underpaint.errors import ModelError, RecipeError
from underpaint.models import Catalogue, describe
from underpaint.pictures.read import read_picture


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(1).random((height, width, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import (
        DPTConfig,
        DPTForDepthEstimation,
        VitPoseBackboneConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
    )

    folder = tmp_path_factory.mktemp("extractors")
    torch.manual_seed(0)
    dpt = DPTConfig(image_size=32, patch_size=16, hidden_size=32, num_hidden_layers=4, num_attention_heads=4,
                    intermediate_size=37, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 16, 32, 32],
                    fusion_hidden_size=16, is_hybrid=False, readout_type="project")
    DPTForDepthEstimation(dpt).save_pretrained(folder / "dpt-tiny")
    backbone = VitPoseBackboneConfig(image_size=[64, 48], patch_size=[16, 16], hidden_size=32, num_hidden_layers=2,
                                     num_attention_heads=2, out_indices=[2])
    VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=17)).save_pretrained(folder / "vitpose")
    (folder / "dpt-tiny" / "preprocessor_config.json").write_text('{"size": {"height": 32, "width": 32}}')
    (folder / "vitpose" / "preprocessor_config.json").write_text('{"size": {"height": 64, "width": 48}}')
    return folder


def test_transformers_models_are_found_by_their_folders_and_asked(models: Path, home: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(models)
    with reading_with(shelf_of(catalogue)):
        who = extractor("depth")
        near = who.reads(picture())
        assert who.name == "dpt-tiny" and "photos" in who.trust
        assert near.shape == (40, 60) and near.min() >= 0 and near.max() <= 1 and np.ptp(near) > 0.5
        assert np.array_equal(near, DepthModel(describe(models / "dpt-tiny"))(picture()))
        who = extractor("pose")
        found = who.reads(picture())
        assert isinstance(found, Pose) and len(found.people) <= 1 and "whole picture for one person" in who.trust


def test_a_joint_is_found_where_it_is_whatever_the_shape_of_the_picture(models: Path) -> None:
    """A stand-in for the trained weights: its maps are bright where the picture is."""
    model = PoseModel(describe(models / "vitpose"))

    class Bright:
        config = SimpleNamespace(backbone_config=SimpleNamespace(num_experts=1))

        def __call__(self, pixel_values: torch.Tensor) -> SimpleNamespace:
            light = torch.nn.functional.avg_pool2d(pixel_values.mean(1, keepdim=True), 4)
            return SimpleNamespace(heatmaps=light.repeat(1, 17, 1, 1))

    model._net = Bright()
    for height, width, spot in ((90, 60, (20, 70)), (50, 160, (120, 20))):
        dark = np.zeros((height, width, 3), np.float32)
        dark[spot[1] - 3: spot[1] + 4, spot[0] - 3: spot[0] + 4] = 1
        (points, sure), = model(dark, [(0.0, 0.0, float(width), float(height))])
        cell = 1.25 * max(width, height * 0.75) / 12
        assert np.abs(points[0] - np.float32(spot)).max() < cell / 2 and sure.shape == (17,)


def test_people_are_where_the_finder_says(tmp_path: Path) -> None:
    model = PeopleModel.__new__(PeopleModel)
    model._settings, model._person = {}, 0
    logits = torch.full((1, 3, 2), -9.0)
    logits[0, 1, 0], logits[0, 2, 1] = 4.0, 4.0
    boxes = torch.tensor([[[0.1, 0.1, 0.1, 0.1], [0.5, 0.5, 0.2, 0.8], [0.3, 0.3, 0.1, 0.1]]])
    model._net = lambda pixel_values: SimpleNamespace(logits=logits, pred_boxes=boxes)
    assert np.allclose(model(picture(100, 200)), [(80.0, 10.0, 40.0, 80.0)])


def test_where_nobody_reads_the_way_out_is_said(home: Path) -> None:
    with reading_with(lambda _: []):
        for role, name in (("depth", "Depth Anything"), ("pose", "ViTPose")):
            with pytest.raises(ModelError, match="out of pictures") as told:
                extractor(role)
            assert name in (told.value.hint or "")


def test_somebody_else_checks_where_there_are_two() -> None:
    one, two = (Extractor(name, "trust", lambda seen: seen) for name in ("one", "two"))
    with reading_with(lambda _: [one, two]):
        assert extractor("depth").name == "one" and extractor("depth", other_than="one").name == "two"
    with reading_with(lambda _: [one]):
        assert extractor("depth", other_than="one").name == "one"


def test_maps_are_made_by_the_names_that_a1111s_modules_have(tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "p.png"
    Image.fromarray(np.rint(picture(80, 120) * 255).astype(np.uint8)).save(file)
    eyes = Extractor("eyes", "a test's eyes", lambda seen: seen.mean(-1))
    with reading_with(lambda role: [eyes] if role == "depth" else []):
        for name, reads in (("canny", "canny"), ("lineart_realistic", "line"), ("softedge_pidinet", "soft"),
                            ("scribble_hed", "scribble"), ("depth_midas", "depth"), ("tile_resample", "tile"),
                            ("inpaint_only+lama", "fill"), ("invert (from white bg & black line)", "line")):
            spec = parse_spec(f"adapter=p.png+model=m+preprocess={name.replace('+', ' ')}+preprocess-size=64",
                              ("adapter",))
            made = preprocessed(file.read_bytes(), spec)
            seen = read_picture(made.data)
            assert made.reads == reads and (seen.width, seen.height) == (96, 64)
    spec = parse_spec("adapter=p.png+model=m+preprocess=seg_ofade20k", ("adapter",))
    with pytest.raises(RecipeError, match="seg_ofade20k"):
        preprocessed(file.read_bytes(), spec)
    assert len({row[0] for row in MODULES}) == len(MODULES)
