"""The labelled grid and its page: labels beside the pictures, never on them; a page that fetches nothing."""

import base64
import hashlib
import html
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from underpaint.canvas import grid as grid_module
from underpaint.canvas.grid import GridLabels, Piece, labelled_grid
from underpaint.canvas.grid_page import grid_page
from underpaint.errors import PictureError

GROUND = (232, 231, 229)
LABELS = GridLabels("a cat <b>&\"", ("Steps", "Prompt S/R", "Checkpoint name"), ("Steps: 1", "Steps: 2"),
                    ("a very long row label that goes on and on over many words and has to be wrapped or cut",
                     "averyveryverylongnamewithoutanyspacesthatnobodywouldwanttoread.safetensors"), ("one", "two"))


def flat(colour: tuple[int, int, int], width: int = 220, height: int = 160) -> Piece:
    return Piece.of(np.full((height, width, 3), colour, np.uint8))


def colours(count: int) -> list[tuple[int, int, int]]:
    return [(255, 10 + 20 * number, 255 - 20 * number) for number in range(count)]


def boxes(sheet: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a colour, which fills its box wholly."""
    mask = (sheet == colour).all(axis=2)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    assert mask[box[1] : box[3], box[0] : box[2]].all()
    return box


def test_pictures_stand_in_rows_and_columns_untouched_by_their_labels() -> None:
    wanted = colours(8)
    sheet = labelled_grid([flat(colour) for colour in wanted], LABELS)
    found = [boxes(sheet, colour) for colour in wanted]
    assert all((right - left, bottom - top) == (220, 160) for left, top, right, bottom in found)
    assert found[0][1] == found[1][1] < found[2][1] and found[0][0] == found[2][0] < found[1][0]
    ink = np.flatnonzero((sheet.max(axis=2) < 100).any(axis=0))
    assert ink.size and ink[0] > 10  # the labels are there, inside the sheet


def test_pictures_of_several_sizes_keep_one_scale_and_a_missing_one_says_so() -> None:
    pieces: list[Piece | None] = [flat((255, 0, 0), 300, 200), flat((0, 255, 0), 200, 300), None]
    sheet = labelled_grid(pieces, GridLabels("", ("Size", "", ""), ("a", "b", "c"), ("",), ("",)))
    assert [boxes(sheet, colour)[2] - boxes(sheet, colour)[0] for colour in ((255, 0, 0), (0, 255, 0))] == [300, 200]
    assert (sheet == (205, 203, 200)).all(axis=2).sum() > 300 * 300 * 0.8


def test_tiny_pictures_are_enlarged_so_that_labels_can_be_read() -> None:
    sheet = labelled_grid([flat((255, 0, 0), 8, 8)], GridLabels("", ("Seed", "", ""), ("Seed: 123456",), ("",), ("",)))
    box = boxes(sheet, (255, 0, 0))
    assert box[2] - box[0] == 200


def test_a_grid_past_the_limit_is_made_of_smaller_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_module, "MOST_PIXELS", 400_000)
    sheet = labelled_grid([flat((255, 0, 0), 900, 900)] * 4, GridLabels("", ("", "", ""), ("", "") * 2, ("",), ("",)))
    assert sheet.shape[0] * sheet.shape[1] <= 400_000


@pytest.mark.parametrize("pieces", [[], [None] * 8, [flat((0, 0, 0))] * 7])
def test_what_makes_no_grid_is_refused(pieces: list) -> None:
    for make in (labelled_grid, grid_page):
        with pytest.raises(PictureError):
            make(pieces, LABELS)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.inside: dict[str, str] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        self.inside[self._open] = self.inside.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def test_the_page_holds_everything_and_may_run_and_load_nothing_else() -> None:
    text = grid_page([*(flat(colour) for colour in colours(7)), None], LABELS).decode()
    page = _Page(text)
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(page.inside[tag].encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy
    assert not any(name.startswith("on") or name in ("style", "href") for _, attrs in page.tags for name in attrs)
    assert "http://" not in text and "https://" not in text and "<b>&" not in text
    assert page.inside["h1"] == LABELS.title and text.count("not painted") == 1


def test_the_page_is_a_table_whose_cells_are_named_and_whose_pictures_are_exact() -> None:
    page = _Page(grid_page([*(flat(colour) for colour in colours(7)), None], LABELS).decode())
    cells = [attrs for tag, attrs in page.tags if tag == "button" and attrs.get("class") == "cell"]
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "img" and "src" in attrs]
    assert [(cell["data-x"], cell["data-y"], cell["data-z"]) for cell in cells[:3]] == [
        ("0", "0", "0"), ("1", "0", "0"), ("0", "1", "0")]
    assert cells[0]["aria-label"] == f"Steps: 1, {LABELS.rows[0]}, one"
    data = base64.b64decode(sources[4].removeprefix("data:image/webp;base64,"))
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((5, 5)) == colours(7)[4]


def test_ids_of_the_script_are_on_the_page() -> None:
    text = grid_page([flat((9, 9, 9))], GridLabels("t", ("", "", ""), ("",), ("",), ("",))).decode()
    wanted = set(re.findall(r'find\("(\w+)"\)', text))
    assert len(wanted) > 10 and wanted <= set(re.findall(r'id="(\w+)"', html.unescape(text)))
