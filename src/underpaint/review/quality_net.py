"""The network that grades craft: good, fair or weak, which fault it sees, and where.

Depthwise convolutions on patches of 4x4 pixels after Liu et al. (A ConvNet for the 2020s, 2022). A map of 8x8 cells
tells each fault; a fault's score is a soft maximum over its cells, so that its place comes with it.
"""

import math

import torch
from torch import Tensor, nn

GRADES = ("good", "fair", "weak")
"""The three classes, best first."""
NET_FAULTS = ("missing", "doubled", "malformed", "cut off", "seam", "banding", "signature", "speckle", "soft")
"""What the network is taught to name."""
SIDE = 128
"""The square of pixels that it sees; other shapes are squeezed."""
CELLS = 8
"""Cells a side of its map."""
_PATCH = 4
_RARE = -2.5
"""What each fault scores before anything is learned: faults are rare."""
_WIDTHS = (48, 80, 128)
_BLOCKS = (1, 2, 2)


class _Block(nn.Module):
    """A depthwise look around, then two layers within each place, beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(width, width, 7, padding=3, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.wider = nn.Conv2d(width, 2 * width, 1)
        self.back = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.back(nn.functional.gelu(self.wider(self.norm(self.around(x)))))
        return x + inner


class QualityNet(nn.Module):
    """Pictures to scores; `embedding` is the length of an image encoder's vector that is heard besides, 0 for none."""

    def __init__(self, embedding: int = 0) -> None:
        super().__init__()
        self.embedding = embedding
        first, *_, last = _WIDTHS
        self.fold = nn.PixelUnshuffle(_PATCH)
        layers: list[nn.Module] = [nn.Conv2d(3 * _PATCH**2, first, 1, bias=False), nn.BatchNorm2d(first), nn.GELU()]
        for stage, (width, count) in enumerate(zip(_WIDTHS, _BLOCKS, strict=True)):
            if stage:
                layers += [nn.Conv2d(_WIDTHS[stage - 1], width, 2, stride=2, bias=False), nn.BatchNorm2d(width)]
            layers += [_Block(width) for _ in range(count)]
        self.body = nn.Sequential(*layers)
        self.norm = nn.BatchNorm2d(last)
        self.drop = nn.Dropout(0.1)
        self.faults = nn.Conv2d(last, len(NET_FAULTS), 1)
        self.faults.bias.data.fill_(_RARE)  # type: ignore[union-attr]
        self.grade = nn.Linear(2 * last + embedding, len(GRADES))

    def forward(self, pictures: Tensor, vectors: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pictures N x 3 x 128 x 128 in -1..1 to grades (N x 3 scores) and the map of faults (N x F x 8 x 8 scores)."""
        seen = self.drop(self.norm(self.body(self.fold(pictures))))
        pooled = [seen.mean((2, 3)), seen.amax((2, 3))]
        if self.embedding and vectors is not None:
            pooled.append(vectors)
        return self.grade(torch.cat(pooled, 1)), self.faults(seen)


def fault_scores(maps: Tensor) -> Tensor:
    """One score a fault (N x F) from its map: the logarithm of the mean of exponentials, between mean and maximum."""
    flat = maps.flatten(2)
    return torch.logsumexp(flat, 2) - math.log(flat.shape[2])
