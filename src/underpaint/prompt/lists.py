"""Lists of words in a folder, for wildcards: text files, one entry a line, and YAML files of nested lists."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from underpaint.errors import PromptError
from underpaint.plain_yaml import load_yaml

MOST_FILES = 5_000
MOST_LISTS = 20_000
MOST_LEVELS = 12
MOST_BYTES = 4_000_000

_SCALAR = (str, int, float)


class WordLists:
    """The lists under one folder. Files are read when first asked for; nothing outside the folder ever is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not self.folder.is_dir():
            raise PromptError(f"there is no folder of wildcards at {folder}", hint="Name one that exists.")
        self.files = self._find()
        self.texts = {self._name(path): path for path in self.files if path.suffix == ".txt"}
        self.nested: dict[str, list[str]] | None = None

    def lines(self, name: str) -> list[str]:
        """Entries of the list of that name, or of all that match where it has a `*`; none if there is none.

        `animal/bird` is animal/bird.txt or, in any YAML file, the list under animal and bird. Blank lines and
        lines beginning with # do not count.
        """
        if "*" in name:
            names = sorted({*self.texts, *self._yaml()})
            return [line for one in names if fnmatchcase(one, name) for line in self.lines(one)]
        if name in self.texts:
            kept = (line.strip() for line in self._read(self.texts[name]).splitlines())
            return [line for line in kept if line and not line.startswith("#")]
        return self._yaml().get(name, [])

    def _find(self) -> list[Path]:
        found = []
        for path in sorted(self.folder.rglob("*")):
            if path.suffix not in (".txt", ".yaml", ".yml") or not path.is_file():
                continue
            # A link may point anywhere; only what really lies in the folder counts.
            if path.resolve().is_relative_to(self.folder):
                found.append(path)
            if len(found) > MOST_FILES:
                raise PromptError(
                    f"{self.folder} holds more than {MOST_FILES:,} lists",
                    hint="Name a folder of wildcards only.",
                )
        return found

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).with_suffix("").as_posix()

    def _read(self, path: Path) -> str:
        if path.stat().st_size > MOST_BYTES:
            raise PromptError(f"the wildcard list {path.name} is over {MOST_BYTES // 1_000_000} MB", hint="Split it.")
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(
                f"the wildcard list {path.name} cannot be read: {error}", hint="Save it as UTF-8 text."
            ) from error

    def _yaml(self) -> dict[str, list[str]]:
        """Lists of all YAML files by name; a file that is one list goes by the file's name."""
        if self.nested is None:
            self.nested = {}
            for path in self.files:
                if path.suffix == ".txt":
                    continue
                try:
                    data = load_yaml(self._read(path))
                except (yaml.YAMLError, RecursionError, ValueError) as error:
                    reason = re.sub(r"\s+", " ", str(error))
                    raise PromptError(
                        f"the wildcard list {path.name} is not YAML: {reason}", hint="Mend or remove it."
                    ) from error
                self._collect(data, self._name(path))
        return self.nested

    def _collect(self, data: object, file_name: str) -> None:
        """Every list of words in `data`, named by the keys that lead to it."""
        assert self.nested is not None
        pending: list[tuple[tuple[str, ...], object]] = [((), data)]
        visited = 0
        while pending:
            keys, value = pending.pop()
            visited += 1
            name = "/".join(keys) or file_name
            if isinstance(value, dict):
                # Anchors may make a mapping its own descendant.
                if len(keys) < MOST_LEVELS:
                    pending += [((*keys, str(key)), inner) for key, inner in value.items()]
            elif isinstance(value, list):
                self.nested[name] = [str(item) for item in value if isinstance(item, _SCALAR)]
            elif isinstance(value, _SCALAR):
                self.nested[name] = [str(value)]
            if visited > MOST_LISTS:
                raise PromptError(
                    f"the wildcard list {file_name} holds more than {MOST_LISTS:,} lists", hint="Split or remove it."
                )
