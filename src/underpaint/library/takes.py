"""A take from its file, whole again: to go on with a job, or to grow the next one from it."""

from pathlib import Path

import numpy as np

from underpaint.errors import RecipeError
from underpaint.imaging.arrays import to_bytes, to_float
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import blobs_from_file, plan_from_file, recipe_from_file
from underpaint.plan.data import Plan
from underpaint.plan.take import Take
from underpaint.recipe import FillRecipe


def load_take(path: Path, *, seconds: float = 0.0) -> Take:
    """The take in a file that `save_take` wrote, its pixels as the file has them.

    Raises PictureError or RecipeError where the file does not hold everything.
    """
    recipe, record = recipe_from_file(path), plan_from_file(path)
    if record is None:
        raise RecipeError(f"{path.name} holds a recipe but no plan", field="plan", hint="Paint it again.")
    blobs, picture = blobs_from_file(path), read_picture(path)
    fill = isinstance(recipe, FillRecipe)
    source = read_picture(blobs[recipe.picture.sha256]) if isinstance(recipe, FillRecipe) else None
    circumstances, measured = record.get("circumstances"), record.get("measured")
    return Take(picture=np.array(picture.pixels), recipe=recipe, plan=Plan.from_record(record), blobs=blobs,
                seconds=seconds, circumstances=circumstances if isinstance(circumstances, dict) else {},
                measured=measured if isinstance(measured, dict) else {},
                exact=np.array(picture.stored) if fill else None, source=source)


def as_kept(take: Take) -> Take:
    """The same take with the pixels that a file of it holds, so that what is made of it is the same on every day."""
    from dataclasses import replace

    return take if take.exact is not None else replace(take, picture=to_float(to_bytes(take.picture)))
