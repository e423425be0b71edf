"""Whether the denoiser listens: how much worse it gets when the words, or the lines, are somebody else's."""

import numpy as np
import torch
from torch import Tensor

from underpaint.primer.painter import Given, Painter, new_scheduler
from underpaint.training.shards import Pool

_BANDS = {"far": 950, "middle": 700, "near": 350}


@torch.no_grad()
def hearing(painter: Painter, pool: Pool, seed: int, count: int = 48) -> dict[str, float]:
    """For three noise levels, the loss with another sample's caption (and lines) over the loss with its own, less one.

    0 means deaf. At the noisiest level a painter that listens to words has 0.1 and more; the loss alone does not show
    it. Keys are `words far`, `words middle`, `words near` and the same for `lines`.
    """
    rng = np.random.default_rng([seed, 77])
    keys = pool.draw(rng, count)
    device = next(painter.parameters()).device
    latents = torch.from_numpy(pool.rows(keys, "latents").astype(np.float32)).to(device)
    tokens = torch.from_numpy(pool.rows(keys, "tokens")[:, 0].astype(np.int64)).to(device)
    lines = torch.from_numpy(pool.rows(keys, "lines").astype(np.float32) / 255)[:, None].to(device)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(latents.shape, generator=generator).to(device)
    alphas = new_scheduler().alphas_cumprod
    found: dict[str, float] = {}

    everyone = torch.arange(count, device=device)

    def loss(step: int, told: Tensor, given: Given) -> float:
        signal = alphas[step]
        noisy = (signal.sqrt() * latents + (1 - signal).sqrt() * noise).contiguous(memory_format=torch.channels_last)
        target = signal.sqrt() * noise - (1 - signal).sqrt() * latents
        steps = torch.full((count,), step, device=device)
        with torch.autocast(device.type, torch.bfloat16):
            predicted = painter(noisy, steps, told, given)
        return float((predicted.float() - target).square().mean())

    for name, step in _BANDS.items():
        found[f"words {name}"] = loss(step, tokens.roll(1, 0), {}) / loss(step, tokens, {}) - 1
        own, others = {"line": (everyone, lines)}, {"line": (everyone, lines.roll(1, 0))}
        found[f"lines {name}"] = loss(step, tokens, others) / loss(step, tokens, own) - 1
    return {name: round(value, 4) for name, value in found.items()}
