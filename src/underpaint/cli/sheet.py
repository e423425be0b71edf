"""`underpaint sheet`: a vague brief becomes many concepts to pick from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.engine import ENGINE, WORKERS, Hands
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY
from underpaint.cli.output import console, print_json, print_table
from underpaint.cli.painting import Folder, Machine, Many, close, facts, paint_many, preflight_of
from underpaint.errors import PromptError, RecipeError

if TYPE_CHECKING:
    from underpaint.library.series import Series
    from underpaint.sets.packs import Pack, Phrase
    from underpaint.sets.sheet import Concept


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("sheet", epilog='Example: underpaint sheet "an inn at a {crossroads|harbour}" -n 12 '
                                "--vary view,mood,light -o inn/")(sheet)


def sheet(brief: str = typer.Argument("", help="What it is about; {one|another} varies, {light} is a place for an "
                                               "axis's words."),
          count: int = typer.Option(12, "-n", "--count", help="How many concepts."),
          vary: str | None = typer.Option(None, "--vary", metavar="AXIS,AXIS", help="What varies, in this order. "
                                          r"\[subject,view,mood,style,light, and every axis of --axis]"),
          axis: list[str] = typer.Option([], "--axis", metavar="AXIS=A,B,C", help="An axis in your own words; may be "
                                                                               "given again."),
          pack: list[Path] = typer.Option([], "--pack", help="A file of phrases; may be given again. Those in the "
                                                             "folder packs of Underpaint's home are always there."),
          axes: bool = typer.Option(False, "--axes", help="List the axes with their phrases and paint nothing."),
          output: Path = typer.Option(Path("sheet"), "-o", "--output", help="The folder to write into."),
          negative: str = recipes.NEGATIVE, model: str | None = recipes.MODEL, size: str | None = recipes.SIZE,
          steps: int | None = recipes.STEPS, guidance: float | None = recipes.GUIDANCE,
          sampler: str | None = recipes.SAMPLER, schedule: str | None = recipes.SCHEDULE,
          seed: int = typer.Option(1, "--seed", help="Of the first concept; another one deals the phrases anew."),
          lora: list[str] = recipes.LORA, changes: list[str] = recipes.SET, private: bool = recipes.PRIVATE,
          device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
          prediction: str | None = recipes.PREDICTION, vae: str | None = recipes.VAE, online: bool = recipes.ONLINE,
          library: Path | None = LIBRARY, no_library: bool = NO_LIBRARY, engine: str = ENGINE,
          workers: int | None = WORKERS, as_json: bool = recipes.JSON) -> None:
    """Paint many concepts of one brief, spread evenly over view, mood, style, light and whatever else varies.

    With --private the sheet's labels are numbers, and what they stand for is only said here.
    """
    from underpaint.library.preflight import impossible
    from underpaint.library.sheet_files import read_axes, write_sheet
    from underpaint.sets.sheet import plan_sheet

    machine = Machine(device, precision, prediction, online, Hands(engine, workers))
    preflight = preflight_of(machine)
    spoken = [_spoken(text) for text in axis]
    there = read_axes(preflight.catalogue.home, pack, spoken)
    if axes:
        _list(there, as_json)
        return
    asked = recipes.Asked("", negative, model, size, steps, guidance, sampler, schedule, None, lora, changes, vae)
    planned = plan_sheet(brief, _chosen(there, vary, spoken), count=count, seed=seed, base=recipes.shared_recipe(asked))
    for error in impossible({one.name: one.recipe for one in planned}, {}, preflight).values():
        raise error
    target = output / "sheet.png"

    def finish(series: "Series") -> None:
        write_sheet(planned, series.pictures, target, brief, private=private)

    many = Many("sheet", brief, Folder(output, private, library, no_library), machine)
    _report(planned, paint_many(many, planned, {}, preflight, finish), target, as_json)


def _spoken(text: str) -> "Pack":
    from underpaint.sets.packs import spoken
    from underpaint.sets.plot_values import split_csv

    name, mark, values = text.partition("=")
    if not mark or not values.strip():
        raise PromptError(f"'{text:.60}' is no axis", hint="Write NAME=A,B,C, such as subject=a fox,an owl.")
    return spoken(name, split_csv(values))


def _chosen(there: "Mapping[str, Sequence[Phrase]]", vary: str | None,
            spoken: "Sequence[Pack]") -> "dict[str, Sequence[Phrase]]":
    """The axes that vary, in the order in which they are said."""
    from underpaint.sets.sheet import DEFAULT_AXES

    names = [*DEFAULT_AXES, *(pack.axis for pack in spoken)]
    if vary is not None:
        names = [name.strip().lower() for name in vary.split(",") if name.strip()]
    for name in names:
        if name not in there:
            raise RecipeError(f"there is no axis '{name:.40}'", field="vary",
                              hint=f"There are {', '.join(there)}; add one with --axis or --pack.")
    return {name: there[name] for name in dict.fromkeys(names)}


def _list(there: "Mapping[str, Sequence[Phrase]]", as_json: bool) -> None:
    if as_json:
        print_json({"axes": {name: [{"name": one.name, "words": one.words} for one in phrases]
                             for name, phrases in there.items()}})
        return
    print_table(["axis", "phrase", "words"], [[name if not at else "", one.name, one.words]
                                              for name, phrases in there.items() for at, one in enumerate(phrases)],
                whole=("axis",))


def _report(planned: "Sequence[Concept]", series: "Series", target: Path, as_json: bool) -> None:
    concepts = {one.number: one for one in planned}
    if as_json:
        said = [facts(one) | {"varied": dict(concepts[one.number].varied), "words": concepts[one.number].recipe.prompt}
                for one in series.pictures]
        print_json({"concepts": said, "sheet": str(target), "cancelled": series.cancelled,
                    "failed": {name: str(error) for name, error in series.failed.items()}})
    else:
        axes = [name for name, _ in planned[0].varied]
        rows = [[str(one.number), *(choice for _, choice in concepts[one.number].varied), one.file.name]
                for one in series.pictures]
        print_table(["", *axes, "file"], rows, whole=("file",))
        console().print(f"\nsheet: {target}", markup=False)
    close(series)
