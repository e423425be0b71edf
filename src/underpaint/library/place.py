"""Where the library lies; known without opening it."""

import os
from pathlib import Path

from underpaint.models.home import plain, underpaint_home


def default_library() -> Path:
    """`UNDERPAINT_LIBRARY` if set, else `library` in Underpaint's own folder. Not made until something is kept."""
    chosen = os.environ.get("UNDERPAINT_LIBRARY", "").strip()
    return plain(chosen) if chosen else underpaint_home() / "library"
