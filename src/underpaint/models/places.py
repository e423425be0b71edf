"""Where other programs keep their models: AUTOMATIC1111 and its forks, ComfyUI, InvokeAI, plain folders.

Nothing is moved or copied: a place is a list of folders to look into.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from underpaint.errors import ModelError
from underpaint.models.header import unreadable
from underpaint.models.home import plain

Program = Literal["a1111", "comfyui", "invoke", "folder"]
EXTRA_PATHS = "extra_model_paths.yaml"
_MAX_YAML_BYTES = 1 << 20
_NOT_MODELS = {"custom_nodes", "configs", "base_path", "is_default", "download_model_base"}
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
    """A folder somebody added: which program laid it out, and which folders of it hold models."""

    root: Path
    program: Program
    folders: tuple[Path, ...]


def recognise_place(path: Path) -> Place:
    """Say which program's folder this is. An ``extra_model_paths.yaml`` may be given in place of a folder.

    Raises:
        ModelError: there is no such folder, it may not be read, or the YAML cannot be understood.
    """
    path = plain(path)
    inner: tuple[Path, ...]
    try:
        if path.is_file() and path.suffix in (".yaml", ".yml"):
            return Place(path, "comfyui", tuple(extra_model_paths(path)))
        path.stat()
        if path.is_file():
            return Place(path, "folder", (path,))
        names = {entry.name for entry in path.iterdir()}
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if (path / "models" / "Stable-diffusion").is_dir():
        inner = (path / "models", path / "embeddings", path / "extensions" / "sd-webui-controlnet" / "models")
        return Place(path, "a1111", tuple(folder for folder in inner if folder.is_dir()))
    if (path / "models" / "checkpoints").is_dir() and ({"comfy", "folder_paths.py", EXTRA_PATHS} & names):
        extra = extra_model_paths(path / EXTRA_PATHS) if EXTRA_PATHS in names else []
        return Place(path, "comfyui", (path / "models", *extra))
    if ({"invokeai.yaml", "databases"} & names) and (path / "models").is_dir():
        inner = (path / "models", path / "autoimport")
        return Place(path, "invoke", tuple(folder for folder in inner if folder.is_dir()))
    return Place(path, "folder", (path,))


def extra_model_paths(path: Path) -> list[Path]:
    """The folders that a ComfyUI ``extra_model_paths.yaml`` names and that exist.

    Each section has an optional ``base_path`` and, per kind of model, one or more lines of folders relative
    to it.

    Raises:
        ModelError: the file is too large, not YAML, or not made of sections.
    """
    try:
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise ModelError(f"{path} is too large for a list of folders")
        data = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"{path} is not YAML that can be read ({reason:.120})", hint="Check its indentation."
        ) from error
    if data is None:
        return []
    if not isinstance(data, dict):
        raise ModelError(f"{path} is not a list of sections", hint="See ComfyUI's extra_model_paths.yaml.example.")
    found: dict[Path, None] = {}
    for section in data.values():
        if isinstance(section, dict):
            found.update(dict.fromkeys(_section(path.parent, section)))
    return [folder for folder in found if folder.is_dir()]


def walk(folder: Path, problems: list[tuple[Path, str]]) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below `folder` with its file names, sorted, links followed, each real folder once.

    A caller may empty the list of names to say that the folder is one model and need not be entered.
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


def _section(beside: Path, section: dict[Any, Any]) -> Iterator[Path]:
    base = beside / _expanded(str(section.get("base_path") or "."))
    for kind, lines in section.items():
        if kind in _NOT_MODELS or not isinstance(lines, str):
            continue
        for line in lines.split("\n"):
            if line.strip() and "\0" not in line:
                yield plain(base / _expanded(line.strip()))


def _expanded(text: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(text)))  # noqa: PTH111 (never raises, unlike pathlib's)
