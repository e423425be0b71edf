"""`underpaint control`: what steers besides words, made, looked at and measured."""

from pathlib import Path

import typer

from underpaint.cli import recipes
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
            side: int = typer.Option(2048, "--side", min=64, max=8192, help="Its longest side, in pixels."),
            as_json: bool = JSON) -> None:
    """Make a map from a picture: a file that can be cleaned up by hand and steers a painting."""
    from underpaint.library.control_files import extract_map

    written, found = extract_map(name, picture, output, how, side)
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
    shown = save_overlays(pixels, found, overlay, picture) if overlay else {}
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


@app.command("edit-pose", epilog="Example: underpaint control edit-pose pose.json --mirror --move 1.left_wrist=+20,-40 "
                                 "-o turned.json --draw turned.png")
def edit_pose(pose: Path = typer.Argument(..., help="OpenPose JSON: body of 18 or 25 joints, hands, face; or a picture "
                                                  "to find people in."),
              output: Path | None = typer.Option(None, "-o", "--output", help="The .json to write."),
              draw: Path | None = typer.Option(None, "--draw", help="The .png to draw it into, as pose adapters read "
                                                                    "it."),
              mirror: bool = typer.Option(False, "--mirror", help="Change left and right round."),
              move: list[str] = typer.Option([], "--move", metavar="PERSON.JOINT=X,Y",
                                             help="Put a joint elsewhere, in pixels; +X,-Y from where it is."),
              scale: list[str] = typer.Option([], "--scale", metavar="PERSON.LIMB=FACTOR",
                                              help="Make arms, legs, torso, head ... longer; what hangs on them "
                                                   "follows."),
              shift: list[str] = typer.Option([], "--shift", metavar="PERSON=X,Y", help="Move somebody whole, by so "
                                                                                       "many pixels."),
              add: list[Path] = typer.Option([], "--add", help="Another pose, whose people join in."),
              remove: list[int] = typer.Option([], "--remove", metavar="PERSON", help="Take somebody out."),
              size: str | None = recipes.SIZE,
              layout: int | None = typer.Option(None, "--layout", help="Write a body of 18 or 25 joints."),
              compare: Path | None = typer.Option(None, "--compare", help="Another pose: say how many of its joints "
                                                                          "are in place."),
              as_json: bool = JSON) -> None:
    """Change a pose, and draw it; several people, joints that were not seen stay out."""
    from underpaint.imaging.geometry import Extent
    from underpaint.library import poses

    extent = Extent(*recipes.parse_size(size)) if size else None
    changed = poses.change(poses.load(pose), poses.Changes(mirror, move, scale, extent, shift, add, remove))
    written = poses.save(changed, output, draw, layout)
    told = {"people": [{"joints": {name: [round(one, 2) for one in place] for name, place in person.joints.items()},
                        "parts": sorted(person.parts)} for person in changed.people],
            "width": changed.extent().width, "height": changed.extent().height,
            "files": [str(path) for path in written]}
    in_place = poses.compare(changed, compare) if compare else None
    if as_json:
        print_json(told | ({"in_place": round(in_place, 4)} if in_place is not None else {}))
        return
    for number, person in enumerate(changed.people, 1):
        parts = "".join(f", {part.replace('_', ' ')}" for part in sorted(person.parts))
        console().print(f"person {number}: {len(person.joints)} joints{parts}", markup=False)
    if in_place is not None:
        console().print(f"joints in place: {in_place:.0%}")
    for path in written:
        console().print(str(path), markup=False)
