"""The contact sheet: every picture in its place, every word inside its column, whatever the count, shape and script."""

import itertools

import numpy as np
import pytest

from underpaint.canvas.lettering import Style, Typesetter
from underpaint.canvas.sheet import Tile, contact_sheet
from underpaint.errors import PictureError

GROUND = (232, 231, 229)
NAME = "golden hour, warm key from left, cool shadows"
FACTS = ("lines kept 94 %, 3 invented", "seed 123456")


def tile(number: int, height: int = 30, width: int = 40, **words: object) -> Tile:
    """A flat picture whose red says which it is."""
    return Tile(np.full((height, width, 3), (number * 4, 10, 200), np.uint8), **{"title": NAME, "lines": FACTS} | words)


def places(sheet: np.ndarray, count: int) -> list[tuple[int, int, int, int]]:
    """left, top, right, bottom of each flat picture."""
    rows, columns = np.nonzero((sheet[..., 1] == 10) & (sheet[..., 2] == 200))
    numbers = sheet[rows, columns, 0] // 4
    mine = [(columns[numbers == number], rows[numbers == number]) for number in range(count)]
    return [(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) for xs, ys in mine]


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("size", [(30, 40), (55, 25), (25, 80)])
def test_pictures_stand_in_an_even_grid_in_reading_order(count: int, size: tuple[int, int]) -> None:
    sheet = contact_sheet([tile(number, *size) for number in range(count)], title="Keys")
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3
    found = places(sheet, count)
    assert [(top, left) for left, top, _, _ in found] == sorted((top, left) for left, top, _, _ in found)
    assert len({right - left for left, _, right, _ in found}) == 1
    lefts = sorted({left for left, _, _, _ in found})
    assert len(set(np.diff(lefts).tolist())) <= 1
    assert lefts[0] == 84
    assert sheet.shape[1] - max(right for _, _, right, _ in found) == 84
    assert 0.4 < sheet.shape[1] / sheet.shape[0] < 3.5


def test_no_word_leaves_its_column_or_the_sheet() -> None:
    words = {"title": "Donaudampfschifffahrtsgesellschaft" * 9, "lines": ("seed " + "9" * 400, "a b " * 300)}
    tiles = [tile(number, **words) for number in range(6)]
    sheet = contact_sheet(tiles, columns=3, title="Word " * 200, subtitle="more " * 500)
    found = places(sheet, 6)
    first_row = found[0][1]
    for (_, _, right, _), (left, _, _, _) in itertools.pairwise(found[:3]):
        assert (sheet[first_row:, right + 1 : left - 1] == GROUND).all()
    for margin in (sheet[:, :80], sheet[:, -80:], sheet[:80], sheet[-60:]):
        assert (margin == GROUND).all()


def test_columns_can_be_chosen_and_never_exceed_the_pictures() -> None:
    tiles = [tile(number) for number in range(4)]
    assert len({left for left, *_ in places(contact_sheet(tiles, columns=1), 4)}) == 1
    assert len({left for left, *_ in places(contact_sheet(tiles, columns=99), 4)}) == 4


def test_mixed_shapes_keep_their_shape_and_stand_on_one_line() -> None:
    shapes = [(300, 400), (400, 300), (90, 400)]
    found = places(contact_sheet([tile(n, *shape) for n, shape in enumerate(shapes)], columns=3), 3)
    for (left, top, right, bottom), (height, width) in zip(found, shapes, strict=True):
        assert (right - left) / (bottom - top) == pytest.approx(width / height, rel=0.02)
    assert len({bottom for *_, bottom in found}) == 1


def test_transparent_pictures_lie_on_white_and_floats_are_pictures_too() -> None:
    empty = Tile(np.zeros((50, 50, 4), np.float32))
    sheet = contact_sheet([empty])
    assert (sheet == 255).all(axis=2).sum() > 100 * 100


def test_a_caption_is_dark_on_light_and_says_something() -> None:
    bare = contact_sheet([tile(0, title="", lines=())])
    full = contact_sheet([tile(0)])
    assert full.shape[0] > bare.shape[0]
    assert full[-200:].min() < 60


@pytest.mark.parametrize(
    "title", ["é à ü", "Жёлтый свет", "夕暮れ、左から暖かい光", "غروب", "🌅 dawn", "\ud800\x00\n", ""]
)
def test_every_script_makes_a_sheet(title: str) -> None:
    assert contact_sheet([tile(0, title=title)], title=title).min() < 100


def test_lines_of_a_wrapped_title_are_balanced() -> None:
    setter, style = Typesetter([NAME]), Style(24, (0, 0, 0))
    alone = setter.set(NAME, style, 10_000)
    wrapped = setter.set(NAME, style, alone.width - 20, 2)
    assert wrapped.height == pytest.approx(2 * style.line, abs=2)
    assert wrapped.width < 0.7 * alone.width


def test_what_cannot_be_a_sheet_is_refused() -> None:
    with pytest.raises(PictureError, match="at least one"):
        contact_sheet([])
    with pytest.raises(PictureError, match="broken"):
        contact_sheet([Tile(np.zeros((0, 4, 3), np.uint8), "broken")])
    with pytest.raises(PictureError, match="out of range"):
        contact_sheet([tile(0)] * 60, columns=1)
