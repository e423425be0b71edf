"""Layers in 8-bit integers: close to the exact ones, transparent to hooks, and only where they were asked for."""

import copy

import pytest
import torch
from kit.tiny_folders import tiny_unet
from torch import nn

from underpaint.engine.families.int8 import Int8Conv2d, Int8Linear, suit_int8
from underpaint.engine.machine import Machine, choose_machine, cpu_bf16
from underpaint.errors import PlanError

needs_int8 = pytest.mark.skipif(not cpu_bf16(), reason="this processor has no fast 8-bit products")
_CPU = torch.device("cpu")


def _suited(module: nn.Module) -> nn.Module:
    module = copy.deepcopy(module).to(torch.bfloat16)
    suit_int8(module, Machine(_CPU, torch.bfloat16, True, 1, "", int8=True))
    return module


@needs_int8
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(64, 96, 3, padding=1), nn.Conv2d(96, 64, 3, stride=2, padding=1, bias=False), nn.Conv2d(128, 64, 1),
        nn.Linear(64, 192), nn.Linear(192, 64, bias=False),
    ],
)  # fmt: skip
@torch.no_grad()
def test_a_layer_says_nearly_the_same(layer: nn.Module) -> None:
    torch.manual_seed(3)
    shape = (2, layer.in_channels, 9, 14) if isinstance(layer, nn.Conv2d) else (2, 7, layer.in_features)
    given = nn.functional.silu(torch.randn(shape))
    exact, rounded = layer(given), _suited(nn.Sequential(layer))(given.bfloat16()).float()
    assert exact.shape == rounded.shape
    assert float((rounded - exact).norm() / exact.norm()) < 0.03


@needs_int8
@torch.no_grad()
def test_only_wide_layers_are_turned_and_hooks_stay() -> None:
    module = nn.Sequential(nn.Conv2d(4, 64, 3), nn.Conv2d(64, 64, 3), nn.Flatten(), nn.Linear(64, 8))
    heard: list[str] = []
    module[1].register_forward_hook(lambda *_: heard.append("still here"))
    turned = _suited(module)
    assert [type(layer) for layer in turned] == [nn.Conv2d, Int8Conv2d, nn.Flatten, nn.Linear]
    turned(torch.randn(1, 4, 5, 5).bfloat16())
    assert heard == ["still here"]


@torch.no_grad()
def test_nothing_is_turned_unless_asked_for() -> None:
    unet = tiny_unet()
    suit_int8(unet, Machine(_CPU, torch.bfloat16, True, 1, ""))
    assert not any(isinstance(layer, Int8Conv2d | Int8Linear) for layer in unet.modules())


@needs_int8
def test_the_machine_chooses_it_when_asked_and_says_so() -> None:
    machine = choose_machine(10, "cpu", torch.int8)
    assert (machine.dtype, machine.int8, machine.precision_name) == (torch.bfloat16, True, "int8")
    assert choose_machine(10, "cpu", machine.precision) == machine


def test_a_machine_that_cannot_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("underpaint.engine.machine.cpu_bf16", lambda: "")
    with pytest.raises(PlanError, match="int8 needs a processor"):
        choose_machine(10, "cpu", torch.int8)
