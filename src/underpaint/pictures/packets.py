"""Our own data inside JPEG, WebP and PNG files: cut into packets that fit their segments, joined and checked.

A packet is `kind` (1 byte: R for the record, B for a blob), the SHA-256 of the whole (32 bytes), its number and
how many there are (4 bytes each, big-endian), then its share of the bytes.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

_HEAD = struct.Struct(">c32sII")
MAX_PACKETS = 100_000

Kind = Literal[b"R", b"B"]


@dataclass(frozen=True)
class Joined:
    """What the packets of a file add up to: the record's bytes, blobs by SHA-256, and hashes that do not fit."""

    record: bytes | None = None
    blobs: dict[str, bytes] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()


def cut(kind: Kind, data: bytes, room: int) -> Iterator[bytes]:
    """Cut `data` into packets of at most `room` bytes each, their heads included."""
    share = room - _HEAD.size
    digest = hashlib.sha256(data).digest()
    count = max(1, -(-len(data) // share))
    for index in range(count):
        yield _HEAD.pack(kind, digest, index, count) + data[index * share : (index + 1) * share]


def join(packets: Iterable[bytes | memoryview], max_bytes: int) -> Joined:
    """Join packets in any order; what is incomplete, altered or beyond `max_bytes` in all counts as damaged."""
    parts: dict[tuple[bytes, bytes], dict[int, bytes]] = {}
    counts: dict[tuple[bytes, bytes], int] = {}
    room = max_bytes
    for packet in packets:
        if len(packet) < _HEAD.size:
            continue
        kind, digest, index, count = _HEAD.unpack_from(packet)
        room -= len(packet)
        if room < 0 or not 0 <= index < count <= MAX_PACKETS:
            continue
        counts.setdefault((kind, digest), count)
        parts.setdefault((kind, digest), {}).setdefault(index, bytes(packet[_HEAD.size :]))
    return _check(parts, counts)


def _check(parts: dict[tuple[bytes, bytes], dict[int, bytes]], counts: dict[tuple[bytes, bytes], int]) -> Joined:
    record = None
    blobs: dict[str, bytes] = {}
    damaged: list[str] = []
    for (kind, digest), pieces in parts.items():
        data = b"".join(pieces[index] for index in sorted(pieces))
        whole = len(pieces) == counts[kind, digest] and hashlib.sha256(data).digest() == digest
        if not whole:
            damaged.append(digest.hex())
        elif kind == b"R":
            record = data if record is None else record
        elif kind == b"B":
            blobs[digest.hex()] = data
    return Joined(record, blobs, tuple(damaged))
