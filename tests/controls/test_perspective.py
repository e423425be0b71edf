"""Vanishing points by numbers, by a drawn grid, found in a picture; the edit turns edges, the check measures them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from kit.controls import boxes
from PIL import Image

from underpaint.controls.perspective import LEVEL, UPRIGHT, Perspective, found_in, from_json, to_json
from underpaint.controls.perspective_check import check_perspective, wanted_horizon
from underpaint.controls.perspective_geometry import Lens, direction_field, grid_ink, horizon_of, in_pixels
from underpaint.controls.segments import find_segments
from underpaint.controls.spec import parse_spec
from underpaint.controls.steering.direction_edit import bordered, direction_change, misalignment
from underpaint.controls.table import read_control
from underpaint.errors import PictureError, RecipeError, UnderpaintError
from underpaint.imaging.arrays import to_float
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.imaging.resize import resize
from underpaint.recipe import PerspectiveControl, VanishingPoint

EXTENT = Extent(384, 288)


def at(x: float, y: float) -> VanishingPoint:
    return VanishingPoint(x=x, y=y)


ONE = PerspectiveControl(points=(at(0.45, 0.4), LEVEL, UPRIGHT))
TWO = PerspectiveControl(points=(at(-0.5, 0.42), at(1.6, 0.42), UPRIGHT))
THREE = PerspectiveControl(points=(at(-0.5, 0.3), at(1.6, 0.3), at(0.5, 3.0)))
BENT = TWO.changed(curvature=0.6)
ALL = {"one": ONE, "two": TWO, "three": THREE, "bent": BENT}


def painted(control: PerspectiveControl, seed: int = 3) -> np.ndarray:
    return boxes(control, seed, EXTENT.height, EXTENT.width)


def read(text: str) -> PerspectiveControl:
    return Perspective().read(parse_spec(text, ("perspective",)), None).control


@pytest.mark.parametrize("name", ALL)
def test_edges_that_run_to_their_points_are_told_from_others(name: str) -> None:
    control = ALL[name]
    found = check_perspective(painted(control), control)
    moved = control.changed(points=tuple(at(1.3 - one.x, 1.1 - one.y) if not one.infinite else one
                                         for one in control.points[::-1] if not one.infinite or name == "two"))
    assert found.share > 0.8 and found.length > 1000
    assert check_perspective(painted(control), moved).share < found.share / 2
    assert found.horizon == pytest.approx(wanted_horizon(control, EXTENT), abs=0.03)


@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_the_points_are_found_in_a_picture(name: str) -> None:
    control, share = found_in(painted(ALL[name]))
    assert share > 0.85 and control.horizon == pytest.approx(wanted_horizon(ALL[name], EXTENT), abs=0.02)
    assert check_perspective(painted(ALL[name], 5), control).share > 0.8


def test_a_drawn_grid_is_read(tmp_path: Path) -> None:
    ink = grid_ink(TWO.changed(points=TWO.points[:2]), EXTENT)
    Image.fromarray(((1 - ink) * 255).astype(np.uint8)).save(tmp_path / "grid.png")
    control = read(f"perspective={tmp_path / 'grid.png'}")
    xs = sorted(one.x for one in control.points if not one.infinite)
    assert xs[0] == pytest.approx(-0.5, abs=0.1) and xs[-1] == pytest.approx(1.6, abs=0.1)


def test_a_bend_is_found_too() -> None:
    control, share = found_in(painted(BENT), curved=True)
    assert control.curvature > 0.2 and share > found_in(painted(BENT))[1]
    assert found_in(painted(TWO), curved=True)[0].curvature == 0


def test_nothing_to_see_is_one_clear_error() -> None:
    for empty in (np.full((50, 60, 3), 0.5, np.float32), np.random.default_rng(0).random((20, 20, 3), np.float32)):
        with pytest.raises(PictureError, match="no perspective"):
            found_in(empty)


class TestNumbers:
    def test_what_is_parallel_to_the_picture_stays_so(self) -> None:
        assert read("perspective=0.5,0.4").points == (at(0.5, 0.4), LEVEL, UPRIGHT)
        assert read("perspective=-0.5,0.4/1.5,0.4").points[2:] == (UPRIGHT,)
        assert len(read("perspective=-0.5,0.4/1.5,0.4/0.5,4").points) == 3
        assert read("perspective=0.5,0.4+parallels=no").points == (at(0.5, 0.4),)
        assert read("perspective=0.5,0.4/90deg").points == (at(0.5, 0.4), UPRIGHT)

    def test_a_map_can_be_edited_by_hand(self, tmp_path: Path) -> None:
        path = tmp_path / "p.json"
        path.write_text(json.dumps(to_json(BENT.changed(horizon=0.42))))
        assert read(f"perspective={path}") == BENT.changed(horizon=0.42, straight=1.0)

    @pytest.mark.parametrize("text", ["[]", "{", '{"points": 3}', '{"points": [{}]}', '{"points": []}',
                                      '{"points": [{"x": "a", "y": 1}]}', '{"points": [{"x": NaN, "y": 1}]}',
                                      '{"points": [[1, 2]]}', '{"points": [{"x": true, "y": 1}]}'])
    def test_a_damaged_map_is_one_clear_error(self, text: str, tmp_path: Path) -> None:
        from underpaint.library.control_files import read_controls

        (tmp_path / "p.json").write_text(text)
        with pytest.raises(UnderpaintError) as caught:
            read_controls([f"perspective={tmp_path / 'p.json'}"])
        assert caught.value.hint

    def test_a_damaged_map_is_told_for_what_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "p.json"
        path.write_text('{"points": [{"x": 1e300, "y": 1}]}')
        with pytest.raises(RecipeError, match="less than or equal") as caught:
            read_control(f"perspective={path}", None)
        assert "JSON" not in caught.value.message
        with pytest.raises(RecipeError, match="neither a point nor a file"):
            read(f"perspective={'0' * 300}")

    def test_a_large_picture_is_searched_smaller(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Image.fromarray(np.rint(painted(TWO) * 255).astype(np.uint8)).save(tmp_path / "p.png")
        monkeypatch.setattr("underpaint.controls.perspective.SEARCHED", 192)
        small, _ = found_in(resize(to_float(np.asarray(Image.open(tmp_path / "p.png"))), Extent(192, 144)))
        assert read(f"perspective={tmp_path / 'p.png'}").points == small.points

    def test_directions_are_read(self) -> None:
        assert from_json({"points": [{"direction": 90}]})["points"] == (UPRIGHT,)

    def test_the_horizon_runs_through_the_level_points(self) -> None:
        slanted = in_pixels((at(0.0, 0.2), at(1.0, 0.6)), EXTENT)
        assert horizon_of(slanted, EXTENT) == pytest.approx(0.4)
        assert horizon_of(in_pixels(ONE.points, EXTENT), EXTENT) == pytest.approx(0.4)
        assert horizon_of(in_pixels((UPRIGHT,), EXTENT), EXTENT) is None


class TestGeometry:
    def test_bending_there_and_back(self) -> None:
        lens, points = Lens.of(EXTENT, 0.7), np.random.default_rng(0).uniform(0, 288, (50, 2))
        np.testing.assert_allclose(lens.straight(lens.bent(points)), points, atol=1e-6)
        np.testing.assert_allclose(Lens.of(EXTENT, 0).bent(points), points)

    def test_directions_are_those_of_the_bent_lines(self) -> None:
        """Walk along a straight line to a point, bend it, and compare its slope with the field's."""
        lens, vanishing = Lens.of(EXTENT, 0.6), in_pixels(BENT.points, EXTENT)
        start = lens.straight(np.array([[80.0, 200.0]]))[0]
        for number, point in enumerate(vanishing):
            aim = point[:2] - point[2] * start
            line = lens.bent(start + np.array([[-0.5], [0.5]]) * aim / np.linalg.norm(aim))
            slope = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
            found = lens.directions(np.array([[80.0, 200.0]]), vanishing)[number, 0]
            assert abs(float(slope @ found)) > 0.9999

    def test_a_crop_sees_its_own_part_of_the_field(self) -> None:
        whole = direction_field(TWO, EXTENT, Bounds.whole(EXTENT), (36, 48))
        part = direction_field(TWO, EXTENT, Bounds(96, 80, 192, 128), (16, 24))
        np.testing.assert_allclose(part, whole[:, 10:26, 12:36], atol=1e-9)

    @pytest.mark.parametrize("name", ALL)
    def test_the_drawn_grid_follows_its_own_control(self, name: str) -> None:
        ink = grid_ink(ALL[name], EXTENT)
        assert 0.02 < (ink > 0.5).mean() < 0.4
        shown = np.repeat(1 - ink[..., None], 3, axis=-1)
        assert check_perspective(shown, ALL[name]).share > 0.75


class TestSegments:
    @pytest.mark.parametrize("angle", [0, 7, 22.5, 45, 80, 90, 135])
    def test_a_line_is_found_once_on_each_side_in_place_and_direction(self, angle: float) -> None:
        import cv2

        sheet = np.full((120, 120), 255, np.uint8)
        turn = np.radians(angle)
        reach = 45 * np.array([np.cos(turn), np.sin(turn)])
        ends = [np.rint((60 + sign * reach) * 16).astype(int).tolist() for sign in (-1, 1)]
        cv2.line(sheet, *ends, 0, 3, cv2.LINE_AA, 4)
        found = find_segments(np.repeat(sheet[..., None], 3, axis=-1).astype(np.float32) / 255)
        long = found.only(found.lengths > 60)
        assert 1 <= len(long.lengths) <= 2 and found.lengths.max() < 105
        off = np.degrees(np.arccos(np.abs(long.directions @ [np.cos(turn), np.sin(turn)]).clip(0, 1)))
        assert off.max() < 1 and np.abs(long.middles - 60).max() < 6

    def test_a_circle_and_flat_paint_have_no_long_straight_edge(self) -> None:
        import cv2

        sheet = np.full((100, 100, 3), 0.8, np.float32)
        assert not len(find_segments(sheet).lengths)
        cv2.circle(sheet, (50, 50), 20, (0.1, 0.2, 0.3), -1, cv2.LINE_AA)
        assert find_segments(sheet).lengths.max(initial=0) < 20

    def test_the_smallest_pictures_are_asked(self) -> None:
        for shape in ((1, 1, 3), (2, 9, 3)):
            assert not len(find_segments(np.zeros(shape, np.float32)).lengths)


class TestSteering:
    def test_descent_turns_edges_toward_the_points(self) -> None:
        """Stripes at 75 degrees, wanted upright."""
        y, x = np.indices((32, 40))
        turned = np.sin((x * np.cos(np.radians(15)) + y * np.sin(np.radians(15))) * 0.9)
        luma = torch.from_numpy(0.5 + 0.2 * turned.astype(np.float32))[None, None]
        field = direction_field(PerspectiveControl(points=(UPRIGHT,)), EXTENT, Bounds.whole(EXTENT), (32, 40))
        directions = torch.from_numpy(field.transpose(0, 3, 1, 2)).float()
        before = float(misalignment(luma, directions))
        now = luma
        for _ in range(5):
            now = now + direction_change(now, directions)
        assert float(misalignment(now, directions)) < 0.5 * before

    def test_what_already_runs_right_is_hardly_moved(self) -> None:
        stripes = torch.sin(torch.arange(40) * 0.9).mul(0.2).add(0.5).expand(1, 1, 32, 40).contiguous()
        directions = torch.tensor([0.0, 1.0])[None, :, None, None].expand(1, 2, 32, 40)
        assert float(direction_change(stripes, directions).abs().max()) < 0.02

    def test_flat_paint_stays_and_is_finite(self) -> None:
        directions = torch.tensor([0.0, 1.0])[None, :, None, None].expand(1, 2, 8, 8)
        change = direction_change(torch.full((1, 1, 8, 8), 0.5), directions)
        assert torch.isfinite(change).all() and not change.any()


def test_edges_are_repeated_by_slices_as_by_padding() -> None:
    luma = torch.rand(1, 1, 5, 7, generator=torch.Generator().manual_seed(0), requires_grad=True)
    pull = torch.rand(1, 1, 7, 9, generator=torch.Generator().manual_seed(1))
    padded = torch.nn.functional.pad(luma, (1, 1, 1, 1), mode="replicate")
    assert torch.equal(bordered(luma), padded)
    wanted, = torch.autograd.grad((padded * pull).sum(), luma)
    found, = torch.autograd.grad((bordered(luma) * pull).sum(), luma)
    torch.testing.assert_close(found, wanted)
