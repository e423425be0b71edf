"""Underpaint's own folder: where the list of models folders, the index and the hashes live."""

import os
from pathlib import Path

import platformdirs


def underpaint_home() -> Path:
    """`UNDERPAINT_HOME` if set, else the place this system keeps a program's data. Not made until something
    is kept.
    """
    chosen = os.environ.get("UNDERPAINT_HOME", "").strip()
    if chosen:
        return plain(chosen)
    return Path(platformdirs.user_data_dir("underpaint", appauthor=False))


def plain(path: str | Path) -> Path:
    """An absolute path without ``~`` and ``..``. Links stay as they are: people know their folders by those names."""
    # pathlib would follow links, and raise where there is no such user
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111
