"""`underpaint demo`: the main job on a drawing that ships with the program, then a place mended and a key enlarged."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keys import Job, report, run
from underpaint.cli.lines import Kind
from underpaint.cli.output import console, notes
from underpaint.cli.paint import Sources, recipe_of
from underpaint.recipe import CreateRecipe

if TYPE_CHECKING:
    from underpaint.demo import DemoDrawing
    from underpaint.library.keys import PaintedKey

FINISHED_SIDE = 1024
_SEED, _FEATHER = 101, 24


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo", epilog="Example: underpaint demo -o my-demo/")(demo)


def demo(output: Path = typer.Option(Path("underpaint-demo"), "-o", "--output", help="The folder to write into."),
         photo: bool = typer.Option(False, "--photo", help="Start from a phone photo of a drawing instead."),
         count: int = typer.Option(12, "-n", "--count", help="How many keys."),
         as_json: bool = recipes.JSON) -> None:
    """Paint colour keys for a drawing that comes with Underpaint, paint a place of the first one again, and finish it
    at 1024 pixels: no model, network or drawing needed."""
    from underpaint.demo import drawings

    chosen = drawings()["harbour-photo" if photo else "girl-on-cliff"]
    if not as_json:
        notes().print(f"{chosen.path.name}: {chosen.words!r}", markup=False)
    folder = run(Job(chosen.path, chosen.words, output, count=count), CreateRecipe())
    shown = [] if folder.cancelled else _shown(chosen, folder.keys[0], output)
    report(folder, as_json=as_json, more={one.name: one.to_json() for one in shown})
    if not as_json:
        for one in shown:
            console().print(f"\n{one.says}\n  {one.command}", markup=False, soft_wrap=True)


@dataclass(frozen=True)
class _Shown:
    """Something else that the demo did: its name, its file, a sentence, the command that does it, what was measured."""

    name: str
    file: Path
    says: str
    command: str
    measured: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"file": str(self.file), "command": self.command, **self.measured}


def _shown(drawing: "DemoDrawing", key: "PaintedKey", folder: Path) -> "list[_Shown]":
    filled = _fill(drawing, key, folder)
    return [filled, _enlarge(filled.file, folder)]


def _fill(drawing: "DemoDrawing", key: "PaintedKey", folder: Path) -> _Shown:
    """A place of a key painted again under the same lines; outside it nothing changes."""
    from underpaint.demo.hole import hole
    from underpaint.library.saving import save_take
    from underpaint.library.setting_aside import said_of, set_aside
    from underpaint.pictures.read import read_picture
    from underpaint.pictures.record import Record
    from underpaint.pictures.write import write_picture
    from underpaint.plan.painter import Painter

    mask, target, words = folder / "hole.png", folder / "filled.png", key.key.recipe.prompt
    before = read_picture(key.file).stored
    inside = hole(drawing.hole, before.shape[1], before.shape[0])
    write_picture(mask, inside, Record())
    made, blobs = recipe_of(recipes.Asked(words, seed=_SEED, changes=[f"feather={_FEATHER}"]),
                            Sources(key.file, None, mask, None, None, drawing.path, Kind.auto, []), None)
    take = Painter().paint(made, blobs)
    kept = set_aside(target)
    if kept is not None:
        notes().print(f"note: {said_of(target, kept)}", markup=False)
    save_take(take, target)
    changed = (read_picture(target).stored != before).any(axis=-1)
    outside = int((changed & (inside == 0)).sum())
    command = _command("paint", words, "--from", key.file, "--mask", mask, "--lines", drawing.path, "--seed", _SEED,
                       "--set", f"feather={_FEATHER}", "-o", target)
    return _Shown("filled", target, f"{target}: a place of {key.file.name} painted again under the same lines; "
                  f"{outside} pixels outside it changed", command,
                  {"mask": str(mask), "changed_inside": int(changed.sum()) - outside, "changed_outside": outside})


def _enlarge(source: Path, folder: Path) -> _Shown:
    """A picture finished at 1024 pixels, by what ships with the program."""
    from underpaint.finish.table import OPERATIONS
    from underpaint.finish.upscale import Upscale, upscale
    from underpaint.finish.writing import open_picture, save

    target = folder / f"finished-{FINISHED_SIDE}.png"
    asked = Upscale(width=FINISHED_SIDE, height=FINISHED_SIDE)
    opened = open_picture(source)
    done = save(opened, OPERATIONS["upscale"], asked, upscale(opened.picture, asked), target)
    command = _command("finish", "upscale", source, "--size", f"{FINISHED_SIDE}x{FINISHED_SIDE}", "-o", target)
    return _Shown("finished", target, f"{target}: the same at {done.width}x{done.height}, its edges sharp", command,
                  {"width": done.width, "height": done.height})


def _command(*words: object) -> str:
    return shlex.join(["underpaint", *map(str, words)])
