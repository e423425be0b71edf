"""A watcher that is turned by hand over a cheap engine, and what its tests share."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kit.easel import paint_cheaply

from underpaint.plan.take import Take
from underpaint.recipe import Recipe
from underpaint.studio.watch.watcher import Settings, Watcher


class Easel:
    """The cheap engine, which counts; `hold` keeps it from finishing until it is told."""

    def __init__(self) -> None:
        self.painted: list[str] = []
        self.hold: Callable[[], bool] = lambda: False

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Any) -> Take:
        while self.hold():
            tell(1, 2)
            time.sleep(0.01)
        take = paint_cheaply(recipe, blobs, tell)
        self.painted.append(recipe.prompt)
        return take


class Watched:
    """A watcher that is turned by hand, and everything it said."""

    def __init__(self, folder: Path, easel: Easel | None = None, **settings: Any) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.easel = easel or Easel()
        quick = {"settle": 0.05, "patience": 0.3, "grace": 0.1}
        self.watcher = Watcher(Settings(folder, **quick | settings), lambda *said: self.said.append(said), self.easel)

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self.watcher.close()

    def until(self, ready: Callable[[], Any], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, self.said
            self.watcher.turn()
            time.sleep(0.01)

    def rest(self) -> "Watched":
        """Turn until nothing is left to do."""
        self.watcher.turn()
        self.until(lambda: not self.watcher.busy)
        return self

    def told(self, what: str) -> list[dict[str, Any]]:
        return [facts for said, facts in self.said if said == what]


def knobs(folder: Path, text: str) -> Path:
    place = folder / "underpaint.toml"
    place.write_text(text, encoding="utf-8")
    return place


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


TWO = 'words = "a girl on a cliff"\nkeys = 2\n'
LAYERS = {"keys.psd", "keys.ora", "sheet.png"}
