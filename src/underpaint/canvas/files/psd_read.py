"""Reading Photoshop documents (.psd, .psb): pixel layers and groups, through psd-tools.

RGB with 8 or 16 bits a channel; 16 bits go to the nearest of 256 steps. Whatever would look different without
something that is not read yet (masks, clipping, effects, text, shapes, adjustments, other blend modes) is refused
with the layer's name, never dropped in silence.
"""

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from psd_tools import ParseLimits, PSDDecompressionWarning, PSDImage
from psd_tools.api.layers import Group as PsdGroup
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import BlendMode as PsdBlend
from psd_tools.constants import ColorMode, ProtectedFlags, Resource, SectionDivider, Tag
from psd_tools.psd.header import FileHeader

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.document import (
    MAX_NESTING,
    Document,
    Group,
    Layer,
    Node,
    check_canvas,
    check_total,
    layer_pixels,
)
from underpaint.errors import PictureError

_MODES = {mode.psd: name for name, mode in BLEND_MODES.items()} | {PsdBlend.PASS_THROUGH.value: PASS_THROUGH}
_LIMITS = ParseLimits(max_read_bytes=2**31, max_total_bytes=2**33, max_objects=1_000_000, max_nesting_depth=64)
_LOCKED = ProtectedFlags.COMPLETE | ProtectedFlags.COMPOSITE
# All that psd-tools is seen to raise on damaged files, which are open by then.
_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    PSDDecompressionWarning,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_psd(path: str | Path) -> Document:
    """Read the PSD or PSB file at `path`.

    Raises:
        PictureError: not a PSD, damaged, past the limits of a document, or using what is not read yet.
        OSError: the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        return load_psd(file, Path(path).name)


def load_psd(file: BinaryIO, name: str = "The file") -> Document:
    """Read a PSD or PSB from an open, seekable binary file; `name` is what errors call it."""
    try:
        # A channel that cannot be unpacked is only warned of by psd-tools and comes back black.
        with warnings.catch_warnings():
            warnings.simplefilter("error", PSDDecompressionWarning)
            _check_header(file, name)
            return _Reader(PSDImage.open(file, parse_limits=_LIMITS), name).document()
    except _DAMAGED as error:
        raise PictureError(
            f"{name} is not a whole PSD file", hint="Save it again from the program that made it."
        ) from error


def _check_header(file: BinaryIO, name: str) -> None:
    start = file.tell()
    header = FileHeader.read(file)
    file.seek(start)
    check_canvas(header.width, header.height)
    if header.color_mode != ColorMode.RGB or header.depth not in (8, 16):
        raise PictureError(
            f"{name} is {header.color_mode.name.lower()} with {header.depth} bits a channel",
            hint="Convert it to RGB with 8 or 16 bits in the program that made it.",
        )


class _Reader:
    """Turns psd-tools' tree (bottom first) into ours (top first)."""

    def __init__(self, psd: PSDImage, name: str) -> None:
        self._psd = psd
        self._name = name

    def document(self) -> Document:
        resources = self._psd.image_resources
        resolution = resources.get_data(Resource.RESOLUTION_INFO)
        dpi = resolution.horizontal / 65536 if resolution is not None else 72.0
        layers = self._nodes(self._psd, 0) or (self._flat(),)
        profile = resources.get_data(Resource.ICC_PROFILE)
        size = self._psd.width, self._psd.height
        return Document(*size, layers, profile or None, min(max(dpi, 1.0), 30_000.0))

    def _nodes(self, parent: PSDImage | PsdGroup, depth: int) -> tuple[Node, ...]:
        if depth > MAX_NESTING:
            raise PictureError(f"{self._name} nests groups too deep", hint="Flatten some of them.")
        children = [child for child in reversed(parent) if isinstance(child, PsdLayer)]
        if depth == 0:
            check_total(sum(layer.width * layer.height for layer in self._psd.descendants() if not layer.is_group()))
        return tuple(
            self._group(child, depth) if isinstance(child, PsdGroup) else self._layer(child) for child in children
        )

    def _group(self, group: PsdGroup, depth: int) -> Group:
        self._refuse_extras(group, "group")
        setting = group.tagged_blocks.get_data(Tag.SECTION_DIVIDER_SETTING)
        return Group(
            group.name,
            self._nodes(group, depth + 1),
            self._opacity(group),
            self._mode(group),
            group.visible,
            _locked(group),
            open=setting is None or setting.kind != SectionDivider.CLOSED_FOLDER,
        )

    def _layer(self, layer: PsdLayer) -> Layer:
        self._refuse_extras(layer, "pixel")
        pixels = self._pixels(layer) if layer.width and layer.height else None
        if pixels is None:
            pixels = np.zeros((1, 1, 4), np.uint8)  # an empty layer: nothing, in its place
        look = self._opacity(layer), self._mode(layer), layer.visible, _locked(layer)
        return Layer(layer.name, layer_pixels(pixels), (layer.left, layer.top), *look)

    def _pixels(self, layer: PsdLayer) -> npt.NDArray[Any] | None:
        if self._psd.depth != 8:
            words: npt.NDArray[Any] | None = layer.numpy()
            return words
        picture = layer.topil(apply_icc=False)  # the stored bytes, without psd-tools' way through floats
        return None if picture is None else np.asarray(picture)

    def _flat(self) -> Layer:
        """A file without layers is one layer."""
        pixels = self._psd.numpy()
        return Layer("Background", layer_pixels(pixels[..., : min(pixels.shape[2], 4)]))

    def _refuse_extras(self, layer: PsdLayer, kind: str) -> None:
        extras = {
            f"is of the kind {layer.kind}": layer.kind != kind,
            "has a mask": layer.has_mask() or layer.has_vector_mask(),
            "is clipped to the one below": layer.clipping,
            "has effects": layer.has_effects(),
        }
        for extra, present in extras.items():
            if present:
                raise self._refusal(layer, extra)

    def _mode(self, layer: PsdLayer) -> str:
        mode: str | None = _MODES.get(layer.blend_mode.value)
        if mode is None or (mode == PASS_THROUGH and not layer.is_group()):
            readable = layer.blend_mode.name.lower().replace("_", " ")
            raise self._refusal(layer, f"has the blend mode {readable}")
        return mode

    def _opacity(self, layer: PsdLayer) -> float:
        # Without effects, which are refused above, opacity and fill opacity simply multiply.
        return float(layer.opacity * layer.fill_opacity / 255**2)

    def _refusal(self, layer: PsdLayer, what: str) -> PictureError:
        return PictureError(
            f'In {self._name}, "{layer.name}" {what}, which is not read yet',
            hint="Merge or rasterise it in the program that made it.",
        )


def _locked(layer: PsdLayer) -> bool:
    """Whether painting on the layer is locked, wholly or its pixels alone."""
    setting = layer.locks
    return setting is not None and bool(setting.value & _LOCKED)
