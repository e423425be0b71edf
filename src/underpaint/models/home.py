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
        return Path(chosen).expanduser().absolute()
    return Path(platformdirs.user_data_dir("underpaint", appauthor=False))
