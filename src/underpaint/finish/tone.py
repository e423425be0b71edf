"""Tone: temperature, tint, levels, a curve and saturation; in this order."""

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.interpolate import PchipInterpolator

from underpaint.finish.gamut import shown
from underpaint.finish.shape import Made, Operation, each_pixel
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import linear_to_srgb, srgb_to_linear, srgb_to_oklab
from underpaint.pictures import profiles
from underpaint.pictures.read import Picture
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Fraction

Slider = Annotated[float, Field(ge=-100, le=100)]

_DAYLIGHT = 6504.0
_MIRED, _TINT = 1.0, 0.0003
# IEC 61966-2-1 and Bradford's cone responses (Lam 1985).
_RGB_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                        [0.0193339, 0.1191920, 0.9503041]])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


class Tone(Frozen):
    """What to change; everything left out stays.

    `temperature` (warmer above 0) and `tint` (towards magenta above 0, green below), `saturation` (-100 is grey), each
    -100..100. Levels: `black` and `white` are the values that become 0 and 1, `gamma` above 1 lightens the middle.
    `curve`: points (x, y) in 0..1 that encoded values are led through, with x rising.
    """

    temperature: Slider = 0.0
    tint: Slider = 0.0
    black: Fraction = 0.0
    gamma: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    white: Fraction = 1.0
    curve: Annotated[tuple[tuple[Fraction, Fraction], ...], Field(max_length=64)] = ()
    saturation: Slider = 0.0

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.white - self.black < 1 / 255:
            raise ValueError("levels need a white above their black")
        across = [x for x, _ in self.curve]
        if self.curve and (len(across) < 2 or any(b <= a for a, b in pairwise(across))):
            raise ValueError("a curve has at least two points, each further right than the one before")
        return self


def tone(picture: Picture, asked: Tone, given: object = None) -> Made:
    """The picture with other tones; nothing asked for is bit for bit the same picture. Alpha, depth, profile stay."""
    changes = [change for change in (_white_balance(asked), _values(asked), _saturation(asked)) if change is not None]

    def change(color: FloatArray) -> FloatArray:
        for one in changes:
            color = one(color)
        return color

    grey = asked.temperature == 0 and asked.tint == 0
    channels = picture.stored.shape[2] + (0 if grey or picture.mode not in ("L", "LA") else 2)
    return Made(picture.width, picture.height, channels, picture.stored.dtype,
                each_pixel(picture, change, grey=grey), notes=profile_note(picture))


def profile_note(picture: Picture) -> tuple[str, ...]:
    """What to know where a picture has another colour profile than sRGB."""
    if picture.icc is None or profiles.to_srgb(picture.stored[:1, :1, :1 if picture.mode in ("L", "LA") else 3],
                                               picture.icc) is None:
        return ()
    return ("the picture keeps its own colour profile; colours were reckoned as if its numbers were sRGB's",)


Change = Callable[[FloatArray], FloatArray]


def _white_balance(asked: Tone) -> Change | None:
    if asked.temperature == 0 and asked.tint == 0:
        return None
    matrix = adaptation(asked.temperature, asked.tint)
    return lambda color: np.clip(linear_to_srgb(np.asarray(srgb_to_linear(color) @ matrix.T, np.float32)), 0, 1)


def adaptation(temperature: float, tint: float) -> NDArray[np.float64]:
    """Linear sRGB -> linear sRGB: daylight white becomes the white of another light (Bradford), as light as before."""
    here, there = _uv(_DAYLIGHT), _uv(1e6 / (1e6 / _DAYLIGHT + _MIRED * temperature))
    along = _uv(_DAYLIGHT - 50) - _uv(_DAYLIGHT + 50)
    across = np.array([along[1], -along[0]]) / np.linalg.norm(along)  # towards magenta
    across = across if across[1] < 0 else -across
    cones = [_BRADFORD @ _xyz(uv) for uv in (here, there + across * _TINT * tint)]
    middle = np.linalg.inv(_BRADFORD) @ np.diag(cones[1] / cones[0]) @ _BRADFORD
    return np.asarray(np.linalg.inv(_RGB_TO_XYZ) @ middle @ _RGB_TO_XYZ)


def _uv(kelvin: float) -> NDArray[np.float64]:
    """Daylight of a colour temperature as CIE 1960 u and v (CIE 15, 4.1.2)."""
    t = 1000 / kelvin
    x = (0.244063 + 0.09911 * t + 2.9678 * t**2 - 4.6070 * t**3 if kelvin <= 7000
         else 0.237040 + 0.24748 * t + 1.9018 * t**2 - 2.0064 * t**3)
    y = -3.0 * x**2 + 2.870 * x - 0.275
    return np.array([4 * x, 6 * y]) / (-2 * x + 12 * y + 3)


def _xyz(uv: NDArray[np.float64]) -> NDArray[np.float64]:
    u, v = uv
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _values(asked: Tone) -> Change | None:
    levels = (asked.black, asked.gamma, asked.white) != (0.0, 1.0, 1.0)
    if not levels and not asked.curve:
        return None
    curve = PchipInterpolator(*zip(*asked.curve, strict=True)) if asked.curve else None

    def change(color: FloatArray) -> FloatArray:
        if levels:
            color = np.clip((color - asked.black) / (asked.white - asked.black), 0, 1) ** (1 / asked.gamma)
        if curve is not None:  # flat beyond its first and last point
            color = curve(np.clip(color, asked.curve[0][0], asked.curve[-1][0]))
        return np.asarray(np.clip(color, 0, 1), np.float32)

    return change


def _saturation(asked: Tone) -> Change | None:
    if asked.saturation == 0:
        return None
    factor = np.float32(1 + asked.saturation / 100)

    def change(color: FloatArray) -> FloatArray:
        lab = srgb_to_oklab(color)
        return shown(np.concatenate([lab[..., :1], lab[..., 1:] * factor], axis=-1))

    return change


OPERATION = Operation("tone", "tone", "changes temperature, tint, levels, a curve, saturation", Tone, tone)
