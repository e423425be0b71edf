"""SwarmUI: folders named in ``Data/Settings.fds``.

FDS (FreneticDataSyntax) is text: ``key: value`` lines, sections by indentation (tabs or spaces), comments with #,
backslashes written as ``\\s``. Several folders stand in one value, parted by semicolons.
"""

from collections.abc import Set
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.programs.settings import Layout, existing, outermost, read_settings

_SETTINGS = "Data/Settings.fds"
_FOLDERS = ("SDModelFolder", "SDLoraFolder", "SDVAEFolder", "SDEmbeddingFolder", "SDControlNetsFolder", "SDClipFolder")
_BACKENDS = ("dlbackend/ComfyUI/models", "dlbackend/comfy/ComfyUI/models")
_ESCAPES = {"s": "\\", "t": "\t", "n": "\n", "r": "\r", "x": "", "d": ".", "c": ":", "e": "="}


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """SwarmUI's folder, by its settings or by its solution file."""
    settings, problems = path / _SETTINGS, []
    if not settings.is_file():
        if not ("SwarmUI.sln" in names and (path / "Models").is_dir()):
            return None
        return Layout("swarmui", outermost(_own(path, [path / "Models"])))
    told: dict[str, str] = {}
    try:
        told = parse_fds(read_settings(settings))
    except ModelError as error:
        problems.append((settings, error.message))
    roots, refused = existing(path, told.get("Paths.ModelRoot", "Models").split(";"), settings)
    problems += refused
    for key in _FOLDERS:
        # those inside a root are covered by it; what matters here are folders elsewhere
        names_told = told.get(f"Paths.{key}", "").split(";")
        found, refused = existing(roots[0] if roots else path, names_told, settings)
        roots += found
        problems += refused
    return Layout("swarmui", outermost(_own(path, roots)), problems=tuple(problems))


def parse_fds(text: str) -> dict[str, str]:
    """Every value of an FDS text by its full key, such as ``Paths.ModelRoot``; lists are left out."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for raw in text.splitlines():
        line = raw.expandtabs(4).rstrip()
        bare = line.lstrip()
        if not bare or bare.startswith(("#", "- ")):
            continue
        key, colon, value = bare.partition(":")
        if not key.strip() or not colon or len(above) > 32:
            continue
        indent = len(line) - len(bare)
        while above and above[-1][0] >= indent:
            above.pop()
        full = ".".join([*(name for _, name in above), unescaped(key.strip())])
        if value.strip():
            found[full] = unescaped(value.strip())
        else:
            above.append((indent, unescaped(key.strip())))
    return found


def unescaped(text: str) -> str:
    """An FDS value as it was before it was written."""
    parts = text.split("\\")
    return parts[0] + "".join(_ESCAPES.get(part[:1], "\\" + part[:1]) + part[1:] for part in parts[1:])


def _own(path: Path, roots: list[Path]) -> list[Path]:
    return [*roots, *(path / folder for folder in _BACKENDS if (path / folder).is_dir())]
