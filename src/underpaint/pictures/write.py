"""Write a picture file: pixels exactly, the record inside, whole or not at all."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import OutputError
from underpaint.files import atomic_write
from underpaint.pictures.containers import jpeg, png, webp
from underpaint.pictures.encode import SUFFIXES, Encoding, Format, encode
from underpaint.pictures.exif import user_comment_exif
from underpaint.pictures.found import KEYWORD
from underpaint.pictures.packets import cut
from underpaint.pictures.provenance import xmp_packet
from underpaint.pictures.read import Picture, read_picture
from underpaint.pictures.record import Record, infotext, note, pixels_hash
from underpaint.pictures.stored import to_stored

MAX_BLOB_BYTES = 32 << 20
_PLAIN = Encoding()
_BLOB = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Written:
    """What was written: where, the hash of its decoded pixels, the folder of large blobs, remarks for the artist."""

    path: Path
    pixels: str
    folder: Path | None = None
    notes: tuple[str, ...] = ()


def write_picture(
    path: str | Path,
    pixels: NDArray[Any],
    record: Record | None = None,
    *,
    like: Picture | None = None,
    private: bool = False,
    encoding: Encoding = _PLAIN,
) -> Written:
    """Write a PNG, JPEG or WebP, by the suffix of `path`.

    `pixels` are H x W (x 1..4): floats 0..1 (sRGB) are converted, 8-bit and 16-bit integers are stored as they
    are. `like` gives mode, depth and colour profile. `record` is embedded with the hash of the decoded pixels, an
    infotext and the IPTC source type; its blobs go into the file up to 32 MB, else into `NAME.recipe/` beside it.
    `private` leaves words, drawings, names, paths and all EXIF but the source type out of every place, and removes
    the blobs that an earlier picture of this name left beside it.

    Raises:
        OutputError: an unknown suffix, a place that cannot be written, or a fill into a lossy file.
        RecipeError: a blob that the recipe names is missing.
    """
    path = Path(path)
    form = _format(path)
    exact = like is not None or _is_fill(record)
    lossless = form == "PNG" or (form == "WEBP" and (exact if encoding.lossless is None else encoding.lossless))
    stored, notes = to_stored(pixels, like)
    _refuse_loss(path, form, stored, lossless, record, encoding)
    icc = like.icc if like is not None and _takes_profile(form, like, stored) else None
    data = encode(form, stored, icc, encoding, lossless)
    decoded = read_picture(data)
    if lossless and not np.array_equal(decoded.stored, _as_kept(form, stored, decoded)):
        raise OutputError(f"{path.name} would not keep its pixels exactly", hint="Write a PNG.")
    notes += ("WebP has no grey: the picture became RGB",) if form == "WEBP" and stored.shape[2] <= 2 else ()
    digest = pixels_hash(decoded)
    blobs = record.needed_blobs() if record is not None and not private else {}
    inside = sum(map(len, blobs.values())) <= MAX_BLOB_BYTES
    if record is not None:
        data, left_out = _embed(form, data, _Embedded.of(record, digest, private, blobs if inside else {}))
        notes += left_out
    folder = recipe_folder(path) if blobs and not inside else None
    _write(path, data, folder, blobs)
    if private:
        _remove_drawings(recipe_folder(path))
    return Written(path, digest, folder, notes)


def recipe_folder(path: Path) -> Path:
    """Where blobs lie that are too large for the file: `NAME.recipe/` beside it."""
    return path.with_name(f"{path.stem}.recipe")


def _format(path: Path) -> Format:
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise OutputError(f"'{path.name}' does not say which kind of picture it should be",
                          hint="Let its name end in .png, .jpg or .webp.")
    return form


def _is_fill(record: Record | None) -> bool:
    return record is not None and record.recipe is not None and record.recipe.task == "fill"


def _refuse_loss(
    path: Path, form: Format, stored: NDArray[Any], lossless: bool, record: Record | None, encoding: Encoding
) -> None:
    """A fill promises its pixels outside the mask: only a file that keeps them will do."""
    keeps = form == "PNG" or (lossless and stored.dtype == np.uint8)
    if _is_fill(record) and not keeps and not encoding.lossy:
        raise OutputError(f"{path.name} cannot keep the pixels outside the mask exactly",
                          hint="Write a PNG, or add --lossy to do without that promise.")


def _takes_profile(form: Format, like: Picture, stored: NDArray[Any]) -> bool:
    # WebP has no grey: a grey profile would not fit the RGB that it becomes.
    grey = stored.shape[2] <= 2
    return like.icc is not None and grey == (like.mode in ("L", "LA")) and not (form == "WEBP" and grey)


def _as_kept(form: Format, stored: NDArray[Any], decoded: Picture) -> NDArray[Any]:
    """What a lossless file of this format can hold of `stored`: WebP knows only 8-bit RGB and RGBA."""
    if form == "PNG":
        return stored
    eight = np.rint(stored / 257.0).astype(np.uint8) if stored.dtype == np.uint16 else stored
    if eight.shape[2] <= 2:
        eight = np.concatenate([np.repeat(eight[..., :1], 3, axis=2), eight[..., 1:]], axis=2)
    return eight[..., : decoded.stored.shape[2]]


@dataclass(frozen=True)
class _Embedded:
    """The pieces of metadata, ready for any container."""

    note: str
    infotext: str | None
    xmp: bytes
    blobs: Mapping[str, bytes]

    @classmethod
    def of(cls, record: Record, digest: str, private: bool, blobs: Mapping[str, bytes]) -> "_Embedded":
        return cls(note(record, digest, private), infotext(record, private),
                   xmp_packet(record.digital_source_type()), blobs)

    def packets(self, room: int, *, with_note: bool) -> list[bytes]:
        notes = [*cut(b"R", self.note.encode("ascii"), room)] if with_note else []
        return notes + [packet for data in self.blobs.values() for packet in cut(b"B", data, room)]


def _embed(form: Format, data: bytes, what: _Embedded) -> tuple[bytes, tuple[str, ...]]:
    if form == "PNG":
        texts = [png.text_chunk("parameters", what.infotext)] if what.infotext else []
        texts.append(png.international_chunk(KEYWORD, what.note))
        texts.append(png.international_chunk(png.XMP_KEYWORD, what.xmp.decode()))
        after = [(png.PACKET_CHUNK, packet) for packet in what.packets(png.PACKET_ROOM, with_note=False)]
        return png.embed(data, texts, after), ()
    exif = user_comment_exif(what.infotext) if what.infotext else None
    if form == "WEBP":
        return webp.embed(data, exif, what.xmp, what.packets(webp.PACKET_ROOM, with_note=True)), ()
    too_long = exif is not None and len(exif) > jpeg.SEGMENT_ROOM - len(jpeg.EXIF_HEAD)
    notes = ("the words are too long for a JPEG's EXIF: only Underpaint will find them",) if too_long else ()
    return jpeg.embed(data, exif, what.xmp, what.packets(jpeg.PACKET_ROOM, with_note=True)), notes


def _write(path: Path, data: bytes, folder: Path | None, blobs: Mapping[str, bytes]) -> None:
    """Blobs first, so that a picture never stands without them; when anything fails, nothing new stays."""
    with contextlib.ExitStack() as undo:
        if folder is not None:
            undo.callback(_remove_if_empty, folder)
            for digest, blob in blobs.items():
                place = folder / digest
                if not _holds(place, blob):
                    with atomic_write(place) as file:
                        file.write(blob)
                    undo.callback(place.unlink, missing_ok=True)
        with atomic_write(path) as file:
            file.write(data)
        undo.pop_all()


def _holds(place: Path, blob: bytes) -> bool:
    return place.is_file() and not place.is_symlink() and place.read_bytes() == blob


def _remove_drawings(folder: Path) -> None:
    """Take away the blobs that an earlier, open version of a private picture left beside it, and nothing else."""
    try:
        if folder.is_symlink() or not folder.is_dir():
            return
        for place in list(folder.iterdir()):
            if _BLOB.fullmatch(place.name) and (place.is_file() or place.is_symlink()):
                place.unlink()
    except OSError as error:
        raise OutputError(f"{folder} still holds the drawings of an earlier picture ({error.strerror})",
                          hint="The picture is written; remove that folder yourself.") from error
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


