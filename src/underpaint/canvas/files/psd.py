"""Photoshop documents (.psd) written through psd-tools' record classes.

The records are filled directly rather than through psd-tools' layer objects: those take pixels by way of floats,
want layer names in MacRoman, and render the merged picture a second time. So every byte of every layer, under alpha
0 too, is the byte that was handed in, and a dozen keys take a second.

Documents are RGB with 8 bits a channel, run-length encoded, with names in Unicode, open or folded groups, locks,
resolution and colour profile. Reading is in `psd_read`.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from psd_tools.constants import (
    BlendMode,
    ChannelID,
    ColorMode,
    Compression,
    ProtectedFlags,
    Resource,
    SectionDivider,
    Tag,
)
from psd_tools.psd import PSD
from psd_tools.psd.header import FileHeader
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.image_resources import ImageResource, ImageResources, ResoulutionInfo, VersionInfo
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelImageData,
    ChannelInfo,
    GlobalLayerMaskInfo,
    LayerAndMaskInformation,
    LayerFlags,
    LayerInfo,
    LayerRecord,
    LayerRecords,
)
from psd_tools.psd.tagged_blocks import TaggedBlocks

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer, Node, Pixels
from underpaint.errors import OutputError
from underpaint.files import atomic_write

MAX_FILE_BYTES = 2**31 - 1
"""The largest PSD that programs open: 2 GB."""
_GROUP_END = "</Layer group>"
_PIXELS_PER_INCH, _INCHES = 1, 1
_PLANES = (ChannelID.TRANSPARENCY_MASK, ChannelID.CHANNEL_0, ChannelID.CHANNEL_1, ChannelID.CHANNEL_2)


def write_psd(document: Document, path: str | Path) -> None:
    """Write `document` to `path` as PSD, whole or not at all.

    Raises:
        OutputError: the place cannot be written, or the file would pass PSD's 2 GB.
    """
    with atomic_write(path) as file:
        save_psd(document, file)


def save_psd(document: Document, file: BinaryIO) -> None:
    """Write `document` into an open, seekable binary file as PSD."""
    stack = _Stack()
    stack.add_all(document.layers)
    merged, opaque = _merged_planes(composite(document))
    if stack.size + merged.nbytes > MAX_FILE_BYTES:
        raise OutputError(
            f"The layers take {stack.size / 1e9:.1f} GB, and a PSD file holds at most 2 GB",
            hint="Write an .ora file instead, or use fewer layers.",
        )
    header = FileHeader(
        channels=len(merged),
        height=document.height,
        width=document.width,
        depth=8,
        color_mode=ColorMode.RGB,
    )
    picture = ImageData(compression=Compression.RLE)
    picture.set_data([plane.tobytes() for plane in merged], header)
    layers = LayerAndMaskInformation(
        layer_info=stack.info(opaque), global_layer_mask_info=GlobalLayerMaskInfo(), tagged_blocks=TaggedBlocks()
    )
    PSD(
        header=header,
        image_resources=_resources(document),
        layer_and_mask_information=layers,
        image_data=picture,
    ).write(file)


class _Stack:
    """The flat list of records that a PSD keeps its tree in: bottom first, each group between two dividers."""

    def __init__(self) -> None:
        self._records = LayerRecords()
        self._channels = ChannelImageData()
        self.size = 0

    def add_all(self, nodes: tuple[Node, ...]) -> None:
        for node in reversed(nodes):
            if isinstance(node, Layer):
                self._add_layer(node)
            else:
                self._add_group(node)

    def info(self, opaque: bool) -> LayerInfo:
        # A negative count says that the merged picture's fourth channel is its transparency.
        count = len(self._records) if opaque else -len(self._records)
        return LayerInfo(count, self._records, self._channels)

    def _add_layer(self, layer: Layer) -> None:
        left, top = layer.offset
        height, width = layer.pixels.shape[:2]
        record = _record(layer)
        record.left, record.top, record.right, record.bottom = left, top, left + width, top + height
        channels = ChannelDataList()
        for plane in (3, 0, 1, 2):
            channel = ChannelData(Compression.RLE)
            channel.set_data(layer.pixels[..., plane].tobytes(), width, height, 8)
            channels.append(channel)
            self.size += len(channel.data)
        self._append(record, channels)

    def _add_group(self, group: Group) -> None:
        end = LayerRecord(name=_GROUP_END, tagged_blocks=TaggedBlocks())
        end.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, _GROUP_END)
        end.tagged_blocks.set_data(Tag.SECTION_DIVIDER_SETTING, kind=SectionDivider.BOUNDING_SECTION_DIVIDER)
        self._append(end, _no_pixels())
        self.add_all(group.children)
        record = _record(group)
        kind = SectionDivider.OPEN_FOLDER if group.open else SectionDivider.CLOSED_FOLDER
        record.tagged_blocks.set_data(
            Tag.SECTION_DIVIDER_SETTING, kind=kind, signature=b"8BIM", blend_mode=_psd_mode(group)
        )
        self._append(record, _no_pixels())

    def _append(self, record: LayerRecord, channels: ChannelDataList) -> None:
        # Lengths are filled in by psd-tools as it writes.
        record.channel_info = [ChannelInfo(plane, 2) for plane in _PLANES]
        self._records.append(record)
        self._channels.append(channels)


def _record(node: Node) -> LayerRecord:
    record = LayerRecord(
        # The old short name is for programs of the last century; the real one is the tagged block.
        name=node.name.encode("ascii", "replace").decode("ascii")[:63],
        opacity=round(node.opacity * 255),
        blend_mode=BlendMode.NORMAL if node.blend_mode == PASS_THROUGH else _psd_mode(node),
        flags=LayerFlags(visible=node.visible),
        tagged_blocks=TaggedBlocks(),
    )
    record.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, node.name)
    if node.locked:
        record.tagged_blocks.set_data(Tag.PROTECTED_SETTING, int(ProtectedFlags.COMPLETE))
    return record


def _psd_mode(node: Node) -> BlendMode:
    if node.blend_mode == PASS_THROUGH:
        return BlendMode.PASS_THROUGH
    return BlendMode(BLEND_MODES[node.blend_mode].psd)


def _no_pixels() -> ChannelDataList:
    return ChannelDataList([ChannelData(Compression.RAW, b"") for _ in _PLANES])


def _merged_planes(merged: Pixels) -> tuple[Pixels, bool]:
    """The merged picture as planes x H x W, and whether it is opaque (then it has no fourth plane).

    Where it is not, PSD wants the colour laid on white beside the transparency.
    """
    alpha = merged[..., 3]
    if bool((alpha == 255).all()):
        return np.ascontiguousarray(np.moveaxis(merged[..., :3], 2, 0)), True
    cover = alpha[..., None].astype(np.uint32)
    on_white = (merged[..., :3] * cover + 255 * (255 - cover) + 127) // 255
    planes = np.concatenate([on_white.astype(np.uint8), alpha[..., None]], axis=2)
    return np.ascontiguousarray(np.moveaxis(planes, 2, 0)), False


def _resources(document: Document) -> ImageResources:
    dots = round(document.dpi * 65536)  # 16.16 fixed point
    entries: dict[Resource, object] = {
        Resource.RESOLUTION_INFO: ResoulutionInfo(dots, _PIXELS_PER_INCH, _INCHES, dots, _PIXELS_PER_INCH, _INCHES),
        Resource.VERSION_INFO: VersionInfo(has_composite=True, writer="Underpaint", reader="Underpaint"),
    }
    if document.icc_profile:
        entries[Resource.ICC_PROFILE] = document.icc_profile
    return ImageResources([(key, ImageResource(key=key, data=data)) for key, data in entries.items()])
