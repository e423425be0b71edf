"""What reading other programs' settings has in common: small files, and paths that are believed only so far."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

from underpaint.errors import ModelError
from underpaint.models.header import unreadable
from underpaint.models.home import plain
from underpaint.plain_yaml import load_yaml

Program = Literal["a1111", "comfyui", "invoke", "fooocus", "swarmui", "stability-matrix", "folder"]
MAX_SETTINGS_BYTES = 1 << 20
_MAX_FOLDERS = 1000


@dataclass(frozen=True)
class Layout:
    """What one program's folder holds: folders (or single files) with models, the names it gives to some of them,
    and lines about settings that could not be followed.
    """

    program: Program
    folders: tuple[Path, ...]
    names: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[tuple[Path, str], ...] = ()


def read_settings(path: Path) -> str:
    """The text of a small settings file.

    Raises:
        ModelError: it cannot be read, is larger than 1 MiB, or not text.
    """
    try:
        if path.stat().st_size > MAX_SETTINGS_BYTES:
            raise ModelError(
                f"{path} is too large for a file of settings", hint="Add its folders of models one by one."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    for encoding in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ModelError(f"{path} is not text", hint="Add its folders of models one by one.")


def read_yaml(path: Path) -> Any:
    """The data of a small YAML file, with plain types only.

    Raises:
        ModelError: as `read_settings`, or it is not YAML, or has merge keys.
    """
    try:
        if path.stat().st_size > MAX_SETTINGS_BYTES:
            raise ModelError(f"{path} is too large for a list of folders")
        return load_yaml(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"{path} is not YAML that can be read ({reason:.120})", hint="Check its indentation."
        ) from error


def existing(base: Path, told: Iterable[object], source: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The folders and files that settings name (relative to `base`) and that exist, and lines about those refused.

    A place on the network is not even looked at unless the settings lie there themselves: looking would call a
    stranger's server. The root of a disk is no folder of models.
    """
    found: dict[Path, None] = {}
    problems = []
    for text in list(told)[:_MAX_FOLDERS]:
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            continue
        path = plain(base / expanded(text.strip().strip("\"'")))
        if (on_network(text) or on_network(str(path))) and not on_network(str(source)):
            problems.append(
                (source, f"{source.name} names {text:.120}, which lies on the network: add that folder itself")
            )
        elif path == Path(path.anchor):
            problems.append(
                (source, f"{source.name} names the whole disk {text:.120}: add the folder of models itself")
            )
        elif _exists(path):
            found[path] = None
    return list(found), problems


def expanded(text: str) -> Path:
    """A path with ``~`` and environment variables filled in, and backslashes understood where they are ours."""
    return Path(os.path.expandvars(os.path.expanduser(text)))  # noqa: PTH111 (never raises, unlike pathlib's)


def on_network(said: str) -> bool:
    """Whether a path names another machine (``//server/share``, ``\\\\server\\share``)."""
    return said.replace("\\", "/").startswith("//")


def outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders that lie inside no other one of them, in order."""
    kept = list(dict.fromkeys(folders))
    return tuple(path for path in kept if not any(path != other and path.is_relative_to(other) for other in kept))


def strings(value: object) -> Iterator[str]:
    """A text, or every text of a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))


def assignments(text: str) -> dict[str, str]:
    """``set NAME=value`` of a batch file and ``export NAME=value`` of a shell script, comments left out."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"\s*@?(?:set|export)?\s*\"?([A-Za-z_]\w{0,63})=(.{0,4000})", line)
        if match and not re.match(r"\s*(#|@?rem\b|::)", line, re.IGNORECASE):
            found[match[1]] = _unquoted(match[2].strip())
    return found


def _unquoted(value: str) -> str:
    """A value without the quotes around the whole of it; those inside stay."""
    whole = re.match(r"\"((?:\\.|[^\"\\])*)\"|'([^']*)'", value)
    if whole:
        return whole[1] if whole[1] is not None else whole[2]
    # set "NAME=value": the first quote stands before the name
    return value.removesuffix('"') if value.count('"') % 2 else value


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
