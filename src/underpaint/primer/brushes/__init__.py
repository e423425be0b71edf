"""Ways of painting a seen scene, one file each: strokes follow the form, the light and the parts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import UnderpaintError
from underpaint.primer.brushes import (
    anime,
    flat,
    gouache,
    ink,
    ink_wash,
    neon,
    oil,
    pastel,
    pencil,
    pixel,
    watercolour,
    woodcut,
)
from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array
from underpaint.primer.brushes.hands import HANDS, draw_lines
from underpaint.primer.stagecraft.seen import Seen

STYLES: dict[str, Callable[[Easel], Array]] = {
    "watercolour": watercolour.paint,
    "ink": ink.paint,
    "ink wash": ink_wash.paint,
    "oil": oil.paint,
    "gouache": gouache.paint,
    "pencil": pencil.paint,
    "pastel": pastel.paint,
    "flat": flat.paint,
    "anime": anime.paint,
    "pixel": pixel.paint,
    "neon": neon.paint,
    "woodcut": woodcut.paint,
}


def paint(seen: Seen, style: str) -> NDArray[np.uint8]:
    """The scene in one of the `STYLES`: uint8 H x W x 3, sRGB, at the picture's size. The same input, the same pixels.

    Raises `UnderpaintError` for a way of painting that there is none of.
    """
    if style not in STYLES:
        raise UnderpaintError(
            f"no way of painting is called '{style}'", hint="use one of: " + ", ".join(STYLES), field="style"
        )
    easel = Easel(seen)
    return easel.finish(STYLES[style](easel))


__all__ = ["HANDS", "STYLES", "draw_lines", "paint"]
