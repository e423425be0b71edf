"""A layered picture as frozen data: what a file of layers says, before anybody draws it.

**The top layer comes first**, in the document and in every group, as in a layer panel. Pixels are uint8
H x W x 4, straight (never premultiplied) alpha, RGBA order, sRGB unless the document carries a profile; what lies
under alpha 0 is kept as it is. `layer_pixels` turns every other picture into that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.errors import PictureError
from underpaint.imaging.arrays import to_bytes, to_float

Pixels: TypeAlias = npt.NDArray[np.uint8]

MAX_SIDE = 30_000
"""The longest side of a document: PSD's own limit."""
MAX_PIXELS = 512_000_000
"""Most pixels that the layers of one document may hold together (2 GB): a dozen A3 keys at 300 dpi fit twice."""
MAX_NESTING = 32
"""Deepest nesting of groups."""
MAX_NAME = 255
"""Longest name of a layer, in UTF-16 units: PSD's own limit."""


def tidy_name(name: str) -> str:
    """`name` as every format can hold it: control characters become spaces, at most 255 UTF-16 units.

    Lone surrogates and non-characters, which neither XML nor UTF-16 can carry, become U+FFFD.
    """
    tidy = "".join(map(_tidy_character, name[:MAX_NAME]))
    while len(tidy.encode("utf-16-le")) > 2 * MAX_NAME:
        tidy = tidy[:-1]
    return tidy


def _tidy_character(character: str) -> str:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return " "
    if 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
        return "\N{REPLACEMENT CHARACTER}"
    return character


def layer_pixels(picture: npt.NDArray[Any]) -> Pixels:
    """Any picture of ours as a layer's pixels: uint8 H x W x 4, straight alpha.

    Args:
        picture: H x W x 3 or 4. uint8 is taken as it is; uint16 goes to the nearest of 256 steps, which is the
            exact inverse of widening by 257; floats are sRGB 0..1, clipped, to the nearest step. Without alpha
            the layer is opaque.

    Raises:
        PictureError: another shape or kind of number, an empty picture, or NaN.
    """
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
        raise PictureError(f"A layer needs RGB or RGBA pixels, not an array of shape {picture.shape}")
    pixels = picture if picture.dtype == np.uint8 else to_bytes(to_float(picture))
    if pixels.shape[2] == 3:
        opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
        pixels = np.concatenate([pixels, opaque], axis=2)
    return np.ascontiguousarray(pixels)


@dataclass(frozen=True, eq=False)
class Layer:
    """Pixels with a place in the stack; two layers are the same only if they are one object.

    Attributes:
        name: what the layer panel shows; tidied by `tidy_name`.
        pixels: uint8 H x W x 4, straight alpha.
        offset: (x, y) of the upper left corner on the canvas, in pixels; may lie outside it.
        opacity: 0 to 1; files keep it in steps of 1/255.
        blend_mode: a name in `blend.BLEND_MODES`.
        visible: whether the eye is open.
        locked: whether the painting program should refuse to change it.
    """

    name: str
    pixels: Pixels
    offset: tuple[int, int] = (0, 0)
    opacity: float = 1.0
    blend_mode: str = "normal"
    visible: bool = True
    locked: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", tidy_name(self.name))
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != 4 or 0 in shape:
            raise PictureError(
                f'Layer "{self.name}" needs uint8 RGBA pixels, not {self.pixels.dtype} of shape {shape}',
                hint="Turn the picture into layer pixels first (layer_pixels).",
            )
        _check_look(self.name, self.opacity, self.blend_mode, frozenset(BLEND_MODES))


@dataclass(frozen=True, eq=False)
class Group:
    """Layers and groups under one name, top first.

    Attributes:
        name: what the layer panel shows; tidied by `tidy_name`.
        children: top first.
        opacity: 0 to 1; files keep it in steps of 1/255.
        blend_mode: a name in `blend.BLEND_MODES`, which makes the group a picture of its own before it is blended,
            or "pass through" (the default): its layers act on what lies below as if there were no group.
        visible: whether the eye is open.
        locked: whether the painting program should refuse to change it.
        open: whether the layer panel shows the group unfolded.
    """

    name: str
    children: tuple["Layer | Group", ...]
    opacity: float = 1.0
    blend_mode: str = PASS_THROUGH
    visible: bool = True
    locked: bool = False
    open: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", tidy_name(self.name))
        object.__setattr__(self, "children", tuple(self.children))
        _check_look(self.name, self.opacity, self.blend_mode, frozenset(BLEND_MODES) | {PASS_THROUGH})


Node: TypeAlias = Layer | Group


@dataclass(frozen=True, eq=False)
class Document:
    """A layered picture.

    Attributes:
        width, height: the canvas in pixels, each 1 to 30,000.
        layers: the root of the stack, top first.
        icc_profile: the colour profile that all pixels are in, or None for sRGB.
        dpi: pixels per inch for print.

    Raises:
        PictureError: a canvas or a stack past the limits above.
    """

    width: int
    height: int
    layers: tuple[Node, ...]
    icc_profile: bytes | None = None
    dpi: float = 72.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        check_canvas(self.width, self.height)
        if not 1 <= self.dpi <= 30_000:
            raise PictureError(f"A resolution of {self.dpi:g} dpi makes no sense", hint="Use 1 to 30,000 dpi.")
        check_total(sum(layer.pixels.shape[0] * layer.pixels.shape[1] for layer, _ in self.walk()))
        if _depth(self.layers) > MAX_NESTING:
            raise PictureError(f"Groups are nested more than {MAX_NESTING} deep", hint="Flatten some of them.")

    def walk(self) -> Iterator[tuple[Layer, tuple[Group, ...]]]:
        """Every layer, top first, with the groups around it, outermost first."""
        yield from _walk(self.layers, ())


def check_canvas(width: int, height: int) -> None:
    """Refuse a canvas past the limits; to be called before anything of its size is allocated."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise PictureError(
            f"A canvas of {width} x {height} pixels is out of range",
            hint=f"Layered documents go from 1 to {MAX_SIDE:,} pixels on a side.",
        )


def check_total(pixels: int) -> None:
    """Refuse layers that hold more pixels together than memory should be asked for."""
    if pixels > MAX_PIXELS:
        raise PictureError(
            f"The layers hold {pixels:,} pixels together; the most is {MAX_PIXELS:,}",
            hint="Use fewer layers or a smaller canvas.",
        )


def _check_look(name: str, opacity: float, blend_mode: str, known: frozenset[str]) -> None:
    if not 0.0 <= opacity <= 1.0:  # refuses NaN too
        raise PictureError(f'Layer "{name}" has an opacity of {opacity:g}', hint="Opacity goes from 0 to 1.")
    if blend_mode not in known:
        raise PictureError(
            f'Layer "{name}" has the blend mode "{blend_mode}", which is not known here',
            hint=f"Known are: {', '.join(sorted(known))}.",
        )


def _walk(nodes: tuple[Node, ...], groups: tuple[Group, ...]) -> Iterator[tuple[Layer, tuple[Group, ...]]]:
    for node in nodes:
        if isinstance(node, Group):
            yield from _walk(node.children, (*groups, node))
        else:
            yield node, groups


def _depth(nodes: tuple[Node, ...]) -> int:
    return max((1 + _depth(node.children) for node in nodes if isinstance(node, Group)), default=0)
