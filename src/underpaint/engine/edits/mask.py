"""Keeping a picture outside a mask while the rest is painted."""

import numpy as np
import torch
from torch import Tensor

from underpaint.engine.protocols import Stage, Step


class MaskEdit:
    """Outside the mask the estimate is the known picture; the sampler itself then puts it at the step's noise.

    A hard mask holds throughout. A grey value g holds until 1 - g of the run is done and then lets go, so that it
    acts as the pixel's own strength (differential diffusion, Levin and Fried 2023).
    `mask`: 1 x 1 x h x w in latent cells, 1 = paint.
    """

    stage: Stage = "mask"
    key = "mask"

    def __init__(self, known: Tensor, mask: Tensor) -> None:
        self._known, self._mask = known, mask

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        free = (self._mask > 0) & (self._mask >= 1 - step.fraction)
        return torch.where(free, estimate, self._known)


def latent_mask(mask: np.ndarray, cells: tuple[int, int], device: torch.device) -> Tensor:
    """A pixel mask (H x W, 1 = paint) in latent cells: each cell takes the largest value it covers, so that whatever
    is to be painted can be."""
    pixels = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]
    return torch.nn.functional.adaptive_max_pool2d(pixels, cells).to(device)
