"""Pieces of a picture for an image-text model to look at, and how well words fit them.

Cutouts are those of Disco Diffusion: some of the whole picture, the others random squares of it. What a phrase is held
against are other things that a picture might show, so that no threshold hangs on one model's scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from underpaint.engine.families.image_text import ImageText
from underpaint.imaging.arrays import FloatArray

CONTRASTS = ("a tree", "a house", "a boat", "a mountain", "a dog", "a person", "a flower", "a castle", "a street",
             "the sea", "the sky", "a room", "a lamp", "a car", "a bird", "a table", "snow", "a forest", "a plain wall",
             "a portrait", "fire", "clouds", "an abstract pattern", "text")
"""What a phrase is held against."""


@dataclass(frozen=True)
class Cut:
    """How many pieces, the share of them that is the whole picture, and the smallest piece as a share of the shorter
    side."""

    count: int
    outer: float
    smallest: float


def cutouts(picture: Tensor, cut: Cut, side: int, seed: int) -> Tensor:
    """Square pieces (count x 3 x side x side) of a 1 x 3 x H x W picture; the same ones for the same seed."""
    drawn = torch.Generator().manual_seed(seed)
    height, width = picture.shape[-2:]
    whole = min(cut.count, max(round(cut.count * cut.outer), 0))
    pieces = [_square(picture, side)] * whole
    for _ in range(cut.count - whole):
        share, down, across = torch.rand(3, generator=drawn).tolist()
        size = max(2, round(min(height, width) * (cut.smallest + (1 - cut.smallest) * share)))
        top, left = round(down * (height - size)), round(across * (width - size))
        pieces.append(_scaled(picture[..., top: top + size, left: left + size], side))
    return torch.cat(pieces)


def _square(picture: Tensor, side: int) -> Tensor:
    """The whole picture in a square, its edges carried on."""
    height, width = picture.shape[-2:]
    longest = max(height, width)
    down, across = longest - height, longest - width
    margins = (across // 2, across - across // 2, down // 2, down - down // 2)
    return _scaled(pad(picture, margins, mode="replicate"), side)


def _scaled(picture: Tensor, side: int) -> Tensor:
    smaller = picture.shape[-1] > side
    return interpolate(picture, (side, side), mode="bilinear", antialias=smaller, align_corners=False)


@torch.no_grad()
def scores(model: ImageText, picture: FloatArray, phrases: Sequence[str]) -> FloatArray:
    """How far each phrase stands out of what else a picture might show: in standard deviations of the contrasts, taken
    where in the picture it fits best. Pieces lie on a fixed grid, none is drawn."""
    pieces = _grid(torch.from_numpy(np.ascontiguousarray(picture[..., :3])).permute(2, 0, 1)[None], model.size)
    others = [one for one in CONTRASTS if not any(_same(one, phrase) for phrase in phrases)]
    seen = model.images(pieces)
    best = (seen @ model.texts([*phrases, *others]).T).amax(0)
    own, contrast = best[: len(phrases)], best[len(phrases):]
    return np.asarray(((own - contrast.mean()) / contrast.std().clamp_min(1e-4)).numpy(), dtype=np.float32)


def fit_of(model: ImageText, picture: FloatArray, words: str) -> float:
    """How well words fit a picture (H x W x 3), beside what else it might show."""
    return float(scores(model, picture, [words])[0])


def _same(contrast: str, phrase: str) -> bool:
    return contrast.split()[-1] in phrase.lower()


def _grid(picture: Tensor, side: int) -> Tensor:
    """The whole, four overlapping quarters and nine overlapping ninths."""
    height, width = picture.shape[-2:]
    pieces = [_square(picture, side)]
    for parts, share in ((2, 0.62), (3, 0.42)):
        size = max(2, round(min(height, width) * share))
        for row in range(parts):
            for column in range(parts):
                top = round(row * (height - size) / (parts - 1))
                left = round(column * (width - size) / (parts - 1))
                pieces.append(_scaled(picture[..., top: top + size, left: left + size], side))
    return torch.cat(pieces)
