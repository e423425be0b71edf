"""Seeded noise that is the same on every machine: torch's CPU generator, or CUDA's Philox computed anywhere."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from underpaint.errors import RecipeError

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_ROUNDS = 10


class NoiseSource(Protocol):
    """Draws unit normal noise; every draw goes on where the last one ended."""

    generator: torch.Generator | None
    seed: int

    def draw(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Noise of this shape, fp32, on `device`."""
        ...


class CpuNoise:
    """torch's CPU generator (Mersenne Twister), moved to the device afterwards."""

    def __init__(self, seed: int) -> None:
        self.generator: torch.Generator | None = torch.Generator("cpu")
        self.seed = seed % 2**64
        self.generator.manual_seed(self.seed)

    def draw(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        return torch.randn(tuple(shape), generator=self.generator, dtype=torch.float32).to(device)


class PhiloxNoise:
    """What `torch.randn(device="cuda")` draws after `manual_seed`, computed without a GPU.

    Philox 4x32-10 (Salmon et al. 2011) with cuRAND's Box-Muller transform. One counter lane serves each value, as
    on a GPU whose launch covers the whole tensor; true for pictures of ordinary size.
    """

    def __init__(self, seed: int) -> None:
        self.generator: torch.Generator | None = None
        self.seed = seed % 2**64
        self.offset = 0

    def draw(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        count = int(np.prod(shape))
        values = philox_normal(self.seed, self.offset, count).reshape(tuple(shape))
        self.offset += 1
        return torch.from_numpy(values).to(device)


def philox_normal(seed: int, offset: int, count: int) -> np.ndarray:
    """`count` normal values, float32, of the draw number `offset` (from 0) after seeding."""
    lanes = np.arange(count, dtype=np.uint64)
    counter = [np.full(count, offset, np.uint64), np.zeros(count, np.uint64), lanes & _LOW, lanes >> np.uint64(32)]
    first, second = _philox(counter, seed)
    uniform = (first * np.float64(2**-32) + 2**-33).astype(np.float32)
    angle = (second * np.float64(2**-32 * 2 * np.pi) + 2**-33 * 2 * np.pi).astype(np.float32)
    normal: np.ndarray = np.sqrt(np.float32(-2) * np.log(uniform)) * np.sin(angle)
    return normal.astype(np.float32)


def _philox(counter: list[np.ndarray], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The first two of the four words that the ten rounds make of each counter."""
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    a, b, c, d = counter
    for _ in range(_ROUNDS):
        left, right = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = ((right >> np.uint64(32)) ^ b ^ np.uint64(keys[0]), right & _LOW,
                      (left >> np.uint64(32)) ^ d ^ np.uint64(keys[1]), left & _LOW)
        keys = [(key + step) & 0xFFFFFFFF for key, step in zip(keys, _WEYL, strict=True)]
    return a, b


def make_source(kind: str, seed: int) -> NoiseSource:
    """The noise source "cpu" or "philox", seeded. Raises RecipeError for another kind."""
    if kind == "cpu":
        return CpuNoise(seed)
    if kind == "philox":
        return PhiloxNoise(seed)
    raise RecipeError(f"there is no noise source '{kind:.40}'", hint="Use cpu or philox.", field="noise.source")


def spherical_mix(low: Tensor, high: Tensor, share: float) -> Tensor:
    """`low` turned towards `high` by `share` (0..1) along great circles (Shoemake 1985).

    The circles lie in the columns (dimension -2), as AUTOMATIC1111 mixes variation seeds.
    """
    if share == 0:
        return low
    if share == 1:
        return high
    cosine = (low / low.norm(dim=-2, keepdim=True) * high / high.norm(dim=-2, keepdim=True)).sum(-2, keepdim=True)
    if cosine.mean() > 0.9995:
        return low * (1 - share) + high * share
    angle = torch.acos(cosine.clamp(-1, 1))
    first, second = torch.sin((1 - share) * angle), torch.sin(share * angle)
    return (first * low + second * high) / torch.sin(angle)


class PathNoise:
    """Noise for samplers that walk a Brownian path: equal stretches give equal noise, and halves add up to wholes.

    For samplers that ask forwards only: first for the way to a midpoint, then for the way to the step's end.
    """

    def __init__(self, source: NoiseSource, shape: Sequence[int], device: torch.device | str) -> None:
        self._source, self._shape, self._device = source, tuple(shape), device
        self._start: float | None = None
        self._end = 0.0
        self._walked: Tensor | None = None

    def __call__(self, start: Tensor | float, end: Tensor | float) -> Tensor:
        begin, goal = float(start), float(end)
        if self._start != begin or self._walked is None:
            self._start, self._end, self._walked = begin, begin, torch.zeros(self._shape, device=self._device)
        piece = abs(goal - self._end)
        walked = self._walked + self._source.draw(self._shape, self._device) * math.sqrt(piece)
        self._walked, self._end = walked, goal
        return walked / math.sqrt(abs(goal - begin))
