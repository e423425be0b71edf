"""Pictures to latents and back, through the model's own autoencoder."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.noise import NoiseSource
from underpaint.engine.shortage import Fallbacks, is_shortage
from underpaint.engine.tiles import through_tiles
from underpaint.errors import PictureError

Picture = np.ndarray
"""float32 H x W x 3, sRGB 0..1."""

_TILE = 64
"""Side of an autoencoder tile in latent cells."""


class Codec:
    """The autoencoder of one model. It computes in fp32: half precision blackens SDXL's pictures and dims others."""

    def __init__(self, components: Components, device: torch.device, fallbacks: Fallbacks) -> None:
        self.vae: Any = components.vae
        self.device, self._fallbacks = device, fallbacks
        self._scale = components.latent_scale
        config: Any = components.vae.config
        self._factor = float(config.scaling_factor)
        self._shift = float(getattr(config, "shift_factor", None) or 0.0) if components.is_flow else 0.0
        self._spread = _per_channel(config, components.latent_channels)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Picture:
        """The picture of latents (1 x C x h x w), clipped to 0..1."""
        self._ready()
        raw = self._unscaled(latents.to(self.device, torch.float32))
        pixels = self._whole_or_tiles(raw, lambda part: self.vae.decode(part, return_dict=False)[0], self._scale)
        picture = (pixels * 0.5 + 0.5).clamp(0, 1).cpu().permute(0, 2, 3, 1).float().numpy()[0]
        if not np.isfinite(picture).all():
            picture = np.nan_to_num(picture, nan=0.5)
            self._fallbacks.note("values that were no numbers became grey")
        return np.ascontiguousarray(picture)

    @torch.no_grad()
    def encode(self, picture: Picture, source: NoiseSource | None = None) -> Tensor:
        """Latents of a picture whose sides the model's size step divides.

        With a noise source they are drawn from the autoencoder's distribution, as diffusers' pipelines do; without
        one they are its most likely value.
        """
        return self.encode_pixels(2.0 * to_tensor(picture, self.device) - 1.0, source)

    @torch.no_grad()
    def encode_pixels(self, pixels: Tensor, source: NoiseSource | None = None) -> Tensor:
        """Latents of pixels (1 x 3 x H x W, -1..1)."""
        self._ready()
        moments = self._whole_or_tiles(pixels, self._moments, 1 / self._scale)
        mean, spread = moments.chunk(2, dim=1)
        raw = mean
        if source is not None:
            raw = mean + torch.exp(0.5 * spread.clamp(-30.0, 20.0)) * source.draw(mean.shape, mean.device)
        return self._scaled(raw)

    def _ready(self) -> None:
        place(self.vae, self.device, torch.float32)

    def _moments(self, pixels: Tensor) -> Tensor:
        moments: Tensor = self.vae.encode(pixels, return_dict=False)[0].parameters
        return moments

    def _whole_or_tiles(self, given: Tensor, call: Callable[[Tensor], Tensor], scale: float) -> Tensor:
        if not self._fallbacks.tiled_vae:
            try:
                return call(given)
            except (RuntimeError, MemoryError) as error:
                if not is_shortage(error):
                    raise
            self._fallbacks.tiled_vae = True
            self._fallbacks.note("the picture passes the autoencoder in tiles")
        size = _TILE if scale > 1 else _TILE * self._scale
        return self._fallbacks.run(lambda: through_tiles(given, lambda part, _: call(part), size, size // 4, scale))

    def _scaled(self, raw: Tensor) -> Tensor:
        if self._spread is not None:
            mean, deviation = (part.to(raw) for part in self._spread)
            return (raw - mean) * self._factor / deviation
        if self._shift:
            return (raw - self._shift) * self._factor
        return self._factor * raw

    def _unscaled(self, latents: Tensor) -> Tensor:
        if self._spread is not None:
            mean, deviation = (part.to(latents) for part in self._spread)
            return latents * deviation / self._factor + mean
        raw = latents / self._factor
        return raw + self._shift if self._shift else raw


def _per_channel(config: Any, channels: int) -> tuple[Tensor, Tensor] | None:
    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None or deviation is None:
        return None
    return torch.tensor(mean).view(1, channels, 1, 1), torch.tensor(deviation).view(1, channels, 1, 1)


def place(module: nn.Module, device: torch.device, dtype: torch.dtype | None = None, *,
          channels_last: bool = False) -> None:
    """Move a module; torch's own way, because diffusers' models warn of every change of precision."""
    move: Any = nn.Module.to
    move(module, device=device, dtype=dtype)
    if channels_last:
        move(module, memory_format=torch.channels_last)


def to_tensor(picture: Picture, device: torch.device) -> Tensor:
    """A picture as 1 x 3 x H x W; the memory stays in rows of RGB, as in diffusers' pipelines (it decides bits)."""
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise PictureError(f"the engine takes pictures of height x width x 3, not {picture.shape}",
                           hint="Flatten transparency onto a colour first.")
    return torch.from_numpy(np.ascontiguousarray(picture, dtype=np.float32)[None]).permute(0, 3, 1, 2).to(device)
