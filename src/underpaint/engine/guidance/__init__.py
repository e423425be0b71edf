"""How the model's outputs are combined: one file a rule, one line here."""

from collections.abc import Callable

from underpaint.engine.guidance.apg import AdaptiveProjected
from underpaint.engine.guidance.cfg import ClassifierFree
from underpaint.engine.protocols import Guidance
from underpaint.errors import RecipeError

METHODS: dict[str, Callable[[float, float, float, float], Guidance]] = {
    "cfg": ClassifierFree,
    "apg": AdaptiveProjected,
}
"""Each takes the scale, the share of rescaling, and the start and end of its interval."""


def make_guidance(method: str, scale: float, rescale: float = 0.0, start: float = 0.0, end: float = 1.0) -> Guidance:
    """A fresh guidance for one run. Raises RecipeError for a method that does not exist."""
    if method not in METHODS:
        raise RecipeError(f"there is no guidance '{method:.40}'", hint=f"There are: {', '.join(METHODS)}.",
                          field="guidance.method")
    return METHODS[method](scale, rescale, start, end)
