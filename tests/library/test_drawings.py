"""A drawing is read once; what was read is what recipes name and what lies on top in the end."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from underpaint.library.drawings import Stored, read_drawing
from underpaint.pictures import read_picture


@pytest.fixture
def lines() -> np.ndarray:
    """Coloured lines on nothing, with colour left under the empty pixels."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (96, 128, 4), np.uint8)
    pixels[..., 3] = 0
    pixels[20:24, 10:110], pixels[20:80, 60:63] = (40, 30, 90, 255), (90, 10, 20, 200)
    return pixels


def test_transparent_lines_keep_the_file_s_own_pixels_and_profile(lines: np.ndarray, tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(lines).save(tmp_path / "lines.png", icc_profile=profile)
    drawing = read_drawing(tmp_path / "lines.png")
    again = read_picture(drawing.stored.data)
    assert np.array_equal(drawing.pixels, lines) and drawing.icc == profile
    assert np.array_equal(again.stored, lines) and again.icc == profile


def test_ink_on_paper_is_stored_as_the_layer_that_was_made_of_it(tmp_path: Path) -> None:
    scan = np.full((96, 128, 3), 255, np.uint8)
    scan[40:43, 10:110] = 0
    Image.fromarray(scan).save(tmp_path / "scan.png")
    drawing = read_drawing(tmp_path / "scan.png")
    assert drawing.icc is None
    assert np.array_equal(read_picture(drawing.stored.data).stored, drawing.layer.stored())
    assert drawing.pixels[41, 50, 3] == 255 and drawing.pixels[5, 5, 3] == 0


def test_a_name_that_is_not_text_is_made_readable() -> None:
    assert Stored.of(b"x", "caf\udce9.png").blob.name == "caf?.png"
