"""A turnaround: one figure, every side in its part, one stance of one height, as a pose, as lines, or in words."""

from hashlib import sha256

import numpy as np
import pytest

from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures.read import read_picture
from underpaint.recipe import Blob, CreateRecipe, LightControl, LineControl, PoseControl, RefineRecipe, RegionControl
from underpaint.sets.lay_figure import CROWN, Stand, draw, joints
from underpaint.sets.turnaround import MOST_WORDS, VIEWS, Figure, plan_turnarounds

KNIGHT = Figure("a knight in green armour", Extent(128, 256), step=32)


def plain(**fields: object) -> Figure:
    return Figure(**{**vars(KNIGHT), **fields})  # type: ignore[arg-type]


def test_every_side_has_its_part_and_its_words() -> None:
    planned, blobs = plan_turnarounds(KNIGHT, count=3, seed=7, base=CreateRecipe(controls=(LightControl(),)))
    assert [one.recipe.seed for one in planned] == [7, 8, 9] and [one.number for one in planned] == [1, 2, 3]
    recipe = planned[0].recipe
    assert (recipe.width, recipe.height) == (384, 256)
    assert recipe.prompt.startswith("a knight in green armour, character sheet")
    assert [part.view for part in planned[0].parts] == ["front", "side", "back"]
    assert planned[0].parts[1].bounds == Bounds(128, 0, 128, 256)
    regions = [one for one in recipe.controls if isinstance(one, RegionControl)]
    assert len(regions) == 3 and isinstance(recipe.controls[-1], LightControl)
    covered = np.zeros((64, 192))
    for at, (region, view) in enumerate(zip(regions, ("front", "side", "back"), strict=True)):
        assert VIEWS[view][1] in region.words and region.words.startswith("a knight in green armour, ")
        mask = np.asarray(read_picture(blobs[region.mask.sha256]).pixels)[..., 0]
        assert mask.shape == covered.shape and mask[:, 64 * at:64 * at + 64].min() == 1
        covered += mask
    assert (covered == 1).all()
    assert all(sha256(data).hexdigest() == name for name, data in blobs.items())


def test_more_sheets_never_change_the_first() -> None:
    assert plan_turnarounds(KNIGHT, count=5)[0][:2] == plan_turnarounds(KNIGHT, count=2)[0]


def test_the_stance_is_a_pose_where_the_model_follows_poses() -> None:
    (one,), blobs = plan_turnarounds(plain(held="pose", views=("front", "three-quarter", "side", "back")))
    (pose,) = (control for control in one.recipe.controls if isinstance(control, PoseControl))
    assert (pose.width, pose.height, len(pose.people), len(blobs)) == (512, 256, 4, 4)
    for at, person in enumerate(pose.people):
        seen = [place for place in person.body if place is not None]
        assert all(128 * at <= x <= 128 * at + 128 and 0 < y < 256 for x, y in seen)
    heights = [[person.body[joint][1] for joint in (1, 8, 10, 11)] for person in pose.people]  # type: ignore[index]
    assert np.ptp(heights, axis=0).max() == 0  # neck, hip, knee and ankle lie equally high from every side
    front, _, side, back = pose.people
    assert front.body[2] is not None and front.body[5] is not None and front.body[2][0] < front.body[5][0]
    assert back.body[2] is not None and back.body[5] is not None and back.body[2][0] > back.body[5][0]
    assert front.body[0] is not None and back.body[0] is None and side.body[0] is not None  # the nose
    assert side.body[18] is not None and side.body[17] is None  # of the ears the nearer one


def test_the_stance_is_drawn_where_the_model_follows_lines() -> None:
    (one,), blobs = plan_turnarounds(plain(held="lines"))
    (line,) = (control for control in one.recipe.controls if isinstance(control, LineControl))
    layer = np.asarray(read_picture(blobs[line.drawing.sha256]).pixels)
    assert layer.shape == (256, 384, 4) and layer[..., :3].max() == 0 and 0 < line.end < 1
    boxes = [Bounds.from_mask(layer[:, 128 * at:128 * at + 128, 3] > 0.3) for at in range(3)]
    assert all(box is not None for box in boxes)
    found = [box for box in boxes if box is not None]
    assert max(box.height for box in found) - min(box.height for box in found) <= 2
    assert found[1].width < 0.5 * found[0].width and abs(found[0].width - found[2].width) <= 2
    for box in found:
        assert box.x > 0 and box.right < 128 and box.height > 0.8 * 256


def test_a_model_that_follows_neither_gets_words_alone() -> None:
    (one,), blobs = plan_turnarounds(KNIGHT)
    assert {type(control) for control in one.recipe.controls} == {RegionControl} and len(blobs) == 3


def test_a_figure_is_as_tall_as_it_stands_and_mirrors_itself() -> None:
    stand = Stand(middle=100, floor=390, scale=200, turn=0)
    seen = joints(stand)
    assert seen["left_wrist"][0] - 100 == pytest.approx(100 - seen["right_wrist"][0])
    ink = draw([stand], 200, 400)
    box = Bounds.from_mask(ink > 100)
    assert box is not None and box.height == pytest.approx(CROWN * 200, abs=8)
    assert np.abs(ink.astype(int) - ink[:, ::-1]).mean() < 3


@pytest.mark.parametrize(("figure", "more", "field"), [
    (plain(words=" ,. "), {}, "words"), (plain(words="x" * (MOST_WORDS + 1)), {}, "words"),
    (plain(views=("front", "above")), {}, "views"), (plain(views=("front",)), {}, "views"),
    (plain(views=("front", "front")), {}, "views"), (plain(views=()), {}, "views"),
    (plain(part=Extent(100, 256)), {}, "size"), (KNIGHT, {"count": 0}, "count"), (KNIGHT, {"count": 97}, "count"),
    (KNIGHT, {"base": RefineRecipe(picture=Blob(sha256="0" * 64))}, "task")])
def test_what_cannot_be_turned_is_refused(figure: Figure, more: dict, field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_turnarounds(figure, **more)
    assert caught.value.field == field
