"""Sheets for the page: what was painted for the report, unpicked, the first as they come."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.files import atomic_write
from underpaint.imaging.arrays import to_bytes
from underpaint.primer.maps import FLOOR
from underpaint.primer.paint import sheet
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.figures import figure_commission, pairs
from underpaint.primer.report.hands import Hand, Pictures
from underpaint.primer.report.outside import LOOKS, drawing_commission, drawings
from underpaint.primer.report.posing import pose_commission, posed_scenes
from underpaint.primer.report.steering import (
    HANDS,
    colour_commission,
    depth_commission,
    fresh_scenes,
    line_commission,
)
from underpaint.primer.report.words import asked_in_words, painted

_WORDS, _MAPS = 64, 10
_QUALITY = 88
Picture = NDArray[np.uint8]


def write_sheets(desk: Desk) -> list[Path]:
    """Every sheet as a JPEG in the report's folder; what was not painted yet is painted now."""
    makers: dict[str, Callable[[Desk], Picture | None]] = {
        "words": lambda desk: _words(desk, desk.hand),
        "few-steps": lambda desk: _words(desk, desk.few) if desk.few else None,
        "lines": _lines, "maps": _maps, "figures": _figures, "outside": _outside,
    }  # fmt: skip
    made = []
    for name, make in makers.items():
        page = make(desk)
        if page is not None:
            made.append(desk.folder / f"sheet-{name}.jpg")
            write_jpeg(made[-1], page)
    return made


def write_jpeg(path: Path, picture: Picture) -> None:
    """Write an RGB picture as a JPEG, whole or not at all."""
    data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    with atomic_write(path) as file:
        file.write(data.tobytes())


def _words(desk: Desk, hand: Hand) -> Picture:
    """The first square pictures from words alone."""
    pictures = painted(desk, "words", asked_in_words(desk), hand)
    return sheet([p for p in pictures if p.shape[:2] == (256, 256)][:_WORDS], 8)


def _lines(desk: Desk) -> Picture:
    """A column a scene: its own picture, then the lines of each hand and what was painted under them."""
    fresh = fresh_scenes(desk.settings.drawings, desk.settings.seed)
    rows: list[Pictures] = [[one.picture for one in fresh[:_MAPS]]]
    for name in HANDS:
        rows += [[_paper(one.lines[name]) for one in fresh[:_MAPS]], desk.painted(line_commission(fresh, name))[:_MAPS]]
    return _columns(rows)


def _maps(desk: Desk) -> Picture:
    """Nearness, poses and blocked-in colours, each above what was painted from it."""
    fresh = fresh_scenes(desk.settings.drawings, desk.settings.seed)
    posed = posed_scenes(desk.settings.drawings, desk.settings.seed)
    depth, pose, colour = depth_commission(fresh), pose_commission(posed), colour_commission(fresh)
    rows: list[Pictures] = []
    for kind, commission in (("depth", depth), ("pose", pose), ("colour", colour)):
        floor = FLOOR if kind == "colour" else 0.0
        given = [_doubled(one, floor) for one in commission.maps[kind][:_MAPS]]
        rows += [given, desk.painted(commission)[:_MAPS]]
    return _columns(rows)


def _figures(desk: Desk) -> Picture:
    """The first pairs of figures in different clothes."""
    asked = pairs(desk.settings.pairs, desk.settings.seed)
    return sheet(desk.painted(figure_commission(asked))[:32], 8)


def _outside(desk: Desk) -> Picture | None:
    """All drawings by others, a row each: the lines, then every look."""
    others = desk.places.others
    found = drawings(others) if others is not None else []
    if not found:
        return None
    pictures = desk.painted(drawing_commission(found))
    cells: Pictures = []
    for i, one in enumerate(found):
        cells += [_paper(one.ink), *pictures[i * len(LOOKS) : (i + 1) * len(LOOKS)]]
    return sheet(cells, 1 + len(LOOKS))


def _columns(rows: list[Pictures]) -> Picture:
    return sheet([picture for row in rows for picture in row], len(rows[0]))


def _paper(ink: NDArray[np.float32]) -> Picture:
    return np.repeat(to_bytes(1 - np.clip(ink, 0, 1))[..., None], 3, axis=2)


def _doubled(given: NDArray[np.float32], floor: float) -> Picture:
    """A map of half the picture's size, C x h x w, as a picture of the full size."""
    shown = np.clip((given - floor) / (1 - floor), 0, 1).transpose(1, 2, 0)
    large = cv2.resize(to_bytes(np.ascontiguousarray(shown)), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    return large if large.ndim == 3 else np.repeat(large[..., None], 3, axis=2)
