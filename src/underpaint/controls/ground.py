"""Where a control's map lies in one pass: the whole picture, the part that is painted, the padded canvas."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe import Blob, ModelRef
from underpaint.recipe.controls import Resizing

if TYPE_CHECKING:
    from underpaint.engine.families.image_text import ImageText

LARGE = 40_000_000
"""Pixels of a map in its place, or of the whole, past which only what is painted of it is brought to size."""
_OVERHANG = 16
"""How many times the picture a map may become that covers it, before only what shows is brought to size."""
_REACH = 3
"""Pixels of a map beside those that show which resampling looks at."""


@dataclass(frozen=True, eq=False)
class Ground:
    """All in pixels of the pass. `whole`: the finished picture's size. `area`: the part of it that is painted.
    `canvas`: what the model paints, the area padded on the right and below. `pixels`: opens what a recipe names, as
    H x W x 3 or 4 floats. `drawn`: H x W on the canvas, how much a drawing claims each place for its own lines, None
    where there is no drawing. For checks: `prompt`, the words for the whole picture, and `image_text`, which opens an
    image-text model by name (None where there can be none), and `attached`, the controls (by `to_key`) that adapters
    followed, None where that is not known. `scene`: the picture that is painted over (H x W x 3 on the canvas) and the
    mask that is filled in it, None where painting starts from words."""

    whole: Extent
    area: Bounds
    canvas: Extent
    pixels: Callable[[Blob], FloatArray]
    drawn: FloatArray | None = None
    prompt: str = ""
    image_text: "Callable[[ModelRef | None], ImageText] | None" = None
    scene: Callable[[], tuple[FloatArray, FloatArray | None]] | None = None
    attached: frozenset[str] | None = None

    @classmethod
    def of(cls, picture: FloatArray, pixels: Callable[[Blob], FloatArray]) -> "Ground":
        """A picture that was painted in one piece."""
        extent = Extent.of(picture)
        return cls(extent, Bounds.whole(extent), extent, pixels)

    def without_padding(self) -> "Ground":
        """The same with a canvas that is the painted area alone."""
        return replace(self, canvas=self.area.extent)

    def lay_map(self, sheet: FloatArray, how: Resizing, scaled: Callable[[FloatArray, Extent], FloatArray], *,
                edge: bool = False) -> FloatArray:
        """A map (H x W or H x W x C) of any size in its place on the canvas; `scaled` brings it, or a part of it, to a
        size. A small spot of a large picture, painted larger, costs no more than the spot."""
        extent = Extent.of(sheet)
        size, left, top = self.place(extent, how)
        if max(size.area, self.whole.area) <= LARGE and size.area <= _OVERHANG * self.whole.area:
            return self.lay(self.spread(scaled(sheet, size), left, top), edge=edge)
        area = self.area.clipped(self.whole)
        part = Ground(area.extent, Bounds.whole(area.extent), self.canvas, self.pixels)
        columns = _shown(extent.width, size.width, area.x - left, area.width)
        rows = _shown(extent.height, size.height, area.y - top, area.height)
        if columns is None or rows is None:
            return part.lay(np.zeros((*area.extent.shape, *sheet.shape[2:]), np.float32))
        cut = np.ascontiguousarray(sheet[rows.cut, columns.cut])
        return part.lay(part.spread(scaled(cut, Extent(columns.length, rows.length)), columns.at, rows.at), edge=edge)

    def lay(self, sheet: FloatArray, *, edge: bool = False) -> FloatArray:
        """Cut the painted area out of a map of the whole (H x W or H x W x C), and pad it to the canvas with zeros,
        or with its edge."""
        cut = sheet[self.area.y: self.area.y + self.area.height, self.area.x: self.area.x + self.area.width]
        margins = [(0, self.canvas.height - cut.shape[0]), (0, self.canvas.width - cut.shape[1])]
        return np.pad(cut, margins + [(0, 0)] * (cut.ndim - 2), mode="edge" if edge else "constant")

    def place(self, extent: Extent, how: Resizing) -> tuple[Extent, int, int]:
        """The size that a map of `extent` takes in the whole picture, and where its upper left corner then lies."""
        whole = self.whole
        if how == "stretch":
            return whole, 0, 0
        if how == "fit":
            size = extent.fit_within(whole)
        else:
            factor = max(whole.width / extent.width, whole.height / extent.height)
            scaled = extent.scaled(factor)
            size = Extent(max(scaled.width, whole.width), max(scaled.height, whole.height))
        return size, (whole.width - size.width) // 2, (whole.height - size.height) // 2

    def spread(self, sheet: FloatArray, left: int, top: int) -> FloatArray:
        """A map (H x W or H x W x C) with its corner at `left`, `top` of the whole picture, zeros around it."""
        laid = np.zeros((*self.whole.shape, *sheet.shape[2:]), dtype=np.float32)
        from_x, from_y = max(0, -left), max(0, -top)
        height = min(sheet.shape[0] - from_y, self.whole.height - max(0, top))
        width = min(sheet.shape[1] - from_x, self.whole.width - max(0, left))
        laid[max(0, top): max(0, top) + height, max(0, left): max(0, left) + width] = \
            sheet[from_y: from_y + height, from_x: from_x + width]
        return laid


@dataclass(frozen=True)
class _Shown:
    """Along one side: what is cut out of a map, how long that becomes, and where it then begins."""

    cut: slice
    length: int
    at: int


def _shown(length: int, placed: int, start: int, count: int) -> _Shown | None:
    """What of a map's `length` shows in `count` pixels from `start`, once it is `placed` pixels long; None: nothing."""
    if start >= placed or start + count <= 0:
        return None
    scale = placed / length
    reach = _REACH * max(1.0, 1 / scale)
    low = max(0, math.floor(start / scale - reach))
    high = min(length, math.ceil((start + count) / scale + reach))
    return _Shown(slice(low, high), max(1, round((high - low) * scale)), round(low * scale) - start)
