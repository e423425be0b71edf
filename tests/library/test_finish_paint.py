"""The second pass of an upscale is a job like any other: gone on with, and tied to the picture that it grew from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.easel import paint_cheaply
from kit.studio import save_picture

from underpaint.cli.finish_paint import Brush, paint_over
from underpaint.errors import OutputError
from underpaint.finish import writing
from underpaint.finish.shape import checked
from underpaint.finish.upscale import Upscale
from underpaint.library.importing import import_folder
from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.lineage import tree
from underpaint.plan import painter
from underpaint.plan.take import Take
from underpaint.recipe import Recipe


def test_a_second_pass_that_was_painted_and_not_written_is_not_painted_again(tmp_path: Path,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int | None] = []

    class Cheap:
        def __init__(self, **_: Any) -> None:
            pass

        def paint(self, recipe: Recipe, blobs: Any, progress: Any) -> Take:
            painted.append(recipe.seed)
            return replace(paint_cheaply(recipe, blobs, progress),
                           picture=np.full((recipe.height, recipe.width, 3), 0.5, np.float32))

    def full(*_: Any, **__: Any) -> None:
        raise OutputError("Cannot write it: no space left")

    monkeypatch.setattr(painter, "Painter", Cheap)
    source, save = save_picture(tmp_path / "a.png", 40, 32), writing.save
    with Library(tmp_path / "mine") as library:
        import_folder(library, source)
    brush = Brush("a hill", None, None, None, None, [], 64, None, None, tmp_path / "mine", False, False)
    asked = checked(Upscale, {"scale": 2})
    monkeypatch.setattr(writing, "save", full)
    with pytest.raises(OutputError, match="no space"):
        paint_over(writing.open_picture(source), tmp_path / "b.png", asked, None, brush)
    monkeypatch.setattr(writing, "save", save)
    paint_over(writing.open_picture(source), tmp_path / "b.png", asked, None, brush)
    assert len(painted) == 1 and painted[0] is not None
    with Library(tmp_path / "mine") as library:
        assert [job.state for job in Jobs(library).all()] == ["done"]
        branch, = tree(library, library.find(source))
        assert [child.entry.seed for child in branch.children] == painted
