"""`underpaint keys` on a folder: every drawing in it gets its keys, as one job that can be gone on with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli.engine import say_ahead
from underpaint.cli.keeping import Keeping, Work, journal_of
from underpaint.cli.output import notes, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import PictureError
from underpaint.recipe import Recipe

if TYPE_CHECKING:
    from underpaint.cli.keys import Job
    from underpaint.library.journal import Journal, Kept
    from underpaint.library.keys import KeysFolder
    from underpaint.sets.keys import Key

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".psd"}


@dataclass(frozen=True, eq=False)
class _Sheet:
    """One drawing of the folder: its job and its keys; the drawing itself is read again when it is its turn."""

    job: "Job"
    keys: "tuple[Key, ...]"
    sha256: str
    data: bytes


def run_folder(job: "Job", base: Recipe, report: "Callable[[KeysFolder], dict[str, Any]]", *, as_json: bool) -> None:
    """Paint keys for every drawing in the folder `job.drawing`; drawings that cannot be read are said and left out.

    Exit code 4 when some were left out, 130 when a person stopped it half-way.
    """
    sheets, left_out = _read_all(job, base)
    if not sheets:
        raise PictureError(f"{job.drawing} holds no drawing that can be read", hint="Name a folder of pictures.")
    done, cancelled = _paint_all(job, sheets, report)
    if as_json:
        print_json({"drawings": [{"drawing": str(sheet.job.drawing), **said}
                                 for sheet, said in zip(sheets, done, strict=False)],
                    "left_out": left_out, "cancelled": cancelled})
    else:
        for sheet, said in zip(sheets, done, strict=False):
            typer.echo(f"{sheet.job.drawing.name}: {len(said['keys'])} keys in {sheet.job.folder}")
    if cancelled:
        notes().print("stopped; what was finished is kept")
        raise typer.Exit(130)
    if left_out:
        raise typer.Exit(PictureError.exit_code)


def _read_all(job: "Job", base: Recipe) -> tuple[list[_Sheet], dict[str, str]]:
    from underpaint.library.drawings import read_drawing

    sheets, left_out = [], {}
    stems: set[str] = set()
    for path in sorted(job.drawing.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        stem = free_stem(path, stems)
        stems.add(stem.casefold())
        one = replace(job, drawing=path, folder=job.folder / stem)
        try:
            read = read_drawing(path, kind=job.kind.value, keep_blue=job.keep_blue)
        except PictureError as error:
            left_out[path.name] = str(error)
            notes().print(f"left out: {path.name}: {error}", markup=False)
            continue
        sheets.append(_Sheet(one, one.planned(read.blob, base), read.blob.sha256, read.stored.data))
    return sheets, left_out


def free_stem(path: Path, taken: set[str]) -> str:
    """A folder of its own for each drawing, also on disks where Girl and girl are one."""
    others = (f"{path.name}-{turn}" for turn in count(2))
    return next(name for name in chain((path.stem, path.name), others) if name.casefold() not in taken)


def _paint_all(job: "Job", sheets: list[_Sheet], report: "Callable[[KeysFolder], dict[str, Any]]"
               ) -> tuple[list[dict[str, Any]], bool]:
    """What is said of each drawing's keys, in order; the painted pictures themselves lie on the disk."""
    planned = [key for sheet in sheets for key in sheet.keys]
    done: list[dict[str, Any]] = []
    with job_progress(len(planned)) as watcher:
        watcher.begin("reading the model")
        from underpaint.errors import Cancelled
        from underpaint.library.drawings import read_drawing
        from underpaint.library.jobs import JobItem
        from underpaint.library.keys import paint_keys

        items = [JobItem(key.recipe, f"{sheet.job.drawing.stem} {key.number} {key.name}")
                 for sheet in sheets for key in sheet.keys]
        blobs = {sheet.sha256: sheet.data for sheet in sheets}
        with job.painter() as painter, journal_of(
                Keeping(job.library, job.no_library, job.private), items, blobs,
                Work("keys", job.words, job.same(planned)),
                lambda recipe, stored, tell: painter.paint(recipe, stored, progress=tell)) as journal:
            say_ahead(painter, [key.recipe for key in planned], blobs, journal)
            for number, sheet in enumerate(sheets):
                first = sum(len(one.keys) for one in sheets[:number])
                part: Any = _Part(journal, first, sheet is sheets[-1]) if journal is not None else None
                drawing = read_drawing(sheet.job.drawing, kind=job.kind.value, keep_blue=job.keep_blue)
                try:
                    done.append(report(paint_keys(sheet.keys, drawing, sheet.job.folder, painter, title=job.words,
                                                  private=job.private, watcher=watcher, journal=part)))
                except Cancelled:
                    if not done:
                        raise
                    return done, True
                if done[-1]["cancelled"]:
                    return done, True
    return done, False


@dataclass(frozen=True, eq=False)
class _Part:
    """One drawing's stretch of the journal of the whole folder."""

    journal: "Journal"
    first: int
    last: bool

    def take(self, position: int, tell: Any = None) -> "Kept":
        return self.journal.take(self.first + position, tell)

    def written(self, kept: "Kept", file: Path, pixels: str) -> None:
        self.journal.written(kept, file, pixels)

    def done(self) -> None:
        if self.last:
            self.journal.done()
