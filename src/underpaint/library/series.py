"""A folder of pictures that belong together: painted one after the other, each kept as soon as it is finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import (
    Cancelled,
    MemoryShortage,
    ModelError,
    PictureError,
    PlanError,
    RecipeError,
    UnderpaintError,
)
from underpaint.library.repaint import foresee, read_source
from underpaint.library.runner import Engine, Tell
from underpaint.library.saving import check_place, file_stem, save_take
from underpaint.library.setting_aside import said_of, set_aside
from underpaint.library.takes import as_kept, load_take
from underpaint.models import Catalogue
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import check_pixels
from underpaint.plan.take import Take
from underpaint.recipe import Recipe

if TYPE_CHECKING:
    from underpaint.library.journal import Journal
    from underpaint.library.keys import Watcher


_LONGEST_STEM = 80  # bytes


class Planned(Protocol):
    """One picture that a set asks for."""

    @property
    def number(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def recipe(self) -> Recipe: ...


@dataclass(frozen=True, eq=False)
class Painted:
    """One finished picture: its file, and what is said of it. Its pixels stay on the disk until they are wanted."""

    number: int
    name: str
    file: Path
    width: int
    height: int
    seed: int
    seconds: float
    measured: Mapping[str, Any]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, planned: Planned, take: Take, file: Path) -> "Painted":
        notes = (*take.circumstances.get("fallbacks", ()), *take.circumstances.get("notes", ()))
        height, width = (take.picture if take.exact is None else take.exact).shape[:2]
        return cls(planned.number, planned.name, file, width, height, take.plan.seed, take.seconds, take.measured,
                   notes)

    def pixels(self) -> NDArray[Any]:
        """The picture as it was painted, sRGB floats."""
        return np.asarray(read_picture(self.file).pixels)


@dataclass(frozen=True, eq=False)
class Series:
    """What was painted, in the order of painting; `cancelled` when a person stopped half-way. `failed` names what
    could not be painted, with the reason."""

    pictures: tuple[Painted, ...]
    cancelled: bool = False
    failed: Mapping[str, UnderpaintError] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Brush:
    """What every picture of a series is painted with.

    `paint` and `blobs` as the library's runner has them. A picture that the folder already holds, painted by the same
    recipe with models and programs that have not changed since, is left as it is; `catalogue` says whether the models
    have. `fixed` are the plan's fields that were asked for beyond the recipe (device, dtype).
    """

    paint: Engine
    blobs: Mapping[str, bytes]
    catalogue: Catalogue
    private: bool = False
    watcher: "Watcher | None" = None
    journal: "Journal | None" = None
    fixed: Mapping[str, str] | None = None


def paint_series(planned: Sequence[Planned], folder: Path, brush: Brush) -> Series:
    """Paint every picture into `folder`, in the given order, a PNG each with its own recipe.

    Ctrl-C keeps what is finished, and one picture that is too much for the machine does not stop the others. Raises
    Cancelled when nothing was finished, OutputError when the folder cannot be written, and the first failure when all
    failed.
    """
    check_place(folder / "picture.png")
    done: list[Painted] = []
    failed: dict[str, UnderpaintError] = {}
    try:
        for position, one in enumerate(planned):
            try:
                done.append(_paint(position, one, folder / f"{_stem(one, brush.private)}.png", brush))
            except (PlanError, ModelError, MemoryShortage) as error:
                failed[f"{one.number} {one.name}"] = error
    except (KeyboardInterrupt, Cancelled):
        if not done:
            raise Cancelled("stopped before the first picture was finished", hint="Nothing was written.") from None
        return Series(tuple(done), True, failed)
    if failed and not done:
        raise next(iter(failed.values()))
    return Series(tuple(done), False, failed)


def _stem(planned: Planned, private: bool) -> str:
    """A file name that every disk takes; a private one says nothing but its number."""
    if private:
        return f"{planned.number:02d}"
    return file_stem(planned.number, planned.name).encode()[:_LONGEST_STEM].decode("utf-8", "ignore")


def _paint(position: int, planned: Planned, file: Path, brush: Brush) -> Painted:
    if brush.watcher:
        brush.watcher.begin(f"{planned.number} {planned.name}")
    tell: Tell = brush.watcher.step if brush.watcher else _nobody
    begun = brush.journal is not None and brush.journal.finished[position]
    take = None if begun else _there(planned.recipe, file, brush)
    kept_aside = None if take is not None or brush.private else set_aside(file)
    if take is None and brush.journal is not None:
        kept = brush.journal.take(position, tell)
        take = kept.take
        brush.journal.written(kept, file, save_take(take, file, private=brush.private).pixels)
    elif take is None:
        take = as_kept(brush.paint(planned.recipe, brush.blobs, tell))
        save_take(take, file, private=brush.private)
    if brush.watcher:
        brush.watcher.finish()
    painted = Painted.of(planned, take, file)
    return painted if kept_aside is None else replace(painted, notes=(*painted.notes, said_of(file, kept_aside)))


def _there(recipe: Recipe, file: Path, brush: Brush) -> Take | None:
    """The very take that would be painted, if the folder holds it from an earlier start."""
    if brush.private or not file.is_file():
        return None
    try:
        source = read_source(file)
        if source.recipe.hash() != recipe.hash() or check_pixels(file) != "identical-to-painting":
            return None
        record = source.plan.to_record()
        if any(record.get(name) != value for name, value in (brush.fixed or {}).items()):
            return None
        foreseen = foresee(source, brush.catalogue)
        return None if foreseen.missing or foreseen.differs else load_take(file)
    except (PictureError, RecipeError):
        return None


def _nobody(done: int, total: int) -> None:
    """Progress that nobody watches."""
