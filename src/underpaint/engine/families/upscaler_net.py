"""The network that comes with the model and makes pictures four times as large.

It works at the small size and unfolds what it adds to a plain enlargement: bicubic, to which is added what it lacks to
become the picture again when it is made smaller. So whatever the network says nothing of is at least as sharp as that.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.families.small_net_files import WEIGHTS, read_net
from underpaint.engine.shortage import is_shortage
from underpaint.errors import MemoryShortage
from underpaint.imaging.arrays import FloatArray

FOLDER = "upscaler"
SCALE = 4
_BACK = 2
_LOUDER = 4.0


class _Block(nn.Module):
    """Two convolutions beside the identity, close to nothing in the beginning."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.silu(self.first(x)))


class UpscalerNet(nn.Module):
    """Pictures, B x 3 x H x W in 0..1, to B x 3 x 4H x 4W, not clipped.

    Args:
        width: channels inside.
        blocks: residual blocks.
    """

    def __init__(self, width: int = 48, blocks: int = 5) -> None:
        super().__init__()
        self.into = nn.Conv2d(6, width, 3)
        self.body = nn.Sequential(*[_Block(width) for _ in range(blocks)])
        self.out = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        # The border is continued, not black: a frame must not grow round every picture.
        padded = functional.pad(pictures, (3, 3, 3, 3), mode="replicate")
        around = functional.avg_pool2d(padded, 5, 1)
        inner = padded[..., 2:-2, 2:-2]
        # Where edges are is in small differences from what lies around; next to whole colours they would be lost.
        features = functional.silu(self.into(torch.cat([_LOUDER * (inner - around), inner - 0.5], 1)))
        details = functional.pixel_shuffle(self.out(features + self.body(features)), SCALE)
        return enlarged_plainly(pictures) + details


def enlarged_plainly(pictures: Tensor) -> Tensor:
    """Bicubic, and twice what is missing of the picture it came from: B x C x H x W to B x C x 4H x 4W."""
    grown = _bicubic(pictures)
    for _ in range(_BACK):
        grown = grown + _bicubic(pictures - functional.avg_pool2d(grown, SCALE))
    return grown


def _bicubic(pictures: Tensor) -> Tensor:
    return functional.interpolate(pictures, scale_factor=SCALE, mode="bicubic", align_corners=False)


def load_enlarger(folder: Path, *, device: str = "cpu") -> tuple[Callable[[FloatArray], FloatArray], str]:
    """What enlarges H x W x 3 in 0..1 to 4H x 4W x 3, from a model's folder, and the SHA-256 of its weights.

    Raises:
        ModelError: the model has no upscaler, or a damaged one.
    """
    net = read_net(folder / FOLDER, UpscalerNet).to(device, memory_format=torch.channels_last)
    digest = hashlib.sha256((folder / FOLDER / WEIGHTS).read_bytes()).hexdigest()
    return lambda picture: enlarge(net, picture), digest


@torch.inference_mode()
def enlarge(net: UpscalerNet, picture: FloatArray) -> FloatArray:
    """One picture or tile, H x W x 3 in 0..1, four times as large.

    Raises:
        MemoryShortage: it does not fit.
    """
    weight = net.out.weight
    given = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]
    try:
        grown = net(given.to(weight.device, memory_format=torch.channels_last)).float().cpu()
    except (RuntimeError, MemoryError) as error:
        if not is_shortage(error):
            raise
        raise MemoryShortage("memory ran out while enlarging", hint="Use smaller tiles, such as --tile 64.") from error
    return np.ascontiguousarray(grown[0].clamp(0, 1).numpy().transpose(1, 2, 0), np.float32)
