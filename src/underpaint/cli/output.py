"""What commands print: JSON for programs, quiet tables for people, one line for an error."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from underpaint.errors import UnderpaintError


def console() -> Console:
    """Where people read results."""
    return Console(highlight=False, soft_wrap=True)


def notes() -> Console:
    """Where progress, warnings and errors go, so that results can be piped."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """One JSON document on standard output, unicode as it is where the terminal can show it."""
    shows_all = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    text = json.dumps(data, ensure_ascii=not shows_all, indent=2, default=str)
    # Half a character, as in a file name that is not UTF-8, becomes its JSON escape.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def print_table(columns: list[str], rows: list[list[str]], *, title: str | None = None,
                whole: tuple[str, ...] = ()) -> None:
    """A table without heavy rules; numbers are the caller's to format, columns named in `whole` never break."""
    table = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def print_error(error: UnderpaintError, *, as_json: bool) -> None:
    """The error on one line, its way out with it; as JSON on standard output where JSON was asked for."""
    if as_json:
        said = {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "field": error.field}
        print_json({"error": said})
    notes().print(Text.assemble(("error:", "bold red"), " ", _printable(str(error))))


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "�" for mark in text)
