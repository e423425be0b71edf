"""The drawings that ship with the package, each with a sentence to try it with.

They were drawn by this package's own code (`underpaint.demo.make`), so nobody's work is in them.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from underpaint.demo.hole import Shares


@dataclass(frozen=True)
class DemoDrawing:
    """A drawing on disk, what to ask for, and a place to paint again (left, top, right, bottom as shares)."""

    name: str
    path: Path
    words: str
    hole: Shares


_SHIPPED = {
    "girl-on-cliff": ("girl-on-cliff.png", "a girl with a sword on a cliff above the sea",
                      (0.04, 0.36, 0.26, 0.62)),
    "harbour-photo": ("harbour-photo.jpg", "a sailing boat in a harbour, a cat on the wall", (0.30, 0.10, 0.62, 0.50)),
}


def drawings() -> dict[str, DemoDrawing]:
    """The shipped drawings by name, the first one first."""
    found = {}
    for name, (file, words, hole) in _SHIPPED.items():
        with as_file(files(__name__) / file) as path:
            found[name] = DemoDrawing(name, path, words, hole)
    return found
