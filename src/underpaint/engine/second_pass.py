"""Enlarging a first picture's latents, to be painted over once more (A1111's hires fix)."""

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.errors import RecipeError

MODES = ("nearest", "bilinear", "bicubic")


def enlarged_size(width: int, height: int, scale: float, step: int) -> tuple[int, int]:
    """The second pass's size in pixels: `scale` times the first, on the model's size step."""
    return tuple(max(step, round(side * scale / step) * step) for side in (width, height))  # type: ignore[return-value]


def enlarge_latents(latents: Tensor, size: tuple[int, int], components: Components, mode: str = "bilinear") -> Tensor:
    """Latents resampled for a picture of `size` (width, height) in pixels; the start of the second run.

    Raises RecipeError for a mode that does not exist.
    """
    if mode not in MODES:
        raise RecipeError(f"latents cannot be enlarged by '{mode:.40}'", hint=f"There are: {', '.join(MODES)}.",
                          field="second_pass.upscale")
    cells = (size[1] // components.latent_scale, size[0] // components.latent_scale)
    return torch.nn.functional.interpolate(latents, size=cells, mode=mode)
