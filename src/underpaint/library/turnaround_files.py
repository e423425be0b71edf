"""A turnaround's files: the sheet cut into one picture a side, and how alike the sides are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from underpaint.controls.region import Region
from underpaint.controls.region_place import mask_of
from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import delta_e_2000
from underpaint.imaging.geometry import Bounds
from underpaint.library.saving import file_stem
from underpaint.library.series import Painted
from underpaint.library.setting_aside import said_of, set_aside
from underpaint.models import Catalogue, ModelDescription
from underpaint.models.adapter_finding import adapters_for
from underpaint.models.adapters import LINES
from underpaint.models.own_adapters import own_adapter
from underpaint.pictures.read import read_picture
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.plan.adapting import FAMILIES
from underpaint.sets.turnaround import Turnaround


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a figure: its file and what was measured.

    `height` and `width` are those of the figure as shares of the part's, None where none stands out; `colour` is the
    difference (CIEDE2000) of its mean colour from the first side's.
    """

    view: str
    file: Path
    height: float | None = None
    width: float | None = None
    colour: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"view": self.view, "file": str(self.file), "height": self.height, "width": self.width,
                "colour": self.colour}


@dataclass(frozen=True, eq=False)
class Cut:
    """The sides of one sheet, from left to right, and sentences for the artist."""

    number: int
    sides: tuple[Side, ...]
    notes: tuple[str, ...] = ()


def stance(model: ModelDescription, catalogue: Catalogue) -> Literal["pose", "lines", "words"]:
    """What holds a figure to its stance on a model: an adapter for poses or for lines that is here, or only words."""
    if model.family in FAMILIES and (own_adapter(model, "pose") or adapters_for(catalogue, model, ("pose",))):
        return "pose"
    if model.can("line") or (model.family in FAMILIES and adapters_for(catalogue, model, LINES)):
        return "lines"
    return "words"


def cut_sheets(planned: Sequence[Turnaround], painted: Sequence[Painted], folder: Path, *,
               private: bool = False) -> tuple[Cut, ...]:
    """Cut every painted sheet into its sides, a PNG each in `folder`. Raises OutputError.

    Parts have one size and one scale, so that the sides can be laid over each other. A side that somebody painted over
    is kept under another name.
    """
    sheets = {one.number: one for one in planned}
    return tuple(_cut(sheets[one.number], one, folder, private) for one in painted)


def _cut(sheet: Turnaround, painted: Painted, folder: Path, private: bool) -> Cut:
    pixels = painted.pixels()
    sides, notes, first = [], [], None
    for part in sheet.parts:
        rows, columns = part.bounds.slices
        picture = np.ascontiguousarray(pixels[rows, columns, :3])
        file = folder / f"{file_stem(sheet.number, part.view)}.png"
        kept = _write(picture, file, private)
        if kept is not None:
            notes.append(said_of(file, kept))
        measured, colour = _measure(picture)
        if first is None:
            first = colour
        apart = None if colour is None or first is None else round(float(delta_e_2000(colour, first)), 2)
        sides.append(Side(part.view, file, *measured, apart))
    return Cut(sheet.number, tuple(sides), tuple(notes))


def _write(picture: FloatArray, file: Path, private: bool) -> Path | None:
    """Write one side; the new name of one that was painted over."""
    kept = None if private else set_aside(file)
    write_picture(file, picture, Record(source_type="compositeWithTrainedAlgorithmicMedia"), private=private)
    return kept


def _measure(picture: FloatArray) -> tuple[tuple[float | None, float | None], FloatArray | None]:
    """The figure's height and width as shares of the picture's, and its mean colour (3, sRGB)."""
    try:
        inside = mask_of(np.asarray(read_picture(Region().extract(picture, "subject").data).pixels)) > 0.5
    except PictureError:
        return (None, None), None
    box = Bounds.from_mask(inside)
    if box is None:
        return (None, None), None
    height, width = picture.shape[:2]
    return (round(box.height / height, 4), round(box.width / width, 4)), picture[inside].mean(axis=0)
