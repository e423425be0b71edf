"""From painted floats to the integers a file stores, in another picture's own mode, depth and profile."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.imaging.arrays import to_bytes, to_float, to_words
from underpaint.pictures import profiles
from underpaint.pictures.read import Picture

_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, as other programs turn colour to grey


def to_stored(pixels: NDArray[Any], like: Picture | None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """H x W x C integers for a file, and remarks. Integers pass as they are; floats follow `like` where given.

    Raises PictureError for arrays that are no picture, and for integers that do not fit `like`.
    """
    array = np.asarray(pixels)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or array.size == 0:
        raise PictureError(f"an array of the shape {np.shape(pixels)} is not a picture",
                           hint="Give H x W, or H x W x 1 to 4.")
    if array.dtype in (np.uint8, np.uint16):
        if like is not None and (array.dtype != like.stored.dtype or array.shape[2] != like.stored.shape[2]):
            raise PictureError(f"{array.shape[2]} channels of {array.dtype} are not of the picture's kind "
                               f"({like.mode}, {like.depth} bits)", hint="Use stored_like() first.")
        return array, _remarks(like)
    floats = to_float(array)
    if like is None:
        return to_bytes(floats), ()
    return stored_like(floats, like), _remarks(like)


_SPELLED_OUT = {"P": "the palette became RGB", "PA": "the palette became RGB", "1": "black and white became 8-bit grey"}


def _remarks(like: Picture | None) -> tuple[str, ...]:
    """What the file could not keep of the picture that it is written like."""
    if like is None:
        return ()
    spelled = _SPELLED_OUT.get(like.found_mode)
    return (*like.notes, *([f"{spelled}: paint does not fit into it"] if spelled else []))


def stored_like(pixels: NDArray[np.float32], like: Picture) -> NDArray[Any]:
    """sRGB floats H x W x 1, 3 or 4 -> integers in `like`'s mode, depth and colour profile.

    Colour becomes grey for a grey picture; alpha is added (opaque) or left out as `like` has it.
    """
    has_alpha = pixels.shape[2] in (2, 4)
    color = pixels[..., :-1] if has_alpha else pixels
    color = np.repeat(color, 3, axis=2) if color.shape[2] == 1 else color
    grey = like.mode in ("L", "LA")
    channels = 1 if grey else 3
    integers = to_words if like.depth == 16 else to_bytes
    converted = profiles.from_srgb(to_bytes(color), like.icc, channels) if like.icc else None
    if converted is not None:
        result: NDArray[Any] = converted if like.depth == 8 else converted.astype(np.uint16) * 257
    else:
        result = integers(np.asarray(color @ _LUMA, np.float32)[..., None] if grey else color)
    if not like.has_alpha:
        return result
    alpha = pixels[..., -1:] if has_alpha else np.ones((*pixels.shape[:2], 1), np.float32)
    return np.concatenate([result, integers(alpha)], axis=2)


def keep_outside(
    painted: NDArray[Any], like: Picture, mask: NDArray[np.float32], at: tuple[int, int] = (0, 0)
) -> NDArray[Any]:
    """Integers in `like`'s kind: `painted` where the mask is above 0, elsewhere `like`'s own pixels, exactly.

    `painted` is H x W x C, floats (sRGB) or integers of `like`'s kind; `mask` is H x W. `at` is (left, top) of
    `like` inside `painted`, for a canvas that grew; beyond `like` everything is painted.
    """
    stored = painted if painted.dtype in (np.uint8, np.uint16) else stored_like(to_float(painted), like)
    result = np.array(stored)
    left, top = at
    window = result[top : top + like.height, left : left + like.width]
    inside = mask[top : top + like.height, left : left + like.width]
    if window.shape != like.stored.shape or inside.shape != window.shape[:2]:
        raise PictureError("mask, painted picture and input are not of one size",
                           hint="Give the mask in the size of the picture.")
    outside = inside <= 0
    window[outside] = like.stored[outside]
    return result
