"""Text on pictures, set by Skia: shaped, kerned, wrapped, and cut with an ellipsis where it would overflow.

Plain English is set in the typeface that comes with Pillow, so that it looks the same everywhere. As soon as one
text needs a letter which that face lacks (é, ж, 日), everything on the sheet is set in the system's own sans serif,
because two faces in one line look like a mistake. Without any font on the system accents are dropped.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import skia
from PIL import ImageFont

from underpaint.canvas.document import Pixels, tidy_name

_BUNDLED = "Aileron"
_SYSTEM = ["Helvetica Neue", "Segoe UI", "Noto Sans", "Arial", "DejaVu Sans"]
_ELLIPSIS = "…"


@dataclass(frozen=True)
class Style:
    """How a text looks: size in pixels, sRGB colour, distance of lines as a multiple of the size."""

    size: float
    colour: tuple[int, int, int]
    leading: float = 1.3

    @property
    def line(self) -> float:
        """Height of one line in pixels."""
        return self.size * self.leading


@dataclass(frozen=True, eq=False)
class Block:
    """A text that has been set, ready to be painted: its size in pixels and Skia's paragraph."""

    width: float
    height: float
    paragraph: skia.textlayout.Paragraph


class Typesetter:
    """Sets texts in one typeface that has all letters of `texts`."""

    def __init__(self, texts: Sequence[str]) -> None:
        bundled = _bundled_typeface()
        letters = {letter for text in texts for letter in _tidy(text)}
        self._simplify = False
        if all(_covers(bundled, letter) for letter in letters):
            fonts = _only(bundled)
            self._families = [_BUNDLED]
        else:
            fonts = skia.FontMgr()
            self._families = _SYSTEM
            if fonts.countFamilies() == 0:
                fonts, self._families, self._simplify = _only(bundled), [_BUNDLED], True
        self._fonts = skia.textlayout.FontCollection()
        self._fonts.setDefaultFontManager(fonts)
        self._unicode = skia.Unicodes.ICU.Make()
        self._bundled = bundled

    def set(self, text: str, style: Style, width: float, most_lines: int = 1) -> Block:
        """Set `text` in even lines of at most `width` pixels; what `most_lines` cannot hold ends in an ellipsis."""
        text = _tidy(text)
        if self._simplify:
            text = "".join(self._simple(letter) for letter in text)
        block = self._lay_out(text, style, width)
        if _fits(block, style, width, most_lines):
            return _balanced(block, width)
        short, long = 0, len(text)
        while long - short > 1:
            middle = (short + long) // 2
            block = self._lay_out(text[:middle].rstrip(" ,;:") + _ELLIPSIS, style, width)
            short, long = (middle, long) if _fits(block, style, width, most_lines) else (short, middle)
        return self._lay_out(text[:short].rstrip(" ,;:") + _ELLIPSIS, style, width)

    def _lay_out(self, text: str, style: Style, width: float) -> Block:
        look = skia.textlayout.TextStyle()
        look.setFontFamilies(self._families)
        look.setFontSize(style.size)
        look.setColor(skia.Color(*style.colour))
        look.setHeight(style.leading)
        look.setHeightOverride(True)
        paragraphs = skia.textlayout.ParagraphStyle()
        paragraphs.setTextStyle(look)
        builder = skia.textlayout.ParagraphBuilder.make(paragraphs, self._fonts, self._unicode)
        builder.pushStyle(look)
        builder.addText(text)
        paragraph = builder.Build()
        paragraph.layout(width)
        return Block(paragraph.LongestLine, paragraph.Height, paragraph)

    def _simple(self, letter: str) -> str:
        if _covers(self._bundled, letter):
            return letter
        base = unicodedata.normalize("NFKD", letter)[0]
        return base if _covers(self._bundled, base) else "?"


def paint(pixels: Pixels, blocks: Sequence[tuple[float, float, Block]]) -> None:
    """Paint each block onto `pixels` (H x W x 4, contiguous, opaque) with its upper left corner at (x, y)."""
    with skia.Surface(pixels) as canvas:
        for x, y, block in blocks:
            block.paragraph.paint(canvas, x, y)


def _tidy(text: str) -> str:
    return " ".join(tidy_name(text).split())


def _fits(block: Block, style: Style, width: float, most_lines: int) -> bool:
    return block.height < (most_lines + 0.5) * style.line and block.width <= width + 0.5


def _balanced(block: Block, width: float) -> Block:
    """The same number of lines, but of even lengths: no lonely last word."""
    narrow, wide = width / 2, width
    while wide - narrow > 4:
        middle = (narrow + wide) / 2
        block.paragraph.layout(middle)
        fits = block.paragraph.Height <= block.height and block.paragraph.LongestLine <= middle
        narrow, wide = (narrow, middle) if fits else (middle, wide)
    block.paragraph.layout(wide)
    return Block(block.paragraph.LongestLine, block.height, block.paragraph)


def _bundled_typeface() -> skia.Typeface:
    font = ImageFont.load_default(20)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow is built without FreeType"
    return skia.Typeface.MakeFromData(skia.Data.MakeWithCopy(font.font_bytes))


def _only(typeface: skia.Typeface) -> skia.textlayout.TypefaceFontProvider:
    provider = skia.textlayout.TypefaceFontProvider()
    provider.registerTypeface(typeface)
    return provider


def _covers(typeface: skia.Typeface, letter: str) -> bool:
    return letter == " " or typeface.unicharToGlyph(ord(letter)) != 0
