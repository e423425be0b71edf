"""Fooocus and RuinedFooocus: folders named in ``config.txt`` (JSON in spite of its name) or ``settings/paths.json``."""

from collections.abc import Set
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.header import read_json
from underpaint.models.programs.settings import MAX_SETTINGS_BYTES, Layout, existing, outermost, strings

_FILES = ("config.txt", "settings/paths.json")
_KEYS = ("path_checkpoints", "path_loras", "path_embeddings", "path_vae", "path_vae_approx", "path_upscale_models",
         "path_inpaint", "path_controlnet", "path_clip")  # fmt: skip
_MARKS = {"fooocus_version.py", "config_modification_tutorial.txt"}


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """Fooocus' folder, or the packed one around it."""
    if "Fooocus" in names and (path / "Fooocus" / "fooocus_version.py").is_file():
        path, names = path / "Fooocus", _MARKS
    told: list[str] = []
    problems: list[tuple[Path, str]] = []
    for file in _FILES:
        if (path / file).is_file():
            try:
                settings = read_json(path / file, limit=MAX_SETTINGS_BYTES)
            except ModelError as error:
                problems.append((path / file, error.message))
                continue
            found, refused = existing(path, [one for key in _KEYS for one in strings(settings.get(key))], path / file)
            told += [str(folder) for folder in found]
            problems += refused
    if not told and not (_MARKS & names and (path / "models").is_dir()):
        return None  # a file called config.txt may be anybody's
    folders = [*([path / "models"] if (path / "models").is_dir() else []), *(Path(text) for text in told)]
    return Layout("fooocus", outermost(folders), problems=tuple(problems))
