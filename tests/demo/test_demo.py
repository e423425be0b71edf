"""The shipped drawings: there, small, drawn by the code beside them, and read cleanly."""

import cv2
import numpy as np
from PIL import Image, ImageOps
from scipy.ndimage import distance_transform_edt

from underpaint.demo import drawings
from underpaint.demo.girl import girl_on_cliff
from underpaint.demo.harbour import harbour
from underpaint.demo.make import harbour_photo
from underpaint.imaging.blend import flatten
from underpaint.imaging.drawing import DrawingKind, line_layer


def test_both_drawings_ship_with_words() -> None:
    shipped = drawings()
    assert list(shipped) == ["girl-on-cliff", "harbour-photo"]
    for drawing in shipped.values():
        assert drawing.path.is_file() and drawing.words
    assert shipped["girl-on-cliff"].path.stat().st_size < 300_000
    assert shipped["harbour-photo"].path.stat().st_size < 500_000


def test_the_girl_is_what_the_code_draws_and_comes_back_over_white() -> None:
    shipped = np.asarray(Image.open(drawings()["girl-on-cliff"].path))
    drawn = girl_on_cliff()
    # Skia may round an edge otherwise on another machine; the drawing stays the drawing.
    assert np.abs(shipped.astype(int) - drawn.astype(int)).mean() < 0.5
    layer = line_layer(shipped)
    assert layer.kind is DrawingKind.INK
    assert np.abs(flatten(layer.rgba)[..., 0] * 255 - shipped).max() <= 1


def test_the_phone_photo_gives_the_drawing_back() -> None:
    picture = Image.open(drawings()["harbour-photo"].path)
    assert picture.getexif()[0x0112] == 6  # a phone held upright
    layer = line_layer(np.asarray(ImageOps.exif_transpose(picture)))
    assert layer.kind is DrawingKind.PHOTO and layer.corners is not None and not layer.notes
    truth = harbour() < 128
    found = seen_as_drawn(layer.rgba[..., 3], layer.corners) > 0.35
    precision = (distance_transform_edt(~truth)[found] <= 2).mean()
    inner = np.zeros_like(truth)
    inner[12:-12, 12:-12] = True  # a sheet's very edge is left out
    recall = (distance_transform_edt(~found)[truth & inner] <= 2).mean()
    assert precision > 0.97, f"invented lines: precision {precision:.3f}"
    assert recall > 0.97, f"lost lines: recall {recall:.3f}"


def seen_as_drawn(alpha: np.ndarray, corners: tuple[tuple[float, float], ...]) -> np.ndarray:
    """The recovered ink laid over the original by the corners where the sheet truly lay."""
    height, width = alpha.shape
    rows, columns = harbour().shape
    x, y = 0.006 * width, 0.006 * height
    squared = np.float32([[-x, -y], [width + x, -y], [width + x, height + y], [-x, height + y]])
    to_photo = cv2.getPerspectiveTransform(squared, np.float32(corners))
    sheet = np.float32([[0, 0], [columns, 0], [columns, rows], [0, rows]])
    to_sheet = cv2.getPerspectiveTransform(np.float32(harbour_photo().corners), sheet)
    return cv2.warpPerspective(alpha, to_sheet @ to_photo, (columns, rows))
