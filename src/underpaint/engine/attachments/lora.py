"""LoRAs (Hu et al. 2021): low-rank additions to the layers of denoiser and text encoders.

The addition is computed beside each layer by a forward hook and the layer's own weights are never touched. Merging
into the weights would save about a tenth of a step, but undoing it needs a copy of nearly every weight, bf16 would
round small additions away, and offloaded or quantised weights could not be merged at all. Removing a hook restores
the model to the bit, in any order.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from underpaint.engine.attachments.lora_layers import (
    LowRank,
    added,
    fits,
    layer_settings,
    named_layers,
    read_layers,
    unused_keys,
)
from underpaint.engine.components import Components
from underpaint.engine.families.building import read_tensors
from underpaint.errors import ModelError
from underpaint.models.description import FAMILY_NAMES, ModelDescription, first_keys
from underpaint.models.header import read_header, read_json


class LoraAttachment:
    """One LoRA on one model for one run.

    Args:
        description: a LoRA as `describe` or `find` gives it.
        weight: how strongly it pulls on the denoiser (1: as trained, negative: away).
        text_weight: on the text encoders; None as on the denoiser.

    Raises:
        ModelError: it is not a LoRA, of a kind that is not supported, or damaged.
    """

    def __init__(self, description: ModelDescription, weight: float = 1.0, text_weight: float | None = None) -> None:
        if description.kind != "lora" or description.lora is None:
            raise ModelError(f"{description.path.name} is {description.kind_name}, not a LoRA", field="loras")
        if description.lora.unsupported:
            raise ModelError(
                f"the LoRA {description.name} is of a kind that is not supported yet: {description.lora.unsupported}",
                hint="Plain LoRA and LoCon work, in kohya's, diffusers' and peft's layouts.",
                field="loras",
            )
        self.description = description
        self.weight = weight
        self.text_weight = weight if text_weight is None else text_weight
        self._layers: tuple[LowRank, ...] | None = None
        self._handles: list[RemovableHandle] = []

    def attach(self, components: Components) -> None:
        """Hook the additions in. Nothing is hooked unless everything fits.

        Raises:
            ModelError: the LoRA is for another family or size of model.
        """
        assert not self._handles, "this LoRA is already attached"
        self._check_family(components)
        found: list[tuple[nn.Module, LowRank]] = []
        known = named_layers(components)
        layers = self._read()
        strange = [low for low in layers if (low.part, low.name) not in known]
        if strange:
            raise self._misfit(
                components,
                f"{len(strange)} of its {len(layers)} layers are not in it, such as "
                f"{strange[0].part} {strange[0].name}",
            )
        for low in layers:
            layer = known[low.part, low.name]
            if not fits(layer, low):
                raise self._misfit(components, f"{low.part} {low.name} has another shape")
            if self._weight(low.part) != 0:
                found.append((layer, low))
        for layer, low in found:
            self._handles.append(layer.register_forward_hook(_adder(_placed(layer, low), self._weight(low.part))))

    def detach(self) -> None:
        """Take all hooks off again."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _weight(self, part: str) -> float:
        return self.weight if part == "denoiser" else self.text_weight

    def _read(self) -> tuple[LowRank, ...]:
        if self._layers is None:
            path = self.description.path
            tensors = read_tensors([path])
            beside = path.parent / "adapter_config.json"
            config: dict[str, Any] = read_json(beside) if path.name.startswith("adapter") and beside.is_file() else {}
            self._layers = tuple(read_layers(tensors, layer_settings(read_header(path).metadata, config)))
            left = unused_keys(tensors)
            if left:
                raise ModelError(
                    f"the LoRA {self.description.name} has {len(left)} weights of unknown layout: {first_keys(left)}",
                    hint="Plain LoRA and LoCon work, in kohya's, diffusers' and peft's layouts.",
                    field="loras",
                )
            if not all(math.isfinite(low.scale) for low in self._layers):
                raise ModelError(
                    f"the LoRA {self.description.name} is damaged: its alpha is not a number", field="loras"
                )
        return self._layers

    def _check_family(self, components: Components) -> None:
        family = self.description.family
        if family is not None and family != components.family:
            raise self._misfit(components, "")

    def _misfit(self, components: Components, why: str) -> ModelError:
        known = self.description
        made_for = f"is for {known.family_name}" if known.family else "does not fit this model"
        model = f"{components.name or 'the model'} is {FAMILY_NAMES[components.family]}"
        return ModelError(
            f"the LoRA {known.name} ({known.layout} layout) {made_for}, {model}{': ' + why if why else ''}",
            hint="Choose a LoRA trained on this family, or another model.",
            field="loras",
        )


def _placed(layer: nn.Module, low: LowRank) -> LowRank:
    """The addition in the layer's own dtype and on its device, once, so that no step has to move it."""
    weight = layer.weight
    if not isinstance(weight, Tensor) or weight.is_meta or not weight.is_floating_point():
        return low  # offloaded or quantised: moved call by call
    mid = low.mid.to(weight) if low.mid is not None else None
    return LowRank(low.part, low.name, low.down.to(weight), low.up.to(weight), mid, low.scale)


def _adder(low: LowRank, weight: float) -> Callable[[nn.Module, tuple[Any, ...], Tensor], Tensor]:
    def add(layer: nn.Module, given: tuple[Any, ...], out: Tensor) -> Tensor:
        extra = added(layer, low, given[0])
        return torch.add(out, extra.to(out), alpha=weight)

    return add
