"""The index: every model file below the added folders with its description, and what could not be used and why.

It is only a cache, kept as JSON in Underpaint's home: lost or damaged, it is built again.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from underpaint.errors import ModelError, OutputError
from underpaint.files import atomic_write
from underpaint.models.adapters import way_out
from underpaint.models.describe import describe
from underpaint.models.description import ModelDescription
from underpaint.models.folders import adapter_file, hashed_files
from underpaint.models.header import PICKLE_HINT, PICKLE_SUFFIXES, read_json
from underpaint.models.places import Place, recognise_place, walk

_SCHEMA = 3
_MAX_BYTES = 256 * 2**20
_GENERIC = ("learned_embeds", "pytorch_lora_weights", "adapter_model")


@dataclass(frozen=True)
class Problem:
    """A file or folder that cannot be used, why, and the way out, one line each."""

    path: Path
    why: str
    hint: str = ""


@dataclass(frozen=True)
class Entry:
    """A description, and the size and time of change of the file it was read from; of a folder's files their sum and
    the latest.
    """

    size: int
    mtime_ns: int
    model: ModelDescription


@dataclass(frozen=True)
class Index:
    """What was found below the added folders, by path, and when each of these folders, and of the files that could not
    be used, last changed."""

    entries: dict[str, Entry] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    folders: dict[str, int] = field(default_factory=dict)

    def models(self) -> list[ModelDescription]:
        """All descriptions, those of unknown layout too."""
        return [entry.model for entry in self.entries.values()]


def scan(roots: Iterable[str], former: Index) -> Index:
    """Look through all folders; a file that `former` knows and that has not changed is not opened again."""
    entries: dict[str, Entry] = {}
    looked: set[Path] = set()
    problems: list[tuple[Path, str]] = []
    folders: dict[str, int] = {}
    for root in roots:
        try:
            place = recognise_place(Path(root))
        except ModelError as error:
            problems.append((Path(root), error.message))
            continue
        problems += place.problems
        for folder in place.folders:
            for path in _candidates(folder, problems, folders):
                if path not in looked:
                    looked.add(path)
                    _look(path, former, entries, problems)
                    _call(path, place, entries)
    for path, _ in problems:  # half a download is whole one day, and its folder does not tell
        with contextlib.suppress(OSError):
            folders.setdefault(str(path), path.stat().st_mtime_ns)
    return Index(entries, tuple(Problem(path, why, _way_out(why)) for path, why in problems), folders)


def is_stale(index: Index) -> bool:
    """Whether a file was added, renamed or taken away since; asks the system only about folders, and
    files that could not be used."""
    for path, mtime_ns in index.folders.items():
        try:
            if Path(path).stat().st_mtime_ns != mtime_ns:
                return True
        except OSError:
            return True
    return False


def _way_out(why: str) -> str:
    """What can be done about a file that cannot be used."""
    if "pickle" in why:
        return PICKLE_HINT
    if why.endswith(": not supported"):
        if "Control-LoRA" in why:
            return way_out("Control-LoRA")
        return "Of LoRAs, LoCon, LoHa, LoKr, DoRA, IA3 and whole differences work, too."
    if why.endswith(" is not supported"):
        return way_out(why.partition(": ")[2].removesuffix(" is not supported"))
    return "Download the file again." if "cut off" in why or "damaged" in why or "is empty" in why else ""


def stamp_of(entry: Entry) -> tuple[int, int]:
    """Size and time of change, which tell whether a file must be opened again."""
    return entry.size, entry.mtime_ns


def load_index(path: Path) -> Index:
    """The index as it was saved; an empty one if there is none that can be read."""
    try:
        data = read_json(path, limit=_MAX_BYTES)
    except ModelError:
        return Index()
    if data.get("schema") != _SCHEMA:
        return Index()
    entries, problems = data.get("entries"), data.get("problems")
    parsed = [entry for item in entries if (entry := _parse(item))] if isinstance(entries, list) else []
    found = dict(parsed)
    pairs = [pair for pair in problems if _is_pair(pair)] if isinstance(problems, list) else []
    times = data.get("folders")
    folders = {at: time for at, time in times.items() if type(time) is int} if isinstance(times, dict) else {}
    return Index(found, tuple(Problem(Path(at), why, _way_out(why)) for at, why in pairs), folders)


def save_index(path: Path, index: Index) -> None:
    """Keep the index for the next time; a place that cannot be written only means that there will be none."""
    entries = [
        {"path": path, "size": entry.size, "mtime_ns": entry.mtime_ns, "model": entry.model.model_dump(mode="json")}
        for path, entry in index.entries.items()
    ]
    problems = [[str(problem.path), problem.why] for problem in index.problems]
    data = {"schema": _SCHEMA, "entries": entries, "problems": problems, "folders": index.folders}
    with contextlib.suppress(OutputError), atomic_write(path) as file:
        file.write(json.dumps(data).encode("ascii"))


def _candidates(folder: Path, problems: list[tuple[Path, str]], times: dict[str, int]) -> Iterable[Path]:
    if folder.is_file():
        yield folder
        return
    for place, files in walk(folder, problems, times):
        part = "config.json" in files and any(name.endswith(".safetensors") for name in files)
        if "model_index.json" in files or part or adapter_file(place):
            files.clear()  # one model: not entered any further
            yield place
            continue
        yield from (place / name for name in files if _may_be_model(name))


def _may_be_model(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    # .bin is too common outside models to be worth a line each, but for what diffusers calls so
    return suffix == ".safetensors" or (suffix in PICKLE_SUFFIXES and (suffix != ".bin" or name.startswith(_GENERIC)))


def _look(path: Path, former: Index, entries: dict[str, Entry], problems: list[tuple[Path, str]]) -> None:
    try:
        str(path).encode()  # a name that is not text cannot be written into the index
        stamp = _size_and_time(path)
        known = former.entries.get(str(path))
        if known is None or stamp_of(known) != stamp:
            known = Entry(*stamp, describe(path).with_(name=_name(path)))
    except ModelError as error:
        problems.append((path, error.message))
    except OSError as error:
        problems.append((path, f"{path} cannot be opened: {error.strerror}"))
    except UnicodeError:
        problems.append((path, f"the name of {os.fsencode(path)!r} is not text"))
    else:
        unsupported = any("not supported" in note for note in known.model.notes)
        if known.model.kind == "unknown" or unsupported:
            problems.append((path, f"{path.name}: {'; '.join(known.model.notes)}"))
        entries[str(path)] = known


def _size_and_time(path: Path) -> tuple[int, int]:
    if not path.is_dir():
        status = path.stat()
        return status.st_size, status.st_mtime_ns
    found = [file.stat() for file in hashed_files(path)]
    return sum(one.st_size for one in found), max((one.st_mtime_ns for one in found), default=0)


def _call(path: Path, place: Place, entries: dict[str, Entry]) -> None:
    """Let the model be found by the name that the program it belongs to shows, too."""
    name, known = place.names.get(path, ""), entries.get(str(path))
    own = known is not None and known.model.kind == "lora" and known.model.alias  # the name it was trained under
    if known is not None and name and not own and name not in (known.model.name, known.model.alias):
        entries[str(path)] = Entry(known.size, known.mtime_ns, known.model.with_(alias=name))


def _name(path: Path) -> str:
    cached = next((part for part in path.parts if part.startswith("models--")), None)
    if cached is not None and "snapshots" in path.parts:  # the hub's cache: models--owner--name/snapshots/revision
        return cached.removeprefix("models--").replace("--", "/", 1)
    if path.suffix == ".safetensors":  # what diffusers calls every file of a kind is named by its folder
        return path.parent.name if path.name.startswith(_GENERIC) else path.stem
    return path.name


def _parse(item: Any) -> tuple[str, Entry] | None:
    try:
        entry = Entry(int(item["size"]), int(item["mtime_ns"]), ModelDescription.model_validate(item["model"]))
        return str(item["path"]), entry
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
