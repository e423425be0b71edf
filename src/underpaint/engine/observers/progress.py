"""Telling how far a run is."""

from collections.abc import Callable

from underpaint.engine.protocols import Seen


class Progress:
    """Calls `tell(done, total)` once for every finished step, also where a step asks the model more than once.

    It may watch one run after another: each begins to count anew.
    """

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._told = 0

    def __call__(self, seen: Seen) -> None:
        step = seen.step
        if step.call == 0:
            self._told = 0
        last = step.call == step.calls - 1
        done = step.total if last else step.number
        while self._told < done:
            self._told += 1
            self._tell(self._told, step.total)
