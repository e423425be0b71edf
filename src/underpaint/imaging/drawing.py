"""A drawing, however it comes, turned into a line layer: RGBA, nothing where the paper is.

The layer is made once, here, and never altered afterwards; see docs/drawings.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import DrawingError
from underpaint.imaging import inks, recognise
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float, to_words
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent
from underpaint.imaging.paper import Ink, find_ink, paper_light, unevenness, without_edge
from underpaint.imaging.sheet import Corners, find_sheet, square

_BLUE_FROM, _COLORED_FROM = 0.12, 0.25
"""Shares of the inked pixels from which a drawing counts as blue pencil, or as coloured."""
_UNEVEN_FROM = 0.15
_VISIBLE = 0.08
_TONAL_FROM = 0.15
_TONAL = "Much of this drawing is tone rather than line; the tone lies in the line layer too."
_NO_CORNERS = "The sheet's corners were not found, so the picture was not squared."


class DrawingKind(StrEnum):
    """How a drawing was made and brought in."""

    AUTO = "auto"
    INK = "ink"
    """Dark lines on clean white: taken exactly as they are."""
    PAPER = "paper"
    """A scan of pencil or ink on paper, white, grey or coloured."""
    PHOTO = "photo"
    """A photo of a sheet: squared, evenly lit."""
    TRANSPARENT = "transparent"
    """Lines on nothing: taken bit for bit."""
    WHITE_ON_BLACK = "white-on-black"
    """Light lines on a dark ground: become dark lines on nothing."""
    BLUE_PENCIL = "blue-pencil"
    """Light blue construction under darker lines."""
    COLORED = "colored"
    """Lines whose colours are kept, on any paper."""


@dataclass(frozen=True, eq=False)
class LineLayer:
    """The artist's lines."""

    rgba: FloatArray
    """H x W x 4, sRGB 0..1, straight alpha; every value one that 8 (or, for such files, 16) bits hold."""
    kind: DrawingKind
    """What the drawing was taken for; never AUTO."""
    corners: Corners | None = None
    """Where the sheet lay in the picture, clockwise from the top left, if it was squared."""
    notes: tuple[str, ...] = ()
    """What the artist should know, one sentence each."""

    @property
    def extent(self) -> Extent:
        return Extent.of(self.rgba)

    def stored(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The layer as a file holds it: 8 bits, or 16 where the drawing had more."""
        eight = to_bytes(self.rgba)
        return eight if (to_float(eight) == self.rgba).all() else to_words(self.rgba)


def line_layer(
    image: NDArray[Any],
    *,
    kind: DrawingKind = DrawingKind.AUTO,
    keep_blue: bool = True,
) -> LineLayer:
    """A drawing (H x W or H x W x 1, 3, 4; float 0..1 or stored integers, upright) -> its line layer.

    `kind` says what it is where recognition would err; `keep_blue=False` drops light blue construction lines.
    Raises DrawingError for a blank drawing and for a picture without lines.
    """
    pixels = _channels(to_float(image))
    if pixels.shape[2] == 4:
        if kind is DrawingKind.TRANSPARENT or (kind is DrawingKind.AUTO and recognise.carries_lines_in_alpha(pixels)):
            return _transparent(pixels)
        pixels = flatten(pixels)
    elif kind is DrawingKind.TRANSPARENT:
        raise DrawingError(
            "the drawing has no transparency",
            hint="Let its kind be recognised, or save it with transparency.",
        )
    if recognise.is_flat(pixels):
        raise _blank()
    return _opaque(pixels, kind, keep_blue)


def _channels(pixels: FloatArray) -> FloatArray:
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or 0 in pixels.shape:
        raise DrawingError(
            f"an array of shape {pixels.shape} is not a drawing", hint="Use a grey, RGB or RGBA picture."
        )
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _transparent(pixels: FloatArray) -> LineLayer:
    if not (pixels[..., 3] > 0.03).any():
        raise _blank()
    return LineLayer(pixels.copy(), DrawingKind.TRANSPARENT)


@dataclass(frozen=True)
class _Sheet:
    """A drawing seen straight on under even light."""

    ink: Ink
    clean: bool
    light_on_dark: bool = False
    corners: Corners | None = None
    notes: tuple[str, ...] = ()


def _opaque(pixels: FloatArray, wanted: DrawingKind, keep_blue: bool) -> LineLayer:
    sheet = _even(pixels, wanted)
    ink, auto, notes = sheet.ink, wanted is DrawingKind.AUTO, sheet.notes
    blue = wanted is DrawingKind.BLUE_PENCIL or (auto and inks.blue_share(ink) > _BLUE_FROM)
    colored = wanted is DrawingKind.COLORED or inks.colorfulness(ink) > _COLORED_FROM
    if blue and not keep_blue:
        rgba = inks.lift(inks.drop_blue(ink), colored=False)
    elif sheet.clean:
        rgba = inks.lift_exact(ink.sheet)
    else:
        rgba = inks.lift(ink, colored=colored or blue)
    if recognise.tone_share(ink.sheet) > _TONAL_FROM:
        notes += (_TONAL,)
    if blue and keep_blue:
        notes += ("The blue pencil was kept; it can be dropped.",)
    if not (rgba[..., 3] > _VISIBLE).any():
        raise _blank()
    kind = _recognised(sheet, blue, colored) if auto else wanted
    return LineLayer(rgba, kind, sheet.corners, notes)


def _even(pixels: FloatArray, wanted: DrawingKind) -> _Sheet:
    """Square the sheet, turn white on black round, divide the light away: as far as each is called for."""
    auto = wanted is DrawingKind.AUTO
    clean = wanted is DrawingKind.INK or (auto and recognise.is_clean_white(pixels))
    corners = None
    if wanted is DrawingKind.PHOTO or (auto and not clean):
        corners = find_sheet(pixels)
        pixels = pixels if corners is None else square(pixels, corners)
    turned = wanted is DrawingKind.WHITE_ON_BLACK or (auto and recognise.is_light_on_dark(pixels))
    if turned:
        pixels = np.asarray(1.0 - pixels, dtype=np.float32)
        clean = recognise.is_clean_white(pixels)
    if clean:
        return _Sheet(Ink(pixels, np.ones(pixels.shape[:2], np.float32)), True, turned, corners)
    shadows = corners is not None or wanted is DrawingKind.PHOTO or unevenness(pixels) > _UNEVEN_FROM
    ink = find_ink(pixels, paper_light(pixels, shadows=shadows), shadows=shadows)
    if auto and corners is None and recognise.is_painted(ink.sheet, pixels):
        raise DrawingError(
            "this looks like a photograph or a painting, not a drawing",
            hint="Give a line drawing; if it is one, name its kind (such as photo or paper).",
        )
    if corners is not None:
        ink = without_edge(ink)
    lost = (_NO_CORNERS,) if shadows and corners is None else ()
    return _Sheet(ink, False, turned, corners, lost)


def _recognised(sheet: _Sheet, blue: bool, colored: bool) -> DrawingKind:
    if sheet.light_on_dark:
        return DrawingKind.WHITE_ON_BLACK
    if blue:
        return DrawingKind.BLUE_PENCIL
    if sheet.corners is not None or sheet.notes:
        return DrawingKind.PHOTO
    if colored:
        return DrawingKind.COLORED
    return DrawingKind.INK if sheet.clean else DrawingKind.PAPER


def _blank() -> DrawingError:
    return DrawingError("the drawing is blank", hint="Check that it is the right file, or draw darker.")
