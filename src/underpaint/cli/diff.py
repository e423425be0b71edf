"""`underpaint diff`: what differs between two pictures, in words."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import console, print_json
from underpaint.errors import PictureError

if TYPE_CHECKING:
    from underpaint.library.differences import Account


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("diff", epilog="Example: underpaint diff keys/01-golden-hour.png keys/03-night.png")(diff)


def diff(first: str = typer.Argument(..., metavar="A", help="A picture file, or the id of a take."),
         second: str = typer.Argument(..., metavar="B", help="Another."),
         library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Say what was asked for and decided differently for the second picture than for the first."""
    from underpaint.library.differences import differences

    one, two = (_account(name, library) for name in (first, second))
    silent = [name for name, account in ((first, one), (second, two)) if not account.recipe]
    if silent:
        raise PictureError(f"{Path(silent[0]).name} does not say how it was painted",
                           hint="Name pictures that carry their recipe or another program's settings.")
    said = differences(one, two)
    if as_json:
        print_json({"differences": said})
        return
    console().print("\n".join(said) or "Nothing: both were painted from the same recipe.", markup=False)


def _account(name: str, library: Path | None) -> "Account":
    from underpaint.library.lineage import account, account_of_file

    if Path(name).is_file():
        return account_of_file(Path(name))
    from underpaint.library.library import Library

    with Library(library, write=False) as opened:
        return account(opened, opened.find(name))
