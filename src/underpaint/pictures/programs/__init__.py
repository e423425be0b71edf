"""The metadata of other programs, one file each, tried in order. A new program is a new file and a line here."""

from collections.abc import Callable

from underpaint.pictures.found import Found
from underpaint.pictures.programs import a1111, underpaint
from underpaint.pictures.reading import Reading

Reader = Callable[[Found], Reading | None]

READERS: tuple[Reader, ...] = (underpaint.read, a1111.read)
"""Our own first; then those whose marks cannot be mistaken; the loosest last."""
