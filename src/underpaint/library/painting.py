"""A finished painting as it comes back: any picture file, or a layered one with its layers where they can be read."""

import hashlib
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, check_canvas
from underpaint.errors import PictureError
from underpaint.pictures.containers import png
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import Picture, read_picture
from underpaint.pictures.source import load_bytes

PHOTOSHOP = {".psd", ".psb"}
LAYERED = {*PHOTOSHOP, ".ora", ".kra"}
_MAX_MERGED_BYTES = 1 << 30
_HEADER, _PIXEL_BYTES = 33, 9  # sixteen bits in four channels, and what filters and packing that fails add
# All that zipfile and the reader of pictures are seen to raise on damaged files.
_DAMAGED = (EOFError, KeyError, NotImplementedError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error,
            PictureError)


@dataclass(frozen=True, eq=False)
class Painting:
    """`merged` is how it looks, `document` its layers; None for a flat picture, and where they cannot be read, which
    `notes` then say."""

    merged: Picture
    document: Document | None = None
    notes: tuple[str, ...] = ()


def read_painting(path: Path) -> Painting:
    """Read a PNG, JPEG ..., PSD, PSB, ORA, or the merged picture of a Krita file. Raises PictureError for what cannot
    be read."""
    suffix = path.suffix.lower()
    if suffix not in LAYERED:
        return Painting(read_picture(path))
    load_bytes(path, LIMITS)  # there, not empty, not too large
    if suffix == ".kra":
        return Painting(_krita(path))
    try:
        document = _document(path)
    except PictureError as error:
        merged = _merged(path)
        if merged is None:
            raise
        return Painting(merged, None, (f"its layers were not read: {error.message}",))
    return Painting(_picture(composite(document), document.icc_profile, path), document)


def _document(path: Path) -> Document:
    if path.suffix.lower() == ".ora":
        from underpaint.canvas.files.ora_read import read_ora

        return read_ora(path)
    from underpaint.canvas.files.psd_read import read_psd

    return read_psd(path)


def _merged(path: Path) -> Picture | None:
    """The merged picture that the painting program left in the file, where it did."""
    return _merged_zip(path) if path.suffix.lower() == ".ora" else _merged_psd(path)


def _krita(path: Path) -> Picture:
    """How a Krita file looks; its layers are Krita's own."""
    merged = _merged_zip(path)
    if merged is None:
        raise PictureError(f"{path.name} is no whole Krita file, or holds no merged picture",
                           hint="Save it again in Krita, or export it as PNG or ORA.")
    return merged


def _merged_zip(path: Path) -> Picture | None:
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("mergedimage.png")
            with archive.open(entry) as file:
                if entry.file_size > _largest(file.read(_HEADER)):
                    return None
            return read_picture(archive.read(entry))
    except _DAMAGED:
        return None


def _largest(header: bytes) -> int:
    """The bytes that a PNG of the size in its header can have, told before the rest of it is unpacked."""
    if len(header) < _HEADER or header[:8] != png.SIGNATURE:
        return 0
    width, height = struct.unpack(">II", header[16:24])
    LIMITS.check_size(width, height, "the merged picture")
    return int(min(width * height * _PIXEL_BYTES + LIMITS.all_text_bytes, _MAX_MERGED_BYTES))


def _merged_psd(path: Path) -> Picture | None:
    from psd_tools import PSDImage
    from psd_tools.constants import Resource
    from psd_tools.psd.header import FileHeader

    from underpaint.canvas.files.psd_read import _DAMAGED, _LIMITS

    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = FileHeader.read(file)
            check_canvas(header.width, header.height)
            LIMITS.check_size(header.width, header.height, path.name)
            file.seek(0)
            psd = PSDImage.open(file, parse_limits=_LIMITS)
            if not psd.has_preview() or psd.width * psd.height > LIMITS.pixels:
                return None
            merged = psd.topil(apply_icc=False)
            profile = psd.image_resources.get_data(Resource.ICC_PROFILE)
    except _DAMAGED:
        return None
    except PictureError:
        return None
    if merged is None or merged.mode not in ("RGB", "RGBA", "L", "LA"):
        return None
    grey = merged.mode in ("L", "LA")  # its profile is one of greys, which the RGB that it becomes cannot carry
    return _picture(np.asarray(merged.convert("RGBA")), None if grey else profile or None, path)


def _picture(rgba: NDArray[np.uint8], icc: bytes | None, path: Path) -> Picture:
    opaque = bool((rgba[..., 3] == 255).all())
    stored = np.ascontiguousarray(rgba[..., :3] if opaque else rgba)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Picture(stored, "RGB" if opaque else "RGBA", 8, path.suffix[1:].upper(), digest, icc)
