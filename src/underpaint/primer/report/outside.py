"""Pictures and drawings by others: nothing like the World, and nothing was trained on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from underpaint.controls.line_check import check_lines
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.drawing import line_layer
from underpaint.imaging.geometry import Extent
from underpaint.imaging.linemap import ink_at, ink_of
from underpaint.pictures.read import read_picture
from underpaint.primer.maps import Map
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import Commission
from underpaint.primer.report.rows import Row, means, missing
from underpaint.primer.stagecraft.scene import SIZES

NO_OTHERS = "the folder of others' pictures is not there"
LOOKS = ("in a meadow, at dawn, watercolour", "on the shore, at noon, gouache", "in a forest, at night, oil",
         "plain background, at sunset, anime")  # fmt: skip
"""What each drawing is painted with."""
_CLEAN, _ROUGH = "clean line drawings of others (F1)", "rough sketches of others (F1)"
_ASKED = 0.6
_MOST_PIXELS = 1024 * 1024
_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Somebody's drawing: its name, whether its lines are clean, and its ink at a size of the Primer's, H x W."""

    name: str
    clean: bool
    ink: Map

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.ink.shape[1], self.ink.shape[0]


def art(folder: Path) -> Iterator[tuple[str, FloatArray]]:
    """All pictures below a folder by name, H x W x 3 in 0..1, no larger than a megapixel."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES):
        pixels = to_float(read_picture(path).pixels)[..., :3]
        height, width = pixels.shape[:2]
        shrink = (_MOST_PIXELS / (height * width)) ** 0.5
        if shrink < 1:
            pixels = cv2.resize(pixels, (round(width * shrink), round(height * shrink)), interpolation=cv2.INTER_AREA)
        yield path.stem, np.ascontiguousarray(pixels)


def drawings(folder: Path) -> list[Drawn]:
    """Every drawing in `lineart_clean`, those with clean lines first."""
    found = []
    for path in sorted((folder / "lineart_clean").glob("*.png")):
        kind, _, name = path.stem.partition("__")
        ink = ink_of(line_layer(read_picture(path).pixels))
        found.append(Drawn(name.rstrip("0123456789"), kind.startswith("clean"), framed(ink)))
    return sorted(found, key=lambda one: not one.clean)


def framed(ink: FloatArray) -> Map:
    """Ink in the middle of the Primer's size that is most like it in shape, as large as fits."""
    height, width = ink.shape
    across, down = min(SIZES, key=lambda size: abs(np.log(size[0] / size[1] * height / width)))
    share = min(across / width, down / height)
    inner = Extent(min(across, round(width * share)), min(down, round(height * share)))
    page = np.zeros((down, across), np.float32)
    top, left = (down - inner.height) // 2, (across - inner.width) // 2
    page[top : top + inner.height, left : left + inner.width] = ink_at(ink, inner)
    return page


def outside_part(desk: Desk) -> list[Row]:
    """How well the lines of others' drawings are kept, a number a drawing, and the worst of the clean ones."""
    others = desk.places.others
    found = drawings(others) if others is not None else []
    names = (_CLEAN, f"{_CLEAN[:-5]}, the worst (F1)", _ROUGH)
    if not found:
        return [missing(name, f"{_ASKED:g}", NO_OTHERS) for name in names]
    painted, kept = desk.painted(drawing_commission(found)), []
    for i, one in enumerate(found):
        own = painted[i * len(LOOKS) : (i + 1) * len(LOOKS)]
        kept.append(float(np.mean([check_lines(to_float(picture), one.ink).f1 for picture in own])))
    clean = [f1 for f1, one in zip(kept, found, strict=True) if one.clean]
    rough = [f1 for f1, one in zip(kept, found, strict=True) if not one.clean]
    rows = []
    if clean:
        worst = min(clean)
        rows += [means(names[0], clean, None, _ASKED),
                 Row(names[1], worst, None, None, len(clean), None, f"{_ASKED:g}", worst >= _ASKED)]  # fmt: skip
    # Of rough ones nothing is asked: much of what is drawn there is search, not line.
    return [*rows, *([replace(means(names[2], rough, None, 0.0), asked="", met=None)] if rough else [])]


def drawing_commission(found: list[Drawn]) -> Commission:
    """Every drawing in every look."""
    prompts = [f"{one.name}, {look}" for one in found for look in LOOKS]
    inks = [one.ink[None] for one in found for _ in LOOKS]
    return Commission("outside", prompts, [one.size for one in found for _ in LOOKS], {"line": inks})
