"""`underpaint lines`: the line layer that Underpaint sees in a drawing."""

from enum import StrEnum
from pathlib import Path

import typer

from underpaint.cli.output import console, print_json


class Kind(StrEnum):
    """What sort of drawing it is."""

    auto = "auto"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("lines", epilog="Example: underpaint lines photo.jpg -o lines.png")(lines)
