"""GIMP palettes (.gpl), also of Krita, Inkscape and Aseprite: text, three numbers and a name a line."""

from underpaint.controls.swatches.sheet import Entry, SwatchSheet, check_count, rgb, text_of
from underpaint.errors import PictureError


def read(data: bytes) -> SwatchSheet:
    """Raises PictureError for what is no GIMP palette, naming the line that is wrong."""
    lines = text_of(data).splitlines()
    if not lines or lines[0].strip() != "GIMP Palette":
        raise PictureError("this is no GIMP palette", hint="Its first line would be 'GIMP Palette'.")
    name, channels = "", 3
    entries: list[Entry] = []
    for number, line in enumerate(lines[1:], 2):
        text = line.strip()
        key, mark, value = text.partition(":")
        if not text or text.startswith("#"):
            continue
        if mark and key.lower() in {"name", "columns", "channels"}:
            name = value.strip() if key.lower() == "name" else name
            channels = 4 if key.lower() == "channels" and value.strip().upper() == "RGBA" else channels
            continue
        parts = text.split(None, channels)
        try:
            values = [int(part) for part in parts[:channels]]
        except ValueError:
            values = []
        if len(values) < 3 or any(not 0 <= one <= 255 for one in values):
            raise PictureError(f"line {number} is no colour: '{text:.40}'", hint="Write three numbers from 0 to 255.")
        entries.append(Entry(rgb(*(one / 255 for one in values[:3])), parts[channels].strip()
                             if len(parts) > channels else ""))
        check_count(len(entries))
    return SwatchSheet(tuple(entries), name)


def write(sheet: SwatchSheet) -> bytes:
    """As GIMP writes them."""
    lines = ["GIMP Palette", f"Name: {' '.join(sheet.name.split()) or 'Palette'}", "Columns: 0", "#"]
    for entry in sheet.entries:
        red, green, blue = (int(entry.hex[at: at + 2], 16) for at in (1, 3, 5))
        lines.append(f"{red:3d} {green:3d} {blue:3d}\t{' '.join(entry.name.split()) or entry.hex}")
    return ("\n".join(lines) + "\n").encode()
