"""What is said of a picture is true of its pixels: layers, poses, lines, palette, and the faults of wrong versions."""

import numpy as np
import pytest

from underpaint.errors import RecipeError
from underpaint.primer.stagecraft.people import KEYPOINTS
from underpaint.primer.stagecraft.scene import Scene, Thing
from underpaint.primer.stagecraft.truth import LAYERS, LINES, Truth, over, render, truth
from underpaint.primer.stagecraft.wrong import WRONGS, wrong

SIZE = (112, 96)


def _scene(**words: object) -> Scene:
    base = Scene(Thing("girl", "red"), "flat", "cliff", "noon", seed=5, size=SIZE)
    return base.changed(**words)


@pytest.fixture(scope="module")
def standing() -> Truth:
    return truth(_scene())


@pytest.mark.parametrize("style", ["flat", "watercolour"])
def test_layers_go_over_each_other_to_the_picture(style: str) -> None:
    told = truth(_scene(style=style, pose="sitting", place="rooftop"))
    apart = np.abs(over(told.layers).astype(int) - told.picture)
    assert apart.max() <= 1
    assert [layer.name for layer in told.layers] == [name for name, _ in LAYERS]
    subject = told.layers[-1].rgba
    assert 0.02 < (subject[..., 3] > 0).mean() < 0.6
    assert (told.layers[0].rgba[..., 3] == 255).all()
    # behind the subject the place is painted on, not cut out
    hidden = (subject[..., 3] == 255) & (told.layers[1].rgba[..., 3] == 255)
    assert hidden.mean() > 0.01
    assert np.abs(told.layers[1].rgba[hidden][:, :3].astype(int) - told.picture[hidden]).max() > 20


def test_arrays_have_the_picture_s_size_and_agree(standing: Truth) -> None:
    height, width = SIZE[1], SIZE[0]
    assert standing.picture.shape == (height, width, 3) and standing.picture.dtype == np.uint8
    assert standing.depth.shape == standing.parts.shape == standing.objects.shape == (height, width)
    assert standing.normals.shape == (height, width, 3)
    assert (standing.depth[standing.parts == 0] > 9e3).all()
    named = [standing.part_names[i].split("/")[0] for i in np.unique(standing.parts)]
    assert set(named) == {standing.object_names[i] for i in np.unique(standing.objects)}


def test_line_art_lies_on_borders_in_every_hand(standing: Truth) -> None:
    objects = standing.objects
    border = np.zeros(objects.shape, bool)
    border[:, 1:] |= objects[:, 1:] != objects[:, :-1]
    border[1:] |= objects[1:] != objects[:-1]
    girl = standing.object_names.index("girl 0")
    ring = border & ((objects == girl) | (np.roll(objects, 1, 0) == girl) | (np.roll(objects, 1, 1) == girl))
    clean = standing.lines["clean"] > 60
    grown = clean.copy()
    for axis in (0, 1):
        grown |= np.roll(grown, 1, axis) | np.roll(grown, -1, axis)
    assert grown[ring].mean() > 0.85
    for hand in LINES:
        assert standing.lines[hand].dtype == np.uint8 and 0.01 < (standing.lines[hand] > 60).mean() < 0.4
    assert (standing.lines["broken"] > 60).sum() < clean.sum()
    alone = truth(_scene(inked="subject"), layers=False).lines["clean"] > 60
    assert alone.sum() < 0.8 * clean.sum()


def test_joints_lie_on_the_body_and_hidden_ones_are_said_to_be(standing: Truth) -> None:
    (person,) = standing.people
    assert person.points.shape == (18, 2) and (person.visible == 2).sum() >= 14
    girl = standing.object_names.index("girl 0")
    x, y = person.points.round().astype(int).T
    on_body = standing.objects[np.clip(y, 0, SIZE[1] - 1), np.clip(x, 0, SIZE[0] - 1)] == girl
    assert on_body[person.visible == 2].mean() > 0.85
    names = list(KEYPOINTS)
    assert y[names.index("nose")] < y[names.index("neck")] < y[names.index("left knee")] < y[names.index("left ankle")]
    assert x[names.index("right shoulder")] < x[names.index("left shoulder")]
    (turned,) = truth(_scene(facing="back"), layers=False).people
    assert turned.visible[names.index("nose")] == 1
    assert turned.points[names.index("right shoulder"), 0] > turned.points[names.index("left shoulder"), 0]
    (near,) = truth(_scene(camera="close"), layers=False).people
    assert near.visible[names.index("left ankle")] == 0


def test_the_palette_names_what_is_there(standing: Truth) -> None:
    roles = {s.role: s for s in standing.palette}
    assert {"subject", "ground", "sky", "skin", "light", "shadow"} <= set(roles)
    r, g, b = roles["subject"].colour
    assert r > g and r > b
    assert sum(s.share for s in standing.palette) == pytest.approx(1.0, abs=0.06)


def test_truth_is_told_the_same_twice(standing: Truth) -> None:
    again = truth(Scene.from_dict(standing.scene.to_dict()), layers=False)
    assert np.array_equal(again.picture, standing.picture)
    assert np.array_equal(render(standing.scene), standing.picture)
    assert render(standing.scene, (96, 128)).shape == (128, 96, 3)
    assert again.captions == standing.captions and again.light == standing.light
    assert all(np.array_equal(again.lines[hand], standing.lines[hand]) for hand in LINES)


@pytest.mark.parametrize("kind", WRONGS)
def test_wrong_versions_differ_where_they_say(kind: str) -> None:
    for subject in ("girl", "castle"):
        found = wrong(_scene(subject=subject), kind)
        assert found.right.shape == found.wrong.shape == (SIZE[1], SIZE[0], 3) and found.words
        apart = np.abs(found.right.astype(int) - found.wrong).max(-1) > 40
        assert not apart.any() or found.where[apart].mean() > 0.95
        assert found.where.any()
        if kind != "banding":
            assert 0.0005 < found.where.mean() < (0.75 if kind == "seam" else 0.35), subject


def test_a_fault_nobody_knows_is_refused() -> None:
    with pytest.raises(RecipeError, match="crooked"):
        wrong(_scene(), "crooked")
