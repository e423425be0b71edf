"""Where a finished picture came from, in its own file: its parent's hashes, the operation, its parameters.

The record of the painting stays as the parent had it (recipe, plan, drawings, and the hash of the pixels as they were
painted); beside it stands `finish`, a list of steps, the oldest first. So the picture can still be painted again, and
the program says truthfully that it was changed since it was painted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from underpaint import __version__
from underpaint.errors import OutputError, PictureError, RecipeError
from underpaint.pictures import packets
from underpaint.pictures.containers import find_metadata, png
from underpaint.pictures.exif import user_comment_exif
from underpaint.pictures.found import KEYWORD, Found
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.programs.underpaint import find_note
from underpaint.pictures.provenance import SourceType, xmp_packet
from underpaint.pictures.read import Picture
from underpaint.pictures.recall import blobs_from_file
from underpaint.pictures.record import FORMAT, MAX_NOTE_BYTES, Record, infotext, note, pixels_hash
from underpaint.pictures.source import load_bytes
from underpaint.recipe import parse_recipe

MAX_STEPS = 200
_SOURCES: tuple[SourceType, ...] = ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia")
_EXIF_AS_TEXT = {"UserComment": "parameters", "ImageDescription": "Description", "Artist": "Author",
                 "Copyright": "Copyright"}


@dataclass(frozen=True)
class Step:
    """One operation: its name, parameters and what was found (JSON data), the parent, the result's pixels.

    `parent` has sha256 (of the file), pixels (the hash of its decoded pixels), width, height and, unless private,
    name. `pixels` is the hash of the result's decoded pixels.
    """

    operation: str
    parameters: Mapping[str, Any]
    found: Mapping[str, Any]
    parent: Mapping[str, Any]
    pixels: str = ""
    version: str = __version__

    def to_json(self) -> dict[str, Any]:
        """What stands in the file."""
        told = {"operation": self.operation, "version": self.version, "parameters": dict(self.parameters),
                "parent": dict(self.parent), "pixels": self.pixels}
        return told | ({"found": dict(self.found)} if self.found else {})


def parent_of(picture: Picture, name: str) -> dict[str, Any]:
    """How a step names the picture it began with."""
    return {"sha256": picture.sha256, "pixels": pixels_hash(picture), "width": picture.width,
            "height": picture.height, "name": name.encode("utf-8", "replace").decode()[:200]}


@dataclass(frozen=True, eq=False)
class Kept:
    """What of a picture's metadata goes on into the finished one. `painted`: these very pixels were painted."""

    note: Mapping[str, Any]
    texts: Mapping[str, str]
    xmp: str | None
    blobs: Mapping[str, bytes]
    remarks: tuple[str, ...] = ()
    painted: bool = False

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps so far, as they stand in the file."""
        found = self.note.get("finish")
        return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []

    def private(self) -> "Kept":
        """Only numbers, hashes and the mark of how it came to be: no words, drawings, names or texts."""
        bare: dict[str, Any] = {"underpaint": FORMAT, "version": __version__, "private": True}
        if self.note.get("private"):
            bare = {key: value for key, value in self.note.items() if key != "finish"}
        elif "recipe" in self.note:
            bare = self._private_note(bare)
        steps = [{key: _unnamed(value) if key in ("parent", "parameters") else value for key, value in step.items()
                  if key != "found"} for step in self.steps]
        mark = next((source for source in _SOURCES if self.xmp and source in self.xmp), None)
        return Kept({**bare, **({"finish": steps} if steps else {})}, {}, xmp_packet(mark).decode() if mark else None,
                    {}, self.remarks, self.painted)

    def _private_note(self, bare: dict[str, Any]) -> dict[str, Any]:
        plan = self.note.get("plan")
        try:
            record = Record(recipe=parse_recipe(self.note["recipe"]), plan=plan if isinstance(plan, dict) else None)
            return dict(json.loads(note(record, str(self.note.get("pixels", "")), private=True)))
        except RecipeError:
            return bare  # of a newer schema: nothing of it can be told apart, so nothing of it is told


def kept_from(data: bytes, path: Path | None = None) -> Kept:
    """What a picture file says of itself, ready to go on; damaged metadata is left out. With its `path` also the
    drawings that lie beside it."""
    found = find_metadata(data, LIMITS)
    told = find_note(found) or {"underpaint": FORMAT, "version": __version__}
    joined = packets.join(found.packets, LIMITS.blob_bytes)
    remarks: tuple[str, ...] = ()
    if found.credentials:
        remarks = ("its content credentials vouch for the unchanged picture and were left out",)
    blobs = dict(joined.blobs)
    if path is not None and "recipe" in told and not told.get("private"):
        try:
            blobs |= blobs_from_file(path)
        except (PictureError, RecipeError) as error:
            remarks += (f"it can no longer be painted again: {error.message}",)
    return Kept(told, _texts(found), found.xmp, blobs, remarks)


def kept_from_painting(before: Kept, record: Record) -> Kept:
    """The metadata of a picture that was painted over: the record is the new painting's, the steps go on."""
    told = dict(json.loads(note(record, "", private=False)))
    words = infotext(record, private=False)
    steps = {"finish": before.steps} if before.steps else {}
    return Kept({**told, **steps}, {"parameters": words} if words else {},
                xmp_packet(record.digital_source_type()).decode(), record.needed_blobs(), before.remarks, painted=True)


def _texts(found: Found) -> dict[str, str]:
    """PNG texts, and what other containers say in EXIF under the names that PNG has for it."""
    texts = {_EXIF_AS_TEXT[name]: text for name, text in found.exif.items() if name in _EXIF_AS_TEXT}
    return texts | {key: text for key, text in found.texts.items() if key not in (KEYWORD, png.XMP_KEYWORD)}


def with_step(kept: Kept, step: Step, *, private: bool) -> Kept:
    """The metadata of the finished picture. `pixels` of the step may be filled in later by `note_text`."""
    if private or kept.note.get("private"):
        kept = kept.private()
        step = replace(step, parent=_unnamed(step.parent), parameters=_unnamed(step.parameters), found={})
    steps = kept.steps
    if len(steps) >= MAX_STEPS:
        raise OutputError(f"this picture has been finished {MAX_STEPS} times", hint="Begin again with an earlier one.")
    return replace(kept, note={**kept.note, "finish": [*steps, step.to_json()]})


def _unnamed(value: Any) -> Any:
    """A step's parent or parameters without the names of files: their hashes say enough."""
    if not isinstance(value, Mapping):
        return value
    named = {"name", "reference"} | ({"method"} if "method_sha256" in value else set())
    return {key: inner for key, inner in value.items() if key not in named}


def note_text(kept: Kept, pixels: str) -> str:
    """The note as one line of ASCII JSON, with the hash of the finished pixels in its last step."""
    steps = kept.steps
    steps[-1] = {**steps[-1], "pixels": pixels}
    now = {"pixels": pixels} if kept.painted else {}
    text = json.dumps({**kept.note, **now, "finish": steps}, allow_nan=False)
    if len(text) > MAX_NOTE_BYTES:
        raise OutputError(f"recipe, plan and steps take {len(text):,} bytes", hint=f"The limit is {MAX_NOTE_BYTES:,}.")
    return text


def png_texts(kept: Kept) -> list[tuple[bytes, bytes]]:
    """Every text but the note as PNG chunks."""
    chunks = [png.text_chunk(key[:79], text) for key, text in kept.texts.items()]
    return chunks + ([png.international_chunk(png.XMP_KEYWORD, kept.xmp)] if kept.xmp else [])


def exif_of(kept: Kept) -> bytes | None:
    """An EXIF block with the words of the painting, for JPEG and WebP."""
    words = kept.texts.get("parameters")
    return user_comment_exif(words) if words else None


def lineage(path: str | Path) -> tuple[Mapping[str, Any], ...]:
    """The finishing steps that a picture file tells of, the oldest first; empty where there are none.

    Raises PictureError where the file cannot be read.
    """
    data, _ = load_bytes(path, LIMITS)
    return tuple(kept_from(data).steps)
