"""ControlNets (Zhang et al. 2023) and ControlNetUnion: a copy of the denoiser's encoder reads the map beside it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from underpaint.engine.attachments.maps import FALL, Followed, as_tensor, part_of, rows_from
from underpaint.engine.components import Components
from underpaint.engine.protocols import ModelCall, ModelInputs

DOWN, MIDDLE = "down_block_additional_residuals", "mid_block_additional_residual"
Answer = tuple[list[Tensor], Tensor]


class ControlNetAttachment:
    """Adds what a ControlNet says of one map, or a ControlNetUnion of several, to every call of the denoiser.

    The denoiser itself is not touched. Maps of one union are fused by the union, as it was trained to; they are
    followed in its first map's mode.
    """

    def __init__(self, net: nn.Module, maps: Sequence[Followed]) -> None:
        self._net: Any = net
        self._maps = sorted(maps, key=lambda one: one.key)
        self._sheets: list[Tensor] = []

    @property
    def joins(self) -> int:
        """Attachments that give the same number, such as two maps for one union, are made one."""
        return id(self._net)

    @classmethod
    def joined(cls, several: "Sequence[ControlNetAttachment]") -> "list[ControlNetAttachment]":
        """One for all maps of a union; an ordinary ControlNet reads one map at a time."""
        first = several[0]
        if "num_control_type" not in first._net.config:
            return list(several)
        return [cls(first._net, [one for each in several for one in each._maps])]

    def within(self, region: object) -> "ControlNetAttachment":
        """The same for the calls of one region."""
        return ControlNetAttachment(self._net, [replace(one, region=region) for one in self._maps])

    def attach(self, components: Components) -> None:
        """Bring the maps to the denoiser's device and precision."""
        like = next(components.denoiser.parameters())
        self._sheets = [as_tensor(one.sheet, like) for one in self._maps]

    def detach(self) -> None:
        """Forget the maps; nothing else was touched."""
        self._sheets = []

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """What the net says to this call's rows and tile; None outside its share of the run."""
        asked = [(one, sheet, strength) for one, sheet in zip(self._maps, self._sheets, strict=True)
                 if (strength := one.at(call)) > 0]
        if not asked:
            return None
        mode = asked[0][0].mode
        pooled = bool(self._net.config.global_pool_conditions)
        first = call.negative_rows if mode == "control" or pooled else 0
        if first >= call.sample.shape[0]:
            return None
        down, middle = self._ask(call, first, asked)
        if mode != "balanced" and not pooled:
            down = [level * FALL ** (len(down) - number) for number, level in enumerate(down)]
        if first:
            down, middle = [_beside_zeros(level, first) for level in down], _beside_zeros(middle, first)
        return ModelInputs(residuals={DOWN: down, MIDDLE: middle})

    def _ask(self, call: ModelCall, first: int, asked: Sequence[tuple[Followed, Tensor, float]]) -> Answer:
        sample = call.sample[first:]
        weight = next(self._net.parameters())
        if weight.dtype != sample.dtype or weight.device != sample.device:
            nn.Module.to(self._net, device=sample.device, dtype=sample.dtype)  # precision was given up meanwhile
        words = rows_from(call, first)
        hidden = words.pop("encoder_hidden_states")
        given: dict[str, Any] = {"encoder_hidden_states": hidden, "return_dict": False}
        if words:
            given["added_cond_kwargs"] = words
        sheets = [torch.cat([part_of(sheet, call.window).to(sample)] * sample.shape[0]) for _, sheet, _ in asked]
        if "num_control_type" in self._net.config:
            types = [one.type for one, _, _ in asked]
            chosen = torch.zeros(self._net.config.num_control_type).scatter_(0, torch.tensor(types), 1)
            chosen = chosen.reshape(1, -1).to(sample).repeat(sample.shape[0], 1)
            given |= {"controlnet_cond": sheets, "control_type": chosen, "control_type_idx": types,
                      "conditioning_scale": [strength for _, _, strength in asked]}
        else:
            given |= {"controlnet_cond": sheets[0], "conditioning_scale": asked[0][2]}
        down, middle = self._net(sample, call.timestep, **given)
        return list(down), middle


def _beside_zeros(level: Tensor, rows: int) -> Tensor:
    """Nothing for the rows of the negative prompt."""
    return torch.cat([level.new_zeros((rows, *level.shape[1:])), level])
