"""Noise: what CUDA would draw, without CUDA; mixes and paths that keep its spread."""

import numpy as np
import pytest
import torch

from underpaint.engine.noise import CpuNoise, PathNoise, PhiloxNoise, make_source, philox_normal, spherical_mix
from underpaint.errors import RecipeError


def test_philox_begins_as_cuda_does():
    drawn = PhiloxNoise(0).draw((1, 4, 8, 8)).flatten()[:4]
    assert np.allclose(drawn, [-0.92466259, -0.42534415, -2.64384413, 0.14518388], atol=1e-6)


def test_philox_is_normal_and_every_draw_is_another():
    source = PhiloxNoise(2**63 + 11)
    first, second = source.draw((100_000,)), source.draw((100_000,))
    assert abs(first.mean()) < 0.02 and abs(first.std() - 1) < 0.02
    assert abs((first * second).mean()) < 0.02
    assert np.array_equal(philox_normal(5, 3, 50), philox_normal(5, 3, 80)[:50])


def test_cpu_noise_is_torchs():
    generator = torch.Generator().manual_seed(12)
    assert torch.equal(CpuNoise(12).draw((2, 3)), torch.randn((2, 3), generator=generator))


def test_a_mix_on_great_circles_keeps_the_length():
    low, high = CpuNoise(1).draw((1, 4, 64, 64)), CpuNoise(2).draw((1, 4, 64, 64))
    assert torch.equal(spherical_mix(low, high, 0.0), low) and torch.equal(spherical_mix(low, high, 1.0), high)
    assert abs(spherical_mix(low, high, 0.5).std() - 1) < 0.03
    assert torch.allclose(spherical_mix(low, low, 0.3), low)


def test_a_path_adds_up():
    path = PathNoise(PhiloxNoise(3), (20_000,), "cpu")
    half, whole = path(8.0, 4.0), path(8.0, 1.0)
    assert abs(half.std() - 1) < 0.03 and abs(whole.std() - 1) < 0.03
    assert abs((half * whole).mean() - (4 / 7) ** 0.5) < 0.03
    assert abs((path(1.0, 0.5) * whole).mean()) < 0.03


def test_an_unknown_source_is_refused():
    with pytest.raises(RecipeError, match="noise source"):
        make_source("dice", 1)
