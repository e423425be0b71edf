"""The folders somebody added: which program laid them out, which of them hold models, and how to walk through them.

Nothing is moved or copied: a place is a list of folders to look into.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from underpaint.models.header import unreadable
from underpaint.models.home import plain
from underpaint.models.programs import RECOGNISERS
from underpaint.models.programs.comfyui import listed_folders
from underpaint.models.programs.settings import Program

_SKIPPED = {
    "venv",
    "env",
    "node_modules",
    "__pycache__",
    "site-packages",
    "outputs",
    "output",
    "input",
    "custom_nodes",
}
_MAX_DEPTH = 16


@dataclass(frozen=True)
class Place:
    """A folder somebody added: which program laid it out, which folders of it hold models, the names that program
    gives to some of them, and what of its settings could not be followed, one line each.
    """

    root: Path
    program: Program
    folders: tuple[Path, ...]
    names: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[tuple[Path, str], ...] = ()


def recognise_place(path: Path) -> Place:
    """Say which program's folder this is. An ``extra_model_paths.yaml`` may be given in place of a folder.

    Raises:
        ModelError: there is no such folder, it may not be read, or the YAML cannot be understood.
    """
    path = plain(path)
    try:
        if path.is_file() and path.suffix in (".yaml", ".yml"):
            folders, problems = listed_folders(path)
            return Place(path, "comfyui", tuple(folders), problems=tuple(problems))
        path.stat()
        if path.is_file():
            return Place(path, "folder", (path,))
        names = {entry.name for entry in path.iterdir()}
        for recognise in RECOGNISERS:
            found = recognise(path, names)
            if found is not None:
                return Place(path, found.program, found.folders, found.names, found.problems)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return Place(path, "folder", (path,))


def walk(
    folder: Path, problems: list[tuple[Path, str]], times: dict[str, int] | None = None
) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below `folder` with its file names, sorted, links followed, each real folder once.

    A caller may empty the list of names to say that the folder is one model and need not be entered. `times` is filled
    with the time of change (ns) of every folder, as it was before it was read.
    """
    seen: set[tuple[int, int]] = set()
    stack = [(folder, 0)]
    while stack:
        place, depth = stack.pop()
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if times is not None:
                times[str(place)] = status.st_mtime_ns
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            problems.append((place, unreadable(place, error).message))
            continue
        files = [entry.name for entry in entries if _is(entry, folder=False)]
        folders = [Path(entry.path) for entry in entries if _is(entry, folder=True) and _wanted(entry.name)]
        whole = list(files)
        yield place, files
        if (files or not whole) and depth < _MAX_DEPTH:
            stack += [(inner, depth + 1) for inner in reversed(folders)]


def _is(entry: os.DirEntry[str], *, folder: bool) -> bool:
    try:
        return entry.is_dir() if folder else entry.is_file()
    except OSError:
        return False  # a link that leads nowhere or round in a circle is no model


def _wanted(name: str) -> bool:
    return not name.startswith(".") and name not in _SKIPPED
