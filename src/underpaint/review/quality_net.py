"""The network that grades craft: good, fair or weak, which fault it sees, and where.

Depthwise convolutions on patches of 4x4 pixels after Liu et al. (A ConvNet for the 2020s, 2022). Grades and faults are
read off the mean and the maximum over the picture; a map of 8x8 cells says for each fault where it would be.
"""

import torch
from torch import Tensor, nn

GRADES = ("good", "fair", "weak")
"""The three classes, best first."""
NET_FAULTS = ("missing", "doubled", "malformed", "cut off", "seam", "banding", "signature", "speckle", "soft")
"""What the network is taught to name."""
SIDE = 128
"""The square of pixels that it sees; other shapes are squeezed."""
CELLS = 8
"""Cells a side of its maps."""
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
    """Pictures to scores."""

    def __init__(self) -> None:
        super().__init__()
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
        self.places = nn.Conv2d(last, len(NET_FAULTS), 1)
        self.faults = nn.Linear(2 * last, len(NET_FAULTS))
        self.faults.bias.data.fill_(_RARE)
        self.grade = nn.Linear(2 * last, len(GRADES))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures, N x 3 x 128 x 128 in -1..1, to scores of grades (N x 3), of faults (N x F) and of their places
        (N x F x 8 x 8)."""
        seen = self.drop(self.norm(self.body(self.fold(pictures))))
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        return self.grade(pooled), self.faults(pooled), self.places(seen)
