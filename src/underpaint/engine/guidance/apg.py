"""Adaptive projected guidance (Sadat et al. 2024): strong guidance without burnt colours."""

import torch
from torch import Tensor

from underpaint.engine.guidance.cfg import rescaled, together
from underpaint.engine.protocols import Outputs, Step


class AdaptiveProjected:
    """Classifier-free guidance on the estimates, with the part along the estimate (saturation) held back.

    `along` is the share of that part which is kept; `momentum` mixes in the last step's direction, negative to
    push away from it; `reach` caps the direction's length (L2 over the whole latent), 0 for no cap.
    """

    def __init__(self, scale: float, rescale: float = 0.0, start: float = 0.0, end: float = 1.0, *,
                 along: float = 0.0, momentum: float = -0.5, reach: float = 0.0) -> None:
        self.scale, self.rescale, self.start, self.end = scale, rescale, start, end
        self.along, self.momentum, self.reach = along, momentum, reach
        self._running: Tensor | None = None

    def wants_negative(self, step: Step) -> bool:
        return self.scale > 1 and step.within(self.start, self.end)

    def __call__(self, outputs: Outputs, step: Step) -> Tensor:
        positive = together(outputs.positives, outputs.weights)
        if outputs.negative is None:
            return positive
        wanted = outputs.to_estimate(positive)
        direction = self._direction(wanted - outputs.to_estimate(outputs.negative))
        guided = outputs.to_output(wanted + (self.scale - 1) * projected(direction, wanted, self.along))
        return rescaled(guided, positive, self.rescale) if self.rescale > 0 else guided

    def _direction(self, difference: Tensor) -> Tensor:
        if self._running is not None and self._running.shape == difference.shape:
            difference = difference + self.momentum * self._running
        self._running = difference
        if self.reach > 0:
            length = torch.linalg.vector_norm(difference, dim=(-1, -2, -3), keepdim=True)
            difference = difference * (self.reach / length.clamp_min(1e-12)).clamp_max(1)
        return difference


def projected(direction: Tensor, estimate: Tensor, along: float) -> Tensor:
    """`direction` with its part parallel to `estimate` scaled by `along`, in double precision."""
    length = torch.linalg.vector_norm(estimate.double(), dim=(-1, -2, -3), keepdim=True)
    unit = estimate.double() / length.clamp_min(1e-12)
    parallel = (direction.double() * unit).sum(dim=(-1, -2, -3), keepdim=True) * unit
    return torch.sub(direction.double(), parallel, alpha=1 - along).to(direction.dtype)
