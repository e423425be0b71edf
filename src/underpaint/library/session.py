"""The main jobs as two functions, for people who write Python.

What a person should know before anything is painted goes to the log `underpaint`, which Python shows unless told
otherwise; hand over a `Painter(warn=...)` to be told yourself.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underpaint.library.drawings import Drawing
from underpaint.library.keys import KeysFolder, paint_keys
from underpaint.models.home import plain
from underpaint.plan.painter import Painter
from underpaint.plan.take import Take
from underpaint.recipe import CreateRecipe, with_changes
from underpaint.sets.keys import plan_keys

if TYPE_CHECKING:
    from underpaint.library.library import Library
    from underpaint.library.runner import Engine

_LOG = logging.getLogger("underpaint")


def keys(drawing: Drawing, words: str, folder: str | Path, *, count: int = 12, seed: int = 1,
         private: bool = False, painter: Painter | None = None, library: "Library | None" = None,
         **fields: Any) -> KeysFolder:
    """Paint `count` colour keys for a drawing into `folder`; `fields` go into each key's recipe.

    With an open `library` the takes enter it, and the same call after a crash goes on where it was cut off.
    Raises UnderpaintErrors for what cannot be painted or written.
    """
    base = with_changes(CreateRecipe(), fields)
    planned = plan_keys(words, drawing.blob, count=count, seed=seed, base=base)
    painter = painter or Painter(warn=_LOG.warning)
    if library is None:
        return paint_keys(planned, drawing, Path(folder), painter, title=words, private=private)
    from underpaint.library.jobs import JobItem, Order
    from underpaint.library.journal import Journal

    same = {"recipes": [key.recipe.hash() for key in planned], "folder": str(plain(folder)), "private": private}
    order = Order(kind="keys", title=words, request={"same": same})
    items = [JobItem(key.recipe, f"{key.number} {key.name}") for key in planned]
    with Journal(library, items, {drawing.blob.sha256: drawing.stored.data}, order, _engine(painter)) as journal:
        return paint_keys(planned, drawing, Path(folder), painter, title=words, private=private, journal=journal)


def paint(words: str, *, painter: Painter | None = None, library: "Library | None" = None, **fields: Any) -> Take:
    """Paint one picture from words; `fields` are those of a recipe, dotted names in a mapping with `**`.

    With an open `library` the take enters it. Raises UnderpaintErrors for what cannot be painted.
    """
    recipe = with_changes(CreateRecipe(prompt=words), fields)
    painter = painter or Painter(warn=_LOG.warning)
    if library is None:
        return painter.paint(recipe, {})
    from underpaint.library.jobs import JobItem, Order
    from underpaint.library.journal import Journal

    with Journal(library, [JobItem(recipe)], {}, Order(kind="paint", title=words[:200]), _engine(painter)) as journal:
        kept = journal.take(0)
        journal.done()
    return kept.take


def _engine(painter: Painter) -> "Engine":
    return lambda recipe, blobs, tell: painter.paint(recipe, blobs, progress=tell)
