"""The sheets that A1111 hands back in front of the pictures themselves."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from underpaint.canvas.grid import MOST_PIXELS, GridLabels, Piece, labelled_grid
from underpaint.library.library import Entry
from underpaint.pictures.read import read_picture
from underpaint.studio.a1111.scripts.shape import Pages

Sheet = NDArray[np.uint8]


def sheets(entries: Sequence[Entry | None], pages: Pages) -> list[Sheet]:
    """The sheets of a request's pictures in reading order; None where one was not painted."""
    pieces = [None if one is None else _piece(one) for one in entries]
    if pages.labels is None:
        return [plain(pieces, _columns(len(pieces)))]
    labels = pages.labels
    found = [_sheet(pieces, labels)]
    if pages.subgrids and len(labels.blocks) > 1:
        each = len(labels.columns) * len(labels.rows)
        for at, block in enumerate(labels.blocks):
            part = pieces[at * each : (at + 1) * each]
            if any(part):
                title = f"{labels.names[2]}: {block}" if labels.names[2] else ""
                found.append(_sheet(part, GridLabels(title, (*labels.names[:2], ""), labels.columns, labels.rows,
                                                     ("",))))
    return found


def plain(pieces: Sequence[Piece | None], columns: int) -> Sheet:
    """Pictures side by side without a gap, black where there is none, as A1111 lays them."""
    there = [one for one in pieces if one is not None]
    width, height = max(one.width for one in there), max(one.height for one in there)
    rows = math.ceil(len(pieces) / columns)
    factor = min(1.0, math.sqrt(MOST_PIXELS / (width * columns * height * rows)))
    wide, tall = max(1, int(width * factor)), max(1, int(height * factor))
    sheet = np.zeros((tall * rows, wide * columns, 3), np.uint8)
    for at, piece in enumerate(pieces):
        if piece is not None:
            size = min(wide, max(1, round(piece.width * factor))), min(tall, max(1, round(piece.height * factor)))
            top, left = at // columns * tall, at % columns * wide
            sheet[top : top + size[1], left : left + size[0]] = np.asarray(piece.flat(*size))
    return sheet


def _columns(count: int) -> int:
    """A1111 makes as many rows as come nearest to a square."""
    return math.ceil(count / max(1, round(math.sqrt(count))))


def _sheet(pieces: Sequence[Piece | None], labels: GridLabels) -> Sheet:
    blank = not any((labels.title, *labels.names, *labels.columns, *labels.rows, *labels.blocks))
    return plain(pieces, len(labels.columns)) if blank else labelled_grid(pieces, labels)


def _piece(entry: Entry) -> Piece:
    return Piece(entry.width, entry.height, lambda: read_picture(entry.file).stored)
