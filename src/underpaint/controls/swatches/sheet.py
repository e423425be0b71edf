"""Swatches as palette files hold them, and the colour models they are given in."""

from dataclasses import dataclass, replace

import numpy as np

from underpaint.errors import PictureError
from underpaint.imaging.color import linear_to_srgb
from underpaint.recipe.controls import SwatchRole

MAX_BYTES = 8_000_000
MAX_ENTRIES = 10_000
Rgb = tuple[float, float, float]
# CIE Lab is given for D50: Bradford-adapted to D65 and on to linear sRGB (Lindbloom).
_D50 = (0.96422, 1.0, 0.82521)
_XYZ50_TO_RGB = np.array([[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540],
                          [0.0719453, -0.2289914, 1.4052427]])
CMYK_NOTE = "CMYK swatches were read without a printer's profile, so their colours are approximate."


@dataclass(frozen=True)
class Entry:
    """One swatch: sRGB 0..1, its name, and, where the file says so, its share of the picture and its role."""

    colour: Rgb
    name: str = ""
    share: float | None = None
    role: SwatchRole = "any"

    @property
    def hex(self) -> str:
        return "#" + "".join(f"{round(255 * min(max(value, 0.0), 1.0)):02x}" for value in self.colour)


@dataclass(frozen=True)
class SwatchSheet:
    """A palette file's swatches in its order; `notes` say what a person should know."""

    entries: tuple[Entry, ...]
    name: str = ""
    notes: tuple[str, ...] = ()

    def noted(self, note: str) -> "SwatchSheet":
        """The same with a note more, once."""
        return self if note in self.notes else replace(self, notes=(*self.notes, note))


def text_of(data: bytes) -> str:
    """Text as UTF-8, or, from older programs, Latin-1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def check_count(count: int) -> None:
    """Raise PictureError for more swatches than any palette has."""
    if count > MAX_ENTRIES:
        raise PictureError(f"{count:,} swatches are too many", hint=f"A palette has at most {MAX_ENTRIES:,}.")


def rgb(red: float, green: float, blue: float) -> Rgb:
    """Clipped to 0..1. Raises PictureError for what is no number."""
    values = np.array([red, green, blue], dtype=np.float64)
    if not np.isfinite(values).all():
        raise PictureError("a swatch has a value that is no number", hint="Export the palette again.")
    red, green, blue = (float(value) for value in np.clip(values, 0, 1))
    return red, green, blue


def from_cmyk(cyan: float, magenta: float, yellow: float, black: float) -> Rgb:
    """Ink shares 0..1, without a profile."""
    return rgb(*((1 - ink) * (1 - black) for ink in (cyan, magenta, yellow)))


def from_lab(light: float, green_red: float, blue_yellow: float) -> Rgb:
    """CIE Lab (D50): L 0..100."""
    y = (light + 16) / 116
    steps = np.array([y + green_red / 500, y, y - blue_yellow / 200])
    xyz = np.where(steps > 6 / 29, steps**3, 3 * (6 / 29) ** 2 * (steps - 4 / 29)) * np.array(_D50)
    return from_xyz(*(float(value) for value in xyz))


def from_xyz(*xyz: float) -> Rgb:
    """CIE XYZ (D50), white at Y = 1."""
    return rgb(*(float(value) for value in linear_to_srgb((_XYZ50_TO_RGB @ np.array(xyz)).astype(np.float32))))


def from_hsb(hue: float, saturation: float, brightness: float) -> Rgb:
    """Hue, saturation and brightness, each 0..1."""
    import colorsys

    return rgb(*colorsys.hsv_to_rgb(hue % 1.0, saturation, brightness))
