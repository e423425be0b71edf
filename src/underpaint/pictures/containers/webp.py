"""WebP as RIFF chunks: what it carries and what we put in (the WebP container specification)."""

import struct
from collections.abc import Iterable, Iterator

from underpaint.errors import PictureError
from underpaint.pictures.exif import decode_bytes, read_exif
from underpaint.pictures.found import Found
from underpaint.pictures.limits import Limits

PACKET_CHUNK = b"UPNT"
PACKET_ROOM = 1 << 20
_ALPHA, _EXIF, _XMP = 0x10, 0x08, 0x04


def chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Walk the RIFF chunks as (type, data); damage ends the walk."""
    view = memoryview(data)
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > len(data):
            return
        yield kind, view[position + 8 : position + 8 + length]
        position += 8 + length + (length & 1)


def find(data: bytes, limits: Limits) -> Found:
    """What the file carries besides pixels. Damage and hostile sizes leave things out, they never raise."""
    size: tuple[int, int] | None = None
    exif = read_exif(b"", 0)
    xmp, icc, credentials, frames = None, None, None, 0
    packets: list[bytes] = []
    for kind, body in chunks(data):
        if kind in (b"VP8X", b"VP8L", b"VP8 ") and size is None:
            size, _ = _header(kind, body)
        elif kind == b"EXIF" and len(body) <= limits.text_bytes:
            exif = read_exif(body, limits.text_bytes)
        elif kind == b"XMP " and len(body) <= limits.text_bytes:
            xmp = decode_bytes(bytes(body))
        elif kind == b"ICCP" and len(body) <= limits.profile_bytes:
            icc = bytes(body)
        elif kind == b"ANMF":
            frames += 1
        elif kind == PACKET_CHUNK:
            packets.append(bytes(body))
        elif kind == b"C2PA":
            credentials = bytes(body[: limits.text_bytes])
    width, height = size or (None, None)
    return Found("WEBP", width, height, {}, exif.texts, exif.orientation, (), xmp, icc, tuple(packets),
                 max(1, frames), (), credentials)


def _header(kind: bytes, body: memoryview) -> tuple[tuple[int, int] | None, bool]:
    """Width and height, and whether there is alpha, from the first picture chunk."""
    if kind == b"VP8X" and len(body) >= 10:
        width = int.from_bytes(body[4:7], "little") + 1
        return (width, int.from_bytes(body[7:10], "little") + 1), bool(body[0] & _ALPHA)
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return (width & 0x3FFF, height & 0x3FFF), False
    return None, False


def embed(data: bytes, exif: bytes | None, xmp: bytes | None, packets: Iterable[bytes]) -> bytes:
    """Put EXIF, XMP and our packets behind the picture, with the extended header that announces them."""
    found = [(kind, bytes(body)) for kind, body in chunks(data)]
    if not found:
        raise PictureError("the WebP has no picture in it")
    if found[0][0] != b"VP8X":
        size, alpha = _header(found[0][0], memoryview(found[0][1]))
        assert size is not None, "an encoder wrote a WebP without a size"
        flags = _ALPHA if alpha else 0
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        found.insert(0, (b"VP8X", bytes([flags, 0, 0, 0]) + sides))
    head = bytearray(found[0][1])
    head[0] |= (_EXIF if exif else 0) | (_XMP if xmp else 0)
    found[0] = (b"VP8X", bytes(head))
    found += [(b"EXIF", exif)] if exif else []
    found += [(b"XMP ", xmp)] if xmp else []
    found += [(PACKET_CHUNK, packet) for packet in packets]
    body = b"".join(struct.pack("<4sI", kind, len(part)) + part + b"\0" * (len(part) & 1) for kind, part in found)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
