"""The labelled grid: pictures in rows and columns, in one block for each value of a third axis.

Labels have room of their own, above and beside the pictures, never on them; what is too long is wrapped, then cut.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from underpaint.canvas.document import Pixels, check_canvas, layer_pixels
from underpaint.canvas.lettering import Block, Style, Typesetter, paint
from underpaint.errors import PictureError

_GROUND, _HAIRLINE, _INK, _QUIET = (232, 231, 229), (205, 203, 200), (38, 37, 36), (122, 119, 115)
MOST_PIXELS = 120_000_000
"""A larger grid is made of smaller pictures: it is for looking at, the pictures lie beside it."""
_MOST_SIDE = 29_000
_LEAST_CELL = 200  # narrower columns could not hold their labels
_SHAPE = 1.5
_MOST_LINES = 4
_UNPAINTED = "not painted"


@dataclass(frozen=True, eq=False)
class Piece:
    """One picture of a grid, read when it is its turn, so that a large grid needs memory for one at a time.

    `load` gives H x W x 3 or 4: uint8, uint16 or floats 0..1; transparent parts show white paper.
    """

    width: int
    height: int
    load: Callable[[], npt.NDArray[Any]]

    @classmethod
    def of(cls, picture: npt.NDArray[Any]) -> "Piece":
        """A piece whose picture is at hand."""
        return cls(picture.shape[1], picture.shape[0], lambda: picture)

    def flat(self, width: int, height: int) -> Image.Image:
        """The picture on white paper, at that size in pixels."""
        image = Image.fromarray(layer_pixels(self.load()))
        flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
        if flat.size == (width, height):
            return flat
        return flat.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


@dataclass(frozen=True)
class GridLabels:
    """What a grid says: its title, the names of its axes, and a label for each column, row and block.

    An axis that does not vary has one empty label and an empty name.
    """

    title: str
    names: tuple[str, str, str]
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    blocks: tuple[str, ...]


def labelled_grid(pieces: Sequence[Piece | None], labels: GridLabels) -> npt.NDArray[np.uint8]:
    """All pictures on one sheet -> uint8 H x W x 3, sRGB.

    `pieces` in reading order, block after block; None where one is not painted. Raises PictureError where there is
    none, or their number does not fit the labels.
    """
    there = check_pieces(pieces, labels)
    layout = _fitted(labels, max(piece.width for piece in there), max(piece.height for piece in there))
    check_canvas(layout.width, layout.height)
    sheet = np.empty((layout.height, layout.width, 4), np.uint8)
    sheet[...] = (*_GROUND, 255)
    texts = list(layout.texts)
    for piece, (x, y) in zip(pieces, layout.places, strict=True):
        if piece is None:
            sheet[y : y + layout.cell[1], x : x + layout.cell[0], :3] = _HAIRLINE
            texts.append(_middle(layout.unpainted, x + layout.cell[0] / 2, y + layout.cell[1] / 2))
        else:
            _place(sheet, piece, x, y, layout)
    paint(sheet, texts)
    return np.ascontiguousarray(sheet[..., :3])


def check_pieces(pieces: Sequence[Piece | None], labels: GridLabels) -> list[Piece]:
    """The pieces that are painted. Raises PictureError for none, or a number that does not fit the labels."""
    there = [piece for piece in pieces if piece is not None]
    columns, rows, blocks = len(labels.columns), len(labels.rows), len(labels.blocks)
    if len(pieces) != columns * rows * blocks or not there:
        raise PictureError(f"{len(there)} pictures do not make a grid of {columns} x {rows} x {blocks}")
    return there


@dataclass(frozen=True, eq=False)
class _Layout:
    """Everything decided about a grid: its size, the cells' size and corners, how much pictures are scaled, texts."""

    width: int
    height: int
    cell: tuple[int, int]
    scale: float
    places: list[tuple[int, int]]
    texts: list[tuple[float, float, Block]]
    unpainted: Block


def _fitted(labels: GridLabels, width: int, height: int) -> _Layout:
    """The layout at the pictures' own size, or as much smaller as the grid has to be."""
    setter = Typesetter([labels.title, *labels.names, *labels.columns, *labels.rows, *labels.blocks, _UNPAINTED])
    scale = max(1.0, _LEAST_CELL / width)
    for _ in range(24):
        layout = _lay_out(setter, labels, width, height, scale)
        over = max(layout.width * layout.height / MOST_PIXELS, (max(layout.width, layout.height) / _MOST_SIDE) ** 2)
        if over <= 1:
            return layout
        scale *= min(0.95, 0.98 / math.sqrt(over))
    return layout


def _lay_out(setter: Typesetter, labels: GridLabels, width: int, height: int, scale: float) -> _Layout:
    cell = max(round(width * scale), 1), max(round(height * scale), 1)
    unit = min(max((cell[0] + cell[1]) / 40, 17.0), 60.0)
    head, name, label = Style(unit * 1.7, _INK, 1.2), Style(unit, _QUIET), Style(unit, _INK, 1.25)
    margin, gap = round(unit * 2.2), max(round(unit * 0.5), 6)
    columns = [setter.set(text, label, cell[0], _MOST_LINES) for text in labels.columns]
    rows = [setter.set(text, label, max(cell[0] * 0.6, 150), _MOST_LINES) for text in labels.rows]
    left = max((math.ceil(row.width) for row, text in zip(rows, labels.rows, strict=True) if text.strip()), default=0)
    left += gap * 2 if left else 0
    top = math.ceil(max(block.height for block in columns) if any(labels.columns) else 0)
    top += gap if top else 0
    block_width = left + len(columns) * (cell[0] + gap) - gap
    blocks = [setter.set(text, head, block_width, 2) for text in labels.blocks]
    block_head = math.ceil(max(block.height for block in blocks)) + gap if any(labels.blocks) else 0
    block_height = block_head + top + len(rows) * (cell[1] + gap) - gap
    beside = _beside(len(blocks), block_width, block_height)
    whole = 2 * margin + beside * (block_width + 2 * margin) - 2 * margin
    texts, y = _head(setter, labels, (head, name), (margin, max(whole, round(unit * 26)) - 2 * margin))
    places: list[tuple[int, int]] = []
    for number, title in enumerate(blocks):
        x0 = margin + (number % beside) * (block_width + 2 * margin)
        y0 = y + (number // beside) * (block_height + margin)
        texts += [(x0 + left, y0, title)] * bool(block_head)
        y1 = y0 + block_head
        texts += [(x0 + left + at * (cell[0] + gap) + (cell[0] - block.width) / 2, y1 + top - gap - block.height, block)
                  for at, block in enumerate(columns) if top]
        for down, row in enumerate(rows):
            here = y1 + top + down * (cell[1] + gap)
            texts += [(x0 + left - 2 * gap - row.width, here + (cell[1] - row.height) / 2, row)] * bool(left)
            places += [(x0 + left + at * (cell[0] + gap), here) for at in range(len(columns))]
    tall = y + math.ceil(len(blocks) / beside) * (block_height + margin)
    unpainted = setter.set(_UNPAINTED, name, cell[0])
    return _Layout(max(whole, round(unit * 26)), tall, cell, scale, places, texts, unpainted)


def _head(setter: Typesetter, labels: GridLabels, styles: tuple[Style, Style],
          room: tuple[int, int]) -> tuple[list[tuple[float, float, Block]], int]:
    """The title and the names of the axes, and where the first block begins."""
    margin, width = room
    texts: list[tuple[float, float, Block]] = []
    y = float(margin)
    axes = "  ·  ".join(f"{letter}: {name}" for letter, name in zip("XYZ", labels.names, strict=True) if name)
    for text, style in ((labels.title, styles[0]), (axes, styles[1])):
        if text.strip():
            block = setter.set(text, style, width, 2)
            texts.append((margin, y, block))
            y += block.height + style.size * 0.4
    return texts, math.ceil(y + styles[1].size)


def _beside(count: int, width: int, height: int) -> int:
    """How many blocks stand beside one another for a sheet of about the shape aimed at."""
    return min(range(1, count + 1), key=lambda columns: abs(math.log(
        columns * width / (math.ceil(count / columns) * height) / _SHAPE)) + 0.4 * (-count % columns))


def _middle(block: Block, x: float, y: float) -> tuple[float, float, Block]:
    return x - block.width / 2, y - block.height / 2, block


def _place(sheet: Pixels, piece: Piece, x: int, y: int, layout: _Layout) -> None:
    """Scale the picture as all are scaled, in the middle of its cell."""
    wide, tall = layout.cell
    width = min(max(round(piece.width * layout.scale), 1), wide)
    height = min(max(round(piece.height * layout.scale), 1), tall)
    left, top = x + (wide - width) // 2, y + (tall - height) // 2
    sheet[top : top + height, left : left + width, :3] = np.asarray(piece.flat(width, height))
