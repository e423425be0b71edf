"""On which line of a TOML file something stands, so that an error can say where to look."""

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"([^\"]*)\"|'([^']*)'")

Where = tuple[str | int, ...]


def line_of(text: str, where: Where) -> int | None:
    """The line, from 1, of a table or value given by its path (`("drawings", "girl.png", "words")`, `("finish", 0,
    "do")`), or of the nearest thing around it; None where nothing of it is found."""
    best, found = 0, None
    for number, path in _paths(text):
        alike = _alike(path, where)
        if alike > best and alike == min(len(path), len(where)):
            best, found = alike, number
    return found


def _paths(text: str) -> list[tuple[int, Where]]:
    """Every header and key with the line that it stands on."""
    found: list[tuple[int, Where]] = []
    table: Where = ()
    rows: dict[Where, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if header:
            table = _parts(header[2])
            if header[1] == "[[":
                rows[table] = rows.get(table, -1) + 1
                table = (*table, rows[table])
            found.append((number, table))
        elif key:
            found.append((number, (*table, *_parts(key[1]))))
    return found


def _parts(text: str) -> Where:
    return tuple(match[1] or match[2] or match[0] for match in _PART.finditer(text))


def _alike(path: Where, where: Where) -> int:
    """How many parts are the same from the beginning."""
    count = 0
    for one, other in zip(path, where, strict=False):
        if one != other:
            break
        count += 1
    return count
