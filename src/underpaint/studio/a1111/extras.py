"""Extras: a finished picture made larger, with one upscaler or a mixture of two."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.finish.shape import integers
from underpaint.imaging.arrays import to_float
from underpaint.imaging.geometry import Extent
from underpaint.pictures.read import Picture
from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.images import as_png, infotext_of, picture
from underpaint.studio.a1111.requests import Extras, ExtrasBatch
from underpaint.studio.a1111.shelf import Shelf
from underpaint.studio.a1111.upscaling import enlarged

MOST_BYTES = 1 << 30
"""Of all pictures of one answer."""


def improved_batch(request: ExtrasBatch, improve: Callable[[str, str], bytes]) -> list[bytes]:
    """Every picture of a batch as `improve` makes it, given its text and its field. Raises Unprocessable for more than
    an answer holds."""
    made: list[bytes] = []
    for at, one in enumerate(request.imageList):
        made.append(improve(one.data, f"imageList.{at}.data"))
        if sum(map(len, made)) > MOST_BYTES:
            raise Unprocessable("so many large pictures are too much for one answer", field="imageList",
                                hint=f"Send up to {at} like these at once.")
    return made


def improved(request: Extras, text: str, field: str, shelf: Shelf, most_pixels: int) -> bytes:
    """One picture as a PNG, its infotext kept. Raises NotServed for faces, Unprocessable for what cannot be."""
    for name in ("gfpgan_visibility", "codeformer_visibility"):
        if getattr(request, name) > 0:
            raise NotServed("faces are not repainted behind your back", field=name, hint="Leave it at 0.")
    read, data = picture(text, field)
    size = _size(request, read)
    if size.area > most_pixels or max(size.width, size.height) > 32_768:
        raise Unprocessable(f"{read.width}x{read.height} would become {size}, which is too large",
                            field="upscaling_resize", hint=f"At most {most_pixels / 1e6:.0f} megapixels are made.")
    made: NDArray[Any] = read.stored
    told = ""
    mixed = request.extras_upscaler_2_visibility > 0 and request.upscaler_2 != "None"
    if request.upscaler_1 != "None" or mixed:  # else A1111 changes nothing
        made, told = _made(request, read, size, shelf, mixed), _told(request, size)
    if request.resize_mode == 1 and request.upscaling_crop and told:
        made = _cropped(made, Extent(request.upscaling_resize_w, request.upscaling_resize_h))
    info = ", ".join(part for part in (infotext_of(data), told) if part)
    return as_png(made, info)


def _size(request: Extras, read: Picture) -> Extent:
    factor = request.upscaling_resize
    if request.resize_mode == 1:
        factor = max(request.upscaling_resize_w / read.width, request.upscaling_resize_h / read.height)
    if not 1 / 4096 <= factor <= 4096:
        raise Unprocessable(f"a scale of {factor:g} is out of range", field="upscaling_resize")
    return Extent(max(1, round(read.width * factor)), max(1, round(read.height * factor)))


def _made(request: Extras, read: Picture, size: Extent, shelf: Shelf, mixed: bool) -> NDArray[Any]:
    first = enlarged(read, size, request.upscaler_1, shelf)
    if not mixed:
        return first
    second, share = enlarged(read, size, request.upscaler_2, shelf), request.extras_upscaler_2_visibility
    blend = to_float(first) * np.float32(1 - share) + to_float(second) * np.float32(share)
    return integers(blend.astype(np.float32), first.dtype)


def _cropped(made: NDArray[Any], size: Extent) -> NDArray[Any]:
    height, width = made.shape[:2]
    left, top = max(0, (width - size.width) // 2), max(0, (height - size.height) // 2)
    return np.ascontiguousarray(made[top : top + size.height, left : left + size.width])


def _told(request: Extras, size: Extent) -> str:
    """What A1111 adds to the infotext."""
    by = f"Postprocess upscale to: {request.upscaling_resize_w}x{request.upscaling_resize_h}" \
        if request.resize_mode == 1 else f"Postprocess upscale by: {request.upscaling_resize:g}"
    second = f", Postprocess upscaler 2: {request.upscaler_2}" if request.extras_upscaler_2_visibility > 0 else ""
    return f"{by}, Postprocess upscaler: {request.upscaler_1}{second}"
