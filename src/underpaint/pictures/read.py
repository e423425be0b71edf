"""Read a picture file: checked before it is decoded, turned upright, kept exactly, offered as floats."""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.pictures import profiles
from underpaint.pictures.containers import find_metadata, kind_of, png
from underpaint.pictures.decode import DAMAGE, Decoded, decode_deep, is_deep, settle
from underpaint.pictures.exif import decode_bytes, read_exif
from underpaint.pictures.found import Found
from underpaint.pictures.limits import LIMITS, Limits
from underpaint.pictures.source import load_bytes, short_reason

Mode = Literal["L", "LA", "RGB", "RGBA"]
StoredArray = NDArray[np.uint8] | NDArray[np.uint16]
# Only decoders that a painter's files need: every further one is a further way in for a hostile file.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_WAY_OUT = "PNG, JPEG, WebP, TIFF, BMP, GIF and AVIF can be read: save it as one of these."


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture.

    `stored` is H x W x C, uint8 or uint16, upright, exactly as the file has it (a palette and a single bit are
    spelled out, CMYK becomes sRGB). `mode` names its channels, `depth` its bits, `found_mode` what the file had.
    `icc` is the file's colour profile where it belongs to `stored`. `sha256` is that of the source bytes.
    `orientation` is the EXIF turn that was applied; `frames` is above 1 for an animation or several pages, of
    which the first one is read. `notes` tell the artist what was not as it might seem.
    """

    stored: StoredArray
    mode: Mode
    depth: Literal[8, 16]
    format: str
    sha256: str
    icc: bytes | None = None
    found_mode: str = ""
    orientation: int = 1
    frames: int = 1
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return int(self.stored.shape[1])

    @property
    def height(self) -> int:
        return int(self.stored.shape[0])

    @property
    def has_alpha(self) -> bool:
        return self.mode in ("LA", "RGBA")

    @cached_property
    def pixels(self) -> FloatArray:
        """H x W x 3 or 4, float32 0..1, sRGB, straight alpha; a profile is converted with 8-bit precision."""
        color, alpha = split_alpha(self.stored, self.has_alpha)
        converted = profiles.to_srgb(color, self.icc) if self.icc else None
        floats = to_float(converted if converted is not None else color)
        floats = np.repeat(floats, 3, axis=2) if floats.shape[2] == 1 else floats
        result = floats if alpha is None else np.concatenate([floats, to_float(alpha)], axis=2)
        result.flags.writeable = False
        return result


def split_alpha(stored: NDArray[Any], has_alpha: bool) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Colour channels and alpha (H x W x 1), or None where there is none."""
    return (stored[..., :-1], stored[..., -1:]) if has_alpha else (stored, None)


def read_picture(source: str | Path | bytes, *, limits: Limits = LIMITS) -> Picture:
    """Read a picture from a path or from bytes.

    Reads PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and PPM: 1, 8 and 16 bits, palette, CMYK, transparent, the first
    frame of an animation; turns it upright by its EXIF orientation.

    Raises:
        PictureError: no such file, empty, not a picture, damaged, cut off, or larger than `limits`.
    """
    data, name = load_bytes(source, limits)
    found = find_metadata(data, limits)
    if found.width is not None and found.height is not None:
        limits.check_size(found.width, found.height, name)
    with _named(name):
        # Pillow never sees a PNG's texts and profiles: hostile ones would keep it from opening the picture.
        slim = png.bare(data) if found.format == "PNG" else data
        with open_image(slim, limits) as image:
            decoded = decode_deep(image, slim) if is_deep(image, slim) else settle(image)
    return _finish(decoded, found, data)


def read_other(data: bytes, name: str, *, limits: Limits = LIMITS) -> Found:
    """What a picture of another kind than PNG, JPEG and WebP carries, from its header. Raises PictureError."""
    with _named(name), open_image(data, limits) as image:
        kind = str(image.format)
        block = data if kind == "TIFF" else image.info.get("exif")  # a TIFF is laid out as EXIF is
        exif = read_exif(block if isinstance(block, bytes) else b"", limits.text_bytes)
        comment, xmp = image.info.get("comment"), image.info.get("xmp")
        comments = (decode_bytes(comment).rstrip("\0"),) if isinstance(comment, bytes) else ()
        return Found(kind, image.width, image.height, {}, exif.texts, exif.orientation, comments,
                     decode_bytes(xmp) if isinstance(xmp, bytes) else None)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Say which file it was, and turn what decoders raise over damage into one clear error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns below our own limits, and about harmless damage
            yield
    except PictureError as error:
        raise PictureError(f"{name}: {error.message}", hint=error.hint) from error
    except DAMAGE as error:
        raise PictureError(f"{name} is damaged or cut off and cannot be decoded ({short_reason(error)})",
                           hint="Copy or export it again.") from error


@contextlib.contextmanager
def open_image(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """Open a picture of a kind that we read, its size checked, its pixels not yet decoded."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError("the picture is too large",
                           hint=f"The limit is {limits.pixels // 1_000_000} megapixels.") from error
    except UnidentifiedImageError as error:
        raise _not_a_picture(data) from error
    with image:
        limits.check_size(*image.size, "the picture")
        yield image


def _not_a_picture(data: bytes) -> PictureError:
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"):
        return PictureError("HEIC pictures cannot be read", hint="Export it from the phone as JPEG.")
    if data[:4] == b"8BPS" or data[:2] == b"PK":
        return PictureError("this is a layered document or an archive", hint="Export it as PNG first.")
    if kind_of(data) is not None:
        return PictureError("the picture is damaged or cut off", hint="Copy or export it again.")
    return PictureError("this is not a picture", hint=_WAY_OUT)


def _finish(decoded: Decoded, found: Found, data: bytes) -> Picture:
    notes = list(decoded.notes)
    frames = max(decoded.frames, found.frames)
    if frames > 1:
        notes.append("the file is animated or has several pages; the first one is used")
    icc = decoded.icc or found.icc
    if icc is not None and decoded.converted:
        icc = None
    elif icc is not None and not profiles.fits(icc, decoded.stored.shape[2]):
        notes.append("the colour profile is damaged or of another kind and was left out")
        icc = None
    orientation = decoded.orientation if decoded.orientation != 1 or found.format is None else found.orientation
    upright = decoded.stored if decoded.turned else turn(decoded.stored, orientation)
    stored = np.ascontiguousarray(upright)
    stored.flags.writeable = False
    mode: Mode = ("L", "LA", "RGB", "RGBA")[stored.shape[2] - 1]
    return Picture(stored, mode, 16 if stored.dtype == np.uint16 else 8, found.format or decoded.format,
                   hashlib.sha256(data).hexdigest(), icc, decoded.found_mode, orientation, frames, tuple(notes))


def turn(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn stored rows and columns upright, by the EXIF orientation 1..8 (CIPA DC-008, 4.6.4)."""
    if orientation in (5, 6, 7, 8):
        stored = stored.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    return stored
