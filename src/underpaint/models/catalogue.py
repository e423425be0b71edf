"""The models on this machine: folders indexed in place, and the one `find` that turns a name into a model."""

import difflib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.models.describe import describe, require_known
from underpaint.models.description import KIND_NAMES, Kind, ModelDescription
from underpaint.models.folders import adapter_file
from underpaint.models.hashes import HashStore
from underpaint.models.header import PICKLE_HINT, PICKLE_SUFFIXES, read_json
from underpaint.models.home import plain, underpaint_home
from underpaint.models.hub import hub_folder, is_hub_id
from underpaint.models.places import Place, recognise_place, walk
from underpaint.models.primer import PRIMER, primer_folder

_SCHEMA = 1
_FOLDERS, _INDEX = "models.json", "models-index.json"
_MAX_INDEX_BYTES = 256 * 2**20
_HASH = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Problem:
    """A file or folder that cannot be used, and why, in one line."""

    path: Path
    why: str


@dataclass(frozen=True)
class _Entry:
    size: int
    mtime_ns: int
    model: ModelDescription


class Catalogue:
    """The models in the folders a person added. Everything is written below `home` (Underpaint's own, by
    default).
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or underpaint_home()
        self.hashes = HashStore(self.home)
        self._entries: dict[str, _Entry] | None = None
        self._problems: tuple[Problem, ...] = ()

    def folders(self) -> tuple[Place, ...]:
        """The folders that were added, each with the program that laid it out."""
        places = []
        for text in self._roots():
            try:
                places.append(recognise_place(Path(text)))
            except ModelError:
                places.append(Place(Path(text), "folder", ()))
        return tuple(places)

    def add(self, path: str | Path) -> Place:
        """Index a folder (or a single file, or an ``extra_model_paths.yaml``) in place.

        Raises:
            ModelError: it does not exist or may not be read; for a single file also when it is not a usable
            model.
        """
        place = recognise_place(Path(path))
        if place.root.is_file() and place.program == "folder":
            require_known(describe(place.root))
        roots = self._roots()
        if str(place.root) not in roots:
            self._write(_FOLDERS, {"schema": _SCHEMA, "folders": [*roots, str(place.root)]})
        self.refresh()
        return place

    def remove(self, path: str | Path) -> Path:
        """Forget a folder that was added; the folder itself is not touched.

        Raises:
            ModelError: that folder was never added.
        """
        wanted = str(plain(path))
        roots = self._roots()
        if wanted not in roots:
            known = ", ".join(roots) or "none"
            raise ModelError(f"{path} is not one of the models folders", hint=f"Those added: {known}.")
        self._write(_FOLDERS, {"schema": _SCHEMA, "folders": [root for root in roots if root != wanted]})
        self.refresh()
        return Path(wanted)

    def models(self, kind: Kind | None = None) -> tuple[ModelDescription, ...]:
        """The built-in model and everything indexed, by name; files of unknown layout are left out."""
        found = [model for model in self._all() if model.kind != "unknown" and _fits(model, kind)]
        return tuple(sorted(found, key=lambda model: (model.name != PRIMER, model.kind, model.name.lower())))

    def problems(self) -> tuple[Problem, ...]:
        """What the last `refresh` could not use: pickles, damaged files, folders that may not be read."""
        return self._problems

    def refresh(self) -> tuple[Problem, ...]:
        """Look through all folders again; only new and changed files are opened. Returns what cannot be
        used.
        """
        former = self._load()
        entries: dict[str, _Entry] = {}
        problems: list[tuple[Path, str]] = []
        for root in self._roots():
            try:
                place = recognise_place(Path(root))
            except ModelError as error:
                problems.append((Path(root), error.message))
                continue
            for folder in place.folders:
                for path in _candidates(folder, problems):
                    _index(path, former, entries, problems)
        self._entries = entries
        self._problems = tuple(Problem(path, why) for path, why in problems)
        self._write(_INDEX, {"schema": _SCHEMA, "entries": [_dump(entry) for entry in entries.values()]})
        return self._problems

    def find(
        self,
        name: str | Path | None,
        *,
        kind: Kind | None = None,
        sha256: str | None = None,
        online: bool = False,
    ) -> ModelDescription:
        """The model that a name, file name, path, hash prefix or hub id means; None is the built-in Primer.

        `kind` narrows the search (``vae`` also finds tiny ones). `sha256` (or its beginning) settles which
        one is meant where several share a name. Hub ids are found in the hub's cache, and fetched only when
        `online`.

        Raises:
            ModelError: nothing or too much fits, or what fits is a pickle, damaged or of another kind.
        """
        said = str(name) if name is not None else PRIMER
        if said.lower() == PRIMER and (kind is None or kind == "checkpoint"):
            return self._with_hash(describe(primer_folder()))
        by_path = self._by_path(said, kind)
        if by_path is not None:
            return by_path
        found = self._search(said, kind, sha256)
        if not found:
            self.refresh()
            found = self._search(said, kind, sha256)
        if len(found) == 1:
            return self._with_hash(describe(found[0].path).with_(name=found[0].name))
        if len(found) > 1:
            paths = ", ".join(str(model.path) for model in found[:4])
            raise ModelError(f"{len(found)} models are called '{said}'", hint=f"Give the path of one: {paths}.")
        if is_hub_id(said):
            folder = hub_folder(said, online=online)
            if folder is not None:
                return self._with_hash(_checked(describe(folder), kind).with_(name=said))
        raise self._unknown(said, kind, online)

    def _by_path(self, said: str, kind: Kind | None) -> ModelDescription | None:
        if not said.strip():
            return None
        path = plain(said)
        try:
            exists = path.exists()
        except (OSError, ValueError):
            exists = False
        named_as_path = len(Path(said).parts) > 1 or path.suffix == ".safetensors"
        if exists and (named_as_path or (path.is_dir() and (path / "model_index.json").exists())):
            return self._with_hash(_checked(require_known(describe(path)), kind))
        return None

    def _search(self, said: str, kind: Kind | None, sha256: str | None) -> list[ModelDescription]:
        named = re.fullmatch(r"(.+?) \[([0-9a-f]{8,64})\]", said)  # A1111 writes "name [hash]"
        if named:
            said, sha256 = named[1], sha256 or named[2]
        models = [model for model in self._all() if _fits(model, kind) and model.kind != "unknown"]
        found = [model for model in models if _called(model, said)]
        if len(found) != 1 and sha256:
            by_hash = [model for model in (found or models) if self._has_hash(model, sha256)]
            found = by_hash or found
        if not found and _HASH.fullmatch(said.lower()):
            found = [model for model in models if self._has_hash(model, said.lower())]
        return found

    def _has_hash(self, model: ModelDescription, beginning: str) -> bool:
        known = self.hashes.known(model.path)
        return known is not None and (known.sha256.startswith(beginning) or (known.autov3 or "").startswith(beginning))

    def _unknown(self, said: str, kind: Kind | None, online: bool) -> ModelError:
        refused = next(
            (
                problem
                for problem in self._problems
                if said.lower() in (problem.path.name.lower(), problem.path.stem.lower())
            ),
            None,
        )
        if refused is not None:
            return ModelError(refused.why, hint=PICKLE_HINT if "pickle" in refused.why else "Download the file again.")
        other = [model for model in self._all() if _called(model, said)]
        if other:
            return ModelError(f"'{said}' is {other[0].kind_name}, not {KIND_NAMES[kind or 'unknown']}")
        names = [model.name for model in self.models(kind)]
        folded = {name.lower(): name for name in names}
        near = [folded[name] for name in difflib.get_close_matches(said.lower(), folded, n=4, cutoff=0.5)]
        near = near or [name for name in names if said.lower() in name.lower()][:4]
        hint = f"Near it: {', '.join(near)}." if near else "See 'underpaint models list', or add a folder of models."
        if is_hub_id(said) and not online:
            hint += " It could be a model on the hub, which is only fetched when asked to be online."
        return ModelError(f"there is no {kind or 'model'} called '{said:.200}'", hint=hint)

    def _all(self) -> list[ModelDescription]:
        entries = self._load()
        primer = [describe(primer_folder())] if (primer_folder() / "model_index.json").is_file() else []
        return primer + [entry.model for entry in entries.values()]

    def _with_hash(self, model: ModelDescription) -> ModelDescription:
        known = self.hashes.known(model.path)
        return model.with_(sha256=known.sha256, autov3=known.autov3) if known else model

    def _roots(self) -> list[str]:
        data = self._read(_FOLDERS)
        return [root for root in data.get("folders", []) if isinstance(root, str)]

    def _load(self) -> dict[str, _Entry]:
        if self._entries is None:
            self._entries = {}
            for item in self._read(_INDEX).get("entries", []):
                entry = _parse(item)
                if entry is not None:
                    self._entries[str(entry.model.path)] = entry
        return self._entries

    def _read(self, name: str) -> dict[str, Any]:
        path = self.home / name
        if not path.is_file():
            return {}
        try:
            data = read_json(path, limit=_MAX_INDEX_BYTES)
        except ModelError:
            if name == _INDEX:
                return {}  # only a cache: it is built again
            raise
        return data if data.get("schema") == _SCHEMA else {}

    def _write(self, name: str, data: dict[str, Any]) -> None:
        with atomic_write(self.home / name) as file:
            file.write(json.dumps(data, indent=1).encode("ascii"))


def find(name: str | Path | None, *, kind: Kind | None = None, online: bool = False) -> ModelDescription:
    """`Catalogue().find`: the model that a name, path, hash prefix or hub id means; None is the built-in
    Primer.
    """
    return Catalogue().find(name, kind=kind, online=online)


def _candidates(folder: Path, problems: list[tuple[Path, str]]) -> Iterable[Path]:
    if folder.is_file():
        yield folder
        return
    for place, files in walk(folder, problems):
        if "model_index.json" in files or ("config.json" in files and _has_weights(files)) or adapter_file(place):
            files.clear()
            yield place
            continue
        yield from (place / name for name in files if _may_be_model(name))


def _has_weights(files: list[str]) -> bool:
    return any(name.endswith(".safetensors") for name in files)


def _may_be_model(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    # .bin is too common outside models to be worth a line each
    return suffix == ".safetensors" or suffix in PICKLE_SUFFIXES - {".bin"}


def _index(path: Path, former: dict[str, _Entry], entries: dict[str, _Entry], problems: list[tuple[Path, str]]) -> None:
    try:
        str(path).encode()  # a name that is not text cannot be written into the index
        status = (path / "model_index.json" if (path / "model_index.json").is_file() else path).stat()
        known = former.get(str(path))
        if known is None or (known.size, known.mtime_ns) != (status.st_size, status.st_mtime_ns):
            known = _Entry(status.st_size, status.st_mtime_ns, describe(path).with_(name=_name(path)))
    except ModelError as error:
        problems.append((path, error.message))
    except OSError as error:
        problems.append((path, f"{path} cannot be opened: {error.strerror}"))
    except UnicodeError:
        problems.append((path, f"the name of {os.fsencode(path)!r} is not text"))
    else:
        if known.model.kind == "unknown":
            problems.append((path, f"{path.name}: {'; '.join(known.model.notes)}"))
        entries[str(path)] = known


def _name(path: Path) -> str:
    cached = next((part for part in path.parts if part.startswith("models--")), None)
    if cached is not None and "snapshots" in path.parts:  # the hub's cache: models--owner--name/snapshots/revision
        return cached.removeprefix("models--").replace("--", "/", 1)
    return path.stem if path.suffix == ".safetensors" else path.name


def _called(model: ModelDescription, said: str) -> bool:
    low = said.lower().replace("\\", "/")
    path = model.path.as_posix().lower()
    names = {
        model.name.lower(),
        model.path.name.lower(),
        model.path.stem.lower(),
    }
    ends = "/" in low and (path.endswith("/" + low) or path.removesuffix(".safetensors").endswith("/" + low))
    return low in names or ends


def _fits(model: ModelDescription, kind: Kind | None) -> bool:
    return kind is None or model.kind == kind or (kind == "vae" and model.kind == "tiny_vae")


def _checked(model: ModelDescription, kind: Kind | None) -> ModelDescription:
    if not _fits(model, kind):
        raise ModelError(f"{model.path.name} is {model.kind_name}, not {KIND_NAMES[kind or 'unknown']}")
    return model


def _dump(entry: _Entry) -> dict[str, Any]:
    return {"size": entry.size, "mtime_ns": entry.mtime_ns, "model": entry.model.model_dump(mode="json")}


def _parse(item: Any) -> _Entry | None:
    try:
        return _Entry(int(item["size"]), int(item["mtime_ns"]), ModelDescription.model_validate(item["model"]))
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
