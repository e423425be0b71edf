"""A take becomes a picture file that can be painted again from itself."""

import os
from pathlib import Path

from underpaint.errors import OutputError
from underpaint.pictures.encode import SUFFIXES, Encoding
from underpaint.pictures.record import Record
from underpaint.pictures.write import Written, write_picture
from underpaint.plan.take import Take
from underpaint.recipe import FillRecipe, Recipe


def save_take(take: Take, path: str | Path, *, private: bool = False, lossy: bool = False) -> Written:
    """Write a take as PNG, JPEG or WebP, by the suffix of `path`, with recipe, plan and everything it needs.

    A fill is written like its input: same mode, depth and colour profile, untouched pixels as they were.
    Raises OutputError for a place that cannot be written, and for a fill into a lossy file without `lossy`.
    """
    plan = {**take.plan.to_record(), "circumstances": dict(take.circumstances), "measured": dict(take.measured)}
    record = Record(recipe=take.recipe, plan=plan, blobs=take.blobs)
    like = take.source if isinstance(take.recipe, FillRecipe) else None
    return write_picture(path, take.picture if take.exact is None else take.exact, record, like=like, private=private,
                         encoding=Encoding(lossy=lossy))


def check_target(path: Path, recipe: Recipe, *, lossy: bool = False) -> None:
    """Refuse a picture file that could not be written, before time is spent on painting it. Raises OutputError."""
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise OutputError(f"'{path.name}' does not say which kind of picture it should be",
                          hint="Let its name end in .png, .jpg or .webp.")
    if form == "JPEG" and isinstance(recipe, FillRecipe) and not lossy:
        raise OutputError(f"{path.name} cannot keep the pixels outside the mask exactly",
                          hint="Write a PNG, or add --lossy to do without that promise.")
    check_place(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="Name a file in it.")


def check_place(path: Path) -> None:
    """Refuse a file, or one in a folder that is not there yet, where nothing can be written. Raises OutputError."""
    try:
        there = next((place for place in (path, *path.parents) if place.exists()), Path())
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {(error.strerror or '').lower()}",
                          hint="Choose another name with -o.") from error
    if there != path and not there.is_dir():
        raise OutputError(f"Cannot write {path}: {there.name} is a file, not a folder",
                          hint="Choose another folder with -o.")
    if not os.access(there, os.W_OK):
        raise OutputError(f"Cannot write {path}: you may not write there", hint="Choose another folder with -o.")


def file_stem(number: int, name: str) -> str:
    """A file name that says what is in it: number 1 of "golden hour, warm key" is `01-golden-hour`."""
    plain = "".join(letter if letter.isalnum() else " " for letter in name.partition(",")[0].lower())
    return "-".join([f"{number:02d}", *plain.split()[:3]])
