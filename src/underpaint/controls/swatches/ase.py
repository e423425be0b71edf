"""Adobe Swatch Exchange (.ase): blocks with a big-endian length each; groups are read through."""

import struct

from underpaint.controls.swatches.sheet import (
    CMYK_NOTE,
    Entry,
    Rgb,
    SwatchSheet,
    check_count,
    from_cmyk,
    from_lab,
    rgb,
)
from underpaint.errors import PictureError

_COLOUR, _GROUP = 0x0001, 0xC001
_MODELS = {b"RGB ": 3, b"CMYK": 4, b"LAB ": 3, b"Gray": 1}
_HINT = "Export the swatches again."


def read(data: bytes) -> SwatchSheet:
    """Raises PictureError for a damaged file, and for Aseprite's drawings, which have the same ending."""
    if data[4:6] == b"\xe0\xa5":
        raise PictureError("this is a drawing of Aseprite's, not Adobe swatches", hint="Export its palette as .gpl.")
    if data[:4] != b"ASEF" or len(data) < 12:
        raise PictureError("these are no Adobe swatches", hint=_HINT)
    (count,) = struct.unpack_from(">I", data, 8)
    check_count(count)
    at, entries, name, cmyk = 12, [], "", False
    for _ in range(count):
        if at + 6 > len(data):
            raise PictureError("the swatches are cut off", hint=_HINT)
        kind, length = struct.unpack_from(">HI", data, at)
        block = data[at + 6: at + 6 + length]
        if len(block) < length:
            raise PictureError("the swatches are cut off", hint=_HINT)
        at += 6 + length
        if kind == _GROUP:
            name = name or _name(block)[0]
        elif kind == _COLOUR:
            entry, is_cmyk = _entry(block)
            entries.append(entry)
            cmyk |= is_cmyk
    sheet = SwatchSheet(tuple(entries), name)
    return sheet.noted(CMYK_NOTE) if cmyk else sheet


def _name(block: bytes) -> tuple[str, int]:
    """The name at a block's start, and where it ends."""
    if len(block) < 2:
        raise PictureError("a swatch is cut off", hint=_HINT)
    (letters,) = struct.unpack_from(">H", block)
    end = 2 + 2 * letters
    if end > len(block):
        raise PictureError("a swatch's name is longer than the swatch", hint=_HINT)
    return block[2:end].decode("utf-16-be", "replace").rstrip("\0"), end


def _entry(block: bytes) -> tuple[Entry, bool]:
    name, at = _name(block)
    model = block[at: at + 4]
    count = _MODELS.get(model)
    if count is None:
        raise PictureError(f"a swatch has an unknown colour model {model!r:.20}", hint=_HINT)
    if len(block) < at + 4 + 4 * count:
        raise PictureError("a swatch is cut off", hint=_HINT)
    return Entry(_colour(model, struct.unpack_from(f">{count}f", block, at + 4)), name), model == b"CMYK"


def _colour(model: bytes, values: tuple[float, ...]) -> Rgb:
    if model == b"RGB ":
        return rgb(*values)
    if model == b"CMYK":
        return from_cmyk(*values)
    if model == b"LAB ":
        return from_lab(100 * values[0], *values[1:])
    return rgb(values[0], values[0], values[0])


def write(sheet: SwatchSheet) -> bytes:
    """RGB swatches, global, without groups."""
    blocks = []
    for entry in sheet.entries:
        name = ((entry.name or entry.hex)[:1000] + "\0").encode("utf-16-be")
        body = struct.pack(">H", len(name) // 2) + name + b"RGB " + struct.pack(">3fH", *entry.colour, 0)
        blocks.append(struct.pack(">HI", _COLOUR, len(body)) + body)
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)
