"""From stored integers to the bytes of a PNG, JPEG or WebP file, without any metadata but the colour profile."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from underpaint.errors import OutputError
from underpaint.pictures.containers import png

Format = Literal["PNG", "JPEG", "WEBP"]
SUFFIXES: dict[str, Format] = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_DEFLATE = 4  # a third of the time of the usual 6, for two per cent more bytes
_PNG_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}


@dataclass(frozen=True)
class Encoding:
    """How a file is encoded.

    `quality` 1..100 is for JPEG and lossy WebP. `lossless` is for WebP: None means lossless wherever pixels have
    to stay as they were (fills, and pictures written like another), lossy otherwise. `lossy` True allows a fill
    to be written to a file that cannot keep its pixels; then nothing outside the mask is promised.
    """

    quality: int = 95
    lossless: bool | None = None
    lossy: bool = False


def encode(form: Format, stored: NDArray[Any], icc: bytes | None, encoding: Encoding, lossless: bool) -> bytes:
    """Encode H x W x C integers. Raises OutputError for what the format cannot hold."""
    height, width, channels = stored.shape
    side = _SIDE.get(form)
    if side is not None and max(width, height) > side:
        raise OutputError(f"a {form} is at most {side:,} pixels a side, not {width:,} x {height:,}",
                          hint="Write a PNG.")
    if form == "PNG":
        return _png(stored, icc)
    if channels in (2, 4) and form == "JPEG":
        if int(stored[..., -1].min()) < np.iinfo(stored.dtype).max:
            raise OutputError("a JPEG cannot be transparent", hint="Write a PNG or a WebP.")
        stored = stored[..., :-1]
    if stored.dtype == np.uint16:
        stored = np.rint(stored / 257.0).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(stored[..., 0] if stored.shape[2] == 1 else stored))
    out = io.BytesIO()
    if form == "JPEG":
        image.save(out, "JPEG", quality=encoding.quality, subsampling=0, optimize=True, icc_profile=icc)
    else:
        # exact: colour under full transparency stays too; for lossless files quality only means effort
        quality, method = (50, 2) if lossless else (encoding.quality, 4)
        image.save(out, "WEBP", lossless=lossless, quality=quality, method=method, exact=True, icc_profile=icc)
    return out.getvalue()


def _png(stored: NDArray[Any], icc: bytes | None) -> bytes:
    profile = [png.profile_chunk(icc)] if icc else []
    if stored.dtype == np.uint16:
        return _deep_png(stored, profile)
    image = Image.fromarray(np.ascontiguousarray(stored[..., 0] if stored.shape[2] == 1 else stored))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_DEFLATE)
    return png.embed(out.getvalue(), profile, ())


def _deep_png(stored: NDArray[Any], profile: list[tuple[bytes, bytes]]) -> bytes:
    """A 16-bit PNG: Pillow has no 16-bit RGB. Each row is filtered by whichever of four filters leaves least."""
    height, width, channels = stored.shape
    rows = stored.astype(">u2").view(np.uint8).reshape(height, width * channels * 2)
    step = channels * 2
    packer = zlib.compressobj(_DEFLATE)
    above = np.zeros(rows.shape[1], np.uint8)
    pieces = []
    for row in rows:
        left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])
        corner = np.concatenate([np.zeros(step, np.uint8), above[:-step]])
        filtered = [row, row - left, row - above, row - _paeth(left, above, corner)]
        costs = [int(np.abs(candidate.view(np.int8).astype(np.int16)).sum()) for candidate in filtered]
        best = costs.index(min(costs))
        pieces.append(packer.compress(bytes([(0, 1, 2, 4)[best]]) + filtered[best].tobytes()))
        above = row
    pieces.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_KINDS[channels], 0, 0, 0)
    return png.assemble([(b"IHDR", header), *profile, (b"IDAT", b"".join(pieces)), (b"IEND", b"")])


def _paeth(left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The Paeth predictor (ISO/IEC 15948, 9.4)."""
    a, b, c = (values.astype(np.int16) for values in (left, above, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    chosen = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    return chosen.astype(np.uint8)
