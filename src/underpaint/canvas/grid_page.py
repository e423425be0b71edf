"""The grid as one HTML file: pictures inside it, nothing fetched, to zoom into and to lay two under a slider.

The page may run its own script and style, known by their hashes, and show the pictures that it holds: nothing else.
It is worked by mouse or by keyboard alone, and without scripts it is still the table with its labels.
"""

import base64
import hashlib
import math
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources

import numpy as np

from underpaint.canvas.grid import GridLabels, Piece, check_pieces
from underpaint.pictures.encode import Encoding, encode

LOSSLESS_PIXELS = 40_000_000
"""Pictures of a page that has more pixels in all are stored with a little loss."""
MOST_PIXELS = 400_000_000
"""Pictures of a page that has more are stored smaller."""
_WIDEST, _MOST_SIDE = 320, 16_000
_TITLE = "Plot"


def grid_page(pieces: Sequence[Piece | None], labels: GridLabels) -> bytes:
    """The page of a grid; `pieces` and `labels` as for `labelled_grid`. Raises PictureError likewise."""
    there = check_pieces(pieces, labels)
    total = sum(piece.width * piece.height for piece in there)
    scale = min(1.0, math.sqrt(MOST_PIXELS / total))
    sources = [None if one is None else _source(one, scale, total <= LOSSLESS_PIXELS) for one in pieces]
    widest = min(max(piece.width for piece in there), _WIDEST)
    style, script = _asset("page.css"), _asset("page.js")
    policy = (f"default-src 'none'; img-src data:; style-src '{_mark(style)}'; script-src '{_mark(script)}'; "
              "base-uri 'none'; form-action 'none'")
    title = escape(labels.title.strip() or _TITLE)
    page = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="referrer" content="no-referrer">\n<title>{title}</title>\n<style>{style}</style>\n</head>',
        f"<body>\n<header><h1>{title}</h1><p>{escape(_axes(labels))}</p>", _HELP, "</header>", _nav(max(widest, 160)),
        "<main>", *_tables(sources, labels), "</main>", _VIEW, f"<script>{script}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(page).encode("utf-8", "replace")


def _asset(name: str) -> str:
    return (resources.files("underpaint.canvas") / "page" / name).read_text(encoding="utf-8")


def _mark(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _source(piece: Piece, scale: float, lossless: bool) -> str:
    """A picture as a data URI."""
    scale = min(scale, _MOST_SIDE / max(piece.width, piece.height))
    flat = piece.flat(max(round(piece.width * scale), 1), max(round(piece.height * scale), 1))
    data = encode("WEBP", np.asarray(flat), None, Encoding(quality=92), lossless)
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _axes(labels: GridLabels) -> str:
    return "  ·  ".join(f"{letter}: {name}" for letter, name in zip("XYZ", labels.names, strict=True) if name)


def _tables(sources: Sequence[str | None], labels: GridLabels) -> Iterator[str]:
    columns, rows = len(labels.columns), len(labels.rows)
    for z, block in enumerate(labels.blocks):
        yield f"<table>{f'<caption>{escape(block)}</caption>' if block.strip() else ''}"
        if any(labels.columns):
            heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels.columns)
            yield f"<thead><tr><td></td>{heads}</tr></thead>"
        yield "<tbody>"
        for y, row in enumerate(labels.rows):
            yield f'<tr><th scope="row">{escape(row)}</th>' if any(labels.rows) else "<tr><td></td>"
            for x, column in enumerate(labels.columns):
                source = sources[(z * rows + y) * columns + x]
                yield _cell(source, (x, y, z), ", ".join(filter(None, (column, row, block))))
            yield "</tr>"
        yield "</tbody></table>"


def _cell(source: str | None, place: tuple[int, int, int], name: str) -> str:
    if source is None:
        return '<td><div class="missing">not painted</div></td>'
    x, y, z = place
    return (f'<td><button type="button" class="cell" data-x="{x}" data-y="{y}" data-z="{z}" aria-pressed="false" '
            f'aria-label="{escape(name) or "picture"}"><img alt="" src="{source}"><b aria-hidden="true"></b>'
            "</button></td>")


_HELP = """<p>Click a picture, or <kbd>Enter</kbd>, to look closer; there the arrow keys go to its neighbours, and
<kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> <kbd>1</kbd> zoom. Choose two with <kbd>Space</kbd> or a click with
<kbd>Shift</kbd>, then <kbd>C</kbd> lays them under one slider.</p>"""


def _nav(widest: int) -> str:
    return f"""<nav aria-label="What is shown"><label>Size <input id="size" type="range" min="80" max="640" step="10"
value="{widest}"></label> <button type="button" class="plain" id="compare" disabled>Compare A and B</button>
<span id="chosen" role="status"></span></nav>"""


_VIEW = """<dialog id="view" aria-label="A closer look"><div class="bar"><span class="names" id="names" role="status">
</span><label id="between" hidden>A <input id="slider" type="range" min="0" max="100" value="50"
aria-label="Where A ends and B begins"> B</label><button type="button" class="plain" id="swap" hidden>Swap</button>
<button type="button" class="plain" id="smaller" aria-label="Smaller">-</button><span id="zoom"></span><button
type="button" class="plain" id="larger" aria-label="Larger">+</button><button type="button" class="plain"
id="fit">Fit</button><button type="button" class="plain" id="close">Close</button></div><div class="stage" id="stage"
tabindex="0" role="group" aria-label="The picture; drag to move it"><img id="under" alt=""><img id="over" alt="" hidden>
<div class="edge" id="edge" hidden></div></div></dialog>"""
