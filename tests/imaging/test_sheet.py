"""Sheets are found where there is proof of one, and squared to their true shape."""

import math

import cv2
import numpy as np
import pytest

from underpaint.demo.photo import PhotoSetup, photograph
from underpaint.imaging.drawing import DrawingKind, line_layer
from underpaint.imaging.sheet import find_sheet, square

SIZE = (720, 540)


def page() -> np.ndarray:
    """A portrait A4 sheet with a drawing, H x W x 3."""
    sheet = np.full((566, 400), 255, np.uint8)
    cv2.ellipse(sheet, (200, 240), (110, 130), 20, 0, 360, 0, 3, cv2.LINE_AA)
    cv2.rectangle(sheet, (60, 420), (340, 500), 0, 3)
    return np.repeat((sheet / 255.0).astype(np.float32)[..., None], 3, axis=2)


def seen_from(tilt: float, pan: float, roll: float, focal: float = 0.8) -> tuple[tuple[float, float], ...]:
    """Corners (shares of the photo) of an A4 sheet turned by these angles before a pinhole camera."""
    x, y = 210 / 2, 297 / 2
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]])
    a, b, c = (math.radians(angle) for angle in (tilt, pan, roll))
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turned = corners @ (about_x @ about_y @ about_z).T
    for distance in np.linspace(300, 2000, 300):
        flat = focal * SIZE[0] * turned[:, :2] / (turned[:, 2:] + distance)
        shares = flat / SIZE + 0.5
        if shares.min() > 0.05 and shares.max() < 0.95:
            return tuple((float(u), float(v)) for u, v in shares)
    raise AssertionError("the camera cannot see the sheet")


@pytest.mark.parametrize(
    ("angles", "table"),
    [
        ((25, 0, 0), (0.46, 0.31, 0.2)),
        ((35, 10, 5), (0.2, 0.3, 0.35)),
        ((20, -20, 15), (0.05, 0.05, 0.06)),
        ((0, 0, 30), (0.5, 0.45, 0.4)),
        ((10, 15, -8), (0.3, 0.1, 0.1)),
    ],
)
def test_corners_and_shape(angles: tuple[float, float, float], table: tuple[float, float, float]) -> None:
    photo = photograph(page(), PhotoSetup(corners=seen_from(*angles), size=SIZE, table=table))
    corners = find_sheet(photo.picture)
    assert corners is not None
    error = np.hypot(*(np.array(corners) - np.array(photo.corners)).T)
    assert error.max() < 6, f"a corner is {error.max():.1f} pixels off"
    sheet = square(photo.picture, corners)
    assert sheet.shape[1] / sheet.shape[0] == pytest.approx(210 / 297, rel=0.06)


def test_a_sheet_that_runs_out_of_the_photo() -> None:
    photo = photograph(page(), PhotoSetup(corners=seen_from(20, 5, 3), size=SIZE))
    cut = photo.picture[:, : round(max(x for x, _ in photo.corners)) - 40]
    corners = find_sheet(cut)
    assert corners is not None
    error = np.hypot(*(np.array(corners) - np.array(photo.corners)).T)
    assert error.max() < 12  # the corner that is out of sight too


def test_a_drawn_frame_is_no_sheet() -> None:
    framed = np.full((400, 500, 3), 1.0, np.float32)
    cv2.rectangle(framed, (50, 40), (450, 360), (0, 0, 0), 5)
    cv2.circle(framed, (250, 200), 80, (0, 0, 0), 3)
    x = np.linspace(0, 1, 500, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(1).normal(0, 0.01, framed.shape).astype(np.float32)
    for picture in (framed, framed * 0.8 + noise, framed * (0.9 - 0.35 * x) + noise):
        assert find_sheet(np.clip(picture, 0, 1)) is None


def test_no_sheet_leaves_the_picture_as_it_is() -> None:
    plain = np.clip(np.random.default_rng(2).normal(0.8, 0.02, (300, 400, 3)), 0, 1).astype(np.float32)
    cv2.line(plain, (40, 40), (360, 260), (0.1, 0.1, 0.1), 3)
    assert find_sheet(plain) is None
    layer = line_layer(plain)
    assert layer.corners is None and layer.extent.shape == (300, 400)


def test_a_photographed_drawing_is_squared_by_itself() -> None:
    photo = photograph(page(), PhotoSetup(corners=seen_from(25, 8, 4), size=SIZE))
    layer = line_layer(photo.picture)
    assert layer.kind is DrawingKind.PHOTO and layer.corners is not None and not layer.notes
    alpha = layer.rgba[..., 3]
    edge = np.concatenate([alpha[:3].ravel(), alpha[-3:].ravel(), alpha[:, :3].ravel(), alpha[:, -3:].ravel()])
    assert (edge > 0.1).mean() < 0.02
    assert 0.01 < (alpha > 0.3).mean() < 0.08


def test_a_photo_of_a_blank_sheet_is_blank() -> None:
    from underpaint.errors import DrawingError

    photo = photograph(np.ones((400, 560, 3), np.float32), PhotoSetup(size=SIZE))
    with pytest.raises(DrawingError, match="blank"):
        line_layer(photo.picture)
