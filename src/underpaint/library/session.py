"""The main jobs as two functions, for people who write Python."""

from pathlib import Path
from typing import Any

from underpaint.library.drawings import Drawing
from underpaint.library.keys import KeysFolder, paint_keys
from underpaint.plan.painter import Painter
from underpaint.plan.take import Take
from underpaint.recipe import CreateRecipe, with_changes
from underpaint.sets.keys import plan_keys


def keys(drawing: Drawing, words: str, folder: str | Path, *, count: int = 12, seed: int = 1,
         private: bool = False, painter: Painter | None = None, **fields: Any) -> KeysFolder:
    """Paint `count` colour keys for a drawing into `folder`; `fields` go into each key's recipe.

    Raises UnderpaintErrors for what cannot be painted or written.
    """
    base = with_changes(CreateRecipe(), fields)
    planned = plan_keys(words, drawing.blob, count=count, seed=seed, base=base)
    return paint_keys(planned, drawing, Path(folder), painter or Painter(), title=words,
                      private=private)


def paint(words: str, *, painter: Painter | None = None, **fields: Any) -> Take:
    """Paint one picture from words; `fields` are those of a recipe, dotted names in a mapping with `**`.

    Raises UnderpaintErrors for what cannot be painted.
    """
    recipe = with_changes(CreateRecipe(prompt=words), fields)
    return (painter or Painter()).paint(recipe, {})
