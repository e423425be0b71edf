"""`underpaint info`: what a picture says about how it was painted."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from underpaint.pictures import Reading


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("info", epilog="Example: underpaint info keys/01.png --json")(info)


def info(file: Path = typer.Argument(..., help="A PNG, JPEG or WebP; a ComfyUI workflow as JSON."),
         comfyui: Path | None = typer.Option(None, "--comfyui", metavar="FILE.json",
                                             help="Write its recipe as a workflow for ComfyUI."),
         as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show how a picture was painted, whichever program painted it, and what could not be understood."""
    from underpaint.pictures import read_info

    reading = read_info(file)
    if comfyui is not None:
        _write_workflow(reading, file, comfyui)
    if as_json:
        print_json(reading.to_json())
        return
    if reading.source is None:
        console().print("This picture does not say how it was painted.")
        for note in reading.raw.get("unread", ()):
            console().print(f"unread: {note}", markup=False)
        return
    said = reading.to_json()
    rows = [[key.replace("_", " "), str(value)] for key, value in said.items()
            if key not in {"recipe", "raw", "loras"} and value not in (None, "", [])]
    rows += [[key.replace("_", " "), str(value)] for key, value in reading.raw.get("c2pa", {}).items()]
    rows += [["lora", f"{lora.get('name')}: {lora.get('weight'):g}"] for lora in reading.loras]
    rows += [["not taken over", note] for note in reading.raw.get("unmapped", ())]
    rows += [["unread", note] for note in reading.raw.get("unread", ())]
    print_table(["", ""], rows)


def _write_workflow(reading: "Reading", file: Path, target: Path) -> None:
    """The picture's recipe, as far as it has one, in the form that ComfyUI's API takes. Raises UnderpaintErrors."""
    import json

    from underpaint.cli.output import notes
    from underpaint.errors import RecipeError
    from underpaint.files import atomic_write
    from underpaint.pictures.comfyui_export import comfyui_workflow
    from underpaint.recipe import parse_recipe

    if reading.recipe is None:
        raise RecipeError(f"{file.name} holds no recipe", hint="Name a picture that says how it was painted.")
    workflow = comfyui_workflow(parse_recipe(reading.recipe), reading.plan)
    with atomic_write(target) as out:
        out.write(json.dumps(workflow.prompt, ensure_ascii=False, indent=2).encode("utf-8", "replace"))
    for note in workflow.notes:
        notes().print(f"note: {note}", markup=False)
