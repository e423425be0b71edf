"""A reader of depth that gradients pass through: the small network that comes with the built-in model, asked for
nearness alone, of colours as coarse as the cells of latents."""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import interpolate

from underpaint.engine.families.extractor_net import ExtractorNet
from underpaint.engine.families.extractor_nets import FOLDER, working_size
from underpaint.engine.families.small_net_files import read_net

SMALLEST = 64
"""The side of the square as large as the smallest picture in which it still sees well."""


class DepthReader:
    """The loaded network. It keeps nothing between pictures, and its weights want no gradients."""

    def __init__(self, net: ExtractorNet) -> None:
        self._net = net.to(memory_format=torch.channels_last).eval().requires_grad_(False)
        self._device = torch.device("cpu")

    @classmethod
    def load(cls, folder: Path) -> "DepthReader":
        """From a model's folder. Raises ModelError where it has no such network, or a damaged one."""
        return cls(read_net(folder / FOLDER, ExtractorNet))

    def size(self, cells: tuple[int, int]) -> tuple[int, int]:
        """The (height, width) at which colours of so many cells are looked at: twice as many, within what it knows."""
        height, width = cells
        side = min(max(2 * (height * width) ** 0.5, SMALLEST), self._net.side)
        wide, tall = working_size(width, height, round(side))
        return tall, wide

    def __call__(self, colours: Tensor) -> Tensor:
        """How near everything is, N x H x W in 0..1, of N x 3 x h x w sRGB colours (about 0..1); H and W are those of
        `size`."""
        if colours.device != self._device:
            self._net.to(colours.device)
            self._device = colours.device
        given = colours.float().clamp(0, 1) * 2 - 1
        tall, wide = self.size((int(colours.shape[-2]), int(colours.shape[-1])))
        # By matrices, for the gradients of other ways of resizing add up in no fixed order on a GPU.
        rows, columns = _stretch(given.shape[-2], tall).to(given), _stretch(given.shape[-1], wide).to(given)
        shown = (rows @ given @ columns.T).contiguous(memory_format=torch.channels_last)
        with sdpa_kernel(SDPBackend.MATH):
            return torch.sigmoid(self._net.nearness(shown))


@lru_cache(maxsize=16)
def _stretch(length: int, wanted: int) -> Tensor:
    """The matrix, `wanted` x `length`, that stretches or shrinks one side linearly."""
    alone = torch.eye(length)[None, None]
    return interpolate(alone, (wanted, length), mode="bilinear", antialias=wanted < length)[0, 0]
