"""From paper with ink on it to ink alone: how dark is how opaque, and what colour it has."""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.errors import DrawingError
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float
from underpaint.imaging.color import srgb_to_oklab
from underpaint.imaging.paper import Ink, gray_of

_BLUE_HUES = (195.0, 280.0)
"""OKLab hue angles, in degrees, of non-photo blue and light blue pencils."""
_ROWS = 256


def lift_exact(sheet: FloatArray) -> FloatArray:
    """White paper to nothing: H x W x 3 -> H x W x 4 whose picture over white is the sheet again (to 1/255).

    Grey becomes black ink, partly opaque; a colour becomes its strongest hue, partly opaque.
    """
    alpha = 1.0 - sheet.min(axis=-1, keepdims=True)
    color = np.divide(sheet - (1.0 - alpha), alpha, out=np.zeros_like(sheet), where=alpha > 1e-4)
    return _snap(np.concatenate([color, alpha], axis=-1))


def lift(ink: Ink, *, colored: bool) -> FloatArray:
    """Found ink -> H x W x 4. Paper is empty exactly; the darkest ink is brought near to opaque."""
    if colored:
        layer = lift_exact(ink.sheet)
    else:
        layer = np.zeros((*ink.gate.shape, 4), np.float32)
        layer[..., 3] = 1.0 - gray_of(ink.sheet)
    alpha = layer[..., 3] * ink.gate
    inked = alpha[alpha > 0.05]
    if inked.size:
        darkest = float(np.percentile(inked, 97))
        alpha = np.clip(alpha * np.clip(0.92 / max(darkest, 1e-3), 1.0, 2.0), 0.0, 1.0)
    layer[..., :3] *= (alpha > 0)[..., None]
    layer[..., 3] = alpha
    return _snap(layer)


def _snap(layer: FloatArray) -> FloatArray:
    """Make it the nearest picture that 8 bits can hold, so that files give the same layer back bit for bit; in place
    and a few rows at a time, since a scan may have a hundred megapixels."""
    for row in range(0, len(layer), _ROWS):
        band = layer[row : row + _ROWS]
        band[...] = to_float(to_bytes(band))
    return layer


def colorfulness(ink: Ink) -> float:
    """Share of the inked pixels that have a colour of their own, 0..1."""
    inked = (ink.gate > 0.5) & (gray_of(ink.sheet) < 0.9)
    if inked.sum() < 8:
        return 0.0
    calm = cv2.GaussianBlur(ink.sheet, (0, 0), 1.0)[inked]
    lab = srgb_to_oklab(np.asarray(calm, np.float32))
    return float((np.hypot(lab[:, 1], lab[:, 2]) > 0.05).mean())


def blue_share(ink: Ink) -> float:
    """Share of the inked pixels drawn with light blue pencil, 0..1."""
    gray = gray_of(ink.sheet)
    inked = (ink.gate > 0.5) & (gray < 0.95)
    if inked.sum() < 8:
        return 0.0
    # A dark blue pen looks light at the edges of its lines; a blue pencil is light in their middle too.
    heart = cv2.erode(gray, np.ones((5, 5), np.uint8))
    return float((_blue_among(ink.sheet, inked) & (heart > 0.5))[inked].mean())


def drop_blue(ink: Ink) -> Ink:
    """The same sheet without the light blue pencil; dark lines that cross it stay.

    Densities add where two inks lie on one another, so each pixel is unmixed into neutral and blue density.
    """
    blue = _blue_among(ink.sheet, ink.gate > 0.5)
    if not blue.any():
        return ink
    density = -np.log(np.clip(ink.sheet, 0.02, 1.0))
    direction = np.median(density[blue], axis=0)
    direction = direction / max(float(np.linalg.norm(direction)), 1e-6)
    basis = np.stack([np.ones(3) / np.sqrt(3.0), direction], axis=1)
    amounts = np.maximum(density @ np.linalg.pinv(basis).T, 0.0)
    # Noise splits a pure blue pixel into a little of both: what is mostly blue is wholly blue.
    dark = np.maximum(amounts[..., 0] - 0.35 * amounts[..., 1], 0.0)
    gray = np.exp(-dark / np.sqrt(3.0)).astype(np.float32)
    gate = ink.gate * np.clip((1.0 - gray - 0.04) / 0.06, 0.0, 1.0)
    if gate.max() <= 0:
        raise DrawingError(
            "there is nothing but blue pencil in this drawing", hint="Keep the blue lines to paint under them."
        )
    return Ink(np.repeat(gray[..., None], 3, axis=-1), gate.astype(np.float32))


def _blue_among(sheet: FloatArray, inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """H x W: which of the inked pixels are light blue."""
    calm = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.8), np.float32)[inked]
    lab = srgb_to_oklab(calm)
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360.0
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    blue = np.zeros(inked.shape, dtype=np.bool_)
    blue[inked] = (hue > _BLUE_HUES[0]) & (hue < _BLUE_HUES[1]) & (chroma > 0.03) & (lab[:, 0] > 0.55)
    return blue
