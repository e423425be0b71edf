"""`underpaint plot`: one picture in every pairing of the values of up to three axes."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.engine import ENGINE, WORKERS, Hands
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY
from underpaint.cli.lines import KIND, Kind
from underpaint.cli.output import console, notes, print_json, print_table
from underpaint.cli.paint import Sources, recipe_of
from underpaint.cli.painting import Folder, Machine, Many, close, facts, paint_many, preflight_of

if TYPE_CHECKING:
    from underpaint.library.plot_files import PlotFiles
    from underpaint.library.series import Series
    from underpaint.sets.plot import Plot

_FORM = "AXIS=VALUES"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("plot", epilog='Example: underpaint plot "a red house by the sea" --x "Steps=10-30 [3]" '
                               '--y "Prompt S/R=red,blue,white" -o plot/')(plot)


def plot(words: str = typer.Argument("", help="What to paint."),
         x: str = typer.Option("", "--x", metavar=_FORM, help="What varies from left to right, such as 'CFG Scale=3-9 "
                                                            "(+2)'. `--axes` lists the names."),
         y: str = typer.Option("", "--y", metavar=_FORM, help="What varies from top to bottom."),
         z: str = typer.Option("", "--z", metavar=_FORM, help="What varies from block to block."),
         axes: bool = typer.Option(False, "--axes", help="List the axes and paint nothing."),
         negative: str = recipes.NEGATIVE, model: str | None = recipes.MODEL, size: str | None = recipes.SIZE,
         steps: int | None = recipes.STEPS, guidance: float | None = recipes.GUIDANCE,
         sampler: str | None = recipes.SAMPLER, schedule: str | None = recipes.SCHEDULE,
         seed: int | None = typer.Option(None, "--seed", help=r"Of every cell. \[1]"),
         start: Path | None = typer.Option(None, "--from", help="A picture to paint over."),
         strength: float | None = typer.Option(None, "--strength", help="How much of it may change, 0 to 1."),
         lines: Path | None = typer.Option(None, "--lines", help="A drawing whose lines the paint must follow."),
         kind: Kind = KIND, control: list[str] = recipes.CONTROL, lora: list[str] = recipes.LORA,
         recipe: Path | None = typer.Option(None, "--recipe", help="A recipe as JSON; options change it."),
         changes: list[str] = recipes.SET,
         output: Path = typer.Option(Path("plot"), "-o", "--output", help="The folder to write into."),
         private: bool = recipes.PRIVATE, device: str | None = recipes.DEVICE,
         precision: str | None = recipes.PRECISION, prediction: str | None = recipes.PREDICTION,
         vae: str | None = recipes.VAE, online: bool = recipes.ONLINE, library: Path | None = LIBRARY,
         no_library: bool = NO_LIBRARY, engine: str = ENGINE,
         workers: int | None = WORKERS, as_json: bool = recipes.JSON) -> None:
    """Paint one picture with every pairing of values: a labelled grid, and a page to look closer and compare on.

    Axes are named as in AUTOMATIC1111 (Steps, CFG Scale, Prompt S/R, Sampler, Checkpoint name ...), or are any field of
    the recipe; values are read as there: 1,2,5 or 1-5 or 1-9 (+2) or 0-1 [5].
    With --private the labels are numbers (X1, X2), and what they stand for is only said here.
    """
    if axes:
        _list(as_json)
        return
    asked = recipes.Asked(words, negative, model, size, steps, guidance, sampler, schedule, seed, lora, changes, vae)
    base, blobs = recipe_of(asked, Sources(start, strength, None, None, None, lines, kind, control), recipe)
    machine = Machine(device, precision, prediction, online, Hands(engine, workers))
    preflight = preflight_of(machine)
    from underpaint.library.preflight import impossible
    from underpaint.sets.plot import PlotError, Problem, plan_plot

    planned = plan_plot(base, x, y, z, confirm=preflight.find)
    wrong = impossible({f"picture {cell.number}, {cell.name}": cell.recipe for cell in planned.cells}, blobs, preflight)
    for error in impossible({"": base}, blobs, preflight).values():
        if wrong and {str(error)} == {str(one) for one in wrong.values()}:
            raise error  # no axis's fault
    if wrong:
        raise PlotError([Problem(name, None, str(error).rstrip(".")) for name, error in wrong.items()])
    for note in planned.notes:
        notes().print(f"note: {note}", markup=False)
    files: list[PlotFiles] = []

    def finish(series: "Series") -> None:
        from underpaint.library.plot_files import write_plot

        files.append(write_plot(planned, series.pictures, output, base.prompt, private=private))

    many = Many("plot", f"{base.prompt[:200]} ({planned.title})", Folder(output, private, library, no_library), machine)
    series = paint_many(many, planned.cells, blobs, preflight, finish)
    _report(planned, series, files[0], as_json)


def _report(plot: "Plot", series: "Series", files: "PlotFiles", as_json: bool) -> None:
    places = {cell.number: (cell.x, cell.y, cell.z) for cell in plot.cells}
    painted = sorted(series.pictures, key=lambda one: one.number)
    if as_json:
        axes = [{"axis": axis.letter, "name": axis.name, "values": list(axis.values), "labels": list(axis.labels)}
                for axis in (plot.x, plot.y, plot.z) if axis.name]
        cells = [dict(zip("xyz", places[one.number], strict=True)) | facts(one) for one in painted]
        print_json({"axes": axes, "cells": cells, "grid": str(files.grid), "page": str(files.page),
                    "failed": {name: str(error) for name, error in series.failed.items()},
                    "cancelled": series.cancelled})
    else:
        numbers = ("seed", "seconds", "file")
        print_table(["", "picture", *numbers], [[str(one.number), one.name, str(one.seed), f"{one.seconds:.1f}",
                                                 one.file.name] for one in painted], whole=numbers)
        console().print(f"\ngrid: {files.grid}\npage: {files.page}", markup=False)
    close(series)


def _list(as_json: bool) -> None:
    """The axes there are, and those of other programs that there are not."""
    from underpaint.sets.plot_axes import AXES, NOT_OFFERED

    said = {"whole": "whole numbers, ranges", "number": "numbers, ranges", "text": "text",
            "order": "words of the prompt", "any": "values"}
    if as_json:
        print_json({"axes": [{"name": axis.name, "also": list(axis.aliases), "values": said[axis.values]}
                             for axis in AXES], "not_offered": dict(NOT_OFFERED)})
        return
    print_table(["axis", "values", "also called"], [[axis.name, said[axis.values], ", ".join(axis.aliases)]
                                                    for axis in AXES])
    console().print("\nAny field of a recipe is one as well, such as guidance.rescale or controls.0.end.\n")
    print_table(["not offered", "because"], [[name, why] for name, why in NOT_OFFERED.items()])
