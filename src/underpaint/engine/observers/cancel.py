"""Stopping a run from outside."""

from collections.abc import Callable

from underpaint.engine.protocols import Seen, Stop
from underpaint.errors import Cancelled


class Cancel:
    """Raises Cancelled after the step during which `wanted()` turned true."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted

    def __call__(self, seen: Seen) -> Stop | None:
        if self._wanted():
            raise Cancelled("stopped", hint="What was finished is kept.")
        return None
