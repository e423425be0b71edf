"""Blocked-in colours on the estimate: its large masses keep the colours that were laid in.

Only what is coarser than a few latent cells is drawn back, so that form, edges and texture stay the model's.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from underpaint.controls.steering.oklab import to_oklab, to_srgb
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import ColourControl, NudgeControl

HUE, LIGHT = 0.5, 0.3
"""How much of what is missing one step gives back: of hue and chroma, and of lightness."""
RENDER_HUE, RENDER_LIGHT = 0.8, 0.1
"""The same where the colours are only rendered: hues stay cell by cell, light and dark are nearly free."""


class ColourEdit:
    """Draws masses back to their colours; an edit on the estimate, in the gradient stage.

    `colours`: H x W x 3 sRGB on the canvas of the pass; `opaque`: H x W, how much is said there.
    """

    stage: Stage = "gradient"

    def __init__(self, colours: FloatArray, opaque: FloatArray, control: ColourControl | NudgeControl,
                 latent: LatentColours) -> None:
        self._alpha = torch.from_numpy(opaque)[None, None]
        self._given = torch.from_numpy(colours).permute(2, 0, 1)[None]
        self._control, self._latent = control, latent
        self._exact = isinstance(control, ColourControl) and control.render_only
        self.key = f"{control.kind} {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0:
            return estimate
        lab = to_oklab(self._latent.to_rgb(estimate))
        alpha = interpolate(self._alpha.to(lab), lab.shape[-2:], mode="area")
        given = interpolate((self._given.to(lab) * self._alpha.to(lab)), lab.shape[-2:], mode="area")
        missing = to_oklab(given / alpha.clamp_min(1e-4)) - lab
        coarse = _masses(missing, alpha)
        if self._exact:
            change = torch.cat([RENDER_LIGHT * coarse[:, :1], RENDER_HUE * missing[:, 1:]], dim=1)
        else:
            change = torch.cat([LIGHT * coarse[:, :1], HUE * coarse[:, 1:]], dim=1)
        moved = lab + (strength * change * alpha)
        return estimate + self._latent.to_latents(to_srgb(moved) - to_srgb(lab))


def _masses(values: Tensor, alpha: Tensor) -> Tensor:
    """The mean over some cells around, of where something is said."""
    def blurred(one: Tensor) -> Tensor:
        for _ in range(2):
            one = avg_pool2d(pad(one, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        return one

    return blurred(values * alpha) / blurred(alpha).clamp_min(1e-4)
