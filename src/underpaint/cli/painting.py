"""What the commands that paint many pictures from recipes share: the machine, the journal, progress, the report."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli.engine import HERE, Hands, painter_of, say_ahead
from underpaint.cli.keeping import Keeping, Work, journal_of
from underpaint.cli.output import notes
from underpaint.cli.progress import job_progress
from underpaint.models.home import plain

if TYPE_CHECKING:
    from underpaint.library.journal import Journal
    from underpaint.library.preflight import Preflight
    from underpaint.library.series import Painted, Planned, Series
    from underpaint.plan.take import Take
    from underpaint.recipe import Recipe

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "int8": "int8"}


@dataclass(frozen=True)
class Machine:
    """Where it is painted, and which models may be fetched."""

    device: str | None = None
    precision: str | None = None
    prediction: str | None = None
    online: bool = False
    hands: Hands = HERE


@dataclass(frozen=True)
class Folder:
    """Where pictures go, and where their takes are kept."""

    path: Path
    private: bool = False
    library: Path | None = None
    no_library: bool = False


@dataclass(frozen=True)
class Many:
    """A job of several pictures: its kind and title, where it goes, and how it is painted."""

    kind: str
    title: str
    folder: Folder
    machine: Machine

    def same(self, planned: "Sequence[Planned]") -> dict[str, Any]:
        """What must be equal for this to be the same job again."""
        return {"recipes": [one.recipe.hash() for one in planned], "folder": str(plain(self.folder.path)),
                "private": self.folder.private, "device": self.machine.device, "precision": self.machine.precision,
                "prediction": self.machine.prediction}


def preflight_of(machine: Machine) -> "Preflight":
    """What says beforehand whether recipes can be painted here."""
    from underpaint.library.preflight import Preflight
    from underpaint.models import Catalogue

    return Preflight(Catalogue(), machine.prediction, machine.online)


def paint_many(many: Many, planned: "Sequence[Planned]", blobs: Mapping[str, bytes], preflight: "Preflight",
               finish: "Callable[[Series], None]") -> "Series":
    """Paint every recipe with progress on standard error, then `finish` with what was painted.

    The job counts as done only when `finish` is, so that a full disk there costs no picture.
    """
    from underpaint.library.jobs import JobItem
    from underpaint.library.series import Brush, paint_series

    items = [JobItem(one.recipe, f"{one.number} {one.name}"[:200]) for one in planned]
    folder, machine = many.folder, many.machine
    fixed = {name: value for name, value in (("device", machine.device),
                                             ("dtype", _DTYPES.get(machine.precision or ""))) if value}
    with job_progress(len(planned)) as watcher, contextlib.ExitStack() as stack:
        watcher.begin("reading the model")
        paint = _Paint(machine, preflight, stack)
        with journal_of(Keeping(folder.library, folder.no_library, folder.private), items, blobs,
                        Work(many.kind, many.title, many.same(planned)), paint) as journal:
            paint.ahead = [one.recipe for one in planned], blobs, journal
            brush = Brush(paint, blobs, preflight.catalogue, folder.private, watcher, journal, fixed)
            series = paint_series(planned, folder.path, brush)
            finish(series)
            whole = not series.cancelled and not series.failed
            if journal is not None and whole and (paint.used or journal.resumed):
                journal.done()  # else there is more to do, or everything was there and the job is forgotten
    return series


class _Paint:
    """Paints with a painter that is made when the first picture needs it: a finished job never loads torch."""

    def __init__(self, machine: Machine, preflight: "Preflight", stack: contextlib.ExitStack) -> None:
        self._machine, self._preflight, self._stack = machine, preflight, stack
        self._painter: Any = None
        self.ahead: tuple[Sequence[Recipe], Mapping[str, bytes], Journal | None] = ((), {}, None)
        """What will be painted, for workers that paint ahead."""

    @property
    def used(self) -> bool:
        """Whether anything was painted."""
        return self._painter is not None

    def __call__(self, recipe: "Recipe", blobs: Mapping[str, bytes], tell: Any) -> "Take":
        if self._painter is None:
            machine = self._machine
            setup = {"device": machine.device, "precision": machine.precision, "prediction": machine.prediction,
                     "online": machine.online}
            self._painter = self._stack.enter_context(
                painter_of(machine.hands, setup, catalogue=self._preflight.catalogue, warn=say_before))
            say_ahead(self._painter, *self.ahead)
        take: Take = self._painter.paint(recipe, blobs, progress=tell)
        return take


SAID: set[str] = set()
"""Notes that were told before painting, and need not be told again."""


def say_before(note: str) -> None:
    """A note that a person should read before anything is painted."""
    SAID.add(note)
    notes().print(f"note: {note}", markup=False)


def facts(painted: "Painted") -> dict[str, Any]:
    """What JSON says of one picture."""
    return {"number": painted.number, "name": painted.name, "file": str(painted.file), "seed": painted.seed,
            "width": painted.width, "height": painted.height, "seconds": round(painted.seconds, 2), **painted.measured}


def close(series: "Series") -> None:
    """Say what a person should know of how it went; exit code 130 when they stopped it half-way, the first failure's
    where some could not be painted."""
    for note in dict.fromkeys(note for painted in series.pictures for note in painted.notes if note not in SAID):
        notes().print(f"note: {note}", markup=False)
    for name, error in series.failed.items():
        notes().print(f"not painted: {name}: {error}", markup=False)
    if series.failed and not series.cancelled:
        raise typer.Exit(next(iter(series.failed.values())).exit_code)
    if series.cancelled:
        notes().print("stopped; what was finished is kept")
        raise typer.Exit(130)
