"""Metadata hidden in the lowest bits of the pixels, as NovelAI and the stealth extensions of A1111 write it.

The bits run down the first column, then down the next: a 15-letter mark, the payload's length in bits (32 bits,
big-endian), the payload, in UTF-8 or gzip of it. `stealth_pnginfo` and `stealth_pngcomp` lie in alpha,
`stealth_rgbinfo` and `stealth_rgbcomp` in red, green and blue of each pixel in turn.
"""

import zlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.pictures.containers import png
from underpaint.pictures.decode import DAMAGE
from underpaint.pictures.found import Found
from underpaint.pictures.limits import Limits
from underpaint.pictures.loose import dump_json, load_object
from underpaint.pictures.read import open_image

MARK_BYTES, LENGTH_BYTES = 15, 4
PLACE = "hidden in the pixels"
_ALPHA, _COLOUR = (b"stealth_pnginfo", b"stealth_pngcomp"), (b"stealth_rgbinfo", b"stealth_rgbcomp")
_GZIP = 16 + zlib.MAX_WBITS
_PIXELS = 64_000_000


def reveal(data: bytes, found: Found, limits: Limits) -> Found | None:
    """The same with the texts that the pixels hide, None where they hide none. Decodes the picture; never raises."""
    if found.format not in ("PNG", "WEBP") or not 0 < (found.width or 0) * (found.height or 0) <= _PIXELS:
        return None
    try:
        pixels = _pixels(data, found, limits)
    except (PictureError, *DAMAGE):
        return None
    for mark, text in _hidden(pixels, limits.text_bytes):
        told = load_object(text)
        inner = {name: value if isinstance(value, str) else dump_json(value) for name, value in told.items()} \
            if told is not None else {"parameters": text}
        return replace(found, texts={**inner, **found.texts, PLACE: mark})
    return None


def _pixels(data: bytes, found: Found, limits: Limits) -> NDArray[np.uint8]:
    """Rows x columns x 3 or 4 as stored, not turned; an empty array for pictures of other kinds."""
    with open_image(png.bare(data) if found.format == "PNG" else data, limits) as image:
        if image.mode not in ("RGB", "RGBA"):
            return np.zeros((0, 0, 4), np.uint8)
        return np.asarray(image)


def _hidden(pixels: NDArray[np.uint8], room: int) -> list[tuple[str, str]]:
    ways = [(pixels[..., 3:], _ALPHA)] if pixels.shape[2] == 4 else []
    for channels, marks in [*ways, (pixels[..., :3], _COLOUR)]:
        stream = _Bits(channels)
        mark = stream.take(0, MARK_BYTES)
        if mark in marks:
            bits = int.from_bytes(stream.take(MARK_BYTES, LENGTH_BYTES), "big")
            payload = stream.take(MARK_BYTES + LENGTH_BYTES, min(bits // 8, room))
            text = _text(payload, room, packed=mark.endswith(b"comp"))
            if text and bits // 8 <= room:
                return [(mark.decode(), text)]
    return []


class _Bits:
    """The lowest bits of an H x W x C picture, column by column, read as bytes."""

    def __init__(self, channels: NDArray[np.uint8]) -> None:
        self._channels = channels
        self._column = channels.shape[0] * channels.shape[2]

    def take(self, start: int, count: int) -> bytes:
        """`count` bytes from byte `start`; fewer where the picture ends."""
        if self._column == 0 or count <= 0:
            return b""
        first, last = start * 8, (start + count) * 8
        columns = self._channels[:, first // self._column : -(-last // self._column)]
        bits = (columns.swapaxes(0, 1).reshape(-1) & 1)[first % self._column :][: count * 8]
        return np.packbits(bits[: len(bits) // 8 * 8]).tobytes()


def _text(payload: bytes, room: int, *, packed: bool) -> str | None:
    if packed:
        stream = zlib.decompressobj(_GZIP)
        try:
            payload = stream.decompress(payload, room + 1)
        except zlib.error:
            return None
        if len(payload) > room or not stream.eof:
            return None
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
