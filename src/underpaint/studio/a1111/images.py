"""Pictures as clients send and get them: base64, with or without `data:image/png;base64,` before it."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.pictures.containers import find_metadata, kind_of, png
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.exif import user_comment_exif
from underpaint.pictures.infotext import FEWEST_PAIRS, NEGATIVE, parse_infotext
from underpaint.pictures.limits import LIMITS, Limits
from underpaint.pictures.read import Picture, read_picture
from underpaint.studio.a1111.errors import Unprocessable

_URLS = ("http://", "https://", "ftp://", "file:")
SENT = Limits(file_bytes=256 << 20, pixels=64_000_000, side=16_384)
"""What one picture of a request may be; the body as a whole is capped before it is read."""


def decoded(text: str, field: str, limits: Limits = SENT) -> bytes:
    """The bytes of a picture. Raises Unprocessable for an address, for what is no base64 and what is no picture."""
    text = text.strip()
    if text[:8].lower().startswith(_URLS):
        raise Unprocessable("Requests not allowed", field=field,
                            hint="Pictures are never fetched from an address: send their bytes as base64.")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _no_picture(field) from None
    if len(data) > limits.file_bytes or not data:
        raise _no_picture(field)
    return data


def picture(text: str, field: str, limits: Limits = SENT) -> tuple[Picture, bytes]:
    """A picture of a request, decoded, and its bytes. Raises Unprocessable with the reason."""
    data = decoded(text, field, limits)
    try:
        return read_picture(data, limits=limits), data
    except PictureError as error:
        raise Unprocessable("Invalid encoded image", field=field, hint=str(error)) from error


def _no_picture(field: str) -> Unprocessable:
    return Unprocessable("Invalid encoded image", field=field, hint="Send the bytes of a PNG, JPEG or WebP as base64.")


def text_of(data: bytes) -> str:
    """Bytes as base64, without a prefix, as A1111 answers."""
    return base64.b64encode(data).decode("ascii")


def as_png(pixels: FloatArray | NDArray[Any], infotext: str = "") -> bytes:
    """H x W (x 1, 3 or 4), floats 0..1 or integers, as a PNG with its infotext where there is one."""
    stored = to_bytes(pixels) if pixels.dtype.kind == "f" else pixels
    stored = stored[..., None] if stored.ndim == 2 else stored
    data = encode("PNG", np.ascontiguousarray(stored), None, Encoding(), True)
    return png.embed(data, [png.text_chunk("parameters", infotext)], ()) if infotext else data


def finished(file: Path, form: str, quality: int) -> bytes:
    """The bytes of a take in the format that the client chose: the PNG as it lies in the library, or another one that
    carries the infotext."""
    data = file.read_bytes()
    if form not in ("jpg", "jpeg", "webp"):
        return data
    from underpaint.pictures.containers import jpeg, webp

    stored = _opaque(read_picture(data).stored)
    exif = user_comment_exif(infotext_of(data))
    encoding = Encoding(quality=quality)
    if form == "webp":
        return webp.embed(encode("WEBP", stored, None, encoding, False), exif, None, ())
    return jpeg.embed(encode("JPEG", stored, None, encoding, False), exif, None, ())


def _opaque(stored: NDArray[Any]) -> NDArray[Any]:
    """Without transparency, on white, as A1111 hands out JPEG."""
    if stored.shape[2] in (1, 3):
        return stored
    top = np.iinfo(stored.dtype).max
    alpha = stored[..., -1:].astype(np.float64) / top
    mixed = stored[..., :-1] * alpha + top * (1 - alpha)
    return np.rint(mixed).astype(stored.dtype)


def infotext_of(data: bytes) -> str:
    """The infotext in a picture's file, wherever its format keeps it; "" where there is none."""
    found = find_metadata(data, LIMITS)
    return _told(found.texts, found.exif)


def _told(texts: Mapping[str, str], exif: Mapping[str, str]) -> str:
    if "parameters" in texts:
        return texts["parameters"]
    said = exif.get("UserComment", "")
    return said if NEGATIVE in said or len(parse_infotext(said).fields) >= FEWEST_PAIRS else ""


def texts_of(data: bytes) -> tuple[str, dict[str, Any]]:
    """The infotext, and everything else that the file says of itself. Raises Unprocessable for what is no picture."""
    if kind_of(data) is None:
        try:
            read_picture(data, limits=SENT)  # of a kind that keeps no texts, or no picture at all
        except PictureError as error:
            raise Unprocessable("Invalid encoded image", field="image", hint=str(error)) from error
        return "", {}
    found = find_metadata(data, LIMITS)
    info = _told(found.texts, found.exif)
    others = {name: text for name, text in found.texts.items() if name != "parameters"}
    others |= {f"exif {name}": text for name, text in found.exif.items() if text != info}
    return info, others
