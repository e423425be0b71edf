"""A model that is loaded and ready: the engine, and what hangs beside it, made when first asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from torch import nn

from underpaint.engine.engine import Engine
from underpaint.engine.families.adapters import Adapter, load_adapter, load_line_adapter
from underpaint.engine.families.image_text import ImageText
from underpaint.engine.protocols import Attachment
from underpaint.errors import PlanError
from underpaint.models.description import ModelDescription
from underpaint.plan.data import AdapterUse, Plan
from underpaint.plan.image_text import open_image_text
from underpaint.recipe import LoraRef, ModelRef

LINE_ADAPTER = "adapter_line"
Find = Callable[[AdapterUse], tuple[ModelDescription, ModelDescription | None]]
"""From a plan's words to the adapter on disk, and the image encoder that it needs."""


@dataclass(eq=False)
class Loaded:
    """One model on its device. Adapters stay loaded while plans use them; `lora` opens one that a plan names."""

    description: ModelDescription
    engine: Engine
    find: Find | None = None
    lora: Callable[[LoraRef], Attachment] | None = None
    _adapters: dict[AdapterUse, Adapter] = field(default_factory=dict)

    def adapter(self, use: AdapterUse) -> Adapter:
        """The ControlNet, T2I- or IP-Adapter that a plan names. Raises ModelError where it is no longer there."""
        key = use.changed(control="0" * 64)
        if key not in self._adapters:
            assert self.find is not None, "whoever loads a model says how adapters are found"
            known, encoder = self.find(use)
            machine = self.engine.machine
            self._adapters[key] = load_adapter(known, self.engine.components, device=machine.device,
                                               dtype=machine.dtype, encoder=encoder)
        return self._adapters[key]

    def keep_adapters_of(self, plan: Plan) -> None:
        """Forget the adapters that a plan does not use."""
        used = {one.changed(control="0" * 64) for one in plan.adapters}
        self._adapters = {key: one for key, one in self._adapters.items() if key in used}

    def line_adapter(self) -> nn.Module:
        """The adapter that makes lines steer. Raises PlanError where the model has none."""
        folder: Path = self.description.path / LINE_ADAPTER
        if not folder.is_dir():
            raise PlanError(f"'{self.description.name}' has no line adapter, so drawings cannot steer it",
                            hint="Paint with --model primer.", field="controls")
        return self._line_adapter

    def image_texts(self, plan: Plan) -> Callable[[ModelRef | None], ImageText]:
        """What opens an image-text model by name, None for the plan's; it raises ModelError where it is not here."""
        def opened(ref: ModelRef | None) -> ImageText:
            return open_image_text(ref or plan.image_text, self.description.path).to(self.engine.machine.device)

        return opened

    @cached_property
    def _line_adapter(self) -> nn.Module:
        machine = self.engine.machine
        return load_line_adapter(self.description.path / LINE_ADAPTER, device=machine.device, dtype=machine.dtype)
