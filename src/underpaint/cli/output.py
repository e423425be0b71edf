"""What commands print: JSON for programs, quiet tables for people, one line for an error."""

import json
import sys
import unicodedata
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from underpaint.errors import UnderpaintError

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS_IN_JSON = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


class _Screen(Console):
    """A console on which strangers' words stay words: what a file says of itself moves no cursor and sets nothing."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(printable(one) if isinstance(one, str) else one for one in objects), **options)


def console() -> Console:
    """Where people read results."""
    return _Screen(highlight=False, soft_wrap=True)


def notes() -> Console:
    """Where progress, warnings and errors go, so that results can be piped."""
    return _Screen(stderr=True, highlight=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """One JSON document on standard output, unicode as it is where the terminal can show it."""
    shows_all = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    text = json.dumps(data, ensure_ascii=not shows_all, indent=2, default=str)
    text = text.translate(_CONTROLS_IN_JSON)  # those below them are escapes in JSON anyway
    # Half a character, as in a file name that is not UTF-8, becomes its JSON escape.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def print_json_line(data: Any) -> None:
    """One JSON document on one line, at once: for programs that read along."""
    print(json.dumps(data, default=str), flush=True)


_WORD = 12
"""A word up to this long stays in one piece in a table."""


def print_table(columns: list[str], rows: list[list[str]], *, title: str | None = None,
                whole: tuple[str, ...] = ()) -> None:
    """A table without heavy rules; numbers are the caller's to format, columns named in `whole` never break."""
    table = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for column, cells in zip(columns, zip(*rows, strict=True) if rows else ((),) * len(columns), strict=True):
        # A narrow terminal breaks lines between words, and only words of no ordinary length inside.
        longest = max((len(word) for cell in cells for word in cell.split()), default=0)
        table.add_column(column, overflow="fold", no_wrap=column in whole, min_width=min(longest, _WORD))
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


def print_error(error: UnderpaintError, *, as_json: bool) -> None:
    """The error on one line, its way out with it; as JSON on standard output where JSON was asked for."""
    if as_json:
        said = {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "field": error.field}
        print_json({"error": said})
    notes().print(Text.assemble(("error:", "bold red"), " ", printable(str(error)).replace("\n", " ")))


def printable(text: str) -> str:
    """A text without what a terminal would obey (escapes, marks that turn the line round); line ends stay."""
    return "".join("�" if _obeyed(mark) else mark for mark in text.replace("\r\n", "\n").replace("\t", " "))


def _obeyed(mark: str) -> bool:
    return mark != "\n" and (unicodedata.category(mark) in {"Cc", "Cs"} or mark in _TURNING)
