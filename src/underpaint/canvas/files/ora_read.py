"""Reading OpenRaster (.ora), after the Open Raster specification 0.0.5 (openraster.org).

Files come from strangers: entries, bytes and pixels are counted before anything is unpacked, a document type (the
door to entity expansion) is refused, and nothing is ever unpacked to the disk.
"""

import io
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from PIL import Image

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.document import (
    MAX_NESTING,
    Document,
    Group,
    Layer,
    Node,
    Pixels,
    check_canvas,
    check_total,
)
from underpaint.canvas.files.ora import MIMETYPE
from underpaint.errors import PictureError

_MAX_ENTRIES = 10_000
_MAX_XML_BYTES = 8_000_000
_MAX_PNG_BYTES = 2_000_000_000
# All that zipfile and expat are seen to raise on damaged files, which are open by then.
_DAMAGED = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    expat.ExpatError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_ora(path: str | Path) -> Document:
    """Read the OpenRaster file at `path`.

    The merged picture and the thumbnail are not read: `composite` makes them again.

    Raises:
        PictureError: not OpenRaster, damaged, past the limits of a document, or using what is not read yet.
        OSError: the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        return load_ora(file, Path(path).name)


def load_ora(file: BinaryIO, name: str = "The file") -> Document:
    """Read OpenRaster from an open, seekable binary file; `name` is what errors call it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _Reader(archive, name).document()
    except _DAMAGED as error:
        raise PictureError(
            f"{name} is not a whole OpenRaster file: {str(error).rstrip('.')}",
            hint="Save it again from the program that made it.",
        ) from error


class _Reader:
    """Reads one archive; every number in it is checked before it is believed."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._profile: bytes | None = None

    def document(self) -> Document:
        if len(self._archive.infolist()) > _MAX_ENTRIES:
            raise self._error(f"holds more than {_MAX_ENTRIES:,} entries")
        if self._open("mimetype", 100).read().strip() != MIMETYPE:
            raise self._error("does not say that it is OpenRaster")
        image = _parse_xml(self._open("stack.xml", _MAX_XML_BYTES).read())
        root = image.find("stack")
        if image.tag != "image" or root is None:
            raise self._error("has no stack of layers")
        width, height = self._integer(image.attrib, "w"), self._integer(image.attrib, "h")
        check_canvas(width, height)
        dpi = self._number(image.attrib, "xres", 72.0)
        self._count_pixels(root)
        layers = self._nodes(root)
        return Document(width, height, layers, self._profile, min(max(dpi, 1.0), 30_000.0))

    def _nodes(self, parent: ElementTree.Element) -> tuple[Node, ...]:
        # Other elements (text, filters) have no pixels that the specification defines.
        return tuple(
            self._layer(element) if element.tag == "layer" else self._group(element)
            for element in parent
            if element.tag in ("layer", "stack")
        )

    def _group(self, element: ElementTree.Element) -> Group:
        name, opacity, mode, visible, locked = self._look(element)
        if element.get("isolation", "auto") == "auto" and mode == "normal" and opacity == 1.0:
            mode = PASS_THROUGH  # with anything else the specification isolates the group all the same
        return Group(name, self._nodes(element), opacity, mode, visible, locked)

    def _layer(self, element: ElementTree.Element) -> Layer:
        name, opacity, mode, visible, locked = self._look(element)
        offset = (self._integer(element.attrib, "x", 0), self._integer(element.attrib, "y", 0))
        return Layer(name, self._png(element.attrib["src"]), offset, opacity, mode, visible, locked)

    def _look(self, element: ElementTree.Element) -> tuple[str, float, str, bool, bool]:
        name = element.get("name", "")
        opacity = min(max(self._number(element.attrib, "opacity", 1.0), 0.0), 1.0)
        operator = element.get("composite-op", "svg:src-over")
        mode = next((key for key, value in BLEND_MODES.items() if value.ora == operator), None)
        if mode is None:
            raise self._error(f'has a layer "{name}" with the blend mode {operator[:60]}, which is not read yet')
        visible = element.get("visibility", "visible") == "visible"
        return name, opacity, mode, visible, element.get("edit-locked") == "true"

    def _count_pixels(self, root: ElementTree.Element) -> None:
        """Believe the headers of all PNGs before the first of them is unpacked."""
        total = 0
        for element in root.iter("layer"):
            source = element.get("src")
            if not source:
                raise self._error(f'has a layer "{element.get("name", "")}" without a picture')
            header = self._open(source).read(24)
            if header[12:16] == b"IHDR":
                width, height = struct.unpack(">II", header[16:24])
                check_canvas(width, height)
                total += width * height
        check_total(total)

    def _png(self, source: str) -> Pixels:
        data = self._open(source).read()
        try:
            # Pillow's alarm at large sizes has been answered: they are counted and bearable.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                picture = Image.open(io.BytesIO(data), formats=["PNG"])
            pixels = np.array(picture.convert("RGBA"))
        except Image.DecompressionBombError as error:
            raise self._error(f"holds {source[:100]}, which has too many pixels") from error
        except (OSError, ValueError, SyntaxError, zlib.error) as error:
            raise self._error(f"holds {source[:100]}, which is not a whole PNG") from error
        self._profile = self._profile or picture.info.get("icc_profile")
        return pixels

    def _open(self, entry: str, most: int = _MAX_PNG_BYTES) -> IO[bytes]:
        try:
            size = self._archive.getinfo(entry).file_size
        except KeyError as error:
            raise self._error(f"has no {entry[:100]} inside") from error
        if size > most:
            raise self._error(f"holds {entry[:100]} of {size:,} bytes, more than the {most:,} allowed")
        return self._archive.open(entry)

    def _integer(self, attributes: Mapping[str, str], key: str, default: int | None = None) -> int:
        value = self._number(attributes, key, default)
        if abs(value) > 1_000_000:
            raise self._error(f"says {key} = {value:g}, which is out of range")
        return round(value)

    def _number(self, attributes: Mapping[str, str], key: str, default: float | None) -> float:
        text = attributes.get(key, "" if default is None else str(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._error(f'says {key} = "{text[:40]}", which is not a number')
        return value

    def _error(self, what: str) -> PictureError:
        return PictureError(f"{self._name} {what}", hint="Save it again from the program that made it.")


def _parse_xml(data: bytes) -> ElementTree.Element:
    """Plain elements and attributes only: a document type, and with it every entity, is refused."""
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_NESTING + 4:
            raise PictureError("The stack of layers is nested too deep", hint="Flatten some of its groups.")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise PictureError(
            "The stack of layers declares a document type, which no painting program does",
            hint="Such a file can be an attack: do not open it.",
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)
    return builder.close()
