"""EXIF, as much of it as pictures need: texts and the orientation in, one UserComment out (CIPA DC-008, TIFF 6.0).

The reader never trusts an offset, a count or a chain of directories; whatever does not fit is left out.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_ORIENTATION: Final = 0x0112
_POINTERS: Final = {0x8769, 0xA005}
_USER_COMMENT: Final = 0x9286
_TEXTS: Final = {
    0x010A: "tag 266", 0x010B: "tag 267", 0x010C: "tag 268", 0x927C: "MakerNote",
    0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software",
    0x013B: "Artist", 0x8298: "Copyright", _USER_COMMENT: "UserComment", 0x9C9B: "XPTitle", 0x9C9C: "XPComment",
    0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject",
}  # fmt: skip
_MAX_DIRECTORIES: Final = 16
_MAX_ENTRIES: Final = 1000


@dataclass
class Exif:
    """Texts by tag name, and the orientation (1..8, 1 where none or nonsense is given)."""

    texts: dict[str, str] = field(default_factory=dict)
    orientation: int = 1


def read_exif(data: bytes | memoryview, max_text: int) -> Exif:
    """Read an EXIF block, with or without its `Exif\\0\\0` head. Damage never raises: what fits is returned."""
    data = bytes(data)
    if data[:6] in (b"Exif\0\0", b"Exif\0\xff"):
        data = data[6:]
    found = Exif()
    if data[:4] == b"II*\0":
        order = "<"
    elif data[:4] == b"MM\0*":
        order = ">"
    else:
        return found
    waiting = [_unpack(data, order + "I", 4)]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_DIRECTORIES:
        offset = waiting.pop(0)
        if offset is not None and offset >= 8 and offset not in seen:
            seen.add(offset)
            waiting += _read_directory(data, order, offset, found, max_text)
    return found


def _read_directory(data: bytes, order: str, start: int, found: Exif, max_text: int) -> list[int | None]:
    count = min(_unpack(data, order + "H", start) or 0, _MAX_ENTRIES)
    below: list[int | None] = []
    for position in range(start + 2, start + 2 + 12 * count, 12):
        if position + 12 > len(data):
            return below
        tag, kind, number = struct.unpack_from(order + "HHI", data, position)
        if tag in _POINTERS:
            below.append(_unpack(data, order + "I", position + 8))
        elif tag == _ORIENTATION and kind in (3, 4):
            value = _unpack(data, order + ("H" if kind == 3 else "I"), position + 8) or 1
            found.orientation = value if 1 <= value <= 8 else 1
        elif tag in _TEXTS:
            value_bytes = _value(data, order, position, _SIZES.get(kind, 0) * number)
            if value_bytes and len(value_bytes) <= max_text:
                found.texts.setdefault(_TEXTS[tag], _text(tag, value_bytes, order))
    return below


def _unpack(data: bytes, layout: str, position: int) -> int | None:
    if position + struct.calcsize(layout) > len(data):
        return None
    return int(struct.unpack_from(layout, data, position)[0])


def _value(data: bytes, order: str, position: int, size: int) -> bytes:
    if size <= 4:
        return data[position + 8 : position + 8 + size]
    offset = _unpack(data, order + "I", position + 8)
    return b"" if offset is None or offset + size > len(data) else data[offset : offset + size]


def _text(tag: int, value: bytes, order: str) -> str:
    if tag == _USER_COMMENT:
        return decode_user_comment(value, order)
    if tag >= 0x9C9B:  # Windows' own tags are UTF-16 whatever the block's byte order
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return decode_bytes(value).rstrip("\0")


def decode_bytes(value: bytes) -> str:
    """Text of unknown encoding: UTF-8 where it is valid, else Latin-1, which never fails."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def decode_user_comment(value: bytes, order: str = ">") -> str:
    """The text of a UserComment: its 8-byte code says ASCII, UNICODE or nothing; writers disagree on byte order."""
    code, text = value[:8], value[8:]
    if code == b"UNICODE\0":
        return _decode_utf16(text, order)
    if code == b"JIS\0\0\0\0\0":
        return text.decode("euc_jp", "replace").rstrip("\0")
    if code in (b"ASCII\0\0\0", bytes(8)):
        if text.count(0) * 3 > len(text) > 8 and len(text) % 2 == 0:
            return _decode_utf16(text, order)  # a few writers put UTF-16 behind the ASCII code
        return decode_bytes(text).rstrip("\0 ")
    return decode_bytes(value).rstrip("\0 ")


def _decode_utf16(text: bytes, order: str) -> str:
    """UTF-16 in the order that its own bytes suggest: Latin letters have a zero byte on one side."""
    if text[:2] == b"\xfe\xff":
        return text[2:].decode("utf-16-be", "replace").rstrip("\0")
    if text[:2] == b"\xff\xfe":
        return text[2:].decode("utf-16-le", "replace").rstrip("\0")
    big, little = text[0::2].count(0), text[1::2].count(0)
    if big == little == 0 and b"Steps: " in text:
        return decode_bytes(text)  # a few writers put UTF-8 behind the UNICODE code
    if big != little:
        order = ">" if big > little else "<"
    return text.decode("utf-16-be" if order == ">" else "utf-16-le", "replace").rstrip("\0")


def user_comment_exif(text: str) -> bytes:
    """An EXIF block (big-endian, without the `Exif\\0\\0` head) that holds `text` as a UNICODE UserComment."""
    comment = b"UNICODE\0" + text.encode("utf-16-be", "replace")
    directory = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    details = struct.pack(">HHHIII", 1, _USER_COMMENT, 7, len(comment), 44, 0)
    return b"MM\0*" + struct.pack(">I", 8) + directory + details + comment
