"""Tone: washed out, too dark, or nothing there at all."""

import numpy as np

from underpaint.imaging.color import srgb_to_oklab
from underpaint.review.shape import Defect, Laid

_PALE_RANGE, _PALE_CHROMA, _PALE_LIGHT = 0.30, 0.055, 0.5
_DARK_LIGHT = 0.36
"""OKLab lightness of the lightest hundredth: below it a picture is a black sheet on most screens."""
_BLOCK = 8
_EMPTY_SHARE = 0.03


def washed_out(laid: Laid) -> Defect | None:
    """All tones close together and hardly any colour: the picture looks as if seen through milk."""
    lab = srgb_to_oklab(laid.color[::2, ::2])
    low, high = np.percentile(lab[..., 0], (2, 98))
    chroma = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 90))
    spread, middle = float(high - low), float(lab[..., 0].mean())
    if spread >= _PALE_RANGE or chroma >= _PALE_CHROMA + 0.04 * (1 - spread / _PALE_RANGE) or middle < _PALE_LIGHT:
        return None
    return Defect("washed out", "washed out: light and dark hardly differ", min(1.0, 1.3 - spread / _PALE_RANGE))


def too_dark(laid: Laid) -> Defect | None:
    """Even the lightest parts are nearly black; a night with a lamp in it is not."""
    lightest = float(np.percentile(srgb_to_oklab(laid.color[::2, ::2])[..., 0], 99))
    if lightest >= _DARK_LIGHT:
        return None
    return Defect("too dark", "too dark: even its lights are nearly black", min(1.0, 1.4 - lightest / _DARK_LIGHT))


def empty(laid: Laid) -> Defect | None:
    """Hardly anything is painted: nearly every spot is one plain colour."""
    height, width = (side // _BLOCK * _BLOCK for side in laid.light.shape)
    blocks = laid.light[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    busy = float((blocks.std(axis=(1, 3)) > 0.012).mean())
    if busy >= _EMPTY_SHARE:
        return None
    return Defect("empty", "empty: hardly anything is painted", 1.0 - busy / _EMPTY_SHARE / 2)
