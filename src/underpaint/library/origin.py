"""Which take a painting grew from: as it says itself, else as it looks, else as a person says."""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from underpaint.errors import LibraryError, PictureError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.alignment import Fit, coarse, refine
from underpaint.library.changes import over_white
from underpaint.library.facts import DOCUMENTS
from underpaint.library.library import SHORT, Entry, Library
from underpaint.library.looks import distances, likeness
from underpaint.library.painting import Painting
from underpaint.library.tables import COPIES, TAKES
from underpaint.pictures.read import read_picture
from underpaint.pictures.reading import read_info
from underpaint.pictures.recall import recipe_from_file, recorded_pixels

LATEST = 200
"""So many of the latest takes are looked at for crops, which a likeness alone does not find."""
_NEAREST = 24
_REFINED = 6
SURE = 0.55
_AHEAD = 0.06
_SIDE, _RANKED_SIDE = 256, 96
_KEY_NAME = re.compile(r"0*(\d+) (.*?)(?: \([^()]*\))?")


@dataclass(frozen=True)
class Found:
    """A take and how it was told: named, recipe, layers or likeness."""

    entry: Entry
    how: str


def find_origin(library: Library, file: Path, painting: Painting, take: str | None) -> Found:
    """The take that a painting grew from. Raises LibraryError where none can be told, or several could be."""
    if take is not None:
        return Found(library.find(take), "named")
    own = _own_entry(library, file)
    if file.suffix.lower() not in DOCUMENTS and (told := _by_recipe(library, file, own)) is not None:
        return Found(told, "recipe")
    faces = _faces(painting)
    named = _by_layer_names(library, painting)
    known = {own} if own is not None else set()
    ranked = _ranked(library, faces, [*named, *_alike(library, faces)], known)
    if not ranked or ranked[0][0] < SURE:
        known |= {entry.number for _, entry in ranked}
        ranked = sorted([*ranked, *_ranked(library, faces, _latest(library), known)], key=lambda one: -one[0])
    if not ranked or ranked[0][0] < SURE:
        raise LibraryError(f"{file.name} looks like no take of the library", field="take",
                           hint="Name the one that it grew from with --take; underpaint library list shows them.")
    close = [entry for score, entry in ranked[1:] if score > ranked[0][0] - _AHEAD]
    if close and ranked[0][1].number not in named:
        ids = ", ".join(entry.id for entry in [ranked[0][1], *close][:4])
        raise LibraryError(f"{file.name} looks like several takes: {ids}", field="take",
                           hint="Say which one with --take.")
    return Found(ranked[0][1], "layers" if ranked[0][1].number in named else "likeness")


def _own_entry(library: Library, file: Path) -> int | None:
    """The number of the painting itself, where it was brought back or imported before."""
    with contextlib.suppress(LibraryError):
        entry = library.find(file)
        if entry.kind == "take":
            raise PictureError(f"{file.name} is the take {entry.id} itself, not painted over",
                               hint="Save your painting first, then bring that back.")
        return entry.number
    return None


def _by_recipe(library: Library, file: Path, own: int | None) -> Entry | None:
    """By what the painting still carries: the hash of the pixels that were painted, the recipe, or another program's
    words and seed."""
    with contextlib.suppress(PictureError):
        pixels = recorded_pixels(file)
        same = select(TAKES.c.id).where(TAKES.c.pixels == pixels, TAKES.c.id.is_distinct_from(own))
        number = _one(library, same) or _one(library, select(COPIES.c.take_id).where(COPIES.c.pixels == pixels))
        if number is not None:
            return library.entry(number)
        number = _one(library, select(TAKES.c.id).where(TAKES.c.recipe_hash == recipe_from_file(file).hash(),
                                                        TAKES.c.id.is_distinct_from(own), TAKES.c.kind != "return"))
        if number is not None:
            return library.entry(number)
    said = read_info(file)
    if said.prompt and said.seed is not None:
        query = select(TAKES.c.id).where(TAKES.c.seed == str(said.seed), TAKES.c.words == said.prompt,
                                         TAKES.c.id.is_distinct_from(own), TAKES.c.kind != "return")
        number = _one(library, query)
        return None if number is None else library.entry(number)
    return None


def _one(library: Library, query):  # type: ignore[no-untyped-def]  # any query of one column of whole numbers
    with library.database.reading() as connection:
        found = connection.execute(query.order_by(query.selected_columns[0].desc()).limit(1)).scalar()
    return None if found is None else int(found)


def _faces(painting: Painting) -> list[FloatArray]:
    """The painting as it looks, and each large layer that is visible: one of them may still be the take itself."""
    faces = [over_white(np.asarray(painting.merged.pixels))]
    if painting.document is not None:
        canvas = painting.document.width * painting.document.height
        for layer, groups in painting.document.walk():
            seen = layer.visible and all(group.visible for group in groups)
            if seen and layer.pixels.shape[0] * layer.pixels.shape[1] >= canvas / 4 and layer.pixels[..., 3].min() > 0:
                faces.append(np.asarray(layer.pixels[..., :3] / np.float32(255), np.float32))
    small = [resize(face, Extent.of(face).fit_within(Extent(_SIDE, _SIDE), grow=False)) for face in faces[:6]]
    return [face for face in small if face.std() > 0.01]


def _by_layer_names(library: Library, painting: Painting) -> list[int]:
    """Takes that are called like a visible group: keys.psd names each group after its key."""
    if painting.document is None:
        return []
    names: set[str] = set()
    for layer, groups in painting.document.walk():
        if layer.visible and all(group.visible for group in groups):
            matches = (_KEY_NAME.fullmatch(group.name) for group in groups)
            names.update(f"{int(match[1])} {match[2]}" for match in matches if match)
    query = select(TAKES.c.id).where(TAKES.c.name.in_(names), TAKES.c.trashed_at.is_(None)).order_by(TAKES.c.id.desc())
    with library.database.reading() as connection:
        return [int(number) for number in connection.execute(query.limit(_NEAREST)).scalars()] if names else []


def _alike(library: Library, faces: list[FloatArray]) -> list[int]:
    """The takes whose large shapes are nearest to one of the faces."""
    query = select(TAKES.c.id, TAKES.c.likeness).where(TAKES.c.trashed_at.is_(None), TAKES.c.kind != "return")
    with library.database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        return []
    known = [row.likeness for row in rows]
    far = np.min([distances(likeness(face), known) for face in faces], axis=0)
    return [int(rows[index].id) for index in np.argsort(far, kind="stable")[:_NEAREST]]


def _latest(library: Library) -> list[int]:
    query = (select(TAKES.c.id).where(TAKES.c.trashed_at.is_(None), TAKES.c.kind != "return")
             .order_by(TAKES.c.id.desc()).limit(LATEST))
    with library.database.reading() as connection:
        return [int(number) for number in connection.execute(query).scalars()]


def _ranked(library: Library, faces: list[FloatArray], numbers: Iterable[int], known: set[int]
            ) -> list[tuple[float, Entry]]:
    """Candidates but the known by how well they fit, best first: all of them roughly, the best of them finely."""
    rough: list[tuple[float, Entry, FloatArray, FloatArray, Fit]] = []
    for entry in library.entries([number for number in dict.fromkeys(numbers) if number not in known]):
        small = _thumbnail(entry)
        for face in faces if small is not None else []:
            assert small is not None  # as the loop says
            fit = coarse(small, face)
            if fit is not None:
                rough.append((fit.score, entry, small, face, fit))
    rough.sort(key=lambda one: -one[0])
    best: dict[str, tuple[float, Entry]] = {}
    for _, entry, small, face, fit in rough[:_REFINED]:
        score = refine(small, face, fit, side=_RANKED_SIDE).score
        if score > best.get(entry.id[:SHORT], (-1.0, entry))[0]:
            best[entry.id[:SHORT]] = score, entry
    return sorted(best.values(), key=lambda one: -one[0])


def _thumbnail(entry: Entry) -> FloatArray | None:
    try:
        picture = over_white(np.asarray(read_picture(entry.file).pixels))
    except PictureError:
        return None  # gone from where it was referenced, or layered
    return resize(picture, Extent.of(picture).fit_within(Extent(_SIDE, _SIDE), grow=False))
