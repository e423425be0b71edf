"""Stage three: train the autoencoder on crops, then settle its scaling factor; stage seven: a forgiving decoder.

What a small denoiser paints keeps a little noise in its latents. A decoder that has only seen clean ones turns that
into a mosaic of small cells; one that has seen noisy ones paints what was meant.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.primer.config import AutoencoderConfig, DecoderConfig
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

Snapshot = Callable[[Trainer], None]


def new_autoencoder(config: AutoencoderConfig) -> AutoencoderUnshuffle:
    """An untrained autoencoder of the configured size, the same for the same seed."""
    torch.manual_seed(config.seed)
    return AutoencoderUnshuffle(**config.model)


def picture_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 B x H x W x 3 to float32 B x 3 x H x W in -1..1."""
    # A writable copy: batches come from read-only memory maps.
    batch = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float()
    return batch.div_(127.5).sub_(1.0)


def edge_loss(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean absolute difference of the finite differences at full, half and quarter size: blur costs, shade less so."""
    total = ours.new_zeros(())
    for scale in range(3):
        if scale:
            ours, theirs = functional.avg_pool2d(ours, 2), functional.avg_pool2d(theirs, 2)
        for axis in (-1, -2):
            total = total + (ours.diff(dim=axis) - theirs.diff(dim=axis)).abs().mean()
    return total / 3


class AutoencoderStep:
    """One training step: a random crop there and back."""

    def __init__(self, pool: Pool, config: AutoencoderConfig, device: str) -> None:
        self._pool, self._config, self._device = pool, config, torch.device(device)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log `l1` (on 0..2), `edges`, `kl` and `psnr` in dB."""
        crops = random_crops(self._pool, context.rng, self._config.batch, self._config.crop).to(
            self._device, memory_format=torch.channels_last
        )
        halve = context.rng.random() < self._config.half_size
        with torch.autocast(self._device.type, torch.bfloat16):
            posterior = model.encode(crops).latent_dist
            latents = posterior.sample(context.generator)
            if halve:
                latents, crops = functional.avg_pool2d(latents, 2), functional.avg_pool2d(crops, 2)
            painted = model.decode(latents).sample
        painted = painted.float()
        l1, edges = (painted - crops).abs().mean(), edge_loss(painted, crops)
        mean, logvar = posterior.mean.float(), posterior.logvar.float()
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        square = functional.mse_loss(painted, crops)
        loss = l1 + square + self._config.gradients * edges + self._config.kl * kl
        return {"loss": loss, "l1": l1, "edges": edges, "kl": kl, "psnr": 10 * torch.log10(4 / square.detach())}


def random_crops(pool: Pool, rng: np.random.Generator, count: int, side: int) -> Tensor:
    """Square crops anywhere in some pictures: float32 count x 3 x side x side in -1..1."""
    crops = []
    for picture in pool.rows(pool.draw(rng, count), "pictures"):
        top = int(rng.integers(picture.shape[0] - side + 1))
        left = int(rng.integers(picture.shape[1] - side + 1))
        crop = picture[top : top + side, left : left + side]
        # Which way is up or left says nothing to an autoencoder, so all eight turns are fair.
        crop = np.rot90(crop, int(rng.integers(4)))
        crops.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    return picture_tensor(np.stack(crops))


class DecoderStep:
    """One training step of the decoder alone: latents with noise in, the clean crop out."""

    def __init__(self, pool: Pool, encoder: AutoencoderUnshuffle, config: DecoderConfig, device: str) -> None:
        self._pool, self._encoder, self._config = pool, encoder, config
        self._device = torch.device(device)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log `edges` and `psnr` in dB, over clean and noisy latents alike."""
        config, draw = self._config, context.generator
        crops = random_crops(self._pool, context.rng, config.batch, config.crop)
        crops = crops.to(self._device, memory_format=torch.channels_last)
        # Some stay clean; what is noisy is so by anything up to the most, in standard deviations of the latents.
        amount = (torch.rand(config.batch, 1, 1, 1, generator=draw) * 1.25 - 0.25).clamp_(min=0) * config.noise
        amount = amount.to(self._device) / float(self._encoder.config.scaling_factor)
        with torch.autocast(self._device.type, torch.bfloat16):
            with torch.no_grad():
                latents = self._encoder.encode(crops).latent_dist.mean.float()
            noise = torch.randn(latents.shape, generator=draw).to(latents)
            painted = model((latents + amount * noise).contiguous(memory_format=torch.channels_last))
        painted = painted.float()
        l1, edges = (painted - crops).abs().mean(), edge_loss(painted, crops)
        square = functional.mse_loss(painted, crops)
        return {"loss": l1 + square + edges, "edges": edges, "psnr": 10 * torch.log10(4 / square.detach())}


def train_decoder(
    pool: Pool, model: AutoencoderUnshuffle, config: DecoderConfig, folder: Path, *, device: str = "cpu"
) -> bool:
    """Train the decoder of `model` in place until the budget is used up, the encoder as it is; whether it is done."""
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=50, weight_decay=0.0, hold=0.3, average=0.99, lanes=config.lanes
    )
    trainer = Trainer(model.decoder, DecoderStep(pool, model, config, device), settings, folder)
    trainer.resume()
    done = trainer.run()
    model.decoder.load_state_dict(trainer.averaged())
    return done


def train_autoencoder(
    pool: Pool, config: AutoencoderConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None, each: Snapshot | None = None,
) -> tuple[AutoencoderUnshuffle, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; returns the averaged model and whether it is done.

    `weights` are averaged weights to begin from when there is no checkpoint.
    """
    model = new_autoencoder(config).to(device, memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=200, weight_decay=0.0, hold=0.3, lanes=config.lanes
    )
    trainer = Trainer(model, AutoencoderStep(pool, config, device), settings, folder)
    if not trainer.resume() and weights is not None:
        trainer.start_from(weights)
    done = trainer.run(each)
    return averaged_autoencoder(trainer, config, pool), done


def averaged_autoencoder(trainer: Trainer, config: AutoencoderConfig, pool: Pool) -> AutoencoderUnshuffle:
    """A copy with the averaged weights and the scaling factor that makes latents vary by one."""
    model = new_autoencoder(config)
    model.load_state_dict(trainer.averaged())
    model = model.to(next(trainer.model.parameters()).device, memory_format=torch.channels_last).eval()
    model.register_to_config(scaling_factor=scaling_factor(model, pool, config.seed))
    return model


@torch.no_grad()
def scaling_factor(model: AutoencoderUnshuffle, pool: Pool, seed: int, batches: int = 8) -> float:
    """One over the standard deviation of the latents of some pictures."""
    rng = np.random.default_rng([seed, 10**6])
    device = next(model.parameters()).device
    values = [
        model.encode(picture_tensor(pool.rows(pool.draw(rng, 8), "pictures")).to(device)).latent_dist.mean.flatten()
        for _ in range(batches)
    ]
    return round(1.0 / max(1e-6, float(torch.cat(values).std())), 5)
