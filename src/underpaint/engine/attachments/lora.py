"""LoRAs and their kin: changes of the layers of denoiser and text encoders, in every layout people have.

The change is computed beside each layer by a forward hook and the layer's own weights are never touched. Merging
into the weights would save about a tenth of a step, but undoing it needs a copy of nearly every weight, bf16 would
round small additions away, and offloaded or quantised weights could not be merged at all. Removing a hook restores
the model to the bit, in any order.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from underpaint.engine.attachments.lora_file import LayerChange, layer_settings, read_changes
from underpaint.engine.attachments.lora_hooks import Hook, hook_for
from underpaint.engine.attachments.lora_targets import Target, named_targets, numbered_names
from underpaint.engine.attachments.textual_inversion import checked_vectors
from underpaint.engine.components import Components
from underpaint.engine.families.building import read_tensors
from underpaint.errors import ModelError
from underpaint.models.description import FAMILY_NAMES, ModelDescription
from underpaint.models.header import read_header, read_json
from underpaint.models.lora_keys import BUNDLED, is_bundled, is_numbered, place

WAY_OUT = "LoRA, LoCon, LoHa, LoKr, DoRA, IA3 and whole differences work, in every layout: get one of these."
Found = list[tuple[Target, LayerChange]]


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
            notes = f" ({'; '.join(description.notes)})" if description.notes else ""
            raise ModelError(
                f"{description.path.name} is {description.kind_name}, not a LoRA{notes}",
                hint="See 'underpaint models list --kind lora'.",
                field="loras",
            )
        if description.lora.unsupported:
            made_for = f"for {description.family_name}, " if description.family else ""
            raise ModelError(
                f"the LoRA {description.name} ({made_for}{description.layout} layout) is of a kind that is not "
                f"supported: {description.lora.unsupported}",
                hint=WAY_OUT,
                field="loras",
            )
        self.description = description
        self.weight = weight
        self.text_weight = weight if text_weight is None else text_weight
        self._tensors: dict[str, Tensor] | None = None
        self._handles: list[RemovableHandle] = []
        self._vectors: dict[str, tuple[Tensor | None, ...]] = {}
        self._made: tuple[Components, list[tuple[nn.Module, Hook]], dict[str, tuple[Tensor | None, ...]]] | None = None

    def attach(self, components: Components) -> None:
        """Hook the changes in. Nothing is hooked unless everything fits. The hooks are made once for a model: a
        region's LoRA is attached and detached at every step.

        Raises:
            ModelError: the LoRA is for another family or size of model, or damaged.
        """
        assert not self._handles, "this LoRA is already attached"
        if self._made is None or self._made[0] is not components:
            hooks = [
                pair
                for target, change in self._matched(components)
                if self._weight(change.part)
                for pair in hook_for(target, change, self._weight(change.part))
            ]
            self._made = components, hooks, self._bundled(components)
        _, hooks, self._vectors = self._made
        self._handles = [layer.register_forward_hook(hook) for layer, hook in hooks]

    def detach(self) -> None:
        """Take all hooks off again."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._vectors = {}

    def embeddings(self) -> Mapping[str, tuple[Tensor | None, ...]]:
        """The textual inversions that came in the same file (``bundle_emb``), while attached."""
        return self._vectors

    def deltas(self, components: Components) -> dict[str, Tensor]:
        """What merging at weight 1 would add: float32 in each weight's shape, by part and parameter.

        The keys are like ``denoiser.mid_block.attentions.0.proj_in.weight`` and ``text_encoder...bias``.

        Raises:
            ModelError: as `attach`.
        """
        merged: dict[str, Tensor] = {}
        with torch.no_grad():
            for target, change in self._matched(components):
                whole = {
                    "bias": change.bias.float() if change.bias is not None else None,
                    "weight": change.weight.dense(target.weight()) if change.weight is not None else None,
                }
                for kind, values in whole.items():
                    for spot in target.spots if values is not None else ():
                        rows = spot.rows
                        own = values if rows is None else torch.cat([values[first:last] for first, last in rows])
                        merged[f"{spot.part}.{spot.name}.{kind}"] = own
        return merged

    def _weight(self, part: str) -> float:
        return self.weight if part == "denoiser" else self.text_weight

    def _matched(self, components: Components) -> Found:
        """Every change of the file with the layers of the model it is for."""
        family = self.description.family
        if family is not None and family != components.family:
            raise self._misfit(components, "")
        known = named_targets(components)
        changes = self._changes(components)
        strange = [change for change in changes if (change.part, change.name) not in known]
        if strange:
            raise self._misfit(
                components,
                f"{len(strange)} of its {len(changes)} layers are not in it, such as "
                f"{strange[0].part} {strange[0].name}",
            )
        found = [(known[change.part, change.name], change) for change in changes]
        for target, change in found:
            shape = target.shape
            wide = change.bias is not None and tuple(change.bias.shape) != shape[:1]
            if wide or (change.weight is not None and not change.weight.fits(shape)):
                raise self._misfit(components, f"{change.part} {change.name} has another shape")
        return found

    def _changes(self, components: Components) -> list[LayerChange]:
        path = self.description.path
        if self._tensors is None:
            self._tensors = read_tensors([path])
        beside = path.parent / "adapter_config.json"
        config: dict[str, Any] = read_json(beside) if path.name.startswith("adapter") and beside.is_file() else {}
        metadata = read_header(path).metadata
        tensors = self._tensors
        if is_numbered(key.rpartition(":")[0] for key in tensors):
            tensors = self._named(tensors, components, metadata)
        return read_changes(tensors, layer_settings(metadata, config), self.description.name)

    def _named(
        self, tensors: dict[str, Tensor], components: Components, metadata: Mapping[str, str]
    ) -> dict[str, Tensor]:
        """Numbered layers under the names they have in this model, in the order whose shapes fit."""
        named: dict[str, Tensor] = {key: value for key, value in tensors.items() if ":" not in key}
        known = named_targets(components)
        for spelled, part in (("unet", "denoiser"), ("text_encoder", "text_encoder")):
            ups = {
                int(match[1]): value
                for key, value in tensors.items()
                if (match := re.fullmatch(rf"{spelled}:(\d{{1,6}}):up", key))
            }
            for order in numbered_names(components, part, metadata) if ups else ():
                placed = dict(enumerate(order))
                if all(
                    number in placed and _fits(known[place(f"{spelled}.{placed[number]}")], tensors, spelled, number)
                    for number in ups
                ):
                    named |= {
                        f"{spelled}.{placed[number]}.lora.{side}.weight": tensors[f"{spelled}:{number}:{side}"]
                        for number in ups
                        for side in ("down", "up")
                    }
                    break
            else:
                if ups:
                    raise self._misfit(components, f"its {len(ups)} numbered layers ({spelled}) have other shapes")
        return named

    def _bundled(self, components: Components) -> dict[str, tuple[Tensor | None, ...]]:
        tensors: dict[str, dict[str, Tensor]] = {}
        for key, value in (self._tensors or {}).items():
            if is_bundled(key):
                name, _, vectors = key.removeprefix(BUNDLED).partition(".")
                tensors.setdefault(name.strip("<>"), {})[vectors or "emb_params"] = value
        return {name: checked_vectors(name, found, components) for name, found in tensors.items()}

    def _misfit(self, components: Components, why: str) -> ModelError:
        known = self.description
        made_for = f"is for {known.family_name}" if known.family else "does not fit this model"
        model = f"{components.name or 'the model'} is {FAMILY_NAMES[components.family]}"
        return ModelError(
            f"the LoRA {known.name} ({known.layout} layout) {made_for}, {model}{': ' + why if why else ''}",
            hint="Choose a LoRA trained on this family, or another model.",
            field="loras",
        )


def _fits(target: Target, tensors: Mapping[str, Tensor], spelled: str, number: int) -> bool:
    down, up = tensors.get(f"{spelled}:{number}:down"), tensors[f"{spelled}:{number}:up"]
    shape = target.shape
    return down is not None and (tuple(up.shape[:1]), tuple(down.shape[1:2])) == (shape[:1], shape[1:2])
