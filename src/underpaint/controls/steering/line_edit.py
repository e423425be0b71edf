"""Lines on the estimate, for models without an adapter: along each line the paint is made to differ from what lies
beside it, as far as it does not already, and the model makes of that what it will.

It works on latent cells (8 pixels wide in most models), so it places shapes rather than hairlines.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from underpaint.engine.latent_colours import LUMA, LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import LineControl, PerspectiveControl

CONTRAST = 0.14
"""How much darker (or, in the dark, lighter) than its surroundings a line is wanted, in luma."""
DARK = 0.2
"""Surroundings below this luma get light lines."""
SHARE = 0.5
UNTIL = 0.7
"""Cells too coarse for a line's last detail must not redraw it when the model is finishing it."""


class LineEdit:
    """Raises contrast along the lines; an edit on the estimate, in the gradient stage.

    `ink`: H x W, 1 = ink, on the canvas of the pass.
    """

    stage: Stage = "gradient"

    def __init__(self, ink: FloatArray, control: LineControl | PerspectiveControl, colours: LatentColours,
                 name: str = "line") -> None:
        self._ink = torch.from_numpy(ink)[None, None]
        self._control, self._colours = control, colours
        self.key = f"{name} {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0 or step.fraction >= UNTIL:
            return estimate
        rgb = self._colours.to_rgb(estimate)
        luma = (rgb * LUMA.to(rgb)[:, None, None]).sum(1, keepdim=True)
        change = line_change(luma, self._ink.to(rgb)) * strength
        return estimate + self._colours.to_latents(change.expand(-1, 3, -1, -1))


def line_change(luma: Tensor, ink: Tensor) -> Tensor:
    """What to add to the N x 1 x h x w luma so that it differs along the ink (1 x 1 x H x W) by CONTRAST."""
    cells = interpolate(ink, luma.shape[-2:], mode="area")
    cells = (cells / cells.amax().clamp_min(1e-3)).clamp(0, 1)
    around = avg_pool2d(pad(luma, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
    difference = luma - around
    up = (around < DARK) | (difference > CONTRAST / 4)
    wanted = torch.where(up, torch.full_like(luma, CONTRAST), torch.full_like(luma, -CONTRAST))
    missing = torch.where(up, (wanted - difference).clamp_min(0), (wanted - difference).clamp_max(0))
    return SHARE * cells * missing
