"""Calm paint between the lines: a picture under a drawing has edges where the drawing has them, and few besides.

Each cell of the estimate is drawn toward the mean of those around it that hold no line, as a blur that stops at lines.
The model goes on from there, so forms and light stay its own; what goes is the mottle that would read as lines.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import LineControl

FROM = 0.3
"""Masses are laid out before this share of the run, and are not touched."""
_REACH, _SPREAD = 2, 1.2
"""Cells to each side that count, and how fast they count less."""


class CalmEdit:
    """Calms the cells between the lines; an edit on the estimate, in the gradient stage.

    `ink`: H x W, 1 = ink, on the canvas of the pass.
    """

    stage: Stage = "gradient"

    def __init__(self, ink: FloatArray, control: LineControl) -> None:
        self._ink = torch.from_numpy(ink)[None, None]
        self._control = control
        self.key = f"calm {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = min(self._control.strength_at(step.fraction), 1.0) * self._control.calm
        if strength == 0 or step.fraction < FROM:
            return estimate
        return estimate + strength * calmer(estimate, self._ink.to(estimate))


def calmer(estimate: Tensor, ink: Tensor) -> Tensor:
    """What to add to N x C x h x w latents so that every cell without ink (1 x 1 x H x W) is as those around it."""
    cells = interpolate(ink, estimate.shape[-2:], mode="area")
    between = (1 - 2 * cells / cells.amax().clamp_min(1e-3)).clamp(0, 1)
    counted = between + 1e-3
    kernel = _kernel(estimate)
    sums = conv2d(_padded((estimate * counted).flatten(0, 1)[:, None]), kernel)
    mean: Tensor = sums.reshape(estimate.shape) / conv2d(_padded(counted), kernel)
    return between * (mean - estimate)


def _padded(sheet: Tensor) -> Tensor:
    return pad(sheet, (_REACH,) * 4, mode="replicate")


def _kernel(like: Tensor) -> Tensor:
    places = torch.arange(-_REACH, _REACH + 1, device=like.device, dtype=like.dtype)
    row = torch.exp(-places.square() / (2 * _SPREAD**2))
    square = row[:, None] * row
    return (square / square.sum())[None, None]
