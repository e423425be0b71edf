"""Light: where it comes from, how the large masses of light and dark are laid out.

Steers the large masses of the estimate only (a grid of about eight cells a side), while they are decided, and leaves
every smaller form to the model. Lightness is taken as the luma of the estimate seen through the model's own linear
latent colours, so no decoder runs and no gradient flows through the model (manifold-preserving guided diffusion,
He et al. 2023).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from underpaint.engine.latent_colours import LUMA, LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.recipe import LightControl

MASSES = 8
SLOPE_SOFT, SLOPE_HARD = 0.10, 0.20
"""Wanted change of lightness from the middle to the lit edge, for overcast and for bare light."""
LIMIT = 0.25
"""The largest change of lightness in one step."""
SHARE = 0.6
"""How much of the missing mean and contrast one step gives back, so that local colour keeps its say."""


class LightEdit:
    """Pulls the large masses toward the planned light; an edit on the estimate, in the gradient stage."""

    stage: Stage = "gradient"

    def __init__(self, control: LightControl, colours: LatentColours) -> None:
        self._control = control
        self._colours = colours
        self.key = f"light {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        control, strength = self._control, self._control.strength_at(step.fraction)
        if strength == 0:
            return estimate
        luma = (self._colours.to_rgb(estimate) * LUMA.to(estimate)[:, None, None]).sum(1, keepdim=True)
        change = light_change(luma, control).clamp(-LIMIT, LIMIT) * strength
        return estimate + self._colours.to_latents(change.expand(-1, 3, -1, -1))


def light_change(luma: Tensor, control: LightControl) -> Tensor:
    """What to add to the N x 1 x h x w luma (0..1) so that its masses come nearer to the planned light."""
    size = luma.shape[-2:]
    grid = (min(MASSES, size[0]), min(MASSES, size[1]))
    masses = F.interpolate(F.adaptive_avg_pool2d(luma, grid), size, mode="bilinear", align_corners=False)
    change = torch.zeros_like(luma)
    mean = masses.mean((-2, -1), keepdim=True)
    if control.lightness is not None:
        change = change + SHARE * (control.lightness - mean)
    if control.contrast is not None:
        spread = masses.std((-2, -1), correction=0, keepdim=True).clamp_min(1e-3)
        factor = (control.contrast / spread).clamp(0.5, 2.0)
        change = change + SHARE * (factor - 1) * (masses - mean)
    if control.direction is not None:
        change = change + _toward(masses, control.direction, control.hardness)
    return change


def _toward(masses: Tensor, direction: float, hardness: float) -> Tensor:
    height, width = masses.shape[-2:]
    across = torch.linspace(-1, 1, width).to(masses)[None, :] * math.cos(math.radians(direction))
    upward = torch.linspace(1, -1, height).to(masses)[:, None] * math.sin(math.radians(direction))
    ramp = across + upward
    slope = (masses * ramp).mean((-2, -1), keepdim=True) / ramp.square().mean()
    wanted = SLOPE_SOFT + (SLOPE_HARD - SLOPE_SOFT) * hardness
    return (wanted - slope).clamp_min(0) * ramp
