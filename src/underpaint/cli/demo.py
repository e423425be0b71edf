"""`underpaint demo`: the main job on a drawing that ships with the program."""

from pathlib import Path

import typer

from underpaint.cli import recipes
from underpaint.cli.keys import Job, report, run
from underpaint.cli.output import notes
from underpaint.recipe import CreateRecipe


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo", epilog="Example: underpaint demo -o my-demo/")(demo)


def demo(output: Path = typer.Option(Path("underpaint-demo"), "-o", "--output", help="The folder to write into."),
         photo: bool = typer.Option(False, "--photo", help="Start from a phone photo of a drawing instead."),
         count: int = typer.Option(12, "-n", "--count", help="How many keys."),
         as_json: bool = recipes.JSON) -> None:
    """Paint colour keys for a drawing that comes with Underpaint: no model, network or drawing needed."""
    from underpaint.demo import drawings

    chosen = drawings()["harbour-photo" if photo else "girl-on-cliff"]
    if not as_json:
        notes().print(f"{chosen.path.name}: {chosen.words!r}", markup=False)
    report(run(Job(chosen.path, chosen.words, output, count=count), CreateRecipe()), as_json=as_json)
