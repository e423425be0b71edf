"""The network behind depth, normals, subject and poses: one trunk that looks at a small picture, five narrow heads.

The picture is folded into 4 x 4 blocks first, so that nothing is ever convolved at full size; detail comes back by
unfolding what the heads say. One layer of attention on the coarsest grid lets every place know the whole picture, which
depth needs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

JOINTS = 18
_FOLD = 4
_GRID = 8
_HEADS = 4
REACH = 8.0
"""Cells of the coarse map that an offset of 1 means."""


def _conv(narrow: int, wide: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(narrow, wide, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(wide), nn.SiLU()
    )


class _Block(nn.Module):
    """Two convolutions beside the identity, through `inner` channels."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(width, inner), nn.Conv2d(inner, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(x + self.body(x))


class _Overview(nn.Module):
    """One layer of attention over the whole picture, with learned places stretched to its shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(1, width, _GRID, _GRID) * 0.02)
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        count, width, tall, wide = x.shape
        places = functional.interpolate(self.places, (tall, wide), mode="bilinear", align_corners=False)
        tokens = (x + places.to(x.dtype)).flatten(2).transpose(1, 2)
        parts = self.ask(self.before(tokens)).view(count, tall * wide, 3, _HEADS, width // _HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.answer(heard)
        tokens = tokens + self.think(self.between(tokens))
        return tokens.transpose(1, 2).reshape(count, width, tall, wide)


class ExtractorNet(nn.Module):
    """Pictures, B x 3 x H x W in -1..1 with H and W multiples of 16, to maps.

    Args:
        widths: channels at a quarter, an eighth and a sixteenth of the picture's size.
        side: the side of the square as large as the pictures it was trained on, in pixels.
        reads: which of its answers are good enough to be relied upon ("depth", "normals", "subject", "pose"); who asks
            decides what to do about the others.
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (40, 112, 128),
        side: int = 128,
        reads: tuple[str, ...] = ("depth", "normals", "subject", "pose"),
    ) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.side, self.reads = side, tuple(reads)
        self.stem = nn.Sequential(nn.PixelUnshuffle(_FOLD), _conv(3 * _FOLD**2, fine), _Block(fine, fine))
        self.down = nn.Sequential(_conv(fine, middle, 2), _Block(middle, middle // 2))
        self.deep = nn.Sequential(_conv(middle, coarse, 2, 2), _Overview(coarse))
        self.up = nn.Conv2d(coarse, middle, 1)
        self.middle = nn.Sequential(_Block(middle, middle // 2), _Block(middle, middle // 2))
        self.out = nn.Sequential(nn.Conv2d(middle, 4 * fine, 1), nn.PixelShuffle(2))
        self.fine = _Block(fine, fine)
        self.shapes = _conv(fine, fine)
        self.people = _conv(fine, fine)
        self.near = nn.Conv2d(fine, _FOLD**2, 1)
        self.subject = nn.Conv2d(fine, _FOLD**2, 1)
        self.normals = nn.Conv2d(fine, 3 * 4, 1)
        self.joints = nn.Conv2d(fine, JOINTS * 4, 1)
        self.centres = nn.Conv2d(fine, 1, 1)
        self.offsets = nn.Conv2d(middle, 2 * JOINTS, 1)
        for head, rare in ((self.joints, -4.6), (self.centres, -4.6)):
            # Almost every place holds no joint: to begin there spares the first hundred steps.
            nn.init.constant_(head.bias, rare)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Maps as scores, before any sigmoid.

        `near` and `subject` B x H x W, `normals` B x 3 x H/2 x W/2 (not yet of length 1), `joints` B x 18 x H/2 x W/2,
        `centres` B x 1 x H/4 x W/4, `offsets` B x 36 x H/4 x W/4 (x of all joints, then y, in `REACH` cells).
        """
        fine, middle = self._trunk(pictures)
        shapes, people = self.shapes(fine), self.people(fine)
        return {
            "near": functional.pixel_shuffle(self.near(shapes), _FOLD)[:, 0],
            "subject": functional.pixel_shuffle(self.subject(shapes), _FOLD)[:, 0],
            "normals": functional.pixel_shuffle(self.normals(shapes), 2),
            "joints": functional.pixel_shuffle(self.joints(people), 2),
            "centres": self.centres(people),
            "offsets": functional.interpolate(
                self.offsets(middle), fine.shape[2:], mode="bilinear", align_corners=False
            ),
        }

    def nearness(self, pictures: Tensor) -> Tensor:
        """`near` alone, at two thirds of the price."""
        fine, _ = self._trunk(pictures)
        return functional.pixel_shuffle(self.near(self.shapes(fine)), _FOLD)[:, 0]

    def _trunk(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.stem(pictures)
        middle = self.down(fine)
        middle = self.middle(middle + functional.interpolate(self.up(self.deep(middle)), middle.shape[2:]))
        return self.fine(fine + self.out(middle)), middle
