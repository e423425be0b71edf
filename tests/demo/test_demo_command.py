"""`underpaint demo`: keys, a place painted again with nothing else changed, and the same at 1024 pixels."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from kit.studio import Program

from underpaint.demo import drawings
from underpaint.demo.hole import hole
from underpaint.finish.lineage import lineage
from underpaint.models import primer_folder
from underpaint.pictures import read_picture
from underpaint.pictures.recall import recipe_from_file


def test_a_hole_is_the_ellipse_in_its_box() -> None:
    mask = hole((0.25, 0.0, 0.75, 0.5), 200, 100)
    assert mask.shape == (100, 200) and set(np.unique(mask)) == {0, 255}
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 49, 50, 149)
    assert (mask > 0).mean() == pytest.approx(0.25 * np.pi / 4, abs=0.005)


def test_holes_of_the_shipped_drawings_lie_inside_them() -> None:
    for drawing in drawings().values():
        left, top, right, bottom = drawing.hole
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


@pytest.mark.skipif(not (primer_folder() / "unet").is_dir(), reason="the built-in model's weights are not here")
def test_the_demo_fills_and_finishes(program: Program, tmp_path: Path) -> None:
    said = program.json("demo", "-n", 1, "-o", tmp_path / "demo")
    key, filled, finished = said["keys"][0], said["filled"], said["finished"]
    before, after = read_picture(key["file"]).stored, read_picture(filled["file"]).stored
    outside = read_picture(filled["mask"]).stored[..., 0] == 0
    assert (before == after)[outside].all() and filled["changed_outside"] == 0
    assert filled["changed_inside"] > 0.3 * (~outside).sum()
    assert max(finished["width"], finished["height"]) == 1024
    assert read_picture(finished["file"]).stored.shape[:2] == (finished["height"], finished["width"])
    assert [step["operation"] for step in lineage(finished["file"])] == ["upscale"]

    words = shlex.split(filled["command"])  # the command that is named paints this very picture
    again = tmp_path / "again.png"
    program.well(*words[1:words.index("-o")], "-o", again)
    assert recipe_from_file(again).hash() == recipe_from_file(filled["file"]).hash()
    np.testing.assert_array_equal(read_picture(again).stored, after)
