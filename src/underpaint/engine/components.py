"""What a loaded model is made of: the one thing that loaders fill and the engine reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from torch import nn

Family = Literal["sd", "sd2", "sdxl", "sd3", "flux"]
Prediction = Literal["epsilon", "v_prediction", "sample", "flow"]


@dataclass(frozen=True)
class Components:
    """One loaded model.

    denoiser: UNet or transformer. vae: autoencoder with `encode`, `decode` and `config.scaling_factor`.
    text_encoders, tokenizers: in the model's order; None where a model goes without one (SD3 without T5).
    scheduler_config: the model's own `scheduler_config.json`, whatever class it was written for.
    prediction: what the denoiser's output means, decided by the loader; it overrides the scheduler's own word.
    tiny_decoder: a small autoencoder for previews and for steering by gradients (latents in, -1..1 RGB out by
    `decode(latents).sample`), or None. latent_channels: of the picture's latents, not of the denoiser's input.
    latent_scale: pixels a latent cell is wide. size_step: width and height must be multiples of it, in pixels.
    vae_hash: SHA-256 of the VAE's weights if known. force_zeros_for_empty_prompt: SDXL's own setting.
    """

    family: Family
    denoiser: nn.Module
    vae: nn.Module
    text_encoders: tuple[nn.Module | None, ...]
    tokenizers: tuple[Any, ...]
    scheduler_config: Mapping[str, Any]
    prediction: Prediction
    tiny_decoder: nn.Module | None = None
    latent_channels: int = 4
    latent_scale: int = 8
    size_step: int = 8
    name: str = ""
    vae_hash: str | None = None
    force_zeros_for_empty_prompt: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_flow(self) -> bool:
        """Whether the denoiser predicts a flow (picture and noise mixed in straight lines)."""
        return self.prediction == "flow"

    @property
    def denoiser_channels(self) -> int:
        """Channels the denoiser takes in: 9 for an inpainting UNet."""
        return int(getattr(self.denoiser.config, "in_channels", self.latent_channels))

    @property
    def sees_mask(self) -> bool:
        """Whether the denoiser was trained for filling: it takes mask and masked picture behind the latents."""
        return self.denoiser_channels == 2 * self.latent_channels + 1

    def modules(self) -> tuple[nn.Module, ...]:
        """Every module there is."""
        every = (self.denoiser, self.vae, *self.text_encoders, self.tiny_decoder)
        return tuple(module for module in every if module is not None)

    def with_(self, **fields: Any) -> "Components":
        """A copy with some fields changed, such as another VAE."""
        return replace(self, **fields)
