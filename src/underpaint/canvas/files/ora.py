"""OpenRaster (.ora), written and read after the Open Raster specification 0.0.5 (openraster.org).

A ZIP of one PNG a layer, `stack.xml` saying how they lie, the merged picture and a thumbnail. Both directions keep
names, order, groups, opacity, blend mode, visibility, locks and every byte of every layer, under alpha 0 too.

What the format cannot say: that a group is folded, and a pass-through group of less than full opacity (it is
written as one, and readers isolate it). A colour profile travels inside the PNGs.

Files come from strangers: entries, bytes and pixels are counted before anything is unpacked, a document type (the
door to entity expansion) is refused, and nothing is ever unpacked to the disk.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from PIL import Image

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.composite import composite
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
from underpaint.errors import PictureError
from underpaint.files import atomic_write

MIMETYPE = b"image/openraster"
THUMBNAIL_SIDE = 256
_QUICK = 1  # zlib: five times faster than the default for a sixth more bytes
_MAX_ENTRIES = 10_000
_MAX_XML_BYTES = 8_000_000
_MAX_PNG_BYTES = 2_000_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # one document, one sequence of bytes, whenever it is written


def write_ora(document: Document, path: str | Path) -> None:
    """Write `document` to `path` as OpenRaster, whole or not at all.

    Raises:
        OutputError: the place cannot be written.
    """
    with atomic_write(path) as file:
        save_ora(document, file)


def save_ora(document: Document, file: BinaryIO) -> None:
    """Write `document` into an open, seekable binary file as OpenRaster."""
    merged = composite(document)
    with zipfile.ZipFile(file, "w") as archive:
        _store(archive, "mimetype", MIMETYPE)  # first and uncompressed, so that `file` can tell
        stack = _Stack(archive, document)
        _store(archive, "stack.xml", stack.xml(), zipfile.ZIP_DEFLATED)
        _store(archive, "mergedimage.png", _png(merged, document.icc_profile))
        _store(archive, "Thumbnails/thumbnail.png", _thumbnail(merged))


class _Stack:
    """Builds `stack.xml`, putting each layer's PNG into the archive as it comes by."""

    def __init__(self, archive: zipfile.ZipFile, document: Document) -> None:
        self._archive = archive
        self._document = document
        self._count = 0

    def xml(self) -> bytes:
        document = self._document
        dpi = str(round(document.dpi))
        size = {"w": str(document.width), "h": str(document.height)}
        image = ElementTree.Element("image", {"version": "0.0.5", **size, "xres": dpi, "yres": dpi})
        root = ElementTree.SubElement(image, "stack")
        for node in document.layers:
            self._add(node, root)
        ElementTree.indent(image)
        xml: bytes = ElementTree.tostring(image, encoding="utf-8", xml_declaration=True)
        return xml

    def _add(self, node: Node, parent: ElementTree.Element) -> None:
        if isinstance(node, Layer):
            ElementTree.SubElement(parent, "layer", {**_look(node), **self._place(node)})
            return
        element = ElementTree.SubElement(parent, "stack", _look(node))
        element.set("isolation", "auto" if node.blend_mode == PASS_THROUGH else "isolate")
        for child in node.children:
            self._add(child, element)

    def _place(self, layer: Layer) -> dict[str, str]:
        name = f"data/layer{self._count:04d}.png"
        self._count += 1
        _store(self._archive, name, _png(layer.pixels, self._document.icc_profile))
        x, y = layer.offset
        return {"src": name, "x": str(x), "y": str(y)}


def _look(node: Node) -> dict[str, str]:
    mode = "normal" if node.blend_mode == PASS_THROUGH else node.blend_mode
    look = {
        "name": node.name,
        "opacity": f"{node.opacity:.6g}",
        "visibility": "visible" if node.visible else "hidden",
        "composite-op": BLEND_MODES[mode].ora,
    }
    if node.locked:
        look["edit-locked"] = "true"
    return look


def _png(pixels: Pixels, icc_profile: bytes | None) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=_QUICK, icc_profile=icc_profile)
    return file.getvalue()


def _thumbnail(merged: Pixels) -> bytes:
    picture = Image.fromarray(merged)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _png(np.asarray(picture), None)


def _store(archive: zipfile.ZipFile, name: str, data: bytes, method: int = zipfile.ZIP_STORED) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = method
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


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
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, expat.ExpatError) as error:
        raise PictureError(
            f"{name} is not a whole OpenRaster file: {str(error).rstrip('.')}.",
            hint="Save it again from the program that made it.",
        ) from error


class _Reader:
    """Reads one archive; every number in it is checked before it is believed."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._pixels = 0
        self._profile: bytes | None = None

    def document(self) -> Document:
        if len(self._archive.infolist()) > _MAX_ENTRIES:
            raise self._error(f"holds more than {_MAX_ENTRIES:,} entries")
        if self._bytes("mimetype", 100).strip() != MIMETYPE:
            raise self._error("does not say that it is OpenRaster")
        image = _parse_xml(self._bytes("stack.xml", _MAX_XML_BYTES))
        root = image.find("stack")
        if image.tag != "image" or root is None:
            raise self._error("has no stack of layers")
        width, height = self._integer(image.attrib, "w"), self._integer(image.attrib, "h")
        check_canvas(width, height)
        dpi = self._number(image.attrib, "xres", 72.0)
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
        source = element.get("src")
        if not source:
            raise self._error(f'has a layer "{name}" without a picture')
        offset = (self._integer(element.attrib, "x", 0), self._integer(element.attrib, "y", 0))
        return Layer(name, self._png(source), offset, opacity, mode, visible, locked)

    def _look(self, element: ElementTree.Element) -> tuple[str, float, str, bool, bool]:
        name = element.get("name", "")
        opacity = min(max(self._number(element.attrib, "opacity", 1.0), 0.0), 1.0)
        operator = element.get("composite-op", "svg:src-over")
        mode = next((key for key, value in BLEND_MODES.items() if value.ora == operator), None)
        if mode is None:
            raise self._error(f'has a layer "{name}" with the blend mode {operator[:60]}, which is not read yet')
        visible = element.get("visibility", "visible") == "visible"
        return name, opacity, mode, visible, element.get("edit-locked") == "true"

    def _png(self, source: str) -> Pixels:
        data = self._bytes(source, _MAX_PNG_BYTES)
        try:
            # Opening reads the header only; the pixels are made once their number is known to be bearable.
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                check_canvas(*picture.size)
                self._pixels += picture.width * picture.height
                check_total(self._pixels)
                profile = picture.info.get("icc_profile")
                pixels = np.array(picture.convert("RGBA"))
        except Image.DecompressionBombError as error:
            raise self._error(f"holds {source[:100]}, which has too many pixels") from error
        except (OSError, ValueError, SyntaxError, zlib.error) as error:
            raise self._error(f"holds {source[:100]}, which is not a whole PNG") from error
        self._profile = self._profile or profile
        return pixels

    def _bytes(self, entry: str, most: int) -> bytes:
        try:
            size = self._archive.getinfo(entry).file_size
        except KeyError as error:
            raise self._error(f"has no {entry[:100]} inside") from error
        if size > most:
            raise self._error(f"holds {entry[:100]} of {size:,} bytes, more than the {most:,} allowed")
        return self._archive.read(entry)

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
        return PictureError(f"{self._name} {what}.", hint="Save it again from the program that made it.")


def _parse_xml(data: bytes) -> ElementTree.Element:
    """Plain elements and attributes only: a document type, and with it every entity, is refused."""
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_NESTING + 4:
            raise PictureError("The stack of layers is nested too deep.", hint="Flatten some of its groups.")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise PictureError(
            "The stack of layers declares a document type, which no painting program does.",
            hint="Such a file can be an attack: do not open it.",
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)
    return builder.close()
