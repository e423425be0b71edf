"""The main job's document: lines on top and untouched, keys under them, the first one showing."""

from pathlib import Path

import numpy as np
import pyora
import pytest
from documents import noise
from psd_tools import PSDImage

from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer
from underpaint.canvas.files.ora import write_ora
from underpaint.canvas.files.psd import write_psd
from underpaint.canvas.keys_document import KeyLayers, keys_document
from underpaint.errors import PictureError

GOLDEN = np.full((24, 32, 3), (255, 200, 0), np.uint8)
NIGHT = np.full((24, 32, 3), (0.0, 0.0, 0.5), np.float32)


@pytest.fixture
def document() -> Document:
    keys = [KeyLayers("golden hour, warm key from left", GOLDEN, "lines kept 94 %"), KeyLayers("night", NIGHT)]
    return keys_document(noise(24, 32), keys, dpi=150)


def test_the_stack_is_lines_keys_paper(document: Document) -> None:
    lines, first, second, paper = document.layers
    assert [node.name for node in document.layers] == [
        "Lines", "01 golden hour, warm key from left (lines kept 94 %)", "02 night", "Paper",
    ]  # fmt: skip
    assert isinstance(lines, Layer) and lines.locked
    np.testing.assert_array_equal(lines.pixels, noise(24, 32))
    assert isinstance(first, Group) and isinstance(second, Group)
    assert (first.visible, second.visible) == (True, False)
    paint = second.children[0]
    assert isinstance(paint, Layer)
    assert paint.pixels[0, 0].tolist() == [0, 0, 128, 255]
    assert isinstance(paper, Layer) and (paper.pixels == 255).all()


def test_it_opens_on_the_first_key_under_the_lines(document: Document) -> None:
    merged = composite(document)
    assert (merged[..., 3] == 255).all()
    assert (merged[:12, :, :3] == (255, 200, 0)).all()  # no ink there
    ink = noise(24, 32)[..., 3] == 255
    np.testing.assert_array_equal(merged[ink], noise(24, 32)[ink])


def test_two_peers_find_the_lines_bit_identical_on_top(document: Document, tmp_path: Path) -> None:
    write_psd(document, tmp_path / "keys.psd")
    write_ora(document, tmp_path / "keys.ora")
    psd_lines = PSDImage.open(tmp_path / "keys.psd")[-1]
    ora_lines = pyora.Project.load(str(tmp_path / "keys.ora")).children[0]
    assert psd_lines.name == ora_lines.name == "Lines"
    np.testing.assert_array_equal(np.rint(psd_lines.numpy() * 255).astype(np.uint8), noise(24, 32))
    np.testing.assert_array_equal(np.asarray(ora_lines.get_image_data(raw=True)), noise(24, 32))


def test_a_key_of_another_size_is_named() -> None:
    with pytest.raises(PictureError, match='"dusk" is 10 x 10 pixels, but the lines are 32 x 24'):
        keys_document(noise(24, 32), [KeyLayers("dusk", np.zeros((10, 10, 3), np.uint8))])


def test_lines_without_transparency_would_hide_everything() -> None:
    with pytest.raises(PictureError, match="transparency"):
        keys_document(GOLDEN, [])
