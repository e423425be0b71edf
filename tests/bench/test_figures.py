"""Figures are found where they stand, their sides are named, and sheets whose sides differ are told."""

import cv2
import numpy as np
import pytest

from bench import clothes, cutouts_outside
from bench.clothes import Worn, by_hue
from bench.turnaround import Sheet, _alike, _views
from bench.views import SIDES, Figure, named_right, view_probe, world_people


def figure(tall: int, head: int = 20, colour: tuple[float, float, float] = (0.8, 0.2, 0.2)) -> Figure:
    """A doll on white."""
    picture, mask = np.ones((160, 80, 3), np.float32), np.zeros((160, 80), np.uint8)
    cv2.ellipse(mask, (40, 20 + head // 2), (head // 3, head // 2), 0, 0, 360, 1, -1)
    cv2.rectangle(mask, (24, 20 + head), (56, 19 + tall), 1, -1)
    picture[mask > 0] = colour
    return Figure(picture, mask > 0, 20, tall, head)


def test_sides_of_one_figure_are_alike_and_others_are_not() -> None:
    same = Sheet((figure(100), figure(102), figure(99)))
    assert same.whole and same.heights_apart() == pytest.approx(0.02) and same.heads_apart() < 0.01
    assert same.colours_apart() == pytest.approx(0, abs=0.01)
    other = Sheet((figure(100), figure(120, 36), figure(100, colour=(0.2, 0.3, 0.8))))
    assert other.heights_apart() == pytest.approx(0.2) and other.heads_apart() > 0.09 and other.colours_apart() > 8
    rows = _alike([same, same], [other], [same], "lines")
    assert [row.reached for row in rows] == [True] * 3
    assert [row.reached for row in _alike([other, other], [same], [same], "lines")] == [False] * 3
    assert not any(row.reached for row in _alike([Sheet((None, figure(90), None))], [other], [same], "lines"))


def test_people_of_the_world_are_found_and_their_sides_named() -> None:
    people = world_people(2, 5)
    assert all(one is not None and 0.4 < one.height / one.picture.shape[0] < 0.95 for sides in people for one in sides)
    probe = view_probe(people)
    assert [named_right(probe, sides) for sides in people] == [[True] * len(SIDES)] * 2
    assert named_right(probe, (None, people[0][0], people[0][2])) == [False, False, True]
    row = _views([Sheet(people[0])], [Sheet((None,) * 3)], [Sheet(people[1])], probe)
    assert row.reached and row.measured.startswith("100 %") and "words alone 0 %" in row.measured


def test_a_wall_is_no_figure() -> None:
    assert Figure.find(np.full((128, 64, 3), 0.5, np.float32)) is None


def test_a_figure_in_the_others_clothes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, mask = np.full((64, 128, 3), 0.6, np.float32), np.zeros((64, 128), bool)
    mask[10:60, 20:40] = mask[10:60, 80:100] = True
    picture[10:60, 20:40], picture[10:60, 80:100] = clothes.HUES["red"], clothes.HUES["blue"]
    monkeypatch.setattr(clothes, "figure_mask", lambda _: mask)
    assert by_hue(Worn(picture, ("red", "blue"))) == [False, False]
    assert by_hue(Worn(picture, ("blue", "red"))) == [True, True]
    picture[:, 64:] = 0.5
    assert by_hue(Worn(picture, ("red", "blue"))) == [False, None]


def test_a_soft_layer_is_cut_out_of_a_strange_ground() -> None:
    layer = np.zeros((64, 64, 4), np.float32)
    cv2.circle(layer, (32, 32), 18, (0.9, 0.3, 0.1, 1.0), -1)
    layer[..., 3] = cv2.GaussianBlur(layer[..., 3], (0, 0), 1.2)
    layer[..., :3] = (0.9, 0.3, 0.1)
    whole, doubt = cutouts_outside.errors(layer, 1)
    assert whole < 0.02 and whole < doubt < 0.1
    assert cutouts_outside.fits((layer * 255).astype(np.uint8))
    assert not cutouts_outside.fits(np.full((64, 64, 4), 255, np.uint8))
