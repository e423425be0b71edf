"""The drawings that ship with the package, each with a sentence to try it with.

They were drawn by this package's own code (`underpaint.demo.make`), so nobody's work is in them.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path


@dataclass(frozen=True)
class DemoDrawing:
    """A drawing on disk and what to ask for."""

    name: str
    path: Path
    words: str


_SHIPPED = {
    "girl-on-cliff": ("girl-on-cliff.png", "a girl with a sword on a cliff above the sea"),
    "harbour-photo": ("harbour-photo.jpg", "a sailing boat in a harbour, a cat on the wall"),
}


def drawings() -> dict[str, DemoDrawing]:
    """The shipped drawings by name, the first one first."""
    found = {}
    for name, (file, words) in _SHIPPED.items():
        with as_file(files(__name__) / file) as path:
            found[name] = DemoDrawing(name, path, words)
    return found
