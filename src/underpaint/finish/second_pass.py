"""A second pass with the brush: an enlarged picture becomes a recipe that paints over it in tiles, at its new size."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.finish.shape import Made, checked
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.pictures.read import Picture
from underpaint.pictures.stored import stored_like
from underpaint.recipe import Recipe, RefineRecipe
from underpaint.recipe.parts import Blob, Tiles

USUAL_STRENGTH = 0.35
_HANDED_ON = ("negative_prompt", "dialect", "emphasis", "seed", "noise", "sampling", "guidance", "clip_skip", "model",
              "vae", "loras", "controls")


def second_pass(enlarged: Blob, size: Extent, words: str, *, strength: float = USUAL_STRENGTH,
                tiles: Tiles | None = None, before: Recipe | None = None) -> RefineRecipe:
    """The recipe that paints over an enlarged picture.

    `words` say what is there; empty ones are those of `before`, the recipe that the picture was painted with, which
    also hands on its model, its way of sampling and its controls. Raises RecipeError for a size or strength that
    cannot be.
    """
    handed = {} if before is None else {name: getattr(before, name) for name in _HANDED_ON}
    prompt = words or (before.prompt if before is not None else "")
    return checked(RefineRecipe, {**handed, "picture": enlarged, "prompt": prompt, "strength": strength,
                                  "width": size.width, "height": size.height, "tiles": tiles or Tiles()})


def painted_over(enlarged: Picture, painted: FloatArray) -> Made:
    """The painted H x W x 3 in the enlarged picture's mode, depth and profile, with its transparency."""
    stored = stored_like(painted[..., :3], enlarged)
    if enlarged.has_alpha:
        stored = np.concatenate([stored[..., :-1], enlarged.stored[..., -1:]], axis=2)
    return Made(enlarged.width, enlarged.height, stored.shape[2], stored.dtype, _one(stored))


def _one(stored: NDArray[Any]) -> Iterator[NDArray[Any]]:
    yield stored
