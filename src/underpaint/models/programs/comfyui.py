"""ComfyUI: its models folder, and the folders that ``extra_model_paths.yaml`` adds."""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError
from underpaint.models.home import plain
from underpaint.models.programs.settings import Layout, existing, expanded, outermost, read_yaml

EXTRA_PATHS = "extra_model_paths.yaml"
_DESKTOP_PATHS = "extra_models_config.yaml"
_MARKS = {"comfy", "folder_paths.py", "custom_nodes", EXTRA_PATHS, _DESKTOP_PATHS}
_NOT_MODELS = {"custom_nodes", "configs", "base_path", "is_default", "download_model_base"}


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """ComfyUI's folder, or the portable one around it."""
    if "ComfyUI" in names and (path / "ComfyUI" / "models" / "checkpoints").is_dir():
        path = path / "ComfyUI"
        names = {entry.name for entry in path.iterdir()}
    if not ((path / "models" / "checkpoints").is_dir() and (_MARKS & names)):
        return None
    folders, problems = [path / "models"], []
    for extra in (EXTRA_PATHS, _DESKTOP_PATHS):
        if extra in names:
            found, refused = listed_folders(path / extra)
            folders += found
            problems += refused
    return Layout("comfyui", outermost(folders), problems=tuple(problems))


def listed_folders(path: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The folders that an ``extra_model_paths.yaml`` names and that exist, and lines about those refused.

    Each section has an optional ``base_path`` and, per kind of model, one or more lines of folders relative to it.

    Raises:
        ModelError: the file is too large, not YAML, or not made of sections.
    """
    data = read_yaml(path)
    if data is None:
        return [], []
    if not isinstance(data, dict):
        raise ModelError(f"{path} is not a list of sections", hint="See ComfyUI's extra_model_paths.yaml.example.")
    told: dict[str, None] = {}
    for section in data.values():
        if isinstance(section, dict):
            told.update(dict.fromkeys(str(folder) for folder in _section(path.parent, section)))
    found, problems = existing(path.parent, told, path)
    return [folder for folder in found if folder.is_dir()], problems


def _section(beside: Path, section: dict[Any, Any]) -> Iterator[Path]:
    base = beside / expanded(str(section.get("base_path") or "."))
    for kind, lines in section.items():
        if kind in _NOT_MODELS or not isinstance(lines, str):
            continue
        for line in lines.split("\n"):
            if line.strip() and "\0" not in line:
                yield plain(base / expanded(line.strip()))
