"""A small autoencoder that looks like diffusers' `AutoencoderKL` from outside and never convolves at full size.

The first layer folds 4x4 pixels into channels and the last one unfolds them, so that every convolution runs on a
grid four or eight times smaller than the picture: on a CPU that is over ten times faster than a plain stem. There is
no normalisation over the picture, so a crop, a tile and the whole picture give the same values away from the border.
"""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import Tensor, nn
from torch.nn import functional

_FOLD = 4


class _Block(nn.Module):
    """Two 3x3 convolutions beside the identity; starts close to the identity, which stands in for a norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.silu(self.first(functional.silu(x))))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[_Block(channels) for _ in range(count)])


class _Encoder(nn.Module):
    """Picture, B x 3 x H x W, to the means and log variances of the latents, B x 2C x H/8 x W/8."""

    def __init__(self, widths: tuple[int, int], blocks: tuple[int, int], latent: int) -> None:
        super().__init__()
        fine, coarse = widths
        self.fold = nn.PixelUnshuffle(_FOLD)
        self.conv_in = nn.Conv2d(3 * _FOLD**2, fine, 3, padding=1)
        self.fine = _blocks(fine, blocks[0])
        self.down = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.coarse = _blocks(coarse, blocks[1])
        self.conv_out = nn.Conv2d(coarse, 2 * latent, 1)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.fine(self.conv_in(self.fold(picture)))
        out: Tensor = self.conv_out(functional.silu(self.coarse(self.down(functional.silu(x)))))
        return out


class _Decoder(nn.Module):
    """Latents, B x C x h x w, to a picture, B x 3 x 8h x 8w."""

    def __init__(self, widths: tuple[int, int], blocks: tuple[int, int], latent: int) -> None:
        super().__init__()
        fine, coarse = widths
        self.conv_in = nn.Conv2d(latent, coarse, 3, padding=1)
        self.coarse = _blocks(coarse, blocks[1])
        self.up = nn.Conv2d(coarse, 4 * fine, 3, padding=1)
        self.grow = nn.PixelShuffle(2)
        self.fine = _blocks(fine, blocks[0])
        self.conv_out = nn.Conv2d(fine, 3 * _FOLD**2, 3, padding=1)
        self.unfold = nn.PixelShuffle(_FOLD)

    def forward(self, latents: Tensor) -> Tensor:
        x = self.grow(self.up(functional.silu(self.coarse(self.conv_in(latents)))))
        out: Tensor = self.unfold(self.conv_out(functional.silu(self.fine(x))))
        return out


class AutoencoderUnshuffle(ModelMixin, ConfigMixin):
    """Drop-in for `AutoencoderKL`: pictures in -1..1, eight times smaller latents.

    Args:
        latent_channels: channels of the latents.
        encoder_widths, decoder_widths: channels at a quarter and at an eighth of the picture's size.
        encoder_blocks, decoder_blocks: residual blocks at these two sizes.
        block_out_channels: not used inside; its length tells diffusers that latents are eight times smaller.
        scaling_factor: what latents are multiplied by before the denoiser sees them, so that they vary by about 1.
        sample_size: the usual side of a picture in pixels; tiling and documentation only.
    """

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(
        self,
        *,
        in_channels: int = 3,
        out_channels: int = 3,
        latent_channels: int = 8,
        encoder_widths: tuple[int, int] = (64, 96),
        decoder_widths: tuple[int, int] = (80, 128),
        encoder_blocks: tuple[int, int] = (2, 2),
        decoder_blocks: tuple[int, int] = (3, 2),
        block_out_channels: tuple[int, ...] = (64, 64, 64, 128),
        scaling_factor: float = 1.0,
        shift_factor: float | None = None,
        force_upcast: bool = False,
        sample_size: int = 256,
    ) -> None:
        super().__init__()
        self.encoder = _Encoder(tuple(encoder_widths), tuple(encoder_blocks), latent_channels)
        self.decoder = _Decoder(tuple(decoder_widths), tuple(decoder_blocks), latent_channels)

    @apply_forward_hook
    def encode(self, x: Tensor, return_dict: bool = True) -> AutoencoderKLOutput | tuple[DiagonalGaussianDistribution]:
        """Pictures, B x 3 x H x W in -1..1 with H and W multiples of 8, to a distribution of latents."""
        posterior = DiagonalGaussianDistribution(self.encoder(x))
        return AutoencoderKLOutput(latent_dist=posterior) if return_dict else (posterior,)

    @apply_forward_hook
    def decode(
        self, z: Tensor, return_dict: bool = True, generator: torch.Generator | None = None
    ) -> DecoderOutput | tuple[Tensor]:
        """Latents (already divided by the scaling factor) to pictures in about -1..1; `generator` is not needed."""
        picture = self.decoder(z)
        return DecoderOutput(sample=picture) if return_dict else (picture,)

    def forward(self, sample: Tensor, sample_posterior: bool = False, return_dict: bool = True) -> DecoderOutput:
        """There and back, through the mean of the latents or a sample of them."""
        posterior = self.encode(sample).latent_dist
        latents = posterior.sample() if sample_posterior else posterior.mode()
        return self.decode(latents, return_dict=return_dict)

    # Pictures of any size decode in one piece in little memory, so there is nothing to slice or tile.
    def enable_slicing(self) -> None:
        """Nothing to do: kept for diffusers' pipelines."""

    def disable_slicing(self) -> None:
        """Nothing to do: kept for diffusers' pipelines."""

    def enable_tiling(self) -> None:
        """Nothing to do: kept for diffusers' pipelines."""

    def disable_tiling(self) -> None:
        """Nothing to do: kept for diffusers' pipelines."""
