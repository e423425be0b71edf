"""Samples that a finished denoiser is shown while something beside it learns: latents and words, mirrored or not."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from underpaint.training.shards import Pool


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one size: which of the pool they are, which are mirrored, their latents (B x C x h x w) and tokens
    (B x 77)."""

    keys: list[tuple[int, int]]
    flips: NDArray[np.bool_]
    latents: Tensor
    tokens: NDArray[np.int64]


def draw_samples(pool: Pool, rng: np.random.Generator, count: int) -> Samples:
    """Draw samples, half of them mirrored with captions that say so."""
    keys = pool.draw(rng, count)
    flips = rng.random(len(keys)) < 0.5
    plain, mirrored = pool.rows(keys, "latents"), pool.rows(keys, "mirrored")
    latents = torch.from_numpy(np.where(flips[:, None, None, None], mirrored, plain).astype(np.float32))
    offered = pool.rows(keys, "tokens")
    half = offered.shape[1] // 2
    tokens = offered[np.arange(len(keys)), rng.integers(half, size=len(keys)) + half * flips].astype(np.int64)
    return Samples(keys, flips, latents, tokens)
