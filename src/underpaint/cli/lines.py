"""`underpaint lines`: the line layer that Underpaint sees in a drawing."""

from enum import StrEnum
from pathlib import Path

import typer

from underpaint.cli.output import console, print_json


class Kind(StrEnum):
    """What sort of drawing it is; the same names as imaging.drawing.DrawingKind, which is slow to import."""

    auto = "auto"
    ink = "ink"
    paper = "paper"
    photo = "photo"
    transparent = "transparent"
    white_on_black = "white-on-black"
    blue_pencil = "blue-pencil"
    colored = "colored"


KIND = typer.Option(Kind.auto, "--kind", help="What sort of drawing it is, where recognising it would err.")
KEEP_BLUE = typer.Option(True, "--keep-blue/--drop-blue", help="Keep or drop light blue construction lines.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("lines", epilog="Example: underpaint lines photo.jpg -o lines.png")(lines)


def lines(drawing: Path = typer.Argument(..., help="A scan, a phone photo, or a file of lines."),
          output: Path | None = typer.Option(None, "-o", "--output", help=r"The PNG to write. \[NAME-lines.png]"),
          kind: Kind = KIND, keep_blue: bool = KEEP_BLUE,
          as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show the line layer that is read from a drawing: transparent, squared, evenly lit."""
    from underpaint.errors import OutputError
    from underpaint.files import atomic_write
    from underpaint.library.drawings import read_drawing

    target = output or drawing.with_name(f"{drawing.stem}-lines.png")
    if target.suffix.lower() != ".png":
        raise OutputError(f"{target.name}: lines are written as PNG", hint="Name a .png with -o.", field="output")
    read = read_drawing(drawing, kind=kind.value, keep_blue=keep_blue)
    with atomic_write(target) as file:
        file.write(read.stored.data)
    extent, corners = read.layer.extent, read.layer.corners
    said = {"file": str(target), "kind": read.layer.kind.value, "width": extent.width, "height": extent.height,
            "squared": corners is not None, "sha256": read.blob.sha256, "notes": list(read.notes)}
    if as_json:
        print_json(said)
        return
    squared = ", squared" if corners is not None else ""
    console().print(f"{target}: {extent}, read as {read.layer.kind.value}{squared}", markup=False)
    for note in read.notes:
        console().print(f"note: {note}", markup=False)
