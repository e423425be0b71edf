"""Lists of hex colours, a line each, as paint.net, Lospec and people write them.

A line may go on with a share, a role and a name: `#1c2326 30% dark Deep sea`. Lines that begin with `;`, `//` or
`# ` are comments.
"""

import re
from typing import cast, get_args

from underpaint.controls.swatches.sheet import Entry, SwatchSheet, check_count, rgb, text_of
from underpaint.errors import PictureError
from underpaint.recipe.controls import SwatchRole

_HEX = r"(?:#|0x)?([0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})"
_LINE = re.compile(rf"{_HEX}(?:\s+(\d+(?:\.\d+)?)\s*%)?(?:\s+({'|'.join(get_args(SwatchRole))})\b)?(?:\s+(.*))?")


def read(data: bytes) -> SwatchSheet:
    """Raises PictureError that names the first line that is no colour."""
    entries: list[Entry] = []
    lines = text_of(data).splitlines()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text == "#" or text.startswith((";", "//", "# ")):
            continue
        match = _LINE.fullmatch(text.rstrip(","))
        if match is None:
            raise PictureError(f"line {number} is no colour: '{text:.40}'", hint="Write a colour a line, as #1c2326.")
        entries.append(_entry(match))
        check_count(len(entries))
    return SwatchSheet(tuple(entries))


def parse_hex(text: str) -> tuple[float, float, float] | None:
    """`#1c2326`, `1c2326` or `#123` as sRGB; None for anything else."""
    match = re.fullmatch(_HEX, text.strip())
    return None if match is None else _colour(match[1])


def _entry(match: re.Match[str]) -> Entry:
    digits, percent, role, name = match.groups()
    share = float(percent) / 100 if percent else None
    if share is not None and not 0 < share <= 1:
        raise PictureError(f"a share of {percent} % is out of range", hint="Shares go up to 100 %.")
    return Entry(_colour(digits), name or "", share, cast(SwatchRole, role or "any"))


def _colour(digits: str) -> tuple[float, float, float]:
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    digits = digits[-6:]  # paint.net writes the alpha first
    return rgb(*(int(digits[at: at + 2], 16) / 255 for at in (0, 2, 4)))


def write(sheet: SwatchSheet) -> bytes:
    """A line a swatch, with what is known of it."""
    lines = []
    for entry in sheet.entries:
        parts = [entry.hex]
        parts += [f"{100 * entry.share:.3g}%"] if entry.share is not None else []
        parts += [entry.role] if entry.role != "any" else []
        name = " ".join(entry.name.split())
        lines.append(" ".join([*parts, *([name] if name else [])]))
    return ("\n".join(lines) + "\n").encode()
