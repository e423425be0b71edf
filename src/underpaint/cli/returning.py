"""`underpaint return`: a finished painting comes back to the take that it grew from."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import console, notes, print_json, print_table

if TYPE_CHECKING:
    from underpaint.library.returning import Returned

_KNOWN_BY = {"named": "as you said", "recipe": "by the recipe inside it", "layers": "by its layers",
             "likeness": "by its looks"}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("return", epilog="Example: underpaint return painting.psd")(bring_back)


def bring_back(painting: Path = typer.Argument(..., help="A PSD, ORA, PNG, JPEG ... that you painted over a take."),
               take: str | None = typer.Option(None, "--take", help="The take that it grew from, where you must say."),
               heat: Path | None = typer.Option(None, "-o", "--output", help=r"Where the picture of what was changed "
                                                                             r"goes. \[into the library]"),
               library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Tie a finished painting to its take, show what you changed, and keep it as the best kind of pick."""
    from underpaint.library.library import Library
    from underpaint.library.returning import bring_back as return_

    if heat is not None:
        from underpaint.library.saving import check_place

        check_place(heat)
    with Library(library, make=False) as opened:
        returned = return_(opened, painting, take=take, heat=heat)
    if as_json:
        print_json(returned.to_json())
        return
    _report(returned)


def _report(returned: "Returned") -> None:
    origin = returned.origin
    console().print(f"{returned.entry.id} grew from {origin.id} {(origin.name or origin.words)[:60]} "
                    f"({_KNOWN_BY[returned.known_by]})", markup=False)
    parts = [f"{returned.share:.0%} of the picture changed"]
    parts += [f"{returned.added:.0%} is new canvas"] if returned.added > 0.005 else []
    parts += [f"{returned.lost:.0%} of the take was cropped away"] if returned.lost > 0.005 else []
    parts += [f"{returned.fit.scale:.2f} times the size"] if abs(returned.fit.scale - 1) > 0.01 else []
    console().print(", ".join(parts), markup=False)
    if returned.layers:
        rows = [[layer.name, "" if layer.visible else "hidden", f"{layer.covers:.0%}", layer.what]
                for layer in returned.layers]
        print_table(["layer", "", "covers", ""], rows, whole=("covers",))
    console().print(f"what changed: {returned.heat}", markup=False)
    for note in returned.notes:
        notes().print(f"note: {note}", markup=False)
