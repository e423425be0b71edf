"""A take becomes a picture file that can be painted again from itself."""

from pathlib import Path

from underpaint.pictures.encode import Encoding
from underpaint.pictures.record import Record
from underpaint.pictures.write import Written, write_picture
from underpaint.plan.take import Take
from underpaint.recipe import FillRecipe


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


def file_stem(number: int, name: str) -> str:
    """A file name that says what is in it: number 1 of "golden hour, warm key" is `01-golden-hour`."""
    plain = "".join(letter if letter.isalnum() else " " for letter in name.partition(",")[0].lower())
    return "-".join([f"{number:02d}", *plain.split()[:4]])
