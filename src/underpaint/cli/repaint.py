"""`underpaint repaint`: a picture is painted again from its file alone."""

from dataclasses import asdict
from pathlib import Path

import typer

from underpaint.cli.output import console, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import ModelError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("repaint", epilog="Example: underpaint repaint keys/01-golden-hour.png --check")(repaint)


def repaint(file: Path = typer.Argument(..., help="A picture that Underpaint painted."),
            output: Path | None = typer.Option(None, "-o", "--output", help=r"The file to write. \[NAME-repainted]"),
            check: bool = typer.Option(False, "--check", help="Only say what is missing or differs here."),
            as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Paint a picture again: everything it takes is in the file. Says whether it came out identical."""
    from underpaint.library.repaint import foresee, read_source
    from underpaint.library.repaint import repaint as paint_again
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    source = read_source(file)
    if check:
        foreseen = foresee(source, catalogue)
        if as_json:
            print_json({"missing": list(foreseen.missing), "differs": list(foreseen.differs)})
        else:
            said = [f"missing: {line}" for line in foreseen.missing] + [f"differs: {line}" for line in foreseen.differs]
            console().print("\n".join(said) or "Nothing is missing and nothing differs here.", markup=False)
        if foreseen.missing:
            raise typer.Exit(ModelError.exit_code)
        return
    with job_progress(1) as watcher:
        watcher.begin("reading the model")
        outcome = paint_again(source, output or file.with_name(f"{file.stem}-repainted{file.suffix}"), catalogue,
                              progress=watcher.step)
    if as_json:
        print_json(asdict(outcome))
        return
    console().print(f"{outcome.file}: {outcome.verdict}", markup=False)
    if outcome.verdict == "changed since painting":
        console().print("The new picture is as it was painted; the old file's pixels were changed after that.")
    if outcome.verdict == "differs":
        by = f"by up to {outcome.largest:.0f} of 255" if outcome.largest is not None else "in size"
        why = "; ".join(outcome.why) or "nothing known differs here; another processor can round differently"
        console().print(f"It differs {by}: {why}", markup=False)
