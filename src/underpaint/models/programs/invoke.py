"""InvokeAI: its models folder, what its database says lies elsewhere, and the names people see there.

The database is read without touching it: read-only, as it stands, with every statement but plain reading refused and
a limit on the work, because a database is a program too (views and triggers).
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError
from underpaint.models.programs.settings import Layout, existing, outermost, read_yaml

_MAX_ROWS = 20_000
_MAX_ROW_CHARACTERS = 1 << 18
_MAX_STEPS = 50_000_000
_TABLES = ("models", "model_config")
_MARKS = {"invokeai.yaml", "databases", "invokeai.init"}


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """InvokeAI's root, by its settings or database."""
    if not (_MARKS & names) or not ("databases" in names or (path / "models").is_dir()):
        return None
    problems: list[tuple[Path, str]] = []
    settings = _settings(path, problems) if "invokeai.yaml" in names else {}
    models, databases, autoimport = (
        _place(path, settings.get(key) or usual, problems)
        for key, usual in (("models_dir", "models"), ("db_dir", "databases"), ("autoimport_dir", "autoimport"))
    )
    folders = [folder for folder in (models, autoimport) if folder.is_dir()]
    given: dict[Path, str] = {}
    database = databases / "invokeai.db"
    if database.is_file():
        for told, name in _rows(database, problems):
            found, refused = existing(models, [told], database)
            problems += refused
            folders += found
            given |= dict.fromkeys(found, name)
    legacy = path / "configs" / "models.yaml"
    if legacy.is_file():
        folders += _legacy(path, legacy, problems)
    return Layout("invoke", outermost(folders), given, tuple(problems))


def _place(root: Path, told: str, problems: list[tuple[Path, str]]) -> Path:
    """A folder of the settings; one that must not be looked at is nowhere, as one that is not there."""
    found, refused = existing(root, [told], root / "invokeai.yaml")
    problems += refused
    return found[0] if found else root / "not there"


def _settings(path: Path, problems: list[tuple[Path, str]]) -> dict[str, Any]:
    """``invokeai.yaml``: flat since version 4, in sections before."""
    try:
        data = read_yaml(path / "invokeai.yaml")
    except ModelError as error:
        problems.append((path / "invokeai.yaml", error.message))
        return {}
    if not isinstance(data, dict):
        return {}
    elder = data.get("InvokeAI")
    inner = elder.get("Paths") if isinstance(elder, dict) else None
    told = {**(inner if isinstance(inner, dict) else {}), **data}
    return {key: value for key, value in told.items() if isinstance(value, str)}


def _rows(database: Path, problems: list[tuple[Path, str]]) -> Iterator[tuple[str, str]]:
    try:
        with contextlib.closing(_opened(database)) as opened:
            for table in _TABLES:
                kind = opened.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
                if kind is None or kind[0] != "table":
                    continue
                # the name is one of ours, not the database's
                query = f"SELECT config FROM {table} WHERE length(config) < ? LIMIT ?"
                for (text,) in opened.execute(query, (_MAX_ROW_CHARACTERS, _MAX_ROWS)):
                    yield from _entry(text)
    except sqlite3.Error as error:
        problems.append((database, f"InvokeAI's database {database.name} cannot be read ({error!s:.100})"))


def _opened(database: Path) -> sqlite3.Connection:
    # Immutable: no lock, no journal beside it. While InvokeAI runs, its latest changes lie in a journal that only
    # the other way of opening reads; the files it needs are there then.
    journal = database.with_name(database.name + "-wal")
    running = journal.is_file() and journal.stat().st_size > 0
    how = "mode=ro" if running else "mode=ro&immutable=1"
    opened = sqlite3.connect(f"{database.as_uri()}?{how}", uri=True, timeout=2)
    opened.execute("PRAGMA trusted_schema = OFF")
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
    opened.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)
    left = [_MAX_STEPS // 100_000]

    def count() -> int:
        left[0] -= 1
        return int(left[0] < 0)

    opened.set_progress_handler(count, 100_000)
    return opened


def _entry(text: object) -> Iterator[tuple[str, str]]:
    try:
        told = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return
    if isinstance(told, dict) and isinstance(told.get("path"), str):
        yield told["path"], str(told.get("name") or "")[:200]


def _legacy(root: Path, path: Path, problems: list[tuple[Path, str]]) -> list[Path]:
    """``configs/models.yaml`` of the versions before the database."""
    try:
        data = read_yaml(path)
    except ModelError as error:
        problems.append((path, error.message))
        return []
    entries = data.values() if isinstance(data, dict) else ()
    told = [entry.get(key) for entry in entries if isinstance(entry, dict) for key in ("path", "weights", "vae")]
    found, refused = existing(root, told, path)
    problems += refused
    return found
