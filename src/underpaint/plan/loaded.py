"""A model that is loaded and ready: the engine, and what hangs beside it, made when first asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import nn

from underpaint.engine.engine import Engine
from underpaint.engine.families.adapters import load_line_adapter
from underpaint.engine.families.image_text import ImageText
from underpaint.errors import PlanError
from underpaint.models.description import ModelDescription
from underpaint.plan.image_text import open_image_text
from underpaint.recipe import ModelRef

LINE_ADAPTER = "adapter_line"


@dataclass(eq=False)
class Loaded:
    """One model on its device."""

    description: ModelDescription
    engine: Engine

    def line_adapter(self) -> nn.Module:
        """The adapter that makes lines steer. Raises PlanError where the model has none."""
        folder: Path = self.description.path / LINE_ADAPTER
        if not folder.is_dir():
            raise PlanError(f"'{self.description.name}' has no line adapter, so drawings cannot steer it",
                            hint="Paint with --model primer.", field="controls")
        return self._line_adapter

    def image_text(self, ref: ModelRef | None) -> ImageText:
        """The image-text model of this name, None for the one beside this model. Raises ModelError."""
        return open_image_text(ref, self.description.path)

    @cached_property
    def _line_adapter(self) -> nn.Module:
        machine = self.engine.machine
        return load_line_adapter(self.description.path / LINE_ADAPTER, device=machine.device, dtype=machine.dtype)
