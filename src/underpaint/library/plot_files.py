"""A plot's folder: a PNG a cell with its own recipe, the labelled grid, the page to compare on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from underpaint.canvas.grid import GridLabels, Piece, labelled_grid
from underpaint.canvas.grid_page import grid_page
from underpaint.files import atomic_write
from underpaint.library.series import Painted
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.sets.plot import Axis, Plot


@dataclass(frozen=True)
class PlotFiles:
    """What was written beside the cells."""

    grid: Path
    page: Path


def write_plot(plot: Plot, painted: Sequence[Painted], folder: Path, title: str, *,
               private: bool = False) -> PlotFiles:
    """Write grid.png and plot.html of what is painted; what is not yet is said in its place.

    Private ones hold no title, and numbers in place of the axes' names and values: X1, X2. Raises OutputError for a
    place that cannot be written.
    """
    x, y, z = map(_numbered, (plot.x, plot.y, plot.z)) if private else (plot.x, plot.y, plot.z)
    labels = GridLabels("" if private else title, (x.name, y.name, z.name), x.labels, y.labels, z.labels)
    there = {one.number: Piece(one.width, one.height, one.pixels) for one in painted}
    pieces = [there.get(number) for number in range(1, len(plot.cells) + 1)]
    files = PlotFiles(folder / "grid.png", folder / "plot.html")
    write_picture(files.grid, labelled_grid(pieces, labels), Record(source_type="compositeWithTrainedAlgorithmicMedia"))
    page = grid_page(pieces, labels)
    with atomic_write(files.page) as file:
        file.write(page)
    return files


def _numbered(axis: Axis) -> Axis:
    """An axis that says nothing but where its values stand; one that does not vary says nothing as before."""
    if not axis.name:
        return axis
    return replace(axis, name=axis.letter, labels=tuple(f"{axis.letter}{at}" for at in range(1, len(axis.labels) + 1)))
