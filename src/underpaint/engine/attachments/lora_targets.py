"""The layers of a loaded model by every name that a LoRA may use for them.

Two layouts join what diffusers keeps apart: Flux and SD 3 in the original layout hold query, key and value in one
matrix. So a name leads to one or several spots, each a layer and the rows of the joined matrix that are its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from underpaint.engine.attachments.transformer_names import joined_layers
from underpaint.engine.components import Components
from underpaint.engine.families.original_names import original_names

Rows = tuple[tuple[int, int], ...]
_PARTS = ("text_encoder", "text_encoder_2", "text_encoder_3")


@dataclass(frozen=True)
class Spot:
    """One layer of the model, by its own part and name. `rows`: its rows in the joined matrix; None: all of them."""

    part: str
    name: str
    layer: nn.Module
    rows: Rows | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the layer's weight; empty for a normalisation without one."""
        weight = getattr(self.layer, "weight", None)
        return tuple(weight.shape) if isinstance(weight, Tensor) else ()


@dataclass(frozen=True)
class Target:
    """What one name in a LoRA stands for: one layer, or several that share a matrix."""

    spots: tuple[Spot, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weight that the LoRA was trained on."""
        first = self.spots[0]
        if first.rows is None:
            return first.shape
        return (sum(last - start for spot in self.spots for start, last in spot.rows or ()), *first.shape[1:])

    def weight(self) -> Tensor:
        """That weight, put together from the model's layers."""
        found = [spot.layer.weight for spot in self.spots]
        assert all(isinstance(weight, Tensor) for weight in found)
        if self.spots[0].rows is None:
            whole: Tensor = found[0]  # type: ignore[assignment]
            return whole
        joined = torch.empty(self.shape, dtype=torch.float32, device=found[0].device)  # type: ignore[union-attr]
        for spot, weight in zip(self.spots, found, strict=True):
            reached = 0
            for start, last in spot.rows or ():
                joined[start:last] = weight[reached : reached + last - start].float()  # type: ignore[index]
                reached += last - start
        return joined


def named_targets(components: Components) -> dict[tuple[str, str], Target]:
    """Every linear, convolutional and normalising layer by its part and each of the names a LoRA may use for it."""
    found: dict[tuple[str, str], Target] = {}
    for part, root in _parts(components):
        layers = {name: layer for name, layer in root.named_modules() if _usable(layer)}
        config = getattr(root, "config", {})
        original = original_names(layers, config) if part == "denoiser" and "layers_per_block" in config else {}
        for name, layer in layers.items():
            bare, target = name.removeprefix("text_model."), Target((Spot(part, name, layer),))
            for spelled in (bare, original.get(name, bare)):
                found[part, spelled] = found[part, spelled.replace(".", "_")] = target
        if part == "denoiser" and not original:
            for spelled, target in _joined(components.family, layers):
                found.setdefault((part, spelled), target)
                found.setdefault((part, spelled.replace(".", "_")), target)
    if components.family == "flux":  # trainers call T5 the third text encoder also where there are only two
        second = [(name, target) for (part, name), target in found.items() if part == "text_encoder_2"]
        found |= {("text_encoder_3", name): target for name, target in second}
    return found


def numbered_names(components: Components, part: str, metadata: Mapping[str, str]) -> list[list[str]]:
    """The orders in which cloneofsimo's files may number the layers of a part, each a list of names.

    The layers were counted as the model's modules are listed, below modules of the classes that the metadata names.
    diffusers once listed a block's feed-forward between its two attentions; only the shapes can tell which it was.
    """
    root = dict(_parts(components)).get(part)
    if root is None:
        return []
    told = metadata.get("unet" if part == "denoiser" else part, "")
    kinds = set(re.findall(r"\w+", told[:2000])) or {"CrossAttention", "Attention", "GEGLU", "CLIPAttention"}
    if "CrossAttention" in kinds:  # diffusers' later name for it
        kinds |= {"Attention"}
    names: dict[str, None] = {}
    for place, module in root.named_modules():
        if type(module).__name__ in kinds:
            inner = [name for name, layer in module.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
            names.update(dict.fromkeys(f"{place}.{name}" if name else place for name in inner))
    ours = list(names)
    return [ours, sorted(ours, key=lambda name: _elder_order(name, ours))]


def _elder_order(name: str, listed: list[str]) -> tuple[int, int, int]:
    block = re.match(r"(.*transformer_blocks\.\d+\.)(attn1|ff|attn2)\.", name)
    if block is None:
        return listed.index(name), 0, 0
    first = next(number for number, other in enumerate(listed) if other.startswith(block[1]))
    return first, ("attn1", "ff", "attn2").index(block[2]), listed.index(name)


def _usable(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    return isinstance(layer, nn.Linear | nn.GroupNorm | nn.LayerNorm)


def _parts(components: Components) -> Iterator[tuple[str, nn.Module]]:
    yield "denoiser", components.denoiser
    for part, encoder in zip(_PARTS, components.text_encoders, strict=False):
        if encoder is not None:
            yield part, encoder


def _joined(family: str, layers: Mapping[str, Any]) -> Iterable[tuple[str, Target]]:
    for spelled, names, swapped in joined_layers(family, layers):
        reached, spots = 0, []
        for name in names:
            height = int(layers[name].weight.shape[0])
            half = reached + height // 2
            rows: Rows | None = ((reached, reached + height),)
            if swapped:
                rows = ((half, reached + height), (reached, half))
            elif len(names) == 1:
                rows = None
            spots.append(Spot("denoiser", name, layers[name], rows))
            reached += height
        yield spelled, Target(tuple(spots))
