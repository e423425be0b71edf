"""Krita opens the layered files: same names, order, groups and eyes, and the line pixels equal.

Needs Krita and Xvfb (Debian: `apt-get install krita xvfb`); run by `make soak`.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer
from underpaint.canvas.files.ora import write_ora
from underpaint.canvas.files.ora_read import read_ora
from underpaint.canvas.files.psd import write_psd
from underpaint.canvas.keys_document import KeyLayers, keys_document

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not (shutil.which("krita") and shutil.which("xvfb-run")), reason="needs krita and xvfb (Debian packages)"
    ),
]
HEIGHT, WIDTH = 240, 320
WRITERS = {"psd": write_psd, "ora": write_ora}


@pytest.fixture(scope="module")
def document() -> Document:
    """Soft grey strokes of every alpha over three painted keys."""
    random = np.random.default_rng(5)
    lines = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for row in range(10, HEIGHT - 10, 23):
        lines[row : row + 5, 8:-8] = random.integers(0, 256, (5, WIDTH - 16, 4))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    names = ["golden hour, warm key from left", "夜, blue hour", "über storm"]
    keys = [
        KeyLayers(name, np.stack([x / WIDTH, y / HEIGHT, np.full_like(x, 0.3 * number)], axis=2))
        for number, name in enumerate(names, 1)
    ]
    return keys_document(lines, keys, dpi=150)


@pytest.fixture(scope="module")
def krita(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Lets Krita, in a home of its own and on an invisible screen, save a file as another."""
    home = tmp_path_factory.mktemp("krita home")
    environment = os.environ | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LANG": "C.UTF-8"}

    def convert(source: Path, target: Path) -> Path:
        command = ["xvfb-run", "-a", "krita", "--nosplash", "--export", "--export-filename", str(target), str(source)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert target.is_file(), f"Krita did not write {target.name}: {done.stdout}\n{done.stderr}"
        return target

    return convert


def outline(nodes: tuple[Layer | Group, ...]) -> list[object]:
    """Names, eyes and nesting."""
    return [
        (node.name, node.visible, outline(node.children)) if isinstance(node, Group) else (node.name, node.visible)
        for node in nodes
    ]


def on_canvas(layer: Layer) -> np.ndarray:
    """The layer's pixels at canvas size: Krita trims what is empty."""
    canvas = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    x, y = layer.offset
    canvas[y : y + layer.pixels.shape[0], x : x + layer.pixels.shape[1]] = layer.pixels
    return canvas


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_krita_finds_the_same_layers(kind: str, document: Document, krita, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    WRITERS[kind](document, tmp_path / f"keys.{kind}")
    again = read_ora(krita(tmp_path / f"keys.{kind}", tmp_path / "again.ora"))
    assert (again.width, again.height) == (WIDTH, HEIGHT)
    assert outline(again.layers) == outline(document.layers)
    theirs = {layer.name + "/".join(g.name for g in groups): on_canvas(layer) for layer, groups in again.walk()}
    for layer, groups in document.walk():
        found = theirs[layer.name + "/".join(g.name for g in groups)]
        seen = layer.pixels[..., 3] > 0
        np.testing.assert_array_equal(found[..., 3], layer.pixels[..., 3], err_msg=f"alpha of {layer.name}")
        np.testing.assert_array_equal(found[seen], layer.pixels[seen], err_msg=layer.name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_krita_shows_our_merged_picture(kind: str, document: Document, krita, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    WRITERS[kind](document, tmp_path / f"keys.{kind}")
    shown = np.asarray(Image.open(krita(tmp_path / f"keys.{kind}", tmp_path / "shown.png")).convert("RGBA"))
    difference = np.abs(shown.astype(int) - composite(document))
    assert difference.max() <= 1, f"max {difference.max()}, mean {difference.mean():.4f}"
