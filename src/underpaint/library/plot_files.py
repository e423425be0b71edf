"""A plot's folder: a PNG a cell with its own recipe, the labelled grid, the page to compare on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from underpaint.canvas.grid import GridLabels, Piece, labelled_grid
from underpaint.canvas.grid_page import grid_page
from underpaint.files import atomic_write
from underpaint.library.series import Painted
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.sets.plot import Plot


@dataclass(frozen=True)
class PlotFiles:
    """What was written beside the cells."""

    grid: Path
    page: Path


def write_plot(plot: Plot, painted: Sequence[Painted], folder: Path, title: str) -> PlotFiles:
    """Write grid.png and plot.html of what is painted; what is not yet is said in its place.

    Raises OutputError for a place that cannot be written.
    """
    labels = GridLabels(title, (plot.x.name, plot.y.name, plot.z.name), plot.x.labels, plot.y.labels, plot.z.labels)
    there = {one.number: Piece(one.width, one.height, one.pixels) for one in painted}
    pieces = [there.get(number) for number in range(1, len(plot.cells) + 1)]
    files = PlotFiles(folder / "grid.png", folder / "plot.html")
    write_picture(files.grid, labelled_grid(pieces, labels), Record(source_type="compositeWithTrainedAlgorithmicMedia"))
    page = grid_page(pieces, labels)
    with atomic_write(files.page) as file:
        file.write(page)
    return files
