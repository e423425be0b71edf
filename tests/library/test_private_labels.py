"""Labels of private plots and sheets: they are drawn, so what is drawn is compared."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from underpaint.library.plot_files import write_plot
from underpaint.library.series import Painted
from underpaint.library.sheet_files import write_sheet
from underpaint.pictures.read import read_picture
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.recipe import CreateRecipe
from underpaint.sets.plot import plan_plot
from underpaint.sets.sheet import Concept


@pytest.fixture
def painted(tmp_path: Path) -> tuple[Painted, ...]:
    write_picture(tmp_path / "one.png", np.full((40, 60, 3), 90, np.uint8), Record())
    return tuple(Painted(number, "name", tmp_path / "one.png", 60, 40, 1, 0.1, {}, ()) for number in (1, 2))


def drawn(folder: Path, write: Callable[[Path], object]) -> np.ndarray:
    folder.mkdir()
    write(folder)
    return np.asarray(read_picture(next(folder.glob("*.png"))).pixels)


@pytest.mark.parametrize("private", [True, False])
def test_a_private_grid_says_nothing_of_its_values(painted: tuple[Painted, ...], tmp_path: Path,
                                                   private: bool) -> None:
    def grid(prompt: str, values: str) -> np.ndarray:
        plot = plan_plot(CreateRecipe(prompt=prompt), f"Prompt S/R={values}")
        return drawn(tmp_path / prompt, lambda folder: write_plot(plot, painted, folder, prompt, private=private))

    first, second = grid("okapi", "okapi,quagga"), grid("gnu", "gnu,tapir")
    assert np.array_equal(first, second) is private
    page = (tmp_path / "okapi" / "plot.html").read_text()
    assert ("X2" in page) is private and ("quagga" in page) is not private


@pytest.mark.parametrize("private", [True, False])
def test_a_private_sheet_says_nothing_of_what_varied(painted: tuple[Painted, ...], tmp_path: Path,
                                                     private: bool) -> None:
    def sheet(word: str) -> np.ndarray:
        concepts = [Concept(number, (("subject", word), ("light", f"{word} light")), CreateRecipe())
                    for number in (1, 2)]
        return drawn(tmp_path / word, lambda folder: write_sheet(concepts, painted, folder / "sheet.png", word,
                                                                 private=private))

    assert np.array_equal(sheet("okapi"), sheet("gnu")) is private
