"""`underpaint repaint`: a picture is painted again from its file alone; another program's as near as can be."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli.output import console, notes, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import ModelError, RecipeError

if TYPE_CHECKING:
    from underpaint.library.others import Theirs
    from underpaint.library.repaint import Foreseen, Outcome
    from underpaint.models import Catalogue

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("repaint", epilog="Example: underpaint repaint keys/01-golden-hour.png --check")(repaint)


def repaint(file: Path = typer.Argument(..., help="A picture that Underpaint painted, or another program."),
            output: Path | None = typer.Option(None, "-o", "--output", help=r"The file to write. \[NAME-repainted]"),
            check: bool = typer.Option(False, "--check", help="Only say what is missing or differs here."),
            model: str | None = typer.Option(None, "--model", help="For another program's picture: paint with this."),
            leave_out: bool = typer.Option(False, "--leave-out",
                                           help="For another program's picture: go without LoRAs that are not here."),
            as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Paint a picture again: everything it takes is in the file. Says whether it came out identical.

    Another program's picture (AUTOMATIC1111, ComfyUI ...) is painted as near as can be; --check says what will differ.
    """
    from underpaint.library.others import foresee_theirs, read_theirs, with_model
    from underpaint.library.repaint import foresee, read_source
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    theirs = read_theirs(file)
    if theirs is None and (model or leave_out):
        raise RecipeError(f"{file.name} was painted here and is painted again as it was",
                          hint="To paint it otherwise: underpaint paint --recipe, with what `underpaint info` says.",
                          field="model" if model else "leave_out")
    if theirs is not None and model:
        theirs = with_model(theirs, model)
    if check:
        foreseen = foresee(read_source(file), catalogue) if theirs is None else foresee_theirs(
            theirs, catalogue, leave_out=leave_out)
        _say_foreseen(foreseen, as_json)
        return
    target = output or file.with_name(f"{file.stem}-repainted{_suffix(file)}")
    _say(_paint(file, theirs, target, catalogue, leave_out), theirs, as_json)


def _suffix(file: Path) -> str:
    return file.suffix if file.suffix.lower() in _PICTURES else ".png"


def _paint(file: Path, theirs: "Theirs | None", target: Path, catalogue: "Catalogue", leave_out: bool) -> "Outcome":
    from underpaint.library.others import foresee_theirs, repaint_theirs
    from underpaint.library.repaint import read_source
    from underpaint.library.repaint import repaint as paint_again

    with job_progress(1) as watcher:
        watcher.begin("reading the model")
        if theirs is None:
            return paint_again(read_source(file), target, catalogue, progress=watcher.step, warn=watcher.note)
        for line in foresee_theirs(theirs, catalogue, leave_out=leave_out).differs:
            notes().print(f"differs: {line}", markup=False)
        return repaint_theirs(theirs, target, catalogue, leave_out=leave_out, progress=watcher.step, warn=watcher.note)


def _say_foreseen(foreseen: "Foreseen", as_json: bool) -> None:
    if as_json:
        print_json({"missing": list(foreseen.missing), "differs": list(foreseen.differs)})
    else:
        said = [f"missing: {line}" for line in foreseen.missing] + [f"differs: {line}" for line in foreseen.differs]
        console().print("\n".join(said) or "Nothing is missing and nothing differs here.", markup=False)
    if foreseen.missing:
        raise typer.Exit(ModelError.exit_code)


def _say(outcome: "Outcome", theirs: "Theirs | None", as_json: bool) -> None:
    if as_json:
        print_json(asdict(outcome))
        return
    if theirs is not None:
        console().print(f"{outcome.file}: the nearest to what {theirs.program} painted", markup=False)
        return
    console().print(f"{outcome.file}: {outcome.verdict}", markup=False)
    if outcome.verdict == "changed since painting":
        console().print("The new picture is as it was painted; the old file's pixels were changed after that.")
    if outcome.verdict == "differs":
        by = f"by up to {outcome.largest:.0f} of 255" if outcome.largest is not None else "in size"
        why = "; ".join(outcome.why) or "nothing known differs here; another processor can round differently"
        console().print(f"It differs {by}: {why}", markup=False)
