"""A linear map from latents to colours, fitted to the loaded autoencoder: previews and gradients without decoding."""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor

from underpaint.engine.codec import Codec
from underpaint.engine.components import Components

_CELLS = 12
_PICTURES = 4
_KEPT = 8
_cache: OrderedDict[str, "LatentRgb"] = OrderedDict()


@dataclass(frozen=True)
class LatentRgb:
    """`weights` (3 x C) and `offset` (3): a latent cell's colour, sRGB 0..1, is `weights @ cell + offset`."""

    weights: Tensor
    offset: Tensor

    def __call__(self, latents: Tensor) -> Tensor:
        """Colours of latents N x C x h x w, as N x 3 x h x w, not clipped, so that gradients go through."""
        weights, offset = self.weights.to(latents), self.offset.to(latents)
        return torch.einsum("rc,nchw->nrhw", weights, latents) + offset[None, :, None, None]


def latent_rgb(components: Components, codec: Codec) -> LatentRgb:
    """The map of this model's autoencoder, fitted once and kept in memory by the hash of its weights."""
    key = components.vae_hash or _fingerprint(components.vae)
    if key not in _cache:
        _cache[key] = _fit(components, codec)
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return _cache[key]


@torch.no_grad()
def _fit(components: Components, codec: Codec) -> LatentRgb:
    """Least squares between the latents of flat and shaded colour patches and the patches themselves."""
    generator = torch.Generator().manual_seed(20260101)
    scale = components.latent_scale
    rows, colours = [], []
    for _ in range(_PICTURES):
        coarse = torch.rand((1, 3, _CELLS // 3, _CELLS // 3), generator=generator)
        cells = torch.nn.functional.interpolate(coarse, size=(_CELLS, _CELLS), mode="bicubic").clamp(0, 1)
        pixels = torch.nn.functional.interpolate(cells, scale_factor=scale, mode="bilinear")
        latents = codec.encode_pixels(2 * pixels.to(codec.device) - 1)
        means = torch.nn.functional.avg_pool2d(pixels, scale)
        rows.append(latents.cpu().float().permute(0, 2, 3, 1).reshape(-1, latents.shape[1]))
        colours.append(means.permute(0, 2, 3, 1).reshape(-1, 3))
    given = torch.cat(rows)
    given = torch.cat([given, torch.ones(len(given), 1)], dim=1).double()
    # A little ridge keeps channels that carry no colour from being fitted to noise.
    ridge = torch.eye(given.shape[1], dtype=torch.float64) * 1e-3 * len(given)
    solved = torch.linalg.solve(given.T @ given + ridge, given.T @ torch.cat(colours).double()).float()
    return LatentRgb(solved[:-1].T.contiguous(), solved[-1].contiguous())


def _fingerprint(vae: torch.nn.Module) -> str:
    """What tells one loaded autoencoder from another where its file's hash is not known."""
    sums = [float(parameter.detach().float().sum()) for parameter in list(vae.parameters())[:8]]
    return f"{type(vae).__name__}:{sums}"
