"""A finished picture is bent so that edges which nearly run to a point do; what a drawing claims stays."""

import cv2
import numpy as np
import pytest
from kit.controls import EXAMPLES, HEIGHT, WIDTH, blob, boxes
from kit.controls import shapes as drawn_shapes

from underpaint.controls.ground import Ground
from underpaint.controls.perspective import Perspective, _settled
from underpaint.controls.perspective_check import check_perspective
from underpaint.controls.shape import Tools
from underpaint.controls.spec import parse_spec
from underpaint.controls.straighten import straightened
from underpaint.controls.table import with_claims
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures import read_picture
from underpaint.recipe import LineControl, PerspectiveControl, VanishingPoint

UPRIGHT = VanishingPoint(x=0, y=1, infinite=True)
CONTROL = PerspectiveControl(points=(VanishingPoint(x=-0.4, y=0.45), VanishingPoint(x=1.5, y=0.45), UPRIGHT),
                             straight=1.0)
SIZE = (256, 192)


def ground(drawn: np.ndarray | None = None) -> Ground:
    extent = Extent(*SIZE)
    return Ground(extent, Bounds.whole(extent), extent, lambda _: np.zeros((1, 1, 3), np.float32), drawn)


def leaning(control: PerspectiveControl) -> np.ndarray:
    """A picture in perspective, bent by some degrees."""
    picture = boxes(control, seed=5, height=SIZE[1], width=SIZE[0])
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    return cv2.remap(picture, columns + 5 * np.sin(rows / 25), rows + 4 * np.sin(columns / 30), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REFLECT_101)


@pytest.mark.parametrize("curvature", [0.0, 0.6])
def test_edges_are_turned_to_their_points(curvature: float) -> None:
    control = CONTROL.changed(curvature=curvature)
    picture = leaning(control)
    settled = _settled(picture, control, ground())
    before, after = (check_perspective(one, control).share for one in (picture, settled))
    assert after > before + 0.15
    assert np.abs(settled - picture).mean() < 0.1 and settled.shape == picture.shape
    assert settled.min() >= 0 and settled.max() <= 1


def test_a_picture_without_edges_and_one_without_a_share_stay_as_they_are() -> None:
    flat = np.full((SIZE[1], SIZE[0], 3), 0.5, np.float32)
    assert np.array_equal(_settled(flat, CONTROL, ground()), flat)
    picture = leaning(CONTROL)
    upright = np.array([0.0, 1.0])
    still = straightened(picture, lambda one: np.broadcast_to(upright, (1, len(one), 2)), 0.0)
    assert np.allclose(still, picture, atol=1e-6)


def test_a_large_picture_is_looked_at_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = leaning(CONTROL)
    monkeypatch.setattr("underpaint.controls.straighten.LARGEST", 30_000)
    before, after = (check_perspective(one, CONTROL).share for one in (picture, _settled(picture, CONTROL, ground())))
    assert after > before + 0.1


def test_where_a_drawing_lies_nothing_is_bent() -> None:
    drawn = np.zeros((SIZE[1], SIZE[0]), np.float32)
    drawn[:, :100] = 1
    picture = leaning(CONTROL)
    settled, free = _settled(picture, CONTROL, ground(drawn)), _settled(picture, CONTROL, ground())
    assert np.abs(settled - picture)[:, 5:80].mean() < 0.3 * np.abs(free - picture)[:, 5:80].mean()


def test_a_drawing_claims_its_lines_where_there_is_a_perspective() -> None:
    blobs: dict[str, bytes] = {}
    _, layer = drawn_shapes(1)
    line = LineControl(drawing=blob(layer, blobs))
    extent = Extent(WIDTH, HEIGHT)
    laid = Ground(extent, Bounds.whole(extent), extent, lambda one: read_picture(blobs[one.sha256]).pixels)
    assert with_claims([line], laid).drawn is None and with_claims([CONTROL], laid).drawn is None
    drawn = with_claims([CONTROL, line], laid).drawn
    assert drawn is not None and drawn[layer[..., 3] > 0.9].min() > 0.8 and drawn.min() < 0.05


def test_it_is_bent_unless_told_otherwise_and_old_recipes_are_not() -> None:
    given = [Perspective().read(parse_spec(f"perspective=0.5,0.4{more}", ("perspective",)), None).control
             for more in ("", "+straight=0.5")]
    assert [one.straight for one in given] == [1.0, 0.5]
    old = EXAMPLES["perspective"]().control
    tools = Tools(lambda: None)
    assert old.straight == 0 and Perspective().steer(old, ground(), tools).bends == ()
    assert len(Perspective().steer(given[0], ground(), tools).bends) == 1
