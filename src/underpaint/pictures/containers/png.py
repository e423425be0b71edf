"""PNG as a row of chunks: what it carries, what a decoder needs of it, and what we put in (ISO/IEC 15948)."""

import struct
import zlib
from collections.abc import Iterable, Iterator

from underpaint.errors import PictureError
from underpaint.pictures.exif import decode_bytes, read_exif
from underpaint.pictures.found import Found
from underpaint.pictures.limits import Limits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Lower, lower, UPPER, lower: ancillary, private, reserved, and safe to copy by editors that do not know it.
PACKET_CHUNK = b"upBl"
CREDENTIALS_CHUNK = b"caBX"
# libpng refuses chunks of more than 8,000,000 bytes, so larger data is cut.
PACKET_ROOM = 1 << 20
XMP_KEYWORD = "XML:com.adobe.xmp"
_NEEDED_TO_DECODE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")

Chunk = tuple[bytes, memoryview]


def chunks(data: bytes, *, strict: bool = False) -> Iterator[Chunk]:
    """Walk the chunks as (type, data). Damage ends the walk; with `strict` it raises PictureError instead."""
    view = memoryview(data)
    position = len(SIGNATURE)
    kind = b""
    while position + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        body = view[position + 8 : end - 4]
        critical = not kind[0] & 0x20
        if strict and critical and zlib.crc32(view[position + 4 : end - 4]) != _number(data, end - 4):
            raise PictureError(f"the PNG is damaged (its {kind.decode('latin-1')} chunk does not match its checksum)",
                               hint="Copy or export it again.")
        yield kind, body
        position = end
    if strict and kind != b"IEND":
        raise PictureError("the PNG is cut off before its end", hint="Copy or export it again.")


def _number(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 4], "big")


def bare(data: bytes) -> bytes:
    """The same pixels with only the chunks that decoding needs; raises PictureError for a damaged file."""
    kept = [(kind, body) for kind, body in chunks(data, strict=True) if kind in _NEEDED_TO_DECODE]
    if not kept or kept[0][0] != b"IHDR" or len(kept[0][1]) != 13:
        raise PictureError("the PNG has no header", hint="Copy or export it again.")
    return assemble(kept)


def assemble(parts: Iterable[tuple[bytes, bytes | memoryview]]) -> bytes:
    """A PNG file from its chunks."""
    pieces: list[bytes | memoryview] = [SIGNATURE]
    for kind, body in parts:
        pieces += [struct.pack(">I4s", len(body), kind), body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))]
    return b"".join(pieces)


def find(data: bytes, limits: Limits) -> Found:
    """What the file carries besides pixels. Damage and hostile sizes leave things out, they never raise."""
    texts: dict[str, str] = {}
    notes: list[str] = []
    packets: list[bytes] = []
    width = height = None
    frames, icc, exif = 1, None, read_exif(b"", 0)
    credentials = None
    room = limits.all_text_bytes
    for kind, body in chunks(data):
        if kind == b"IHDR" and len(body) >= 8:
            width, height = struct.unpack_from(">II", body)
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, text = _read_text(kind, bytes(body), min(limits.text_bytes, room))
            if text is None:
                notes.append(f"the text '{keyword}' is damaged or too large and was left unread")
            else:
                room -= len(text)
                texts.setdefault(keyword, text)
        elif kind == b"eXIf":
            exif = read_exif(body, limits.text_bytes)
        elif kind == b"iCCP":
            icc = _read_profile(bytes(body), limits.profile_bytes)
        elif kind == b"acTL" and len(body) >= 4:
            frames = max(1, int(struct.unpack_from(">I", body)[0]))
        elif kind == PACKET_CHUNK:
            packets.append(bytes(body))
        elif kind == CREDENTIALS_CHUNK:
            credentials = bytes(body[: limits.text_bytes])
    return Found("PNG", width, height, texts, exif.texts, exif.orientation, (), texts.get(XMP_KEYWORD), icc,
                 tuple(packets), frames, tuple(notes), credentials)


def _read_text(kind: bytes, body: bytes, room: int) -> tuple[str, str | None]:
    keyword_bytes, _, rest = body.partition(b"\0")
    keyword = keyword_bytes[:79].decode("latin-1")
    if kind == b"tEXt":
        return keyword, rest.decode("latin-1") if len(rest) <= room else None
    if kind == b"zTXt":
        inflated = inflate(rest[1:], room)
        return keyword, None if inflated is None else inflated.decode("latin-1")
    if len(rest) < 2:
        return keyword, None
    compressed = rest[0] == 1
    _, _, rest = rest[2:].partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    value = inflate(rest, room) if compressed else rest if len(rest) <= room else None
    return keyword, None if value is None else decode_bytes(value)


def _read_profile(body: bytes, room: int) -> bytes | None:
    _, _, rest = body.partition(b"\0")
    return inflate(rest[1:], room) or None


def inflate(data: bytes, room: int) -> bytes | None:
    """Inflate at most `room` bytes; None for damaged data and for more than that."""
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, room + 1)
    except zlib.error:
        return None
    return out if len(out) <= room and stream.eof else None


def text_chunk(keyword: str, text: str) -> tuple[bytes, bytes]:
    """A tEXt chunk where Latin-1 can say it, else an uncompressed iTXt, as other programs expect."""
    text = text.replace("\0", "")
    try:
        return b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return international_chunk(keyword, text)


def international_chunk(keyword: str, text: str) -> tuple[bytes, bytes]:
    """An uncompressed iTXt chunk (UTF-8)."""
    return b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.replace("\0", "").encode("utf-8", "replace")


def embed(data: bytes, before: Iterable[tuple[bytes, bytes]], after: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Put chunks behind the header (texts, profile) and before the end (packets)."""
    head, *rest, end = chunks(data, strict=True)
    return assemble([head, *before, *rest, *after, end])


def profile_chunk(icc: bytes) -> tuple[bytes, bytes]:
    """An iCCP chunk; it has to stand before the palette and the pixels."""
    return b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)
