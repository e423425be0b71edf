"""`underpaint turnaround`: one figure from several sides, as one sheet and one picture a side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.engine import ENGINE, WORKERS, Hands
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY
from underpaint.cli.output import console, notes, print_json, print_table
from underpaint.cli.painting import Folder, Machine, Many, close, facts, paint_many, preflight_of

if TYPE_CHECKING:
    from underpaint.imaging.geometry import Extent
    from underpaint.library.series import Series
    from underpaint.library.turnaround_files import Cut
    from underpaint.models import ModelDescription
    from underpaint.sets.turnaround import Turnaround


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("turnaround", epilog='Example: underpaint turnaround "a knight in green armour, a red cape, gouache" '
                                     "--views front,side,back -o knight/")(turnaround)


def turnaround(words: str = typer.Argument(..., help="Who it is: build, clothes, colours, way of painting."),
               views: str = typer.Option("front,side,back", "--views", metavar="VIEW,VIEW",
                                         help="Two to four of front, three-quarter, side, back; from left to right."),
               count: int = typer.Option(1, "-n", "--count", help="How many sheets, of seeds one apart."),
               poses: bool = typer.Option(True, "--pose/--no-pose", help="Hold every side to one stance, by an "
                                                                         "adapter for poses or by drawn lines."),
               output: Path = typer.Option(Path("turnaround"), "-o", "--output", help="The folder to write into."),
               negative: str = recipes.NEGATIVE, model: str | None = recipes.MODEL,
               size: str | None = typer.Option(None, "--size", metavar="WxH", help="Size of one side in pixels."),
               steps: int | None = recipes.STEPS, guidance: float | None = recipes.GUIDANCE,
               sampler: str | None = recipes.SAMPLER, schedule: str | None = recipes.SCHEDULE,
               seed: int = typer.Option(1, "--seed", help="Of the first sheet."), lora: list[str] = recipes.LORA,
               changes: list[str] = recipes.SET, private: bool = recipes.PRIVATE, device: str | None = recipes.DEVICE,
               precision: str | None = recipes.PRECISION, prediction: str | None = recipes.PREDICTION,
               vae: str | None = recipes.VAE, online: bool = recipes.ONLINE, library: Path | None = LIBRARY,
               no_library: bool = NO_LIBRARY, engine: str = ENGINE, workers: int | None = WORKERS,
               as_json: bool = recipes.JSON) -> None:
    """Paint one figure from several sides in one wide picture, and cut that into one picture a side.

    All sides are painted together, in parts with words of their own, so that proportions and colours stay one figure's.
    """
    from underpaint.library.preflight import impossible
    from underpaint.library.turnaround_files import cut_sheets, stance
    from underpaint.sets.turnaround import Figure, plan_turnarounds

    machine = Machine(device, precision, prediction, online, Hands(engine, workers))
    preflight = preflight_of(machine)
    asked = recipes.Asked("", negative, model, None, steps, guidance, sampler, schedule, None, lora, changes, vae)
    base = recipes.shared_recipe(asked)
    found = preflight.find("checkpoint", base.model.name if base.model else None,
                           base.model.hash if base.model else None)
    held = stance(found, preflight.catalogue) if poses else "words"
    figure = Figure(words, _part(size, found), tuple(view.strip().lower() for view in views.split(",")),
                    found.size_step, held)
    planned, masks = plan_turnarounds(figure, count=count, seed=seed, base=base)
    for error in impossible({one.name: one.recipe for one in planned}, masks, preflight).values():
        raise error
    if poses and held != "pose":
        other = "a drawn lay figure holds the stance" if held == "lines" else "sides and stance come from words alone"
        notes().print(f"note: {found.name} has no adapter for poses here: {other}", markup=False)
    cuts: list[Cut] = []

    def finish(series: "Series") -> None:
        cuts.extend(cut_sheets(planned, series.pictures, output, private=private))

    many = Many("turnaround", words[:200], Folder(output, private, library, no_library), machine)
    series = paint_many(many, planned, masks, preflight, finish)
    _report(planned, series, cuts, as_json, held)


def _part(size: str | None, model: "ModelDescription") -> "Extent":
    """The size of one side: as asked for, or as tall as the model paints and half as wide."""
    from underpaint.imaging.geometry import Extent

    if size is not None:
        return Extent(*recipes.parse_size(size))
    native = round((model.native_area or 512 * 512) ** 0.5)
    tall = Extent(native, native).multiple_of(model.size_step).height
    return Extent(tall // 2, tall).multiple_of(model.size_step)


def _report(planned: "tuple[Turnaround, ...]", series: "Series", cuts: "list[Cut]", as_json: bool,
            held: str) -> None:
    parts = {one.number: one for one in planned}
    sheets: list[dict[str, Any]] = [
        facts(one) | {"sides": [side.to_json() for side in cut.sides], "words": parts[one.number].recipe.prompt}
        for one, cut in zip(series.pictures, cuts, strict=True)]
    if as_json:
        print_json({"sheets": sheets, "held_by": held, "cancelled": series.cancelled,
                    "failed": {name: str(error) for name, error in series.failed.items()}})
    else:
        rows = [[str(cut.number), side.view, _share(side.height), _number(side.colour), side.file.name]
                for cut in cuts for side in cut.sides]
        print_table(["", "side", "height", "colour dE", "file"], rows, whole=("height", "colour dE", "file"))
        for one in series.pictures:
            console().print(f"\nsheet: {one.file}, seed {one.seed}, {one.seconds:.1f} s", markup=False)
    for note in (note for cut in cuts for note in cut.notes):
        notes().print(f"note: {note}", markup=False)
    close(series)


def _share(value: float | None) -> str:
    return "none stands out" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
