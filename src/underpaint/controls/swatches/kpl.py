"""Krita palettes (.kpl): a zip archive with colorset.xml. Nothing is unpacked to the disk, entities are refused."""

import io
import zipfile
import zlib
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from underpaint.controls.swatches.sheet import (
    CMYK_NOTE,
    Entry,
    Rgb,
    SwatchSheet,
    check_count,
    from_cmyk,
    from_lab,
    from_xyz,
    rgb,
)
from underpaint.errors import PictureError
from underpaint.imaging.color import linear_to_srgb

_MAX_XML = 8_000_000
_SRGB = "sRGB-elle-V2-srgbtrc.icc"
_HINT = "Save the palette again from Krita."
# All that zipfile and the XML parser are seen to raise on damaged files.
_DAMAGED = (EOFError, LookupError, NotImplementedError, OSError, RuntimeError, ValueError, ElementTree.ParseError,
            zipfile.BadZipFile, zlib.error)


def read(data: bytes) -> SwatchSheet:
    """Raises PictureError for a damaged or hostile archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("colorset.xml") as file:
            text = file.read(_MAX_XML + 1)
        if len(text) > _MAX_XML:
            raise PictureError("its colorset.xml is too large", hint=_HINT)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
            raise PictureError("its colorset.xml asks for more than colours", hint=_HINT)
        return _sheet(ElementTree.fromstring(text))
    except _DAMAGED as error:
        raise PictureError(f"this is not a whole Krita palette ({type(error).__name__})", hint=_HINT) from error


def _sheet(root: ElementTree.Element) -> SwatchSheet:
    entries: list[Entry] = []
    cmyk = False
    for node in root.iter("ColorSetEntry"):
        given = next((child for child in node if child.tag != "Position"), None)
        if given is None:
            continue
        values = {key.lower(): value for key, value in given.attrib.items()}
        colour = _colour(given.tag.lower(), values)
        cmyk |= given.tag.lower() == "cmyk"
        entries.append(Entry(colour, node.get("name", "")[:200]))
        check_count(len(entries))
    sheet = SwatchSheet(tuple(entries), root.get("name", "")[:200])
    return sheet.noted(CMYK_NOTE) if cmyk else sheet


def _colour(model: str, values: dict[str, str]) -> Rgb:
    linear = any(mark in values.get("space", "").lower() for mark in ("g10", "linear"))
    if model in ("rgb", "srgb"):
        given = rgb(*(float(values[name]) for name in "rgb"))
        return _encoded(given) if linear else given
    if model == "cmyk":
        inks = [float(values[name]) for name in "cmyk"]
        return from_cmyk(*(ink / (100 if max(inks) > 1 else 1) for ink in inks))
    if model == "lab":
        return _lab(*(float(values[name]) for name in "lab"))
    if model == "xyz":
        return from_xyz(*(float(values[name]) for name in "xyz"))
    if model == "gray":
        grey = float(values["g"])
        return _encoded((grey,) * 3) if linear else rgb(grey, grey, grey)
    raise PictureError(f"a swatch has an unknown colour model '{model:.20}'", hint=_HINT)


def _lab(light: float, green_red: float, blue_yellow: float) -> Rgb:
    """Lab as written, or, from integer depths, each coordinate scaled to 0..1."""
    if all(0 <= value <= 1 for value in (light, green_red, blue_yellow)) and (green_red or blue_yellow):
        return from_lab(100 * light, 255 * green_red - 128, 255 * blue_yellow - 128)
    return from_lab(light, green_red, blue_yellow)


def _encoded(linear: tuple[float, float, float]) -> Rgb:
    import numpy as np

    return rgb(*(float(value) for value in linear_to_srgb(np.array(linear, np.float32))))


def write(sheet: SwatchSheet) -> bytes:
    """As Krita 4 and newer read it; colours as sRGB."""
    columns = 8
    rows = max(1, -(-len(sheet.entries) // columns))
    lines = [f'<Colorset version="2.0" name={quoteattr(sheet.name or "Palette")} comment="" columns="{columns}" '
             f'rows="{rows}" readonly="false">']
    for number, entry in enumerate(sheet.entries):
        red, green, blue = entry.colour
        lines.append(f'<ColorSetEntry name={quoteattr(entry.name or entry.hex)} id="{number}" spot="false" '
                     f'bitdepth="F32"><RGB r="{red:.6f}" g="{green:.6f}" b="{blue:.6f}" space="{_SRGB}"/>'
                     f'<Position row="{number // columns}" column="{number % columns}"/></ColorSetEntry>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(_file("mimetype"), b"application/x-krita-palette")
        archive.writestr(_file("colorset.xml"), "\n".join([*lines, "</Colorset>"]))
        archive.writestr(_file("profiles.xml"), "<Profiles/>")
    return out.getvalue()


def _file(name: str) -> zipfile.ZipInfo:
    """Always the same date, so that the same palette is the same file."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
