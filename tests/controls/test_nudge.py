"""A word moves one axis of a picture and leaves the others; the check tells whether it did."""

import numpy as np
import pytest
from kit.controls import blob, shapes

from underpaint.controls.ground import Ground
from underpaint.controls.nudge import Nudge, nudged
from underpaint.controls.nudge_axes import AXES, KNOWN
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
