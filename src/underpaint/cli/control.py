"""`underpaint control`: what steers besides words, made, looked at and measured."""

from pathlib import Path

import typer

from underpaint.cli.lines import KIND, Kind
from underpaint.cli.output import console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Say it with a drawing: lines, light, colours, perspective instead of "
                                             "words.")
JSON = typer.Option(False, "--json", help="Print JSON.")


@app.command("describe", epilog="Example: underpaint control describe palette")
def describe(name: str = typer.Argument("", help="One control; all of them without."), as_json: bool = JSON) -> None:
    """Say what each control is given, how it steers, which models take it, and at what cost."""
    from dataclasses import asdict

    from underpaint.controls.table import CONTROLS, named

    chosen = [named(name)] if name else list(CONTROLS.values())
    if as_json:
        print_json({"controls": [asdict(one.description) for one in chosen]})
        return
    if not name:
        print_table(["control", "what it does", "what it is given"],
                    [[one.description.name, one.description.says, one.description.given] for one in chosen],
                    whole=("control",))
        return
    told = asdict(chosen[0].description)
    rows = [[key, ", ".join(value) if isinstance(value, tuple) else value] for key, value in told.items() if value]
    print_table(["", ""], rows)


@app.command("extract", epilog="Example: underpaint control extract line photo.jpg -o lines.png")
def extract(name: str = typer.Argument(..., help="Which control the map is for: line, palette, perspective ..."),
            picture: Path = typer.Argument(..., help="The picture to make it from."),
            output: Path | None = typer.Option(None, "-o", "--output", help=r"The file to write. \[NAME-CONTROL.*]"),
            how: str = typer.Option("", "--how", help="The way to make it; see `underpaint control describe NAME`."),
            as_json: bool = JSON) -> None:
    """Make a map from a picture: a file that can be cleaned up by hand and steers a painting."""
    from underpaint.library.control_files import extract_map

    written, found = extract_map(name, picture, output, how)
    if as_json:
        print_json({"file": str(written), "control": name, "says": found.says, **found.found})
        return
    console().print(f"{written}: {found.says}", markup=False)


@app.command("check", epilog="Example: underpaint control check take.png --control line=map.png --overlay where.png")
def check(picture: Path = typer.Argument(..., help="A finished picture."),
          control: list[str] = typer.Option([], "--control", metavar="KIND=FILE", help="What it was to follow; "
                                            "without, the controls that the picture itself carries."),
          overlay: Path | None = typer.Option(None, "--overlay", help="A PNG that shows where it does not follow."),
          kind: Kind = KIND, as_json: bool = JSON) -> None:
    """Measure how well a finished picture follows its controls, and show where it does not."""
    from underpaint.library.control_files import check_picture, save_overlays

    pixels, found = check_picture(picture, control, kind=kind.value)
    shown = save_overlays(pixels, found, overlay) if overlay else {}
    if as_json:
        print_json({"file": str(picture), "checks": {
            name: {**one.measured, "score": round(one.score, 4), "says": one.says,
                   "overlay": str(shown[name]) if name in shown else None} for name, one in found.items()}})
        return
    for name, one in found.items():
        where = f" ({shown[name]})" if name in shown else ""
        console().print(f"{name}: {one.says}{where}", markup=False)
    if not found:
        console().print("These controls ask for nothing that can be measured.")
