"""A finished picture reaches the disk: a PNG strip by strip, so that its size costs no memory; others whole."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import OutputError
from underpaint.files import atomic_write
from underpaint.finish import lineage
from underpaint.finish.shape import Made, Operation, told
from underpaint.pictures import packets
from underpaint.pictures.containers import jpeg, png, webp
from underpaint.pictures.encode import SUFFIXES, Encoding, Format, encode
from underpaint.pictures.found import KEYWORD
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import Picture, read_picture
from underpaint.pictures.record import pixels_hash
from underpaint.pictures.source import load_bytes
from underpaint.pictures.write import MAX_BLOB_BYTES, recipe_folder
from underpaint.recipe.base import Frozen

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
_DEFLATE = 4


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture to be finished: decoded, and what its file says of itself."""

    path: Path
    picture: Picture
    kept: lineage.Kept


@dataclass(frozen=True)
class Finished:
    """What was written: where, the hash of its decoded pixels, its size, the step, and remarks for the artist."""

    path: Path
    pixels: str
    width: int
    height: int
    step: lineage.Step
    notes: tuple[str, ...] = ()


def open_picture(path: str | Path) -> Opened:
    """Read a picture to finish it. Raises PictureError."""
    data, _ = load_bytes(path, LIMITS)
    return Opened(Path(path), read_picture(path), lineage.kept_from(data, Path(path)))


def save(opened: Opened, operation: Operation, asked: Frozen, made: Made, target: Path, *,
         private: bool = False) -> Finished:
    """Write a result with its lineage; the input file is never written to.

    Raises OutputError for an unknown suffix, a place that cannot be written, the input itself as the output, and
    transparency in a JPEG.
    """
    form = check_target(opened.path, target, made.width, made.height)
    step = lineage.Step(operation.name, told(asked), made.found,
                        lineage.parent_of(opened.picture, opened.path.name))
    kept = lineage.with_step(opened.kept, step, private=private)
    icc = _profile(opened.picture, made, form)
    kept = _beside(kept, target)
    if form == "PNG":
        with atomic_write(target) as file:
            pixels = _write_png(file, made, icc, kept)
    else:
        data, pixels = _packed(form, made, icc, kept)
        with atomic_write(target) as file:
            file.write(data)
    notes = tuple(dict.fromkeys((*opened.picture.notes, *kept.remarks, *made.notes)))
    return Finished(target, pixels, made.width, made.height, step, notes)


def check_target(source: Path, target: Path, width: int = 1, height: int = 1) -> Format:
    """Refuse what cannot be written before any pixel is made. Raises OutputError."""
    form = SUFFIXES.get(target.suffix.lower())
    if form is None:
        raise OutputError(f"'{target.name}' does not say which kind of picture it should be",
                          hint="Let its name end in .png, .jpg or .webp.", field="output")
    if target.exists() and target.samefile(source):
        raise OutputError(f"{target.name} is the picture itself, and it stays", hint="Choose another name with -o.",
                          field="output")
    sides = {"JPEG": 65_500, "WEBP": 16_383}
    if max(width, height) > sides.get(form, 1 << 31):
        raise OutputError(f"a {form} is at most {sides[form]:,} pixels a side, not {width:,} x {height:,}",
                          hint="Write a PNG.", field="output")
    return form


def _beside(kept: lineage.Kept, target: Path) -> lineage.Kept:
    """Drawings that are too large for the file go into `NAME.recipe/` beside it, before it."""
    if sum(map(len, kept.blobs.values())) <= MAX_BLOB_BYTES:
        return kept
    for digest, blob in kept.blobs.items():
        with atomic_write(recipe_folder(target) / digest) as file:
            file.write(blob)
    return replace(kept, blobs={})


def _profile(picture: Picture, made: Made, form: Format) -> bytes | None:
    """The input's colour profile, where it still fits: a grey one does not fit what became colour."""
    if picture.icc is None or (made.channels <= 2) != (picture.mode in ("L", "LA")):
        return None
    return None if form == "WEBP" and made.channels <= 2 else picture.icc


def _write_png(file: BinaryIO, made: Made, icc: bytes | None, kept: lineage.Kept) -> str:
    """Header, profile and texts; then the rows as they come; the note last, for it holds the hash of the pixels."""
    depth = 16 if made.dtype == np.uint16 else 8
    kind = f"{_MODES[made.channels]} {depth}"
    digest = hashlib.sha256(f"underpaint-pixels 1 {made.width} {made.height} {kind}\n".encode("ascii"))
    header = struct.pack(">IIBBBBB", made.width, made.height, depth, _KINDS[made.channels], 0, 0, 0)
    file.write(png.SIGNATURE)
    for chunk in [(b"IHDR", header), *([png.profile_chunk(icc)] if icc else []), *lineage.png_texts(kept)]:
        _chunk(file, *chunk)
    for body in _deflated(made, digest):
        _chunk(file, b"IDAT", body)
    for blob in kept.blobs.values():
        for packet in packets.cut(b"B", blob, png.PACKET_ROOM):
            _chunk(file, png.PACKET_CHUNK, packet)
    _chunk(file, *png.international_chunk(KEYWORD, lineage.note_text(kept, digest.hexdigest())))
    _chunk(file, b"IEND", b"")
    return digest.hexdigest()


def _chunk(file: BinaryIO, kind: bytes, body: bytes) -> None:
    file.write(struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))


def _deflated(made: Made, digest: Any) -> Iterator[bytes]:
    packer = zlib.compressobj(_DEFLATE)
    above: NDArray[np.uint8] | None = None
    rows_seen = 0
    for strip in made.strips:
        assert strip.dtype == made.dtype and strip.shape[1:] == (made.width, made.channels), strip.shape
        samples = np.ascontiguousarray(strip.astype(">u2") if made.dtype == np.uint16 else strip)
        digest.update(samples.view(np.uint8).data)
        rows = samples.view(np.uint8).reshape(strip.shape[0], -1)
        body = packer.compress(filtered(rows, above, made.channels * made.dtype.itemsize))
        above = rows[-1].copy()
        rows_seen += len(rows)
        if body:
            yield body
    assert rows_seen == made.height, (rows_seen, made.height)
    yield packer.flush()


def filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8] | None, step: int) -> bytes:
    """PNG filters (ISO/IEC 15948, 9.2), for each row whichever leaves least; `above` is the row before the first."""
    first = np.zeros_like(rows[0]) if above is None else above
    up = np.concatenate([first[None], rows[:-1]])
    best, least = rows, _cost(rows)
    chosen = np.zeros(len(rows), np.uint8)
    for number, rest in ((1, rows - _shifted(rows, step)), (2, rows - up),
                         (4, rows - _paeth(_shifted(rows, step), up, _shifted(up, step)))):
        cost = _cost(rest)
        better = cost < least
        best, least = np.where(better[:, None], rest, best), np.minimum(cost, least)
        chosen[better] = number
    return np.concatenate([chosen[:, None], best], axis=1).tobytes()


def _shifted(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    return np.pad(rows, ((0, 0), (step, 0)))[:, :-step]


def _cost(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.asarray(np.minimum(rows, 0 - rows).sum(axis=1, dtype=np.int64))


def _paeth(left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    a, b, c = (values.astype(np.int16) for values in (left, above, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    chosen = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    return chosen.astype(np.uint8)


def _packed(form: Format, made: Made, icc: bytes | None, kept: lineage.Kept) -> tuple[bytes, str]:
    """A JPEG or a lossless WebP, encoded whole, and the hash of the pixels that a reader will see."""
    data = encode(form, made.whole(), icc, Encoding(), form == "WEBP")
    pixels = pixels_hash(read_picture(data))
    xmp = kept.xmp.encode() if kept.xmp else None
    container: Any = webp if form == "WEBP" else jpeg
    note = lineage.note_text(kept, pixels).encode("ascii")
    room = container.PACKET_ROOM
    told: Iterable[bytes] = [*packets.cut(b"R", note, room),
                             *(one for blob in kept.blobs.values() for one in packets.cut(b"B", blob, room))]
    return container.embed(data, lineage.exif_of(kept), xmp, told), pixels
