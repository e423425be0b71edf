"""The checks tell a followed drawing from another one, and a planned light from its mirror."""

import cv2
import numpy as np
import pytest

from underpaint.controls.edges import line_centres, picture_edges
from underpaint.controls.light_check import check_light
from underpaint.controls.line_check import check_lines


def shapes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat coloured shapes on a ground, and the ink that outlines them."""
    rng = np.random.default_rng(seed)
    picture = np.full((192, 256, 3), rng.uniform(0.7, 0.9, 3), dtype=np.float32)
    ink = np.zeros((192, 256), dtype=np.float32)
    for _ in range(4):
        centre = tuple(int(value) for value in rng.integers((40, 40), (216, 152)))
        axes = tuple(int(value) for value in rng.integers(15, 38, 2))
        cv2.ellipse(picture, centre, axes, 20, 0, 360, tuple(float(v) for v in rng.uniform(0, 0.6, 3)), -1)
        cv2.ellipse(ink, centre, axes, 20, 0, 360, 0.0, -1)
        cv2.ellipse(ink, centre, axes, 20, 0, 360, 1.0, 2)
    return picture, ink


def test_paint_that_follows_its_lines_keeps_nearly_all_of_them() -> None:
    check = check_lines(*shapes(1))
    assert check.kept > 0.9 and check.invented < 0.1 and check.f1 > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_a_followed_drawing_is_told_from_another(seed: int) -> None:
    picture, ink = shapes(seed)
    other = shapes(seed + 100)[1]
    assert check_lines(picture, ink).f1 > check_lines(picture, other).f1 + 0.3


def test_flat_paint_keeps_nothing_and_invents_nothing() -> None:
    _, ink = shapes(2)
    check = check_lines(np.full((192, 256, 3), 0.5, dtype=np.float32), ink)
    assert (check.kept, check.invented, check.f1) == (0, 0, 0)


def test_fine_grain_is_not_counted_as_line() -> None:
    picture, ink = shapes(3)
    noisy = picture + np.random.default_rng(0).normal(0, 0.02, picture.shape).astype(np.float32)
    assert check_lines(noisy, ink).invented < 0.2


def test_a_tint_without_change_of_lightness_is_an_edge() -> None:
    picture = np.full((64, 64, 3), (0.75, 0.45, 0.45), dtype=np.float32)
    picture[:, 32:] = (0.35, 0.60, 0.60)
    columns = np.nonzero(picture_edges(picture))[1]
    assert columns.size >= 60 and abs(float(columns.mean()) - 31.5) < 1.5


def test_solid_black_counts_by_its_outline() -> None:
    ink = np.zeros((80, 80), dtype=np.float32)
    ink[20:60, 20:60] = 1
    centres = line_centres(ink)
    assert centres[30:50, 30:50].sum() == 0 and centres[20, 25:55].all()


def test_the_overlay_shows_faults_in_colour() -> None:
    picture, ink = shapes(4)
    check = check_lines(np.full_like(picture, 0.5), ink)
    shown = check.overlay(picture)
    assert shown.shape == picture.shape
    assert np.allclose(shown[check.missing_map], (0.95, 0.1, 0.1), atol=1e-6)


def test_sizes_that_differ_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="differ"):
        check_lines(np.zeros((4, 4, 3), dtype=np.float32), np.zeros((4, 5), dtype=np.float32))


@pytest.mark.parametrize(("direction", "side"),
                         [(0, "right"), (20, "right"), (170, "left"), (140, "left"), (90, "above")])
def test_light_is_told_from_its_mirror(direction: float, side: str) -> None:
    ramp = np.linspace(0.2, 0.8, 64, dtype=np.float32)
    right = np.repeat(np.broadcast_to(ramp[None, :], (64, 64))[..., None], 3, axis=-1)
    pictures = {"right": right, "left": right[:, ::-1], "above": right.transpose(1, 0, 2)[::-1]}
    opposite = {"right": pictures["left"], "left": pictures["right"], "above": pictures["above"][::-1]}
    assert check_light(pictures[side], direction).from_planned_side
    assert not check_light(opposite[side], direction).from_planned_side
    assert not check_light(np.full((64, 64, 3), 0.5, dtype=np.float32), direction).from_planned_side
