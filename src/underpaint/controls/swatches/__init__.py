"""Palette files of other programs: one file a format, one row in `FORMATS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from underpaint.controls.swatches import aco, ase, gpl, hex_list, kpl
from underpaint.controls.swatches.sheet import MAX_BYTES, SwatchSheet
from underpaint.errors import PictureError


@dataclass(frozen=True)
class Format:
    """How one kind of palette file is read and written."""

    name: str
    read: Callable[[bytes], SwatchSheet]
    write: Callable[[SwatchSheet], bytes]


FORMATS: Mapping[str, Format] = {
    ".hex": Format("hex list", hex_list.read, hex_list.write),
    ".txt": Format("hex list", hex_list.read, hex_list.write),
    ".gpl": Format("GIMP palette", gpl.read, gpl.write),
    ".ase": Format("Adobe Swatch Exchange", ase.read, ase.write),
    ".aco": Format("Photoshop swatches", aco.read, aco.write),
    ".kpl": Format("Krita palette", kpl.read, kpl.write),
}


def read_sheet(path: Path) -> SwatchSheet:
    """The swatches of a palette file. Raises PictureError for one that is damaged, empty or too large."""
    form = FORMATS[path.suffix.lower()]
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path.name} is too large for a palette", hint="Palettes have at most 8 MB.")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or '').lower()}",
                           hint="Check the name.") from error
    try:
        sheet = form.read(data)
    except PictureError as error:
        raise PictureError(f"{path.name}: {error.message}", hint=error.hint) from error
    if not sheet.entries:
        raise PictureError(f"{path.name} holds no swatches", hint="Add a colour and save it again.")
    return sheet
