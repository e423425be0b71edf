"""The models on this machine: folders indexed in place, and the one `find` that turns a name into a model."""

import difflib
import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.models.changes import Changes, compare
from underpaint.models.describe import describe, require_known
from underpaint.models.description import KIND_NAMES, Kind, ModelDescription
from underpaint.models.duplicates import Duplicates, find_duplicates
from underpaint.models.hashes import HashStore, legacy_hash
from underpaint.models.header import read_json
from underpaint.models.home import plain, underpaint_home
from underpaint.models.hub import hub_folder, is_hub_id
from underpaint.models.index import Index, Problem, is_stale, load_index, save_index, scan
from underpaint.models.places import Place, recognise_place
from underpaint.models.primer import PRIMER, primer_folder
from underpaint.models.programs.settings import on_network

_SCHEMA = 1
_FOLDERS, _INDEX = "models.json", "models-index.json"
_HASH = re.compile(r"[0-9a-f]{8,64}")


class Catalogue:
    """The models in the folders a person added. What is kept lies in `home`, by default Underpaint's own.

    With `paths=False` nothing is found by a path, only what those folders hold: for names that strangers may send.
    """

    def __init__(self, home: Path | None = None, *, paths: bool = True) -> None:
        self.home = home or underpaint_home()
        self._paths = paths
        self.hashes = HashStore(self.home)
        self._found: Index | None = None
        self.changes = Changes()
        """What the last `refresh` found new, changed, gone and moved."""

    def folders(self) -> tuple[Place, ...]:
        """The folders that were added, each with the program that laid it out."""
        places = []
        for text in self.roots():
            try:
                places.append(recognise_place(Path(text)))
            except ModelError:
                places.append(Place(Path(text), "folder", ()))
        return tuple(places)

    def add(self, path: str | Path) -> Place:
        """Index a folder (or a single file, or an ``extra_model_paths.yaml``) in place.

        Raises:
            ModelError: it does not exist or may not be read; for a single file also when it is not a usable model.
            OutputError: Underpaint's home cannot be written.
        """
        place = recognise_place(Path(path))
        if place.root.is_file() and place.program == "folder":
            require_known(describe(place.root))
        roots = self.roots()
        if str(place.root) not in roots:
            self._keep([*roots, str(place.root)])
        self.refresh()
        return place

    def remove(self, path: str | Path) -> Path:
        """Forget a folder that was added; the folder itself is not touched.

        Raises:
            ModelError: that folder was never added.
            OutputError: Underpaint's home cannot be written.
        """
        wanted = str(plain(path))
        roots = self.roots()
        if wanted not in roots:
            known = ", ".join(roots) or "none"
            raise ModelError(f"{path} is not one of the models folders", hint=f"Those added: {known}.")
        self._keep([root for root in roots if root != wanted])
        self.refresh()
        return Path(wanted)

    def models(self, kind: Kind | None = None) -> tuple[ModelDescription, ...]:
        """The built-in model and everything indexed, by name; files of unknown layout are left out."""
        found = [model for model in self._all() if model.kind != "unknown" and _fits(model, kind)]
        return tuple(sorted(found, key=lambda model: (model.name != PRIMER, model.kind, model.name.lower())))

    def problems(self) -> tuple[Problem, ...]:
        """What the last `refresh` could not use: pickles, damaged files, folders that may not be read."""
        return self._index().problems

    def refresh(self) -> tuple[Problem, ...]:
        """Look through all folders again; only new and changed files are opened. Returns what cannot be used."""
        former = self._found or load_index(self.home / _INDEX)
        self._found = scan(self.roots(), former)
        self.changes = compare(former, self._found)
        if self.changes.moved:
            self.hashes.moved(self.changes.moved)
        if self._found != former:
            save_index(self.home / _INDEX, self._found)
        return self._found.problems

    def is_stale(self) -> bool:
        """Whether something was put into the folders or taken away since the last look; asks only about folders."""
        return is_stale(self._index())

    def scout(self) -> "Catalogue":
        """Another catalogue of the same folders and hashes, to look with while this one is asked."""
        other = Catalogue(self.home, paths=self._paths)
        other.hashes = self.hashes
        return other

    def take_over(self, scout: "Catalogue") -> None:
        """Know what a scout has found."""
        self._found, self.changes = scout._found, scout.changes

    def duplicates(self, progress: Callable[[Path], None] | None = None) -> tuple[Duplicates, ...]:
        """Files that hold the same weights, the largest waste first. Only what may be equal is read; `progress` is
        told of every file that has to be read whole.
        """
        return find_duplicates([model for model in self._all() if model.name != PRIMER], self.hashes, progress)

    def hash_in_background(self) -> int:
        """Hash everything that has no hash yet, in a thread that gives way; returns how much is waiting.

        LoRAs and embeddings come first: they are small, and pictures name them by hash alone.
        """
        small_first = sorted(self._index().models(), key=lambda model: model.file_bytes)
        for model in small_first:
            self.hashes.hash_soon(model.path, in_use=False)
        return self.hashes.waiting()

    def find(self, name: str | Path | None, *, kind: Kind | None = None, sha256: str | None = None,
             online: bool = False) -> ModelDescription:
        """The model that a name, file name, path, hash prefix or hub id means; None is the built-in Primer.

        `kind` narrows the search (``vae`` also finds tiny ones). `sha256` (or its beginning) settles which one is
        meant where several share a name, and finds a file again that was used by its path. Hub ids are found in the
        hub's cache, and fetched only when `online`.

        Raises:
            ModelError: nothing or too much fits, or what fits is a pickle, damaged or of another kind.
        """
        said = str(name) if name is not None else PRIMER
        if said.lower() == PRIMER and (kind is None or kind == "checkpoint"):
            return self._with_hash(_primer())
        by_path = self._by_path(said, kind)
        if by_path is not None:
            return by_path
        found = self._search(said, kind, sha256)
        if not found:
            self.refresh()
            found = self._search(said, kind, sha256) or self._by_hash_alone(kind, sha256)
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
        if not said.strip() or not self._paths:
            return None
        path = plain(said)
        if on_network(said) and not any(path.is_relative_to(root) for root in self.roots()):
            return None  # a name may come from a stranger's picture: merely looking would call the stranger's server
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
        found = found or [model for model in models if model.alias and model.alias.lower() == said.lower()]
        if len(found) != 1 and sha256:
            found = [model for model in (found or models) if self._has_hash(model, sha256)] or found
        if not found and _HASH.fullmatch(said.lower()):
            found = [model for model in models if self._has_hash(model, said.lower())]
        return found

    def _by_hash_alone(self, kind: Kind | None, sha256: str | None) -> list[ModelDescription]:
        path = self.hashes.path_of(sha256) if sha256 else None
        found = [describe(path)] if path is not None else []
        return [model for model in found if _fits(model, kind)]

    def _has_hash(self, model: ModelDescription, beginning: str) -> bool:
        known = self.hashes.known(model.path)
        if known is not None and (known.sha256.startswith(beginning) or (known.autov3 or "").startswith(beginning)):
            return True
        return len(beginning) == 8 and legacy_hash(model.path) == beginning

    def _unknown(self, said: str, kind: Kind | None, online: bool) -> ModelError:
        low = said.lower()
        if on_network(said):
            return ModelError(f"'{said:.200}' lies on the network and in no folder of models that was added",
                              hint="Add its folder with 'underpaint models add'.")
        for problem in self.problems():
            if low in (problem.path.name.lower(), problem.path.stem.lower()):
                return ModelError(problem.why, hint=problem.hint or "Download the file again.")
        other = [model for model in self._all() if _called(model, said)]
        if other:
            return ModelError(f"'{said}' is {other[0].kind_name}, not {KIND_NAMES[kind or 'unknown']}")
        names = {model.name.lower(): model.name for model in self.models(kind)}
        near = [names[found] for found in difflib.get_close_matches(low[:200], names, n=4, cutoff=0.5)]
        near = near or [name for found, name in names.items() if low and low in found][:4]
        hint = f"Near it: {', '.join(near)}." if near else "See 'underpaint models list', or add a folder of models."
        if is_hub_id(said) and not online:
            hint += " It could be a model on the hub, which is only fetched when asked to be online."
        return ModelError(f"there is no {kind or 'model'} called '{said:.200}'", hint=hint)

    def _all(self) -> list[ModelDescription]:
        primer = [_primer()] if (primer_folder() / "model_index.json").is_file() else []
        return primer + self._index().models()

    def _with_hash(self, model: ModelDescription) -> ModelDescription:
        known = self.hashes.known(model.path)
        return model.with_(sha256=known.sha256, autov3=known.autov3) if known else model

    def roots(self) -> list[str]:
        """The folders that were added, as text."""
        path = self.home / _FOLDERS
        data = read_json(path) if path.is_file() else {}
        folders = data.get("folders") if data.get("schema") == _SCHEMA else None
        return [root for root in folders if isinstance(root, str)] if isinstance(folders, list) else []

    def _keep(self, roots: list[str]) -> None:
        with atomic_write(self.home / _FOLDERS) as file:
            file.write(json.dumps({"schema": _SCHEMA, "folders": roots}, indent=1).encode("ascii"))

    def _index(self) -> Index:
        if self._found is None:
            self._found = load_index(self.home / _INDEX)
            if is_stale(self._found):  # somebody put a model there, or took one away, since the last look
                self.refresh()
        return self._found


def find(name: str | Path | None, *, kind: Kind | None = None, online: bool = False) -> ModelDescription:
    """`Catalogue().find`: the model that a name, path, hash prefix or hub id means; None is the built-in Primer."""
    return Catalogue().find(name, kind=kind, online=online)


def _primer() -> ModelDescription:
    if not (primer_folder() / "model_index.json").is_file():
        raise ModelError("the built-in model is not part of this installation",
                         hint="Install Underpaint again, or choose a model with --model.")
    return _described(primer_folder(), tuple(sorted(
        (file.as_posix(), file.stat().st_mtime_ns) for file in primer_folder().rglob("*") if file.is_file())))


@lru_cache(maxsize=1)
def _described(folder: Path, _files: tuple[tuple[str, int], ...]) -> ModelDescription:
    """The built-in model, described again only when one of its files is another: it is asked for all the time."""
    return describe(folder)


def _called(model: ModelDescription, said: str) -> bool:
    low = said.lower().replace("\\", "/")
    path = model.path.as_posix().lower()
    ends = "/" in low and (path.endswith("/" + low) or path.removesuffix(".safetensors").endswith("/" + low))
    return ends or low in (model.name.lower(), model.path.name.lower(), model.path.stem.lower())


def _fits(model: ModelDescription, kind: Kind | None) -> bool:
    return kind is None or model.kind == kind or (kind == "vae" and model.kind == "tiny_vae")


def _checked(model: ModelDescription, kind: Kind | None) -> ModelDescription:
    if not _fits(model, kind):
        raise ModelError(f"{model.path.name} is {model.kind_name}, not {KIND_NAMES[kind or 'unknown']}")
    return model
