"""JPEG as a row of segments: what it carries and what we put in (ITU T.81, EXIF, XMP part 3)."""

import struct
from collections.abc import Iterable, Iterator

from underpaint.pictures.exif import decode_bytes, read_exif
from underpaint.pictures.found import Found
from underpaint.pictures.limits import Limits

EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
PACKET_HEAD = b"underpaint\0"
_ICC_HEAD = b"ICC_PROFILE\0"
_APP1, _APP2, _APP9, _APP11, _COMMENT, _SCAN = 0xE1, 0xE2, 0xE9, 0xEB, 0xFE, 0xDA
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
SEGMENT_ROOM = 65_533
PACKET_ROOM = SEGMENT_ROOM - len(PACKET_HEAD)


def segments(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Walk the segments before the first scan as (marker, data); damage ends the walk."""
    view = memoryview(data)
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            position += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            position += 2
            continue
        length = struct.unpack_from(">H", data, position + 2)[0]
        if marker in (_SCAN, 0xD9) or length < 2 or position + 2 + length > len(data):
            return
        yield marker, view[position + 4 : position + 2 + length]
        position += 2 + length


def find(data: bytes, limits: Limits) -> Found:
    """What the file carries besides pixels. Damage and hostile sizes leave things out, they never raise."""
    width = height = xmp = None
    exif = read_exif(b"", 0)
    comments: list[str] = []
    packets: list[bytes] = []
    profile: dict[int, bytes] = {}
    boxes: list[bytes] = []
    for marker, body in segments(data):
        if marker in _FRAMES and len(body) >= 5:
            height, width = struct.unpack_from(">HH", body, 1)
        elif marker == _APP1 and body[:6] == EXIF_HEAD and not exif.texts:
            exif = read_exif(body, limits.text_bytes)
        elif marker == _APP1 and body[: len(XMP_HEAD)] == XMP_HEAD and xmp is None:
            xmp = decode_bytes(bytes(body[len(XMP_HEAD) :]))
        elif marker == _APP2 and body[: len(_ICC_HEAD)] == _ICC_HEAD and len(body) > 14:
            profile.setdefault(body[12], bytes(body[14:]))
        elif marker == _APP9 and body[: len(PACKET_HEAD)] == PACKET_HEAD:
            packets.append(bytes(body[len(PACKET_HEAD) :]))
        elif marker == _APP11 and bytes(body[:2]) == b"JP":
            boxes.append(bytes(body[8:]))  # behind the box's number and its turn
        elif marker == _COMMENT:
            comments.append(decode_bytes(bytes(body)).rstrip("\0"))
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    return Found("JPEG", width, height, {}, exif.texts, exif.orientation, tuple(comments), xmp,
                 icc, tuple(packets), 1, (), b"".join(boxes)[: limits.text_bytes] or None)


def embed(data: bytes, exif: bytes | None, xmp: bytes | None, packets: Iterable[bytes]) -> bytes:
    """Put segments behind the file's first ones (JFIF, if there); an EXIF or XMP too long for a segment is left out."""
    added = [EXIF_HEAD + exif] if exif and len(exif) <= SEGMENT_ROOM - len(EXIF_HEAD) else []
    added += [XMP_HEAD + xmp] if xmp and len(xmp) <= SEGMENT_ROOM - len(XMP_HEAD) else []
    pieces = [_segment(_APP1, body) for body in added]
    pieces += [_segment(_APP9, PACKET_HEAD + packet) for packet in packets]
    split = 2
    if data[2:4] == b"\xff\xe0":
        split += 2 + struct.unpack_from(">H", data, 4)[0]
    return b"".join([data[:split], *pieces, data[split:]])


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
