"""Takes as one layered document: each a group, the artist's lines on top where there are any, paper below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.canvas.document import Document, Group, Layer, layer_pixels
from underpaint.canvas.files.ora import write_ora
from underpaint.canvas.files.psd import write_psd
from underpaint.canvas.keys_document import PAINT_NAME, KeyLayers, keys_document
from underpaint.errors import PictureError
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.pictures.read import read_picture
from underpaint.pictures.stored import stored_like

MOST_PIXELS = 400_000_000
"""Of all layers of a document together."""


@dataclass(frozen=True)
class Painted:
    """A take on its way into a document: its file, its name, and what was measured on it."""

    file: Path
    name: str
    measured: Any

    @property
    def title(self) -> str:
        """Its name without the number that the document gives it anyway."""
        return self.name.lstrip("0123456789").strip()[:200] or "take"

    @property
    def notes(self) -> str:
        """How well it kept the lines, in words."""
        lines = self.measured.get("lines") if isinstance(self.measured, Mapping) else None
        try:
            return f"lines kept {lines['kept']:.0%}, invented {lines['invented']:.0%}" if lines else ""
        except (KeyError, TypeError, ValueError):
            return ""


def layered(painted: Sequence[Painted], lines: bytes | None, target: Path) -> None:
    """Write a PSD or ORA, by the suffix of `target`. Raises PictureError, also for more than a document holds in
    memory, and OutputError."""
    document = _under(painted, lines) if lines is not None else _alone(painted)
    (write_psd if target.suffix == ".psd" else write_ora)(document, target)


def _under(painted: Sequence[Painted], lines: bytes) -> Document:
    drawing = read_picture(lines)
    extent = Extent(drawing.width, drawing.height)
    _check(extent.area * len(painted))
    layers = [KeyLayers(one.title, stored_like(_sized(one, extent), drawing), one.notes) for one in painted]
    return keys_document(drawing.stored, layers, icc_profile=drawing.icc)


def _alone(painted: Sequence[Painted]) -> Document:
    pictures: list[NDArray[Any]] = []
    for one in painted:
        pictures.append(layer_pixels(np.asarray(read_picture(one.file).pixels)))
        _check(sum(found.shape[0] * found.shape[1] for found in pictures))
    groups = tuple(Group(f"{number:02d} {one.title}", (Layer(PAINT_NAME, pixels),), visible=number == 1, open=False)
                   for number, (one, pixels) in enumerate(zip(painted, pictures, strict=True), 1))
    return Document(max(one.shape[1] for one in pictures), max(one.shape[0] for one in pictures), groups)


def _check(pixels: int) -> None:
    if pixels > MOST_PIXELS:
        raise PictureError("these pictures are too large for one document", field="position",
                           hint=f"Ask for some of them: up to {MOST_PIXELS // 10**6} megapixels go into one.")


def _sized(one: Painted, extent: Extent) -> NDArray[np.float32]:
    picture = np.asarray(read_picture(one.file).pixels)[..., :3]
    return resize(np.ascontiguousarray(picture), extent, Resample.LANCZOS)
