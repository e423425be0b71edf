"""What the library knows of a picture, all of it read from the picture's own file.

Takes that are painted, adopted after a crash, imported or found again by a repair all come in through here, so each
is known in the same way whichever road it took.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import RecipeError
from underpaint.library.looks import Look, look_of
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import Picture, read_picture
from underpaint.pictures.reading import Reading, read_info
from underpaint.pictures.record import pixels_hash
from underpaint.pictures.source import load_bytes
from underpaint.recipe import parse_recipe

DOCUMENTS = {".psd", ".psb", ".ora"}
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_RATING = re.compile(r"xmp:Rating\s*(?:=\s*[\"']|>)\s*(-?\d)")


@dataclass(frozen=True, eq=False)
class Facts:
    """One picture file. `recipe` and `plan` are JSON data, `found` what else the file says; `rating` is another
    program's stars (-1 rejected, 0..5), None where there are none."""

    sha256: str
    pixels: str
    suffix: str
    width: int
    height: int
    look: Look
    painted_at: float
    program: str | None = None
    words: str = ""
    negative: str = ""
    model: str | None = None
    seed: int | None = None
    recipe: Mapping[str, Any] | None = None
    recipe_hash: str | None = None
    needs: tuple[str, ...] = ()
    plan: Mapping[str, Any] | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    rating: int | None = None

    def to_json(self) -> tuple[str | None, str | None, str]:
        """Recipe, plan and whatever else was found, as the database keeps them."""
        recipe = json.dumps(self.recipe) if self.recipe is not None else None
        plan = json.dumps(self.plan) if self.plan is not None else None
        return recipe, plan, json.dumps(self.found, default=str)


def read_facts(path: Path) -> Facts:
    """Everything about a picture file, or about a layered document (.psd, .psb, .ora) as it looks merged.

    Raises PictureError for what cannot be read.
    """
    if path.suffix.lower() in DOCUMENTS:
        return _document_facts(path)
    data, _ = load_bytes(path, LIMITS)
    reading, picture = read_info(data), read_picture(data)
    recipe_hash, needs = _recipe_names(reading)
    own = reading.source == "underpaint"
    seed = reading.seed if isinstance(reading.seed, int) and not isinstance(reading.seed, bool) else None
    return Facts(
        sha256=picture.sha256, pixels=pixels_hash(picture), suffix=_suffix(path, picture), width=picture.width,
        height=picture.height, look=look_of(np.asarray(picture.pixels)), painted_at=path.stat().st_mtime,
        program=reading.source, words=_text(reading.prompt), negative=_text(reading.negative_prompt),
        model=_text(reading.model) or None, seed=seed, recipe=reading.recipe, recipe_hash=recipe_hash, needs=needs,
        plan=reading.plan, found={} if own else reading.raw, rating=_rating(reading))  # fmt: skip


def document_picture(path: Path) -> Picture:
    """How a layered document looks: Photoshop's own merged picture, or OpenRaster's. Raises PictureError."""
    from underpaint.library.painting import read_painting

    return read_painting(path).merged


def _document_facts(path: Path) -> Facts:
    data, _ = load_bytes(path, LIMITS)
    merged = document_picture(path)
    return Facts(sha256=hashlib.sha256(data).hexdigest(), pixels=pixels_hash(merged), suffix=path.suffix.lower(),
                 width=merged.width, height=merged.height, look=look_of(np.asarray(merged.pixels)),
                 painted_at=path.stat().st_mtime)


def _suffix(path: Path, picture: Picture) -> str:
    """The file's own ending, or that of its format where it has none that a name in the library can end in."""
    suffix = path.suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else f".{picture.format.lower()}"


def _recipe_names(reading: Reading) -> tuple[str | None, tuple[str, ...]]:
    """The hash of our own recipe and the hashes of the pictures it names; nothing for other programs'."""
    if reading.source != "underpaint" or reading.recipe is None:
        return None, ()
    try:
        recipe = parse_recipe(reading.recipe)
    except RecipeError:
        return None, ()  # of a newer schema: kept as it is, and still a picture
    return recipe.hash(), tuple(dict.fromkeys(blob.sha256 for blob in recipe.blobs()))


def writable(text: str) -> str:
    """Text without half characters, as damaged metadata and old file names have them: they cannot be stored."""
    return text.encode("utf-8", "replace").decode()


def is_writable(text: str) -> bool:
    """Whether text holds no half character."""
    return writable(text) == text


def _text(value: object) -> str:
    return writable(value) if isinstance(value, str) else ""


def _rating(reading: Reading) -> int | None:
    for name, text in reading.raw.items():
        if isinstance(text, str) and "xmp" in name.lower() and (match := _RATING.search(text)):
            stars = int(match[1])
            return stars if -1 <= stars <= 5 else None
    return None


def is_picture_name(path: Path) -> bool:
    """Whether a file's name is that of a picture that can be read."""
    return path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".ppm"}

