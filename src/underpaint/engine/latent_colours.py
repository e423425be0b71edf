"""Latents as colours and back, by two linear maps fitted to a model's own autoencoder.

One maps a latent cell to the mean colour of its pixels; the other, fitted the other way round, says which change of
the latents is natural for a change of colour. Both are least squares over soft random pictures, so they need no
data and take a second at most.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from underpaint.imaging.arrays import FloatArray

LUMA = torch.tensor([0.2126, 0.7152, 0.0722])
"""Rec. 709 weights, on sRGB-encoded values: lightness as far as steering needs it."""
PICTURES, SIDE = 12, 128


@dataclass(frozen=True)
class LatentColours:
    """`to_colour` (C x 3) and `offset` (3) take latents to sRGB 0..1; `from_colour` (3 x C) takes changes back."""

    to_colour: Tensor
    offset: Tensor
    from_colour: Tensor

    @classmethod
    def fit(cls, encode: Callable[[FloatArray], Tensor]) -> "LatentColours":
        """Fit to an autoencoder; `encode` takes H x W x 3 pictures (0..1) to 1 x C x h x w latents."""
        latents, colours = [], []
        for picture in _soft_pictures():
            encoded = encode(picture).float().cpu()
            height, width = encoded.shape[-2:]
            latents.append(encoded[0].flatten(1).T)
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            colours.append(torch.from_numpy(small.reshape(-1, 3)))
        cells, rgb = torch.cat(latents).double(), torch.cat(colours).double()
        forward, backward = _least_squares(cells, rgb), _least_squares(rgb, cells)
        return cls(forward[:-1].float(), forward[-1].float(), backward[:-1].float())

    def to_rgb(self, latents: Tensor) -> Tensor:
        """N x C x h x w latents -> N x 3 x h x w sRGB, about 0..1, not clipped."""
        colours = torch.einsum("nchw,ck->nkhw", latents, self.to_colour.to(latents))
        return colours + self.offset.to(latents)[:, None, None]

    def to_latents(self, change: Tensor) -> Tensor:
        """The change of latents (N x C x h x w) for a change of colour (N x 3 x h x w)."""
        return torch.einsum("nkhw,kc->nchw", change, self.from_colour.to(change))


def _least_squares(given: Tensor, wanted: Tensor) -> Tensor:
    """The linear map, its last row the offset. A trace of ridge for channels that say the same, then rounded, so that
    the last bits of a solver, which depend on where its memory lies, never reach a picture that is painted again."""
    known = torch.cat([given, torch.ones(len(given), 1, dtype=given.dtype)], 1)
    squares = known.T @ known
    ridge = 1e-9 * squares.trace() * torch.eye(len(squares), dtype=given.dtype)
    solved: Tensor = torch.linalg.solve(squares + ridge, known.T @ wanted)
    return solved.round(decimals=5)


def _soft_pictures() -> list[FloatArray]:
    rng = np.random.default_rng(20_240_501)
    pictures = []
    for number in range(PICTURES):
        cells = 2 + number % 7
        blocks = rng.random((cells, cells, 3), dtype=np.float32)
        how = cv2.INTER_NEAREST if number % 3 == 0 else cv2.INTER_CUBIC
        pictures.append(np.clip(cv2.resize(blocks, (SIDE, SIDE), interpolation=how), 0, 1).astype(np.float32))
    return pictures
