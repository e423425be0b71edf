"""`underpaint info`: what a picture says about how it was painted."""

from pathlib import Path

import typer

from underpaint.cli.output import console, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("info", epilog="Example: underpaint info keys/01.png --json")(info)


def info(file: Path = typer.Argument(..., help="A PNG, JPEG or WebP."),
         as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show how a picture was painted: words, seed, model, everything the file carries."""
    from underpaint.pictures import read_info

    reading = read_info(file)
    if as_json:
        print_json(reading.to_json())
        return
    if reading.source is None:
        console().print("This picture does not say how it was painted.")
        return
    said = reading.to_json()
    rows = [[key.replace("_", " "), str(value)] for key, value in said.items()
            if key not in {"recipe", "raw"} and value not in (None, "", [])]
    print_table(["", ""], rows)
