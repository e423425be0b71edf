"""What the server paints with: one painter, made when the first picture needs it, so that starting is quick."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from underpaint.library.runner import Tell
from underpaint.models import Catalogue
from underpaint.plan.take import Take
from underpaint.recipe import Recipe
from underpaint.studio.previews import Glimpses

_LOG = logging.getLogger("underpaint.studio")
"""Where the server says, before it paints, what a person should know; the take's notes tell it again."""


class Brush(Protocol):
    """Paints a recipe, given the drawings it names; tells how far it is and gives glimpses to who looks."""

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell, glimpses: Glimpses) -> Take: ...


class PainterBrush:
    """The house's own painter, in the thread that paints."""

    def __init__(self, catalogue: Catalogue, device: str | None = None, precision: str | None = None) -> None:
        self._catalogue, self._device, self._precision = catalogue, device, precision
        self._painter: Any = None

    @staticmethod
    def warm() -> None:
        """Import what painting needs, which takes seconds, before somebody waits for it."""
        import underpaint.plan.painter  # noqa: F401

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell, glimpses: Glimpses) -> Take:
        if self._painter is None:
            from underpaint.plan.painter import Painter

            self._painter = Painter(device=self._device, precision=self._precision, catalogue=self._catalogue,
                                    warn=_LOG.warning)
        take: Take = self._painter.paint(recipe, blobs, progress=tell, preview=glimpses.observer)
        return take
