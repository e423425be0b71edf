"""Stopping early: an observer that ends a take which will not be good, so that its steps go to another seed."""

from typing import TYPE_CHECKING

from underpaint.errors import Cancelled
from underpaint.imaging.arrays import FloatArray
from underpaint.review.early import LOOKS, Early, features

if TYPE_CHECKING:
    from underpaint.engine.protocols import Seen, Stop


class StoppedEarly(Cancelled):
    """A take was given up: after `steps` of `total`, its `chance` of becoming good was too small."""

    def __init__(self, steps: int, total: int, chance: float) -> None:
        super().__init__(f"stopped after {steps} of {total} steps: {chance:.0%} likely to become good")
        self.steps, self.total, self.chance = steps, total, chance


class StopEarly:
    """Watches one run after another; raises `StoppedEarly` when the promise at one of the looks is too small.

    `patience` scales the chances below which is stopped: 1 as fitted, 0 never. Runs of latents that the fit does not
    know (another model, another number of channels) are never stopped.
    """

    def __init__(self, early: Early, patience: float = 1.0) -> None:
        self._early, self._patience = early, patience
        self._done = 0
        self._before: FloatArray | None = None
        self.chances: list[float] = []

    def __call__(self, seen: "Seen") -> "Stop | None":
        step = seen.step
        if step.call == 0:
            self._done, self._before, self.chances = 0, None, []
        if self._done >= len(LOOKS) or step.fraction < LOOKS[self._done] or step.substep:
            return None
        estimate = seen.estimate[0].detach().float().cpu().numpy()
        if len(estimate) != self._early.channels:
            return None
        chance = self._early.chance(self._done, features(estimate, self._before))
        self.chances.append(chance)
        limit = self._early.stops[self._done] * self._patience
        self._before, self._done = estimate, self._done + 1
        if chance < limit:
            raise StoppedEarly(step.number + 1, step.total, chance)
        return None
