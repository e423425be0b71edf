"""From an opened file to stored integers: Pillow for what it keeps exactly, OpenCV for 16 bits a channel."""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from underpaint.errors import PictureError
from underpaint.pictures import profiles
from underpaint.pictures.containers import png

DAMAGE = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError,
          RuntimeError, struct.error, zlib.error, Image.DecompressionBombError)
"""What decoders are known to raise over damaged files, found by feeding them many."""

_BITS_PER_SAMPLE = 258
_TAG_ORIENTATION = 0x0112
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


@dataclass(frozen=True)
class Decoded:
    """Stored integers H x W x C and what was learned on the way.

    `turned`: the decoder has already applied the orientation. `converted`: no longer in the file's own profile.
    """

    stored: NDArray[Any]
    found_mode: str
    format: str
    icc: bytes | None = None
    orientation: int = 1
    frames: int = 1
    turned: bool = False
    converted: bool = False
    notes: tuple[str, ...] = ()


def is_deep(image: Image.Image, data: bytes) -> bool:
    """Whether the file has 16 bits a channel."""
    if image.format == "PNG":
        return data[24] == 16
    if image.format == "TIFF":
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, ())  # type: ignore[attr-defined]
        return bits == 16 or (isinstance(bits, tuple) and set(bits) == {16})
    return False


def decode_deep(image: Image.Image, data: bytes) -> Decoded:
    """Decode a 16-bit PNG or TIFF without losing its lower bits."""
    found_mode, kind = f"{image.mode};16", str(image.format)
    orientation = image.getexif().get(_TAG_ORIENTATION, 1)
    icc = image.info.get("icc_profile")
    if kind == "PNG":
        found_mode, stored = _png_mode(data), _deep_png(data)
    else:
        if image.mode in ("CMYK", "F", "I", "LAB"):
            raise PictureError(f"a TIFF of the kind {image.mode} with 16 bits cannot be read",
                               hint="Save it as 16-bit RGB or grey.")
        stored = _by_opencv(data)
    orientation = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    return Decoded(stored, found_mode, kind, icc, orientation, _frames(image))


def _png_mode(data: bytes) -> str:
    return {1: "L;16", 2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}[_PNG_CHANNELS.get(data[25], 1)]


def _deep_png(data: bytes) -> NDArray[Any]:
    """A 16-bit PNG; a single transparent colour (tRNS) becomes an alpha channel."""
    width, height, _, kind, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    parts = list(png.chunks(data))
    channels = _PNG_CHANNELS.get(kind, 0)
    if channels == 0:
        raise PictureError("the PNG header is damaged", hint="Copy or export it again.")
    _check_length(parts, height * (1 + width * channels * 2), exact=interlace == 0)
    key = next((bytes(body) for name, body in parts if name == b"tRNS"), None)
    stored = _by_opencv(png.assemble((name, body) for name, body in parts if name != b"tRNS"))
    if kind == 4 and stored.shape[2] == 4:
        stored = stored[..., 2:]
    if kind in (0, 4) and stored.shape[2] == 3:
        stored = stored[..., :1]
    if stored.shape[2] != channels:
        raise PictureError("the PNG's channels cannot be decoded", hint="Export it again.")
    if key is not None and kind in (0, 2) and len(key) >= 2 * channels:
        clear = (stored == np.array(struct.unpack_from(f">{channels}H", key), np.uint16)).all(axis=2, keepdims=True)
        stored = np.concatenate([stored, np.where(clear, 0, 65535).astype(np.uint16)], axis=2)
    return stored


def _check_length(parts: list[png.Chunk], wanted: int, *, exact: bool) -> None:
    """Inflate without keeping, so that a cut-off file is an error and not half a picture."""
    stream, length = zlib.decompressobj(), 0
    try:
        for body in (body for name, body in parts if name == b"IDAT"):
            waiting: bytes | memoryview = body
            while waiting and length < wanted:
                length += len(stream.decompress(waiting, 1 << 20))
                waiting = stream.unconsumed_tail
    except zlib.error as error:
        raise PictureError("the PNG's pixels are damaged", hint="Copy or export it again.") from error
    if length < (wanted if exact else wanted // 2):
        raise PictureError("the PNG's pixels are cut off", hint="Copy or export it again.")


def _by_opencv(data: bytes) -> NDArray[Any]:
    import cv2  # a slow import, wanted for 16 bits only

    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise PictureError("the 16-bit picture cannot be decoded", hint="Export it again.") from error
    if array is None or array.dtype != np.uint16:
        raise PictureError("the 16-bit picture cannot be decoded", hint="Copy or export it again.")
    if array.ndim == 2:
        return np.asarray(array[..., None])
    order = [2, 1, 0, 3][: array.shape[2]] if array.shape[2] >= 3 else list(range(array.shape[2]))
    return np.asarray(array[..., order])


def settle(image: Image.Image) -> Decoded:
    """Decode what has at most 8 bits a channel, and 16-bit grey outside PNG and TIFF."""
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    frames = 1 if kind == "JPEG" else _frames(image)
    asked = image.getexif().get(_TAG_ORIENTATION, 1)
    icc = image.info.get("icc_profile")
    image.load()
    # Pillow turns a TIFF while loading and then forgets the tag.
    turned = kind == "TIFF" and asked != 1
    found_mode, converted = image.mode, False
    notes: tuple[str, ...] = ()
    if image.mode in ("CMYK", "LAB", "YCbCr", "HSV"):
        image, converted = profiles.flatten(image, icc), True
        notes = (f"{found_mode} was converted to sRGB",)
    stored = _integers(image)
    orientation = asked if isinstance(asked, int) and 1 <= asked <= 8 else 1
    return Decoded(stored, found_mode, kind, icc, orientation, frames, turned, converted, notes)


def _frames(image: Image.Image) -> int:
    # Asking for the number would walk through every frame of a hostile file.
    return 2 if getattr(image, "is_animated", False) else 1


def _integers(image: Image.Image) -> NDArray[Any]:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[..., None]
    if image.mode in ("I", "F"):
        return _wide(image)
    clear = "transparency" in image.info
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode == "P":
        image = image.convert("RGBA" if clear else "RGB")
    elif image.mode == "PA":
        image = image.convert("RGBA")
    elif image.mode in ("L", "RGB") and clear:
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    elif image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGBA" if "A" in image.mode or "a" in image.mode else "RGB")
    array = np.array(image)
    return array[..., None] if array.ndim == 2 else array


def _wide(image: Image.Image) -> NDArray[Any]:
    """32-bit grey: whole numbers up to 65,535, or floats 0..1, fit in 16 bits."""
    array = np.asarray(image, dtype=np.float64)
    top = 1.0 if image.mode == "F" else 65535.0
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > top:
        raise PictureError("32-bit pixels outside the usual range cannot be read",
                           hint="Save it as an 8-bit or 16-bit picture.")
    return np.asarray(np.rint(array * (65535.0 / top)), np.uint16)[..., None]
