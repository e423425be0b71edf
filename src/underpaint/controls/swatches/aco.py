"""Photoshop swatches (.aco): version 1 without names, and version 2 with them, mostly one after the other."""

import struct

from underpaint.controls.swatches.sheet import (
    CMYK_NOTE,
    Entry,
    Rgb,
    SwatchSheet,
    check_count,
    from_cmyk,
    from_hsb,
    from_lab,
    rgb,
)
from underpaint.errors import PictureError

_RGB, _HSB, _CMYK, _LAB, _GREY, _WIDE_CMYK = 0, 1, 2, 7, 8, 9
_HINT = "Save the swatches again from Photoshop."


def read(data: bytes) -> SwatchSheet:
    """Raises PictureError for a damaged file; swatches of books that only name an ink are left out, with a note."""
    sheet, at = _part(data, 0)
    if at + 4 <= len(data) and data[at: at + 2] == b"\0\2":
        return _part(data, at)[0]
    return sheet


def _part(data: bytes, at: int) -> tuple[SwatchSheet, int]:
    if len(data) < at + 4:
        raise PictureError("these are no Photoshop swatches", hint=_HINT)
    version, count = struct.unpack_from(">HH", data, at)
    if version not in (1, 2):
        raise PictureError(f"these are Photoshop swatches of an unknown version ({version})", hint=_HINT)
    check_count(count)
    at += 4
    sheet, entries = SwatchSheet(()), []
    for _ in range(count):
        if len(data) < at + 10:
            raise PictureError("the swatches are cut off", hint=_HINT)
        space, *values = struct.unpack_from(">5H", data, at)
        at, name = at + 10, ""
        if version == 2:
            name, at = _name(data, at)
        colour = _colour(space, values)
        if colour is None:
            sheet = sheet.noted("Swatches that only name an ink of a colour book were left out.")
            continue
        if space in (_CMYK, _WIDE_CMYK):
            sheet = sheet.noted(CMYK_NOTE)
        entries.append(Entry(colour, name))
    return SwatchSheet(tuple(entries), "", sheet.notes), at


def _name(data: bytes, at: int) -> tuple[str, int]:
    if len(data) < at + 4:
        raise PictureError("the swatches are cut off", hint=_HINT)
    (letters,) = struct.unpack_from(">I", data, at)
    end = at + 4 + 2 * letters
    if end > len(data):
        raise PictureError("a swatch's name is longer than the file", hint=_HINT)
    return data[at + 4: end].decode("utf-16-be", "replace").rstrip("\0"), end


def _colour(space: int, values: list[int]) -> Rgb | None:
    first, second, third, _ = values
    if space == _RGB:
        return rgb(first / 65535, second / 65535, third / 65535)
    if space == _HSB:
        return from_hsb(first / 65535, second / 65535, third / 65535)
    if space == _CMYK:
        return from_cmyk(*(1 - value / 65535 for value in values))
    if space == _WIDE_CMYK:
        return from_cmyk(*(value / 10000 for value in values))
    if space == _LAB:
        return from_lab(first / 100, _signed(second) / 100, _signed(third) / 100)
    if space == _GREY:
        return rgb(*(first / 10000,) * 3)
    return None


def _signed(value: int) -> int:
    return value - 65536 if value >= 32768 else value


def write(sheet: SwatchSheet) -> bytes:
    """Both versions, as Photoshop writes them; RGB."""
    entries = sheet.entries[:65535]
    plain, named = struct.pack(">HH", 1, len(entries)), struct.pack(">HH", 2, len(entries))
    for entry in entries:
        body = struct.pack(">5H", _RGB, *(round(65535 * value) for value in entry.colour), 0)
        name = ((entry.name or entry.hex)[:1000] + "\0").encode("utf-16-be")
        plain += body
        named += body + struct.pack(">I", len(name) // 2) + name
    return plain + named
