"""The contact sheet: pictures side by side on quiet paper, each with its number, its name and a few facts.

The ground is a neutral light grey, so that it takes no side in judging colour. All measures hang on one cell area:
tall, square and wide pictures get cells of the same area and of their own shape.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from underpaint.canvas.document import Pixels, check_canvas, check_total, layer_pixels
from underpaint.canvas.lettering import Block, Style, Typesetter, paint
from underpaint.errors import PictureError

_GROUND = (232, 231, 229)
_HAIRLINE = (205, 203, 200)
_INK = (38, 37, 36)
_QUIET = (122, 119, 115)

_CELL_AREA = 560 * 420
_MARGIN = 84
_GUTTER = 44  # between columns
_ROW_GAP = 56
_CAPTION_GAP = 18  # between a picture and its number
_LEAST_CONTENT = 1000  # few pictures are shown larger, so that head and captions have room
_MOST_CELL_HEIGHT = 1000
_SHEET_SHAPE = 1.4  # width to height that the number of columns aims at

_TITLE = Style(54, _INK, 1.2)
_SUBTITLE = Style(28, _QUIET)
_NAME = Style(27, _INK, 1.25)
_NUMBER = Style(27, _QUIET, 1.25)
_FACT = Style(21, _QUIET, 1.35)


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet.

    Attributes:
        pixels: H x W x 3 or 4, uint8, uint16 or floats 0..1; transparent parts show white paper.
        title: its name, at most two lines: "golden hour, warm key from left, cool shadows".
        lines: small facts under it, one line each: "lines kept 94 %", "seed 1234".
    """

    pixels: npt.NDArray[Any]
    title: str = ""
    lines: Sequence[str] = ()


def contact_sheet(
    pictures: Sequence[Tile], *, columns: int | None = None, title: str = "", subtitle: str = ""
) -> npt.NDArray[np.uint8]:
    """All `pictures` on one sheet, numbered from 01 in reading order -> uint8 H x W x 3, sRGB.

    Args:
        pictures: at least one.
        columns: how many beside one another; by itself, so many that the sheet is a little wider than tall.
        title, subtitle: the head of the sheet; none where both are empty.

    Raises:
        PictureError: no pictures, a tile that is no picture, or a sheet larger than a document may be.
    """
    if not pictures:
        raise PictureError("a contact sheet needs at least one picture")
    plan = _plan(pictures, columns, title, subtitle)
    check_canvas(plan.width, plan.height)
    check_total(plan.width * plan.height)
    sheet = np.empty((plan.height, plan.width, 4), np.uint8)
    sheet[...] = (*_GROUND, 255)
    if plan.rule is not None:
        sheet[plan.rule : plan.rule + 2, _MARGIN : plan.width - _MARGIN, :3] = _HAIRLINE
    for tile, box in zip(pictures, plan.boxes, strict=True):
        _place(sheet, tile, box)
    paint(sheet, plan.texts)
    return np.ascontiguousarray(sheet[..., :3])


@dataclass(frozen=True)
class _Box:
    """Where a picture goes, in whole pixels of the sheet."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class _Plan:
    """Everything decided about a sheet before the first pixel is painted."""

    width: int
    height: int
    boxes: list[_Box]
    texts: list[tuple[float, float, Block]]
    rule: int | None


@dataclass(frozen=True, eq=False)
class _Caption:
    """The blocks under one picture, with their places relative to the caption's upper left corner."""

    height: float
    blocks: list[tuple[float, float, Block]]


def _plan(pictures: Sequence[Tile], columns: int | None, title: str, subtitle: str) -> _Plan:
    setter = Typesetter([title, subtitle, *_all_texts(pictures)])
    cell_width, cell_height = _cell(pictures)
    columns = min(max(columns or _columns(len(pictures), cell_width, cell_height), 1), len(pictures))
    cell_width, cell_height = _enlarge(cell_width, cell_height, columns)
    width = 2 * _MARGIN + columns * cell_width + (columns - 1) * _GUTTER
    texts, y, rule = _head(setter, width, title, subtitle)
    boxes = []
    captions = [_caption(setter, tile, number, cell_width) for number, tile in enumerate(pictures, 1)]
    for first in range(0, len(pictures), columns):
        row = range(first, min(first + columns, len(pictures)))
        sizes = [_contain(pictures[index], cell_width, cell_height) for index in row]
        floor = y + max(height for _, height in sizes)  # pictures stand on one line, their captions hang below it
        for column, (index, (w, h)) in enumerate(zip(row, sizes, strict=True)):
            x = _MARGIN + column * (cell_width + _GUTTER)
            boxes.append(_Box(x, floor - h, w, h))
            texts += [(x + dx, floor + _CAPTION_GAP + dy, block) for dx, dy, block in captions[index].blocks]
        y = floor + _CAPTION_GAP + math.ceil(max(captions[index].height for index in row)) + _ROW_GAP
    return _Plan(width, y - _ROW_GAP + _MARGIN, boxes, texts, rule)


def _all_texts(pictures: Sequence[Tile]) -> Iterator[str]:
    for tile in pictures:
        yield tile.title
        yield from tile.lines


def _cell(pictures: Sequence[Tile]) -> tuple[int, int]:
    """Width and height of the cells: the middle one of the pictures' shapes, always of about the same area."""
    shapes = [_extent(tile)[1] / _extent(tile)[0] for tile in pictures]
    shape = min(max(float(np.median(shapes)), 0.45), 3.0)
    return round(math.sqrt(_CELL_AREA * shape)), round(math.sqrt(_CELL_AREA / shape))


def _enlarge(cell_width: int, cell_height: int, columns: int) -> tuple[int, int]:
    """Larger cells where a few would make a sheet too narrow for its words."""
    content = _LEAST_CONTENT - (columns - 1) * _GUTTER
    scale = max(1.0, min(content / (columns * cell_width), _MOST_CELL_HEIGHT / cell_height))
    return round(cell_width * scale), round(cell_height * scale)


def _extent(tile: Tile) -> tuple[int, int]:
    """Height and width of a tile's picture."""
    shape = tile.pixels.shape
    if len(shape) != 3 or 0 in shape:
        raise PictureError(f'"{tile.title}" is no picture: its pixels have the shape {shape}')
    return shape[0], shape[1]


def _columns(count: int, cell_width: int, cell_height: int) -> int:
    """The number of columns whose sheet is closest to the shape aimed at with the fewest empty places."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        shape = columns * (cell_width + _GUTTER) / (rows * (cell_height + 170))
        return abs(math.log(shape / _SHEET_SHAPE)) + 2.5 * (rows * columns - count) / (rows * columns)

    return min(range(1, min(count, 12) + 1), key=badness)


def _contain(tile: Tile, cell_width: int, cell_height: int) -> tuple[int, int]:
    height, width = _extent(tile)
    scale = min(cell_width / width, cell_height / height)
    # A pixel more or less fills the cell's width exactly, so that right edges line up.
    fitted = cell_width if width * scale > cell_width - 2 else max(round(width * scale), 1)
    return fitted, max(round(height * scale), 1)


def _head(
    setter: Typesetter, width: int, title: str, subtitle: str
) -> tuple[list[tuple[float, float, Block]], int, int | None]:
    """The title block's texts, where the pictures begin, and where the hairline goes."""
    texts: list[tuple[float, float, Block]] = []
    y = float(_MARGIN)
    for text, style, most_lines in ((title, _TITLE, 2), (subtitle, _SUBTITLE, 2)):
        if text.strip():
            block = setter.set(text, style, width - 2 * _MARGIN, most_lines)
            texts.append((_MARGIN, y, block))
            y += block.height + 6
    if not texts:
        return texts, _MARGIN, None
    rule = round(y + 18)
    return texts, rule + 44, rule


def _caption(setter: Typesetter, tile: Tile, number: int, width: int) -> _Caption:
    """Number and name side by side, then the facts under the name."""
    label = setter.set(f"{number:02d}", _NUMBER, width)
    indent = math.ceil(label.width) + 14
    blocks: list[tuple[float, float, Block]] = [(0.0, 0.0, label)]
    y = 0.0
    if tile.title.strip():
        name = setter.set(tile.title, _NAME, width - indent, 2)
        blocks.append((indent, y, name))
        y += name.height + 3
    for line in tile.lines:
        fact = setter.set(line, _FACT, width - indent)
        blocks.append((indent, y, fact))
        y += fact.height
    return _Caption(max(y, label.height), blocks)


def _place(sheet: Pixels, tile: Tile, box: _Box) -> None:
    """Scale the picture into its box, on white paper, with a hairline around it."""
    picture = Image.fromarray(layer_pixels(tile.pixels))
    paper = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(paper, picture).convert("RGB")
    fitted = flat.resize((box.width, box.height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    frame = sheet[box.y - 1 : box.y + box.height + 1, box.x - 1 : box.x + box.width + 1]
    frame[..., :3] = _HAIRLINE
    frame[1:-1, 1:-1, :3] = np.asarray(fitted)
