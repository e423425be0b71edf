"""What img2img starts from: the picture brought to size as A1111 does, the mask, and the recipe's fields."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent, Padding
from underpaint.imaging.masks import invert, normalise
from underpaint.imaging.resize import PadMode, Resample, pad, resize
from underpaint.library.drawings import Stored
from underpaint.pictures.read import Picture
from underpaint.studio.a1111.errors import NotFound, Unprocessable
from underpaint.studio.a1111.images import SENT, as_png, picture
from underpaint.studio.a1111.recipes import Asked, strength_of
from underpaint.studio.a1111.requests import MOST_PICTURES, Img2Img

_CONTENT = {0: "blur", 1: "original", 2: "noise", 3: "nothing"}
MOST_FEATHER, MOST_PADDING = 512, 2048
MOST_PIXELS = 4 * SENT.pixels
"""Of all pictures of a request together: small files may unpack to very large ones."""


@dataclass(frozen=True, eq=False)
class Begun:
    """One picture to paint over: as it was sent, and its bytes."""

    picture: Picture
    data: bytes

    @property
    def extent(self) -> Extent:
        return Extent(self.picture.width, self.picture.height)


def begun_pictures(request: Img2Img) -> list[Begun]:
    """The pictures that a request paints over. Raises NotFound where there is none, Unprocessable for too many."""
    if not request.init_images:
        raise NotFound("Init image not found", hint="Send at least one picture in init_images.")
    if len(request.init_images) > MOST_PICTURES:
        raise Unprocessable(f"{len(request.init_images):,} pictures to paint over", field="init_images")
    found, pixels = [], 0
    for number, one in enumerate(request.init_images):
        found.append(Begun(*picture(one, f"init_images.{number}")))
        pixels += found[-1].extent.area
        if pixels > MOST_PIXELS:
            raise Unprocessable("so many pictures of that size are too large together", field="init_images",
                                hint=f"Send up to {MOST_PIXELS // 10**6} megapixels in one request.")
    return found


def refine_fields(asked: Asked, begun: Begun) -> dict[str, Any]:
    """What img2img adds for one picture; its blobs go to `asked.blobs`. Raises Unprocessable for what cannot be."""
    request = asked.request
    assert isinstance(request, Img2Img)
    size = _size(asked)
    own: dict[str, Any] = {"strength": strength_of(request)}
    if not request.mask:
        laid = _stored(begun, size, request.resize_mode or 0)
        asked.blobs[laid.blob.sha256] = laid.data
        return own | {"task": "refine", "picture": laid.blob.model_dump(mode="json"), "width": size.width,
                      "height": size.height}
    return own | _fill_fields(asked, begun, size)


def _size(asked: Asked) -> Extent:
    width, height = asked.request.width or 512, asked.request.height or 512
    if not (8 <= width <= SENT.side and 8 <= height <= SENT.side and width * height <= asked.most_pixels):
        raise Unprocessable(f"{width} x {height} is no size to paint", field="width",
                            hint=f"Sides go from 8 to {SENT.side:,}, {asked.most_pixels // 10**6} megapixels in all.")
    return Extent(width, height)


def _fill_fields(asked: Asked, begun: Begun, size: Extent) -> dict[str, Any]:
    request = asked.request
    assert isinstance(request, Img2Img)
    mask = sent_mask(request, begun.extent)
    within = bool(request.inpaint_full_res)
    if not mask.any() and within:  # as A1111 does with an empty mask
        laid = _stored(begun, size, request.resize_mode or 0)
        asked.blobs[laid.blob.sha256] = laid.data
        return {"task": "refine", "picture": laid.blob.model_dump(mode="json"), "width": size.width,
                "height": size.height}
    if within:
        laid, masked = Stored.of(begun.data, "init image"), mask
    else:
        laid = _stored(begun, size, request.resize_mode or 0)
        masked = mask if begun.extent == size else _fitted(mask, size, request.resize_mode or 0, Resample.LINEAR)
    kept = Stored.of(as_png(np.ascontiguousarray(masked)), "mask")
    asked.blobs.update({laid.blob.sha256: laid.data, kept.blob.sha256: kept.data})
    both = max(request.mask_blur_x or 0, request.mask_blur_y or 0)
    blur = both if request.mask_blur is None else request.mask_blur
    return {"task": "fill", "picture": laid.blob.model_dump(mode="json"), "mask": kept.blob.model_dump(mode="json"),
            "feather": min(max(blur, 0), MOST_FEATHER), "content": content_of(request.inpainting_fill),
            "area": "masked" if within else "whole",
            **({"padding": min(max(request.inpaint_full_res_padding or 0, 0), MOST_PADDING), "width": size.width,
                "height": size.height} if within else {})}


def content_of(fill: int | None) -> str:
    """What a hole starts from, by A1111's number. Raises Unprocessable for others."""
    if (fill or 0) not in _CONTENT:
        raise Unprocessable(f"{fill} is no masked content", field="inpainting_fill",
                            hint="0 fill, 1 original, 2 latent noise, 3 latent nothing.")
    return _CONTENT[fill or 0]


def sent_mask(request: Img2Img, extent: Extent) -> FloatArray:
    """The mask at the picture's size, 1 = paint here: white paints, or where the mask has holes its alpha."""
    sent, _ = picture(request.mask or "", "mask")
    pixels = np.asarray(sent.pixels)
    mask = pixels[..., 3] if sent.has_alpha and float(pixels[..., 3].min()) < 1 else normalise(pixels[..., :3])
    if request.mask_round is not False:
        mask = (mask > 0.5).astype(np.float32)
    mask = np.ascontiguousarray(mask, dtype=np.float32)
    if Extent.of(mask) != extent:
        mask = resize(mask, extent, Resample.NEAREST if request.mask_round is not False else Resample.LINEAR)
    return invert(mask) if request.inpainting_mask_invert else mask


def _stored(begun: Begun, size: Extent, mode: int) -> Stored:
    """The picture at the size that is painted: its own bytes where it has that size already."""
    if begun.extent == size and not begun.picture.has_alpha:
        return Stored.of(begun.data, "init image")
    return Stored.of(as_png(_fitted(flatten(np.asarray(begun.picture.pixels)), size, mode)), "init image")


def _fitted(pixels: FloatArray, size: Extent, mode: int, how: Resample = Resample.AUTO) -> FloatArray:
    """A1111's resize modes: 0 just resize (3, in latents, does so too), 1 crop and resize, 2 resize and fill."""
    current = Extent.of(pixels)
    if mode not in (0, 1, 2, 3):
        raise Unprocessable(f"{mode} is no resize mode", field="resize_mode", hint="0 to 3.")
    if mode in (0, 3) or current == size:
        return resize(pixels, size, how)
    across, down = size.width / current.width, size.height / current.height
    factor = max(across, down) if mode == 1 else min(across, down)
    inner = Extent(max(1, round(current.width * factor)), max(1, round(current.height * factor)))
    laid = resize(pixels, inner, how)
    if mode == 1:
        left, top = (inner.width - size.width) // 2, (inner.height - size.height) // 2
        return np.ascontiguousarray(laid[top : top + size.height, left : left + size.width])
    left, top = (size.width - inner.width) // 2, (size.height - inner.height) // 2
    margins = Padding(left, top, size.width - inner.width - left, size.height - inner.height - top)
    return np.ascontiguousarray(pad(laid, margins, PadMode.EDGE))
