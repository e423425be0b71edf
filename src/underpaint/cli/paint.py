"""`underpaint paint`: words, and whatever else there is, become a picture."""

import secrets
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.engine import ENGINE, WORKERS, Hands, painter_of, say_ahead
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY, Keeping, Work, journal_of
from underpaint.cli.lines import KIND, Kind
from underpaint.cli.output import console, notes, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import OutputError, RecipeError
from underpaint.files import free_name
from underpaint.models.home import plain
from underpaint.recipe import Blob, Recipe, parse_recipe

if TYPE_CHECKING:
    from underpaint.library.drawings import Stored
    from underpaint.plan.take import Take

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


class Area(StrEnum):
    """What of a fill is painted."""

    whole = "whole"
    masked = "masked"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("paint", epilog='Example: underpaint paint "a red house by the sea, watercolour" -o house.png')(paint)


def paint(words: str = typer.Argument("", help="What to paint."), negative: str = recipes.NEGATIVE,
          model: str | None = recipes.MODEL, size: str | None = recipes.SIZE, steps: int | None = recipes.STEPS,
          guidance: float | None = recipes.GUIDANCE, sampler: str | None = recipes.SAMPLER,
          schedule: str | None = recipes.SCHEDULE, seed: int | None = recipes.SEED,
          count: int = typer.Option(1, "-n", "--count", min=1, max=1000, help="How many, with seeds one apart."),
          keep_good: int | None = typer.Option(None, "--keep-good", metavar="N", min=1, max=1000,
                                               help="Paint other seeds until N are good; what goes wrong is stopped."),
          budget: float | None = typer.Option(None, "--budget", help="How many takes' worth of painting that may cost. "
                                                                     r"\[8 each]"),
          stopping: bool = typer.Option(True, "--stopping/--no-stopping", help="Stop takes early that go wrong."),
          start: Path | None = typer.Option(None, "--from", help="A picture to paint over."),
          strength: float | None = typer.Option(None, "--strength", help="How much of it may change, 0 to 1."),
          mask: Path | None = typer.Option(None, "--mask", help="White is painted; in a picture with erased parts, "
                                                                  "those are."),
          area: Area | None = typer.Option(None, "--area", help="Paint the whole picture or the mask's surroundings."),
          outpaint: str | None = typer.Option(None, "--outpaint", metavar="L,T,R,B", help="Pixels to grow by."),
          lines: Path | None = typer.Option(None, "--lines", help="A drawing whose lines the paint must follow."),
          kind: Kind = KIND, control: list[str] = recipes.CONTROL, lora: list[str] = recipes.LORA,
          recipe: Path | None = typer.Option(None, "--recipe", help="A recipe as JSON; options change it."),
          changes: list[str] = recipes.SET,
          output: Path | None = typer.Option(None, "-o", "--output", help=r"A file, or a folder. \[./]"),
          private: bool = recipes.PRIVATE,
          lossy: bool = typer.Option(False, "--lossy", help="Allow a JPEG for a fill: nothing is then kept exactly."),
          device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
          prediction: str | None = recipes.PREDICTION, vae: str | None = recipes.VAE, online: bool = recipes.ONLINE,
          library: Path | None = LIBRARY, no_library: bool = NO_LIBRARY, engine: str = ENGINE,
          workers: int | None = WORKERS, as_json: bool = recipes.JSON) -> None:
    """Paint a picture from words; over a picture, inside a mask, under a drawing."""
    asked = recipes.Asked(words, negative, model, size, steps, guidance, sampler, schedule, seed, lora, changes, vae)
    sources = Sources(start, strength, mask, area, outpaint, lines, kind, control)
    made, blobs = recipe_of(asked, sources, recipe)
    where = _Where(output, private, lossy)
    where.check(made, keep_good or count)
    hands = Hands(engine, workers)
    setup = {"device": device, "precision": precision, "prediction": prediction}
    if keep_good is not None and hands.elsewhere:
        raise RecipeError("--keep-good looks at takes while they are painted, which Ray workers cannot show",
                          hint="Leave --engine out, or paint with -n and see underpaint review.", field="engine")
    if keep_good is not None:
        from underpaint.cli import keep_good as keeping_good

        keep = keeping_good.Keep(keep_good, budget, stopping)
        keeping_good.paint(keep, keeping_good.Order(made, blobs, where, Keeping(library, no_library, private), setup,
                                                    online, str(plain(output or Path()))), as_json=as_json)
        return
    with job_progress(count) as watcher, \
            painter_of(hands, {**setup, "online": online}, warn=watcher.note) as painter:
        watcher.begin("reading the model")
        from underpaint.library.jobs import JobItem

        work = _work(made, where, count, setup)
        items = [JobItem(one, f"seed {one.seed}") for one in _each(made, count)]
        written = []
        with journal_of(Keeping(library, no_library, private), items, blobs, work,
                        lambda one, stored, tell: painter.paint(one, stored, progress=tell)) as journal:
            say_ahead(painter, [item.recipe for item in items], blobs, journal)
            for number, one in enumerate(journal.recipes if journal else [item.recipe for item in items]):
                watcher.begin(f"seed {one.seed}")
                kept = journal.take(number, watcher.step) if journal else None
                take = kept.take if kept else painter.paint(one, blobs, progress=watcher.step)
                former = journal.copies(kept) if journal and kept and kept.before else {}
                path, pixels = where.save(take, number, count, former)
                if journal and kept:
                    journal.written(kept, path, pixels)
                written.append((path, take))
                watcher.finish()
            if journal:
                journal.done()
    _report(written, as_json, painter.warned)


def _each(recipe: Recipe, count: int) -> list[Recipe]:
    """The recipe with seeds one apart, the first one drawn if it has none."""
    first = secrets.randbelow(2**32) if recipe.seed is None else recipe.seed
    return [recipe.changed(seed=(first + number) % 2**64) for number in range(count)]


def _work(recipe: Recipe, where: "_Where", count: int, machine: Mapping[str, str | None]) -> Work:
    same = {"recipe": recipe.hash(), "count": count, "output": str(plain(where.output or Path())),
            "private": where.private, **machine}
    return Work("paint", recipe.prompt[:200], same)


@dataclass(frozen=True)
class Sources:
    """What a recipe is made of besides words and numbers."""

    start: Path | None
    strength: float | None
    mask: Path | None
    area: Area | None
    outpaint: str | None
    lines: Path | None
    kind: Kind
    controls: list[str]


def recipe_of(asked: recipes.Asked, sources: Sources, file: Path | None) -> tuple[Recipe, dict[str, bytes]]:
    """The recipe, and the bytes of every picture that it names."""
    from underpaint.library.control_files import read_controls
    from underpaint.library.drawings import read_drawing, read_stored

    base = recipes.read_recipe(file) if file else None
    stored: list[Stored] = []
    fields: dict[str, Any] = base.model_dump(mode="json") if base else {"task": "create"}
    if sources.start is not None:
        stored.append(read_stored(sources.start))
        task = "fill" if fields["task"] == "fill" else "refine"
        fields |= {"task": task, "picture": _blob(stored[-1].blob)}
    changing = [sources.mask, sources.outpaint, sources.area, sources.strength]
    if "picture" not in fields and any(one is not None for one in changing):
        raise RecipeError("mask, outpaint, area and strength need a picture", hint="Name it with --from.", field="from")
    if sources.mask is not None or sources.outpaint is not None:
        fields["task"] = "fill"
    if sources.mask is not None:
        stored.append(read_stored(sources.mask))
        fields["mask"] = _blob(stored[-1].blob)
    if sources.outpaint is not None:
        fields["outpaint"] = _margins(sources.outpaint)
    if sources.strength is not None:
        fields["strength"] = sources.strength
    if sources.area is not None:
        fields["area"] = sources.area.value
    if sources.lines is not None:
        drawing = read_drawing(sources.lines, kind=sources.kind.value)
        stored.append(drawing.stored)
        line = {"kind": "line", "drawing": _blob(drawing.blob)}
        fields["controls"] = [line, *fields.get("controls", [])]
    given = read_controls(sources.controls, kind=sources.kind.value) if sources.controls else []
    fields["controls"] = [*fields.get("controls", []), *(one.control.model_dump(mode="json") for one in given)]
    for note in dict.fromkeys(note for one in given for note in one.notes):
        notes().print(f"note: {note}", markup=False)
    made = recipes.shared_recipe(asked, parse_recipe(fields))
    blobs = {entry.blob.sha256: entry.data for entry in stored} | _beside(made, file)
    return made, blobs | {name: data for one in given for name, data in one.blobs.items()}


def _blob(blob: Blob) -> dict[str, Any]:
    return blob.model_dump(mode="json")


def _beside(recipe: Recipe, file: Path | None) -> dict[str, bytes]:
    """Blobs that a recipe file keeps in the folder of its name, `NAME.recipe/`."""
    if file is None:
        return {}
    from underpaint.library.drawings import blobs_beside

    return blobs_beside(recipe, file)


def _margins(text: str) -> dict[str, int]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isdecimal() for part in parts):
        raise RecipeError(f"'{text:.40}' is no outpaint", hint="Write left,top,right,bottom, such as 0,0,128,0.",
                          field="outpaint")
    return dict(zip(("left", "top", "right", "bottom"), map(int, parts), strict=True))


@dataclass(frozen=True)
class _Where:
    """Where takes are written: a file for one, a folder for several."""

    output: Path | None
    private: bool
    lossy: bool

    def check(self, recipe: Recipe, count: int) -> None:
        """Refuse an impossible output before anything is painted."""
        from underpaint.library.saving import check_place, check_target

        output = self.output or Path()
        check_place(output)
        if output.suffix and output.suffix.lower() not in SUFFIXES and not output.is_dir():
            raise OutputError(f"{output.name}: '{output.suffix}' is no picture that is written here",
                              hint="Use .png, .jpg or .webp, or name a folder.", field="output")
        if self._is_file():
            check_target(self._file(0, count), recipe, lossy=self.lossy)
        else:
            check_place(output / "underpaint.png")

    def save(self, take: "Take", number: int, count: int, former: Mapping[Path, bool]) -> tuple[Path, str]:
        """Write a take; where, and the hash of its pixels. One of its `former` files is written again in place, unless
        it is not as it was written: then it is somebody's work."""
        from underpaint.library.saving import save_take

        wanted = self._file(number, count) if self._is_file() else self._folder_file(take)
        again = [path for path, same in former.items() if same and _is_turn_of(path, plain(wanted))]
        overwrite = self._is_file() and former.get(plain(wanted), True)
        path = again[0] if again else wanted if overwrite else free_name(wanted)
        written = save_take(take, path, private=self.private, lossy=self.lossy)
        for note in written.notes:
            notes().print(f"note: {note}", markup=False)
        return path, written.pixels

    def _folder_file(self, take: "Take") -> Path:
        return (self.output or Path()) / f"underpaint-{take.plan.seed}.png"

    def _is_file(self) -> bool:
        return self.output is not None and self.output.suffix.lower() in SUFFIXES and not self.output.is_dir()

    def _file(self, number: int, count: int) -> Path:
        output = self.output or Path()
        return output if count == 1 else output.with_name(f"{output.stem}-{number + 1:02d}{output.suffix}")


def _is_turn_of(path: Path, first: Path) -> bool:
    """Whether a file bears the name of another, or one that was free beside it."""
    return path.parent == first.parent and (path.name == first.name or path.stem.startswith(f"{first.stem}-"))


def _report(written: list[tuple[Path, "Take"]], as_json: bool, told: Set[str] = frozenset()) -> None:
    if as_json:
        print_json({"takes": [{"file": str(path), "seed": take.plan.seed, "seconds": round(take.seconds, 2),
                               "width": take.picture.shape[1], "height": take.picture.shape[0],
                               "circumstances": dict(take.circumstances), **take.measured} for path, take in written]})
        return
    for path, take in written:
        lines = take.measured.get("lines")
        kept = f", lines kept {lines['kept']:.0%}, invented {lines['invented']:.0%}" if lines else ""
        console().print(f"{path}: seed {take.plan.seed}, {take.seconds:.1f} s{kept}", markup=False)
        for note in (*take.circumstances.get("fallbacks", ()), *take.circumstances.get("notes", ())):
            if note in told:
                continue
            notes().print(f"note: {note}", markup=False)
