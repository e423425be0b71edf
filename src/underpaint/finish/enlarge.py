"""Enlargement without a network, strip by strip: the same pixels as in one piece, in the memory of a strip.

It works on encoded values, not in linear light. Enlarged in linear light the paper outshines the ink: lines get thinner
and their edges ring dark; on encoded values a line keeps its weight, and that is also how drawings are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from underpaint.finish.shape import integers, strip_heights
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.geometry import Extent

_LANCZOS, _BICUBIC, _LINEAR = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
_REACH = 3.0  # Lanczos with three lobes
_CORRECTED, _ENLARGED = 4, 8
"""Rows of the input beyond a strip that its correction looks at, and that the correction's own input looks at."""
_NOTHING = 1 / 512
_SLACK = 0.1


def enlarged_strips(stored: NDArray[Any], size: Extent, *, has_alpha: bool,
                    sharp: bool = False) -> Iterator[NDArray[Any]]:
    """H x W x C integers -> strips of the picture in the new size (also a smaller one), in the same depth.

    Colour is averaged by alpha, so that nothing bleeds in from under transparent pixels. `sharp`: after Lanczos, what
    the result lacks to become the input again when it is reduced is added (back-projection, Irani and Peleg 1991), and
    no value leaves the range of those around it by more than a tenth of it: sharper edges with fainter halos.
    """
    height = stored.shape[0]
    step = height / size.height
    halo = ceil(_REACH * max(step, 1.0)) + 1 + (_ENLARGED if sharp else 0)
    for top, bottom in strip_heights(size.width, size.height):
        first = max(0, floor(top * step) - halo)
        last = min(height, ceil(bottom * step) + halo)
        place = _Place(first, last, top, bottom, step, size)
        yield integers(_resized(to_float(np.asarray(stored[first:last])), place, has_alpha, sharp), stored.dtype)


@dataclass(frozen=True)
class _Place:
    """A strip: input rows `first` to `last` are at hand, rows `top` to `bottom` of the result are wanted."""

    first: int
    last: int
    top: int
    bottom: int
    step: float
    size: Extent

    def enlarge(self, plane: FloatArray, top: int, bottom: int, how: Image.Resampling, begins: int) -> FloatArray:
        """Result rows `top` to `bottom` of input rows that begin at `begins`."""
        box = (0.0, top * self.step - begins, float(plane.shape[1]),
               min(bottom * self.step - begins, float(plane.shape[0])))
        return _scaled(plane, (self.size.width, bottom - top), how, box)

    def sharpened(self, plane: FloatArray) -> FloatArray:
        """The wanted rows by Lanczos, corrected once."""
        above = max(0, floor((self.top * self.step - _ENLARGED) / self.step))
        below = min(self.size.height, ceil((self.bottom * self.step + _ENLARGED) / self.step))
        wide = self.enlarge(plane, above, below, _LANCZOS, self.first)
        begin = max(self.first, floor(self.top * self.step) - _CORRECTED)
        end = min(self.last, ceil(self.bottom * self.step) + _CORRECTED)
        box = (0.0, begin / self.step - above, float(wide.shape[1]), min(end / self.step - above, float(len(wide))))
        again = _scaled(wide, (plane.shape[1], end - begin), _BICUBIC, box)
        lacking = plane[begin - self.first:end - self.first] - again
        rows = wide[self.top - above:self.bottom - above]
        return rows + self.enlarge(lacking, self.top, self.bottom, _LANCZOS, begin)

    def within_neighbours(self, rows: FloatArray, plane: FloatArray) -> FloatArray:
        """The rows, kept within the range of the input around each place, and a little."""
        around = np.ones((3, 3), np.uint8)
        low = self.enlarge(cv2.erode(plane, around), self.top, self.bottom, _LINEAR, self.first)
        high = self.enlarge(cv2.dilate(plane, around), self.top, self.bottom, _LINEAR, self.first)
        slack = (high - low) * _SLACK
        return np.clip(rows, low - slack, high + slack)


def _scaled(plane: FloatArray, size: tuple[int, int], how: Image.Resampling,
            box: tuple[float, float, float, float]) -> FloatArray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(size, how, box=box), np.float32)


def _resized(part: FloatArray, place: _Place, has_alpha: bool, sharp: bool) -> FloatArray:
    def plane(values: FloatArray) -> FloatArray:
        values = np.ascontiguousarray(values)
        return place.sharpened(values) if sharp else place.enlarge(values, place.top, place.bottom, _LANCZOS,
                                                                   place.first)

    color, alpha = (part[..., :-1], part[..., -1]) if has_alpha else (part, None)
    planes = [plane(color[..., channel]) for channel in range(color.shape[2])]
    if alpha is None or float(alpha.min()) == 1.0:
        if sharp:
            planes = [place.within_neighbours(rows, np.ascontiguousarray(color[..., channel]))
                      for channel, rows in enumerate(planes)]
        return np.clip(np.stack([*planes, *([np.ones_like(planes[0])] if has_alpha else [])], axis=-1), 0, 1)
    soft = plane(alpha)  # it rings as the colours under it do, so it is clipped only after the division
    weighted = [plane(color[..., channel] * alpha) for channel in range(color.shape[2])]
    seen = soft > _NOTHING
    mixed = [np.where(seen, under / np.where(seen, soft, 1), plain)
             for under, plain in zip(weighted, planes, strict=True)]
    return np.asarray(np.clip(np.stack([*mixed, soft], axis=-1), 0, 1), np.float32)
