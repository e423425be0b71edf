"""The main job's document: the artist's lines on top, every colour key a group under them, paper at the bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from underpaint.canvas.document import Document, Group, Layer, check_canvas, layer_pixels
from underpaint.errors import PictureError

LINES_NAME = "Lines"
PAINT_NAME = "Paint"
PAPER_NAME = "Paper"


@dataclass(frozen=True, eq=False)
class KeyLayers:
    """One colour key on its way into the document.

    Attributes:
        name: as an artist would say it: "golden hour, warm key from left, cool shadows".
        picture: the paint at the drawing's own size, H x W x 3 or 4, uint8, uint16 or floats 0..1.
        notes: a few words more for the group's name, such as "lines kept 94 %".
    """

    name: str
    picture: npt.NDArray[Any]
    notes: str = ""


def keys_document(
    lines: npt.NDArray[Any],
    keys: Sequence[KeyLayers],
    *,
    icc_profile: bytes | None = None,
    dpi: float = 72.0,
) -> Document:
    """The document of a set of colour keys, ready for `write_psd` and `write_ora`.

    From the top: "Lines", locked, bit-identical to `lines` where these are uint8 (`layer_pixels` says how others
    are rounded); one folded group a key, numbered and named, with its "Paint"; white, opaque "Paper". The first
    key is visible and the others are hidden, so that the file opens on key 1 under the lines.

    Args:
        lines: the artist's lines, H x W x 4 with straight alpha.
        keys: in the order of their numbers.
        icc_profile: the profile that lines and paint are in, or None for sRGB.
        dpi: the drawing's resolution.

    Raises:
        PictureError: lines without alpha, or a key of another size than the lines.
    """
    if lines.ndim != 3 or lines.shape[2] != 4:
        raise PictureError(f"The lines need transparency (RGBA), but have the shape {lines.shape}")
    height, width = lines.shape[:2]
    check_canvas(width, height)
    for key in keys:
        if key.picture.shape[:2] != (height, width):
            raise PictureError(
                f'The key "{key.name}" is {key.picture.shape[1]} x {key.picture.shape[0]} pixels, '
                f"but the lines are {width} x {height}",
                hint="Bring the paint to the drawing's size first.",
            )
    digits = len(str(max(len(keys), 10)))
    groups = tuple(_group(key, f"{number:0{digits}d}", visible=number == 1) for number, key in enumerate(keys, 1))
    top = Layer(LINES_NAME, layer_pixels(lines), locked=True)
    paper = Layer(PAPER_NAME, np.full((height, width, 4), 255, np.uint8))
    return Document(width, height, (top, *groups, paper), icc_profile, dpi)


def _group(key: KeyLayers, number: str, *, visible: bool) -> Group:
    name = f"{number} {key.name}" + (f" ({key.notes})" if key.notes else "")
    return Group(name, (Layer(PAINT_NAME, layer_pixels(key.picture)),), visible=visible, open=False)
