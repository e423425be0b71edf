"""Palette by values: the swatches laid over the masses, darkest to lightest.

Each spot of the estimate is drawn toward the swatch that its lightness earns: the darkest spots toward the darkest
swatch, and so on in the swatches' shares, which is one-dimensional optimal transport along lightness and keeps the
order of values. Only hue and chroma move; lightness belongs to the light control.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from underpaint.engine.latent_colours import LUMA, LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.recipe import PaletteControl

SHARE = 0.35
"""How far one step moves a spot toward its swatch, so that a red coat stays a red coat in another light."""


class PaletteValuesEdit:
    """Draws hues toward the swatches; an edit on the estimate, in the gradient stage."""

    stage: Stage = "gradient"

    def __init__(self, control: PaletteControl, colours: LatentColours) -> None:
        self._control = control
        self._colours = colours
        self.key = f"palette {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        control, strength = self._control, self._control.strength_at(step.fraction)
        if strength == 0:
            return estimate
        rgb = self._colours.to_rgb(estimate)
        change = SHARE * strength * (_without_luma(wanted_colours(rgb, control)) - _without_luma(rgb))
        return estimate + self._colours.to_latents(_soft(change))


def wanted_colours(rgb: Tensor, control: PaletteControl) -> Tensor:
    """The swatch colour that each spot of an N x 3 x h x w sRGB estimate earns by its rank in lightness."""
    swatches = torch.tensor([_rgb(swatch.colour) for swatch in control.swatches]).to(rgb)
    shares = torch.tensor([swatch.share for swatch in control.swatches]).to(rgb)
    order = torch.argsort((swatches * LUMA.to(rgb)).sum(-1))
    swatches, shares = swatches[order], shares[order] / shares.sum()
    if len(swatches) == 1:
        return swatches[0][:, None, None].expand_as(rgb)
    middles = shares.cumsum(0) - shares / 2
    luma = (rgb * LUMA.to(rgb)[:, None, None]).sum(1).flatten(1)
    rank = (luma.argsort(-1).argsort(-1) + 0.5) / luma.shape[-1]
    above = torch.searchsorted(middles, rank).clamp(1, len(middles) - 1)
    low, high = middles[above - 1], middles[above]
    mix = ((rank - low) / (high - low)).clamp(0, 1)[..., None]
    colours = swatches[above - 1] * (1 - mix) + swatches[above] * mix
    return colours.transpose(1, 2).reshape(rgb.shape)


def _soft(change: Tensor) -> Tensor:
    """Spread over neighbouring cells: colour that jumps from cell to cell would show as a grid in the picture."""
    for _ in range(2):
        change = avg_pool2d(pad(change, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return change


def _without_luma(rgb: Tensor) -> Tensor:
    return rgb - (rgb * LUMA.to(rgb)[:, None, None]).sum(1, keepdim=True)


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255
