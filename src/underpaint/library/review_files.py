"""Reviewing picture files wherever they lie: what they say of themselves tells what was asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.facts import DOCUMENTS, document_picture, is_picture_name, read_facts
from underpaint.library.looks import likeness
from underpaint.library.reviewing import Desk
from underpaint.pictures.read import read_picture
from underpaint.review.shape import opaque


@dataclass(frozen=True, eq=False)
class ReviewedFile:
    """One file with its verdict as JSON data; `error` in its place where it could not be read."""

    path: Path
    verdict: dict[str, Any]
    likeness: str
    vector: FloatArray
    qualities: FloatArray
    error: str | None = None

    @property
    def score(self) -> float:
        """What the verdict sorts by."""
        return float(self.verdict.get("score", 0.0))


def pictures_in(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and of each folder the pictures that lie right in it. Raises PictureError for none."""
    found: list[Path] = []
    for path in paths:
        found += sorted(one for one in path.iterdir() if one.is_file() and is_picture_name(one)) \
            if path.is_dir() else [path]
    if not found:
        raise PictureError("there are no pictures to review", hint="Name picture files, or a folder of them.")
    return list(dict.fromkeys(found))


def small_picture(path: Path, side: int = 640) -> FloatArray:
    """A picture for a contact sheet. Raises PictureError."""
    pixels = opaque(_pixels(path))
    return resize(pixels, Extent.of(pixels).fit_within(Extent(side, side), grow=False))


def _pixels(path: Path) -> FloatArray:
    layered = path.suffix.lower() in DOCUMENTS
    return np.asarray((document_picture(path) if layered else read_picture(path)).pixels)


def review_files(paths: Sequence[Path], desk: Desk, *, words: str | None = None,
                 tell: Callable[[int, int], None] | None = None) -> list[ReviewedFile]:
    """Review files, in order. `words` were asked for, where the files themselves do not say; one that cannot be read
    becomes an `error`."""
    found = []
    for done, path in enumerate(paths):
        found.append(_review(path, desk, words))
        if tell is not None:
            tell(done + 1, len(paths))
    return found


def _review(path: Path, desk: Desk, words: str | None) -> ReviewedFile:
    try:
        facts = read_facts(path)
        pixels = _pixels(path)
    except PictureError as error:
        nothing = np.zeros(0, np.float32)
        return ReviewedFile(path, {}, "0" * 16, nothing, nothing, str(error))
    verdict, numbers = desk.see(pixels, words or facts.words, (facts.plan or {}).get("measured"))
    return ReviewedFile(path, verdict.to_json(), likeness(pixels), desk.embedder.embed([pixels])[0], numbers)
