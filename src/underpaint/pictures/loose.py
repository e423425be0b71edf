"""Values out of strangers' JSON: read without trust, None for nonsense, never an exception."""

import json
from collections.abc import Mapping
from typing import Any

MAX_DIGITS = 25
_LARGEST = 1e9


def load_json(text: str | None) -> Any:
    """What a JSON text holds; None for damage, for nesting without end, and for no text."""
    if not text:
        return None
    try:
        return json.loads(text.strip("\0 \t\r\n\ufeff"))
    except (ValueError, RecursionError):
        return None


def load_object(value: object) -> dict[str, Any] | None:
    """A JSON object, as a mapping or still as text; None for everything else."""
    if isinstance(value, str):
        value = load_json(value) if value.lstrip("\0 \t\r\n\ufeff").startswith("{") else None
    return value if isinstance(value, dict) else None


def dump_json(value: object) -> str:
    """JSON text of a value that came out of JSON; empty for nesting without end."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def whole(value: object) -> int | None:
    """A whole number, also as text or as a float without a fraction."""
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdigit() and len(digits) < MAX_DIGITS else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 10**MAX_DIGITS else None


def number(value: object) -> float | None:
    """A finite number of ordinary size, also as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < _LARGEST else None


def words(value: object) -> str | None:
    """Text that is not empty."""
    return value if isinstance(value, str) and value.strip() else None


def mapping(value: object) -> Mapping[str, Any]:
    """A mapping; an empty one for everything else."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """A list; an empty one for everything else."""
    return value if isinstance(value, list) else []


def first(*values: Any) -> Any:
    """The first that is not None."""
    return next((value for value in values if value is not None), None)


def unmangled(text: str) -> str:
    """UTF-8 that was read as Latin-1, as some programs leave it in PNG texts, as it was meant."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
