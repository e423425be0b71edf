"""From the tensors of a LoRA file to the change of each layer, in every layout; nothing here knows a model.

A layer's scale is alpha / rank. Alpha stands beside the layer, or in the settings that peft and diffusers write, else
it equals the rank. LyCORIS reads it the same way for LoHa and LoKr, except that a LoKr of two whole matrices has no
rank and so no scale.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.attachments.lora_changes import (
    Change,
    Decomposed,
    Difference,
    Factors,
    Hadamard,
    Kronecker,
    LowRank,
    Scaling,
)
from underpaint.errors import ModelError
from underpaint.models.description import first_keys
from underpaint.models.lora_keys import Role, grouped, place

MAX_SCALE = 1000.0
"""Past this, alpha / rank is no strength anybody trained with but a damaged or hostile file."""
_HINT = "Download the file again, or get it in kohya's or diffusers' layout."


@dataclass(frozen=True)
class LayerChange:
    """What one layer gains: a change of its weight, of its bias, or both. `part` and `name` as `place` says them."""

    part: str
    name: str
    weight: Change | None
    bias: Tensor | None = None


def read_changes(tensors: Mapping[str, Tensor], settings: Mapping[str, Any], named: str) -> list[LayerChange]:
    """Every layer's change in a LoRA file. `named` is the file's name for messages, `settings` see `layer_settings`.

    Raises:
        ModelError: weights that would be lost, half a pair, numbers that are none, an alpha beyond belief.
    """
    stems, left = grouped(tensors)
    if left:
        raise _damaged(f"the LoRA {named} has {len(left)} weights of unknown layout: {first_keys(left)}")
    changes: dict[tuple[str, str], LayerChange] = {}
    for stem, parts in stems.items():
        for role, tensor in parts.items():
            if not tensor.is_floating_point() and role not in ("alpha", "on_input"):
                raise _damaged(f"the LoRA {named} is damaged: {stem} ({role}) is not made of fractional numbers")
            if not bool(torch.isfinite(tensor.float()).all()):
                raise _damaged(f"the LoRA {named} is damaged: {stem} ({role}) is not a number")
        if parts.keys() == {"alpha"}:
            continue  # tools that thin LoRAs out leave these behind
        part, name = place(stem)
        if (part, name) in changes:
            raise _damaged(f"the LoRA {named} changes {part} {name} twice")
        changes[part, name] = _layer(named, stem, parts, settings)
    return list(changes.values())


def layer_settings(metadata: Mapping[str, str], adapter_config: Mapping[str, Any]) -> dict[str, Any]:
    """Rank and alpha per part as peft's ``adapter_config.json`` or the header that diffusers writes say them."""
    found: dict[str, Any] = {"": dict(adapter_config)} if adapter_config else {}
    try:
        told = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        told = {}
    for key, value in told.items() if isinstance(told, dict) else ():
        part, _, field = key.partition(".")
        found.setdefault("denoiser" if part in ("unet", "transformer") else part, {})[field] = value
    return found


def _layer(named: str, stem: str, parts: Mapping[Role, Tensor], settings: Mapping[str, Any]) -> LayerChange:
    part, name = place(stem)
    change = _change(named, stem, parts, _Told(parts, settings, part, name))
    if change is not None and not abs(change.scale) <= MAX_SCALE:  # so that what is no number is refused too
        raise _damaged(f"the LoRA {named} is damaged: the strength of {stem} is {change.scale:.3g} (alpha / rank)")
    bias = parts.get("diff_b")
    if "up_bias" in parts and change is not None:
        bias = parts["up_bias"].float() * change.scale
    lengths = parts.get("dora", parts.get("magnitude"))
    if lengths is not None:
        if change is None:
            raise _half(named, stem, parts)
        change = Decomposed(change, lengths, on_output=_on_output(parts))
    if change is None and bias is None:
        raise _half(named, stem, parts)
    return LayerChange(part, name, change, bias)


def _on_output(parts: Mapping[Role, Tensor]) -> bool:
    """peft keeps one length per output. LyCORIS' shape tells: (out, 1) or, the older way, (1, in)."""
    lengths = parts.get("dora")
    return lengths is None or lengths.ndim < 2 or lengths.shape[0] != 1 or lengths.numel() == 1


def _change(named: str, stem: str, parts: Mapping[Role, Tensor], told: "_Told") -> Change | None:
    if parts.keys() & {"down", "up", "mid"}:
        down, up = _needed(named, stem, parts, "down", "up")
        return LowRank(down, up, parts.get("mid"), told.scale(down.shape[0] if down.ndim else 0))
    if any(role.startswith("hada") for role in parts):
        w1a, w1b, w2a, w2b = _needed(named, stem, parts, "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
        scale = told.scale(w1b.shape[0] if w1b.ndim else 0)
        cores = parts.get("hada_t1"), parts.get("hada_t2")
        return Hadamard(Factors(w1a, _flat(w1b), cores[0]), Factors(w2a, _flat(w2b), cores[1]), scale)
    if any(role.startswith("lokr") for role in parts):
        return _kronecker(named, stem, parts, told)
    if "ia3" in parts:
        return Scaling(parts["ia3"], bool(parts["on_input"].flatten()[:1].any()))
    return Difference(parts["diff"]) if "diff" in parts else None


def _kronecker(named: str, stem: str, parts: Mapping[Role, Tensor], told: "_Told") -> Kronecker:
    left = (parts["lokr_w1"],) if "lokr_w1" in parts else _needed(named, stem, parts, "lokr_w1_a", "lokr_w1_b")
    if "lokr_w2" in parts:
        right: tuple[Tensor, ...] = (parts["lokr_w2"],)
    else:
        a, b = _needed(named, stem, parts, "lokr_w2_a", "lokr_w2_b")
        right = a, _flat(b)
    # LyCORIS takes the rank from the second product if there is one, else from the first.
    rank = next((pair[1].shape[0] for pair in (right, left) if len(pair) == 2 and pair[1].ndim), None)
    scale = told.of_whole() if rank is None else told.scale(rank)
    return Kronecker(left, right, parts.get("lokr_t2"), scale)


def _flat(factor: Tensor) -> Tensor:
    """A factor whose kernel may be written out (rank x in x k x k) as a matrix."""
    return factor.flatten(1) if factor.ndim > 2 else factor


def _needed(named: str, stem: str, parts: Mapping[Role, Tensor], *roles: Role) -> tuple[Tensor, ...]:
    if any(role not in parts for role in roles):
        raise _half(named, stem, parts)
    return tuple(parts[role] for role in roles)


@dataclass(frozen=True)
class _Told:
    """Where a layer's alpha may stand."""

    parts: Mapping[Role, Tensor]
    settings: Mapping[str, Any]
    part: str
    name: str

    def scale(self, rank: int) -> float:
        if not rank:
            return 1.0  # an empty pair: its shape is refused where the model is known
        alpha = self.parts.get("alpha")
        if alpha is None:
            try:
                return _alpha(self.settings, self.part, self.name, rank) / rank
            except OverflowError:  # JSON holds whole numbers that a float does not
                return math.inf
        return float(alpha.flatten()[0]) / rank if alpha.numel() == 1 else math.inf

    def of_whole(self) -> float:
        """The scale of a LoKr of two whole matrices: 1, unless peft wrote down the rank it was asked for."""
        rank = self.settings.get("", {}).get("r")
        return self.scale(rank) if "alpha" not in self.parts and type(rank) is int and rank > 0 else 1.0


def _alpha(settings: Mapping[str, Any], part: str, name: str, rank: int) -> float:
    told = settings.get(part) or settings.get("") or {}
    patterns = told.get("alpha_pattern")
    alpha = told.get("lora_alpha", told.get("alpha"))
    for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
        if name.endswith(str(pattern)):
            alpha = value
    if not isinstance(alpha, int | float):
        return float(rank)
    # Rank-stabilised LoRA divides by the root of the rank (Kalajdzievski 2023).
    return float(alpha) * (rank**0.5 if told.get("use_rslora") is True else 1.0)


def _half(named: str, stem: str, parts: Mapping[Role, Tensor]) -> ModelError:
    return _damaged(f"the LoRA {named} is damaged: {stem} has only {', '.join(sorted(parts))}, a part of its change")


def _damaged(message: str) -> ModelError:
    return ModelError(message, hint=_HINT, field="loras")
