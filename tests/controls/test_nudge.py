"""A word moves one axis of a picture and leaves the others; the check tells whether it did."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from kit.controls import blob, shapes

from underpaint.controls.ground import Ground
from underpaint.controls.nudge import Nudge, nudged, with_lines_of
from underpaint.controls.nudge_axes import AXES, KNOWN
from underpaint.controls.shape import Kept, Tools
from underpaint.controls.spec import parse_spec
from underpaint.controls.table import check
from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures import read_picture
from underpaint.recipe import NudgeControl

BLOBS: dict[str, bytes] = {}
TAKE = shapes(4)[0] * 0.8 + 0.1
CONTROL = NudgeControl(picture=blob(TAKE, BLOBS), toward="warmer")
GROUND = Ground.of(TAKE, lambda one: read_picture(BLOBS[one.sha256]).pixels)
MEASURED = {word: name for word, (name, _) in AXES.items() if KNOWN[name].place is not None}


@pytest.mark.parametrize("word", MEASURED)
def test_a_word_moves_its_axis_the_asked_way_and_about_as_far(word: str) -> None:
    name, way = AXES[word]
    place = KNOWN[name].place
    moved = (place(nudged(TAKE, CONTROL.changed(toward=word))) - place(TAKE)) * way
    half = (place(nudged(TAKE, CONTROL.changed(toward=word, weight=0.5))) - place(TAKE)) * way
    assert 0.4 < moved < 2.5 and 0.3 * moved < half < 0.7 * moved


@pytest.mark.parametrize("word", ["warmer", "cooler", "lighter", "richer", "softer"])
def test_the_other_axes_stay(word: str) -> None:
    changed = nudged(TAKE, CONTROL.changed(toward=word))
    for name, axis in KNOWN.items():
        if axis.place is not None and name not in (AXES[word][0], "hour", "chroma"):
            assert abs(axis.place(changed) - axis.place(TAKE)) < 0.5


@pytest.mark.parametrize("word", AXES)
def test_the_check_knows_a_nudged_take_from_the_take_itself(word: str) -> None:
    control = CONTROL.changed(toward=word)
    found = Nudge().check(nudged(TAKE, control), control, GROUND)
    still = Nudge().check(TAKE, control, GROUND)
    assert found is not None and still is not None
    assert found.score > still.score + 0.2 and found.measured["lines_f1"] > 0.75
    if word in MEASURED:
        assert found.measured["did_move"] and not still.measured["did_move"]


def test_a_picture_some_pixels_larger_than_the_take_is_measured() -> None:
    larger = np.pad(TAKE, ((0, 4), (0, 0), (0, 0)), mode="edge")  # a second pass rounds up to the model's step
    place = Ground(Extent.of(TAKE), Bounds.whole(Extent.of(larger)), Extent.of(larger), GROUND.pixels)
    found = Nudge().check(nudged(larger, CONTROL), CONTROL, place)
    assert found is not None and found.measured["did_move"] and found.measured["lines_f1"] > 0.75


def test_a_check_that_fails_is_told_and_loses_nothing_else() -> None:
    failed: list[str] = []
    gone = CONTROL.changed(picture=CONTROL.picture.changed(sha256="0" * 64))
    assert check([gone], TAKE, GROUND, failed) == {} and "nudge could not be measured" in failed[0]
    with pytest.raises(KeyError):
        check([gone], TAKE, GROUND)


def test_closer_cuts_in_and_farther_carries_the_edges_on() -> None:
    spot = np.zeros((60, 80, 3), np.float32)
    spot[20:40, 30:50] = 1
    sizes = [float(nudged(spot, CONTROL.changed(toward=word)).mean()) for word in ("farther", "closer")]
    assert sizes[0] < float(spot.mean()) < sizes[1]


@pytest.mark.parametrize("text", ["nudge", "nudge=a.png", "nudge=a.png+toward=merrier"])
def test_a_word_that_there_is_not_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Nudge().read(parse_spec(text, ("nudge",)), None)
    assert "warmer" in str(caught.value.hint)


def test_the_takes_lines_come_back_where_painting_lost_them() -> None:
    wanted = nudged(TAKE, CONTROL)
    rng = np.random.default_rng(1)
    lost = cv2.GaussianBlur(np.clip(wanted + 0.03, 0, 1), (0, 0), 3)
    invented = lost.copy()
    cv2.line(invented, (5, 90), (60, 84), (0.2, 0.2, 0.2), 1, cv2.LINE_AA)
    painted = np.clip(invented + rng.normal(0, 0.002, lost.shape), 0, 1).astype(np.float32)
    before, after = (Nudge().check(one, CONTROL, GROUND) for one in (painted, with_lines_of(painted, wanted, 1.0)))
    assert before is not None and after is not None
    assert after.measured["lines_f1"] > 0.85 > before.measured["lines_f1"] + 0.1
    assert after.measured["did_move"]
    assert np.array_equal(with_lines_of(wanted, wanted, 0.0), with_lines_of(wanted, painted, 0.0))


def test_lines_are_held_unless_told_otherwise_and_old_recipes_go_without() -> None:
    class Files:
        def picture(self, path: Path) -> Kept:
            return Kept(CONTROL.picture, b"")

    given = Nudge().read(parse_spec("nudge=take.png+toward=warmer", ("nudge",)), Files())
    loose = Nudge().read(parse_spec("nudge=take.png+toward=warmer+lines=0", ("nudge",)), Files())
    assert (given.control.lines, loose.control.lines, CONTROL.lines) == (1.0, 0.0, 0.0)
    for control, settles in ((given.control, 1), (loose.control, 0)):
        steering = Nudge().steer(control, GROUND, Tools(lambda: None))
        assert len(steering.settles) == settles and len(steering.edits) == 1 + settles
