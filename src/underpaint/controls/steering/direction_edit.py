"""Perspective on the estimate: edges that nearly run to a vanishing point are turned until they do.

The change of lightness along the direction to the point is made small, beside all change there is, by its gradient
with respect to the estimate alone (He et al. 2023). Each edge is drawn to the point that it is nearest to already;
edges that run to none, such as those of trees and faces, are left alone.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from underpaint.controls.ground import Ground
from underpaint.controls.perspective_geometry import direction_field
from underpaint.engine.latent_colours import LUMA, LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.geometry import Bounds
from underpaint.recipe import PerspectiveControl

CHANGE, LIMIT = 0.035, 0.15
"""How much luma one round moves where everything runs amiss, on average, and all rounds together at most."""
ROUNDS = 4
"""Of descent at each step of the run: they see the lightness alone, so they cost next to nothing."""
_NEAR = 0.15
"""Squared sine of the angle up to which an edge counts as meant for a point."""
_SHARP = 0.04


class DirectionEdit:
    """Turns edges toward the vanishing points; an edit on the estimate, in the gradient stage."""

    stage: Stage = "gradient"

    def __init__(self, control: PerspectiveControl, ground: Ground, colours: LatentColours) -> None:
        self._control, self._ground, self._colours = control, ground, colours
        self._directions: dict[tuple[int, int], Tensor] = {}
        self.key = f"perspective {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0 or min(estimate.shape[-2:]) < 3:
            return estimate
        rgb = self._colours.to_rgb(estimate)
        luma = (rgb * LUMA.to(rgb)[:, None, None]).sum(1, keepdim=True)
        directions = self._field((int(estimate.shape[-2]), int(estimate.shape[-1]))).to(luma)
        change = direction_change(luma, directions) * strength * self._free(luma)
        return estimate + self._colours.to_latents(change.expand(-1, 3, -1, -1))

    def _free(self, luma: Tensor) -> Tensor | float:
        """1 where no drawing lies: its lines have their own directions."""
        if self._ground.drawn is None:
            return 1.0
        drawn = torch.from_numpy(self._ground.drawn)[None, None].to(luma)
        return 1 - interpolate(drawn, luma.shape[-2:], mode="area")

    def _field(self, cells: tuple[int, int]) -> Tensor:
        """K x 2 x h x w: x and y of the unit direction to each point, over the canvas of the pass."""
        if cells not in self._directions:
            ground = self._ground
            canvas = Bounds(ground.area.x, ground.area.y, ground.canvas.width, ground.canvas.height)
            field = direction_field(self._control, ground.whole, canvas, cells)
            self._directions[cells] = torch.from_numpy(np.ascontiguousarray(field.transpose(0, 3, 1, 2))).float()
        return self._directions[cells]


def direction_change(luma: Tensor, directions: Tensor) -> Tensor:
    """What to add to the N x 1 x h x w luma so that more of its edges run along `directions` (K x 2 x h x w)."""
    now = luma.detach()
    for _ in range(ROUNDS):
        with torch.enable_grad():
            asked = now.requires_grad_(True)
            amiss = misalignment(asked, directions)
            gradient, = torch.autograd.grad(amiss.sum(), asked)
        size = gradient.square().mean((-3, -2, -1), keepdim=True).sqrt().clamp_min(1e-12)
        wanted = CHANGE * amiss.detach().clamp(0, 1).sqrt()[:, None, None, None]
        now = (now.detach() - gradient / size * wanted).clamp(luma - LIMIT, luma + LIMIT)
    return now - luma


def misalignment(luma: Tensor, directions: Tensor) -> Tensor:
    """N: of the change of lightness at edges that nearly run to a point, the share that lies along the way to it."""
    across, down = _slopes(luma)
    along = directions[None, :, 0] * across + directions[None, :, 1] * down
    energy = across.square() + down.square()
    part = along.square() / energy.clamp_min(1e-8)
    with torch.no_grad():
        which = torch.softmax(-part / _SHARP, dim=1)
        meant = torch.exp(-part.amin(1, keepdim=True) / _NEAR)
    missed = (which * along.square()).sum(1, keepdim=True) * meant
    return missed.sum((-3, -2, -1)) / (energy * meant).sum((-3, -2, -1)).clamp_min(1e-8)


def _slopes(luma: Tensor) -> tuple[Tensor, Tensor]:
    """Scharr's derivatives, which keep directions truer than Sobel's."""
    kernel = torch.tensor([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]]).to(luma)[None, None] / 32
    padded = pad(luma, (1, 1, 1, 1), mode="replicate") if luma.device.type == "cpu" else bordered(luma)
    return conv2d(padded, kernel), conv2d(padded, kernel.transpose(-1, -2))


def bordered(luma: Tensor) -> Tensor:
    """With its edges repeated once, by slices: the gradient of padding adds up in no fixed order on a GPU."""
    wide = torch.cat([luma[..., :1], luma, luma[..., -1:]], dim=-1)
    return torch.cat([wide[..., :1, :], wide, wide[..., -1:, :]], dim=-2)
