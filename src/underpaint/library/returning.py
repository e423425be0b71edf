"""A finished paint-over comes back: to the take that it grew from, with what was changed, as the best kind of pick."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update

from underpaint.errors import LibraryError, PictureError, UnderpaintError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.blend import lay_under
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.library import log, ratings
from underpaint.library.alignment import Fit, coarse, polish, refine, straight
from underpaint.library.changes import Change, LayerChange, compare, heat_picture, layer_changes, over_white
from underpaint.library.entering import Circumstances, tie
from underpaint.library.facts import writable
from underpaint.library.library import Entry, Library
from underpaint.library.origin import SURE, Found, find_origin
from underpaint.library.painting import Painting, read_painting
from underpaint.library.tables import PARENTS, TAKES
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import blobs_from_file, recipe_from_file
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture

PAINT_OVER = "paint-over"


@dataclass(frozen=True, eq=False)
class Returned:
    """A painting that came back: its own entry, the take it grew from, how that was known, and what was changed."""

    entry: Entry
    origin: Entry
    known_by: str
    fit: Fit
    share: float
    added: float
    lost: float
    heat: Path
    layers: tuple[LayerChange, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"id": self.entry.id, "take": self.origin.id, "file": str(self.entry.file), "known_by": self.known_by,
                "changed": round(self.share, 4), "added": round(self.added, 4), "cropped": round(self.lost, 4),
                "scale": round(self.fit.scale, 4), "offset": [round(self.fit.x, 2), round(self.fit.y, 2)],
                "likeness": round(self.fit.score, 3), "heat": str(self.heat), "notes": list(self.notes),
                "layers": [vars(one) for one in self.layers]}


def bring_back(library: Library, file: Path, *, take: str | None = None, heat: Path | None = None) -> Returned:
    """Tie a painting to its take, measure what was changed, and keep it. `take` names the take where a person knows it.

    The heat picture goes to `heat`, else into the library. Raises LibraryError where no take can be told.
    """
    painting = read_painting(file)
    found = find_origin(library, file, painting, take)
    with_lines, alone, lines = _references(found.entry)
    flat = over_white(np.asarray(painting.merged.pixels))
    fit, reference = _place(found, flat, with_lines, alone)
    change = compare(reference, flat, fit)
    layers = _layers(painting, alone, lines, fit, reference)
    entry = _keep(library, file, found, change)
    target = heat or library.folder / "changes" / f"{entry.sha256}.png"
    write_picture(target, heat_picture(flat, change), Record(source_type="compositeWithTrainedAlgorithmicMedia"))
    notes = painting.notes
    if change.share > 0.9:
        notes = (*notes, "hardly anything of the take is left to be seen: check that it is the right one")
    return Returned(entry, library.entry(found.entry.number), found.how, fit, change.share, change.added, change.lost,
                    target, tuple(layers), notes)


def _place(found: Found, flat: FloatArray, with_lines: list[FloatArray], alone: FloatArray) -> tuple[Fit, FloatArray]:
    """Where the take lies, and which of its faces, with or without lines, is the one that was painted on."""
    best: tuple[Fit, FloatArray] | None = None
    for reference in (alone, *with_lines):
        whole = straight(reference, flat)
        start = coarse(reference, flat) or whole or Fit(flat.shape[1] / reference.shape[1], 0.0, 0.0, 0.0, 1.0, 1.0)
        fit = refine(reference, flat, start)
        if whole is not None and (whole.score > fit.score - 0.03 or fit.score < SURE):
            fit = whole  # most paintings come back whole, and one that shows nothing of the take surely did
        if best is None or fit.score > best[0].score:
            best = fit, reference
    assert best is not None  # there is always the take itself
    return replace(polish(best[1], flat, best[0]), score=best[0].score), best[1]


def _references(entry: Entry) -> tuple[list[FloatArray], FloatArray, list[NDArray[np.uint8]]]:
    """The take under the drawings of its recipe at their own size, the take alone, and those drawings."""
    try:
        alone = over_white(np.asarray(read_picture(entry.file).pixels))
    except PictureError:
        alone = over_white(np.asarray(read_painting(entry.file).merged.pixels))
    faces: list[FloatArray] = []
    drawings: list[NDArray[np.uint8]] = []
    with contextlib.suppress(UnderpaintError):  # a picture of another program has no recipe of ours
        recipe, blobs = recipe_from_file(entry.file), blobs_from_file(entry.file)
        for control in recipe.controls:
            drawing = getattr(control, "drawing", None)
            if drawing is None or control.kind != "line":
                continue
            lines = read_picture(blobs[drawing.sha256])
            if lines.mode == "RGBA":
                extent = Extent(lines.width, lines.height)
                faces.append(lay_under(np.asarray(lines.pixels), resize(alone, extent, Resample.LANCZOS)))
                drawings.append(np.asarray(lines.stored if lines.depth == 8 else lines.stored // 257, np.uint8))
    return faces, alone, drawings


def _layers(painting: Painting, alone: FloatArray, lines: list[NDArray[np.uint8]], fit: Fit, reference: FloatArray
            ) -> list[LayerChange]:
    if painting.document is None:
        return []
    # The paint may be smaller than the drawing that it lay under: the same place, at its own scale.
    own = replace(fit, scale=fit.scale * reference.shape[1] / alone.shape[1])
    return layer_changes(painting.document, to_float(alone), lines, own)


def _keep(library: Library, file: Path, found: Found, change: Change) -> Entry:
    entry = library.add(file, Circumstances(kind="return", name=writable(file.name)))
    facts = {"changed": round(change.share, 4), "added": round(change.added, 4), "cropped": round(change.lost, 4)}
    log.note(library.folder, {"at": time.time(), "take": entry.sha256, "what": "return", "value": found.entry.sha256,
                              "facts": facts})
    tie_return(library, entry.number, found.entry.number, facts)
    ratings.pick(library, found.entry, PAINT_OVER)
    ratings.pick(library, entry, PAINT_OVER)
    return library.entry(entry.number)


def tie_return(library: Library, child: int, parent: int, facts: Mapping[str, Any]) -> None:
    """Say in the database that a painting grew from a take by hand."""
    with library.database.writing() as connection:
        tie(connection, child, parent, "painted over", dict(facts))
        connection.execute(update(TAKES).where(TAKES.c.id == child).values(kind="return"))
        kept = connection.execute(select(PARENTS.c.parent_id).where(PARENTS.c.child_id == child,
                                                                    PARENTS.c.parent_id == parent)).scalar()
        if kept is None:
            raise LibraryError("a picture cannot grow from what grew from it", field="take",
                               hint="Name the earlier take with --take.")
