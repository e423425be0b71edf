"""The ways a finished picture can be nudged: how each changes pixels, and how far a picture lies along it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab

CLOSER = 0.22
"""How much nearer a nudge of 1 comes, as a share of the picture."""


@dataclass(frozen=True)
class Axis:
    """`move` changes an sRGB H x W x 3 picture by an amount (1 is plain to see); `place` says where a picture lies, in
    units in which a nudge of 1 is about 1; None for an axis that moves what is where."""

    move: Callable[[FloatArray, float], FloatArray]
    place: Callable[[FloatArray], float] | None


def _lab(change: Callable[[FloatArray, float], FloatArray]) -> Callable[[FloatArray, float], FloatArray]:
    def move(picture: FloatArray, amount: float) -> FloatArray:
        return np.clip(oklab_to_srgb(change(srgb_to_oklab(picture), amount)), 0, 1).astype(np.float32)

    return move


def _shifted(light: float, green_red: float, blue_yellow: float) -> Callable[[FloatArray, float], FloatArray]:
    """Every colour by as much, less so near black and white, so that those stay clean."""
    def change(lab: FloatArray, amount: float) -> FloatArray:
        room = (4 * lab[..., :1] * (1 - lab[..., :1])).clip(0, 1)
        moved = np.concatenate([lab[..., :1] + amount * light * room,
                                lab[..., 1:] + amount * room * np.array([green_red, blue_yellow])], axis=-1)
        return np.asarray(moved, dtype=np.float32)

    return _lab(change)


def _spread(lab: FloatArray, amount: float) -> FloatArray:
    moved, middle = lab.copy(), float(lab[..., 0].mean())
    moved[..., 0] = np.clip(middle + (lab[..., 0] - middle) * 1.35**amount, 0, 1)
    return moved


def _coloured(lab: FloatArray, amount: float) -> FloatArray:
    moved = lab.copy()
    moved[..., 1:] *= 1.4**amount
    return moved


def _later(lab: FloatArray, amount: float) -> FloatArray:
    """The sun goes down: lights grow warm, darks blue and darker."""
    moved, light = lab.copy(), lab[..., 0]
    moved[..., 0] = np.clip(light * (1 - 0.14 * amount), 0, 1)
    moved[..., 1] += 0.022 * amount * (light - 0.25)
    moved[..., 2] += 0.09 * amount * (light - 0.45)
    return moved


def _zoomed(picture: FloatArray, amount: float) -> FloatArray:
    """Nearer by cutting in; farther by shrinking, with the edges carried on outward."""
    height, width = picture.shape[:2]
    factor = 1 + CLOSER * amount if amount >= 0 else 1 / (1 - CLOSER * amount)
    matrix = np.array([[factor, 0, (1 - factor) * (width - 1) / 2], [0, factor, (1 - factor) * (height - 1) / 2]])
    moved = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(moved, 0, 1), dtype=np.float32)


def _mean(channel: int, unit: float) -> Callable[[FloatArray], float]:
    return lambda picture: float(srgb_to_oklab(picture)[..., channel].mean() / unit)


def _warmth(picture: FloatArray) -> float:
    lab = srgb_to_oklab(picture)
    return float((lab[..., 2] + 0.4 * lab[..., 1]).mean() / 0.03)


def _lateness(picture: FloatArray) -> float:
    """How much warmer the lights are than the darks, and how dark it is."""
    lab = srgb_to_oklab(picture)
    light = lab[..., 0] - lab[..., 0].mean()
    slope = float((light * lab[..., 2]).mean() / max(float(np.square(light).mean()), 1e-4))
    return slope / 0.13 - float(lab[..., 0].mean()) / 0.13


AXES: dict[str, tuple[str, float]] = {
    "warmer": ("warmth", 1), "cooler": ("warmth", -1), "lighter": ("lightness", 1), "darker": ("lightness", -1),
    "stronger": ("contrast", 1), "softer": ("contrast", -1), "richer": ("chroma", 1), "paler": ("chroma", -1),
    "later": ("hour", 1), "earlier": ("hour", -1), "closer": ("distance", 1), "farther": ("distance", -1)}
"""What people say, the axis it is on, and which way along it."""

KNOWN: dict[str, Axis] = {
    "warmth": Axis(_shifted(0, 0.012, 0.032), _warmth),
    "lightness": Axis(_shifted(0.09, 0, 0), _mean(0, 0.06)),
    "contrast": Axis(_lab(_spread), lambda picture: float(
        np.log(max(float(srgb_to_oklab(picture)[..., 0].std()), 1e-3)) / np.log(1.35))),
    "chroma": Axis(_lab(_coloured), lambda picture: float(
        np.log(max(float(np.linalg.norm(srgb_to_oklab(picture)[..., 1:], axis=-1).mean()), 1e-3)) / np.log(1.4))),
    "hour": Axis(_lab(_later), _lateness),
    "distance": Axis(_zoomed, None)}
