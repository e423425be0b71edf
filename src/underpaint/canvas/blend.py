"""Blend modes: one table from our name to each file format's name and to the formula.

A formula takes the colour below and the colour above, both float32 0..1 and straight, and gives their mix where
both are opaque; coverage is `composite`'s business. (W3C, Compositing and Blending Level 1, section 9.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Colour: TypeAlias = npt.NDArray[np.float32]

PASS_THROUGH = "pass through"
"""For groups only: the children blend straight with what lies below the group."""


@dataclass(frozen=True)
class BlendMode:
    """One way to mix two opaque colours.

    Attributes:
        ora: `composite-op` in OpenRaster.
        psd: the four-letter key in PSD.
        mix: (below, above) -> colour; None stands for "above", which needs no arithmetic.
    """

    ora: str
    psd: bytes
    mix: Callable[[Colour, Colour], Colour] | None


def _multiply(below: Colour, above: Colour) -> Colour:
    return below * above


BLEND_MODES: dict[str, BlendMode] = {
    "normal": BlendMode("svg:src-over", b"norm", None),
    "multiply": BlendMode("svg:multiply", b"mul ", _multiply),
}
