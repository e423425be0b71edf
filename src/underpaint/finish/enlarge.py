"""Lanczos enlargement, strip by strip: the same pixels as in one piece, in the memory of a strip.

It works on encoded values, not in linear light. Enlarged in linear light the paper outshines the ink: lines get thinner
and their edges ring dark; on encoded values a line keeps its weight, and that is also how drawings are looked at.
"""

from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from underpaint.finish.shape import integers, strip_heights
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.geometry import Extent

_REACH = 3.0  # Lanczos with three lobes
_NOTHING = 1 / 512


def lanczos_strips(stored: NDArray[Any], size: Extent, *, has_alpha: bool) -> Iterator[NDArray[Any]]:
    """H x W x C integers -> strips of the picture in the new size, in the same depth.

    Colour is averaged by alpha, so that nothing bleeds in from under transparent pixels.
    """
    height = stored.shape[0]
    step = height / size.height
    halo = ceil(_REACH * max(step, 1.0)) + 1
    for top, bottom in strip_heights(size.width, size.height):
        begin, end = top * step, min(bottom * step, height)
        first, last = max(0, floor(begin) - halo), min(height, ceil(end) + halo)
        part = to_float(np.asarray(stored[first:last]))
        box = (0.0, begin - first, float(part.shape[1]), end - first)
        yield integers(_resized(part, Extent(size.width, bottom - top), box, has_alpha), stored.dtype)


def _resized(part: FloatArray, size: Extent, box: tuple[float, float, float, float], has_alpha: bool) -> FloatArray:
    def plane(values: FloatArray) -> FloatArray:
        image = Image.fromarray(np.ascontiguousarray(values))
        return np.asarray(image.resize((size.width, size.height), Image.Resampling.LANCZOS, box=box), np.float32)

    color, alpha = (part[..., :-1], part[..., -1]) if has_alpha else (part, None)
    planes = [plane(color[..., channel]) for channel in range(color.shape[2])]
    if alpha is None or float(alpha.min()) == 1.0:
        return np.clip(np.stack([*planes, *([np.ones_like(planes[0])] if has_alpha else [])], axis=-1), 0, 1)
    soft = np.clip(plane(alpha), 0, 1)
    weighted = [plane(color[..., channel] * alpha) for channel in range(color.shape[2])]
    seen = soft > _NOTHING
    mixed = [np.where(seen, under / np.where(seen, soft, 1), plain)
             for under, plain in zip(weighted, planes, strict=True)]
    return np.asarray(np.clip(np.stack([*mixed, soft], axis=-1), 0, 1), np.float32)
