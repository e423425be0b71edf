"""Convolutions and matrix products in 8-bit integers, for CPUs that multiply those twice as fast as bf16 (VNNI, AMX).

Weights are rounded once, each output channel with its own step; what comes in is rounded at every call with one step
for the whole tensor, found from its largest value. Nothing has to be calibrated, and the model's own weights stay
beside the rounded ones, so that a LoRA's hooks find the layer they expect. The kernels are oneDNN's, through torch.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from underpaint.engine.machine import Machine

_LEAST = 64
"""A layer with fewer channels gains nothing."""
_MIDDLE = 128
"""What nothing is rounded to: oneDNN wants what comes in without sign."""


class Int8Conv2d(nn.Conv2d):
    """A convolution in 8-bit integers; bf16 in and out, N x C x H x W."""

    def pack(self) -> None:
        """Round the weights as they are now."""
        weight = self.weight.detach().float()
        self._steps = _steps(weight.flatten(1))
        rounded = (weight / self._steps.view(-1, 1, 1, 1)).round_().to(torch.int8)
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)
        self._offset = None if self.bias is None else self.bias.detach().float()
        self._geometry = (list(self.stride), list(self.padding), list(self.dilation), self.groups)
        self._packed = torch.ops.onednn.qconv_prepack(
            rounded.contiguous(memory_format=torch.channels_last), self._steps, 1.0, _MIDDLE, *self._geometry, None)

    def forward(self, input: Tensor) -> Tensor:
        """As `nn.Conv2d`, rounded."""
        rounded, step = _rounded(input.contiguous(memory_format=torch.channels_last))
        out: Tensor = torch.ops.onednn.qconv2d_pointwise(
            rounded, step, _MIDDLE, self._packed, self._steps, self._zeros, self._offset, *self._geometry,
            1.0, 0, input.dtype, "none", [], "")
        return out


class Int8Linear(nn.Linear):
    """A matrix product in 8-bit integers; bf16 in and out, ... x C."""

    def pack(self) -> None:
        """Round the weights as they are now."""
        weight = self.weight.detach().float()
        self._steps = _steps(weight)
        rounded = (weight / self._steps.view(-1, 1)).round_().to(torch.int8)
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)
        self._offset = None if self.bias is None else self.bias.detach().float()
        self._packed = torch.ops.onednn.qlinear_prepack(rounded.contiguous(), None)

    def forward(self, input: Tensor) -> Tensor:
        """As `nn.Linear`, rounded."""
        rounded, step = _rounded(input.contiguous())
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            rounded, step, _MIDDLE, self._packed, self._steps, self._zeros, self._offset,
            1.0, 0, input.dtype, "none", [], "")
        return out


def suit_int8(denoiser: nn.Module, machine: Machine) -> None:
    """Where the machine was asked for int8: let the wide convolutions and products of a denoiser compute in it."""
    if not machine.int8:
        return
    for parent in list(denoiser.modules()):
        for name, layer in list(parent.named_children()):
            kind = _kind(layer)
            if kind is not None:
                setattr(parent, name, _turned(layer, kind))


def _kind(layer: nn.Module) -> type[Int8Conv2d] | type[Int8Linear] | None:
    if type(layer) is nn.Conv2d and min(layer.in_channels, layer.out_channels) >= _LEAST:
        return Int8Conv2d if layer.padding_mode == "zeros" and not isinstance(layer.padding, str) else None
    if type(layer) is nn.Linear and min(layer.in_features, layer.out_features) >= _LEAST:
        return Int8Linear
    return None


def _turned(layer: nn.Module, kind: type[Any]) -> nn.Module:
    """The layer as one of that kind, its weights shared, not copied."""
    turned: Any = copy.copy(layer)
    turned.__class__ = kind
    turned.pack()
    return turned


def _steps(rows: Tensor) -> Tensor:
    """For each row of weights the value of one step of -127..127."""
    return (rows.abs().amax(1) / 127).clamp_min_(1e-12)


def _rounded(values: Tensor) -> tuple[Tensor, float]:
    """Values as steps around `_MIDDLE`, uint8, and what one step is worth."""
    low, high = torch.aminmax(values)
    step = max(-float(low), float(high), 1e-12) / 127
    return (values * (1 / step)).round_().add_(_MIDDLE).clamp_(0, 255).to(torch.uint8), step
