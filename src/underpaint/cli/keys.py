"""`underpaint keys`: the main job. A drawing and a sentence become planned colour keys under the lines."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.engine import ENGINE, HERE, WORKERS, Hands, painter_of, say_ahead
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY, Keeping, Work, journal_of
from underpaint.cli.lines import KEEP_BLUE, KIND, Kind
from underpaint.cli.output import console, notes, print_json, print_table
from underpaint.cli.painting import SAID, say_before
from underpaint.cli.progress import job_progress
from underpaint.models.home import plain
from underpaint.recipe import Blob, Recipe

if TYPE_CHECKING:
    from underpaint.library.keys import KeysFolder, PaintedKey
    from underpaint.sets.keys import Key
    from underpaint.sets.light_plans import LightPlan


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("keys", epilog='Example: underpaint keys my-drawing.jpg "a girl with a sword on a cliff, storm" '
                               "-o keys/")(keys)


def keys(drawing: Path = typer.Argument(..., help="A line drawing: a scan, a phone photo, a file of lines; or "
                                                   "a folder of them."),
         words: str = typer.Argument(..., help="What is in the drawing, in a sentence."),
         count: int = typer.Option(12, "-n", "--count", help="How many keys."),
         output: Path | None = typer.Option(None, "-o", "--output", help=r"The folder to write into. \[NAME-keys/]"),
         plans: Path | None = typer.Option(None, "--plans", help="Your own light plans, a YAML or TOML file."),
         palette: str | None = typer.Option(None, "--palette", help="A client's colours: a palette file, a picture, or "
                                                                    "#1c2326,#f2ecc4."),
         between: tuple[Path, Path] | None = typer.Option(None, "--between", metavar="KEY KEY", help="More like these "
                                                          "two: plans between two painted keys."),
         kind: Kind = KIND, keep_blue: bool = KEEP_BLUE, negative: str = recipes.NEGATIVE,
         model: str | None = recipes.MODEL, size: str | None = recipes.SIZE, steps: int | None = recipes.STEPS,
         guidance: float | None = recipes.GUIDANCE, sampler: str | None = recipes.SAMPLER,
         schedule: str | None = recipes.SCHEDULE, seed: int = typer.Option(1, "--seed", help="Of the first key."),
         lora: list[str] = recipes.LORA, changes: list[str] = recipes.SET, private: bool = recipes.PRIVATE,
         device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
         prediction: str | None = recipes.PREDICTION, vae: str | None = recipes.VAE, online: bool = recipes.ONLINE,
         library: Path | None = LIBRARY, no_library: bool = NO_LIBRARY, engine: str = ENGINE,
         workers: int | None = WORKERS, as_json: bool = recipes.JSON) -> None:
    """Paint planned approaches to colour and light under a drawing; your lines stay as they are, on top."""
    asked = recipes.Asked(words, negative, model, size, steps, guidance, sampler, schedule, seed, lora, changes, vae)
    job = Job(drawing, words, output or drawing.with_name(f"{drawing.stem}-keys"), count, seed, kind, keep_blue,
              private, device, precision, prediction, online, library, no_library,
              _light(plans, palette, between, count, words), Hands(engine, workers))
    if drawing.is_dir():
        from underpaint.cli.keys_folder import run_folder

        run_folder(job, recipes.shared_recipe(asked), said, as_json=as_json)
        return
    report(run(job, recipes.shared_recipe(asked)), as_json=as_json)


def _light(plans: Path | None, palette: str | None, between: tuple[Path, Path] | None, count: int,
           words: str) -> "tuple[LightPlan, ...] | None":
    if plans is None and palette is None and between is None:
        return None
    from underpaint.library.light_files import light_plans

    return light_plans(plans, palette, between, count, words)


@dataclass(frozen=True)
class Job:
    """What a run of keys needs besides the recipe that the keys share."""

    drawing: Path
    words: str
    folder: Path
    count: int = 12
    seed: int = 1
    kind: Kind = Kind.auto
    keep_blue: bool = True
    private: bool = False
    device: str | None = None
    precision: str | None = None
    prediction: str | None = None
    online: bool = False
    library: Path | None = None
    no_library: bool = False
    plans: "tuple[LightPlan, ...] | None" = None
    hands: Hands = HERE

    def planned(self, drawing: Blob, base: Recipe) -> "tuple[Key, ...]":
        """The keys of one drawing."""
        from underpaint.sets.keys import plan_keys
        from underpaint.sets.light_plans import LIGHT_PLANS

        return plan_keys(self.words, drawing, count=self.count, seed=self.seed, base=base,
                         plans=LIGHT_PLANS if self.plans is None else self.plans)

    def painter(self) -> "AbstractContextManager[Any]":
        """What paints them, to be entered."""
        return painter_of(self.hands, {"device": self.device, "precision": self.precision,
                                       "prediction": self.prediction, "online": self.online}, warn=say_before)

    def same(self, planned: "Sequence[Key]") -> dict[str, Any]:
        """What must be equal for this to be the same job again."""
        return {"recipes": [key.recipe.hash() for key in planned], "folder": str(plain(self.folder)),
                "private": self.private, "device": self.device, "precision": self.precision,
                "prediction": self.prediction}


def run(job: Job, base: Recipe) -> "KeysFolder":
    """Paint the keys with progress on standard error."""
    from underpaint.library.drawings import read_drawing

    read = read_drawing(job.drawing, kind=job.kind.value, keep_blue=job.keep_blue)
    planned = job.planned(read.blob, base)
    for note in read.notes:
        notes().print(f"note: {note}", markup=False)
    with job_progress(job.count) as watcher:
        watcher.begin("reading the model")
        from underpaint.library.jobs import JobItem
        from underpaint.library.keys import paint_keys

        keeping, drawn = Keeping(job.library, job.no_library, job.private), {read.blob.sha256: read.stored.data}
        items = [JobItem(key.recipe, f"{key.number} {key.name}") for key in planned]
        with job.painter() as painter, journal_of(
                keeping, items, drawn, Work("keys", job.words, job.same(planned)),
                lambda recipe, blobs, tell: painter.paint(recipe, blobs, progress=tell)) as journal:
            say_ahead(painter, [key.recipe for key in planned], drawn, journal)
            return paint_keys(planned, read, job.folder, painter, title=job.words, private=job.private,
                              watcher=watcher, journal=journal)


def report(folder: "KeysFolder", *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print what was painted, in JSON with `more`; exit code 130 when a person stopped it half-way."""
    if as_json:
        print_json(said(folder) | dict(more or {}))
    else:
        numbers = ("kept", "invented", "light", "seed", "s", "file")
        print_table(["", "key", *numbers], [_row(painted) for painted in folder.keys], whole=numbers)
        console().print(f"\nlayers: {folder.psd}, {folder.ora}\nsheet: {folder.sheet}", markup=False)
    for note in dict.fromkeys(note for painted in folder.keys for note in painted.take.circumstances["fallbacks"]):
        notes().print(f"memory was short: {note}", markup=False)
    told = (note for painted in folder.keys for note in (*painted.notes, *painted.take.circumstances["notes"]))
    for note in dict.fromkeys(note for note in (*folder.notes, *told) if note not in SAID):
        notes().print(f"note: {note}", markup=False)
    if folder.cancelled:
        notes().print("stopped; what was finished is kept")
        raise typer.Exit(130)


def said(folder: "KeysFolder") -> dict[str, Any]:
    """What JSON says of a folder of keys."""
    return {
        "keys": [{"number": painted.key.number, "name": painted.key.name, "file": str(painted.file),
                  "seed": painted.take.plan.seed, "seconds": round(painted.take.seconds, 2), **painted.take.measured}
                 for painted in folder.keys],
        "psd": str(folder.psd), "ora": str(folder.ora), "sheet": str(folder.sheet), "cancelled": folder.cancelled}


def _row(painted: "PaintedKey") -> list[str]:
    measured = painted.take.measured
    lines, light = measured["lines"], measured.get("light", {})
    side = "as planned" if light.get("from_planned_side") else "elsewhere"
    name, seed = painted.key.name.partition(",")[0], str(painted.take.plan.seed)
    return [str(painted.key.number), name, f"{lines['kept']:.0%}", f"{lines['invented']:.0%}", side, seed,
            f"{painted.take.seconds:.1f}", painted.file.name]
