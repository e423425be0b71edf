"""The line adapter adds to the rows of the words alone, where and when it is asked to, and leaves no trace."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from underpaint.controls.steering.line_adapter import RESIDUALS, LineAdapter
from underpaint.engine.components import Components
from underpaint.engine.engine import Engine
from underpaint.engine.families.adapters import load_line_adapter
from underpaint.engine.families.loading import load_components
from underpaint.engine.protocols import ModelCall, Step, Window
from underpaint.engine.run import Run
from underpaint.errors import ModelError
from underpaint.models import describe
from underpaint.recipe import Blob, Guidance, LineControl, Sampling

CONTROL = LineControl(drawing=Blob(sha256="0" * 64))


@pytest.fixture(scope="module")
def components(tiny_model: Path) -> Components:
    return load_components(describe(tiny_model))


@pytest.fixture(scope="module")
def adapter(tiny_model: Path) -> torch.nn.Module:
    return load_line_adapter(tiny_model / "adapter_line", device=torch.device("cpu"), dtype=torch.float32)


def ink(seed: int = 0, height: int = 32, width: int = 48) -> np.ndarray:
    return (np.random.default_rng(seed).random((height, width)) > 0.8).astype(np.float32)


def call(rows: int = 2, negative: int = 1, number: int = 0, window: Window | None = None) -> ModelCall:
    return ModelCall(torch.zeros(rows, 4, 16, 24), torch.tensor(500), {}, negative,
                     Step(number, 0, 10, number, 10, 500.0, 1.0, 1.0, 1.0), window)


def levels(line: LineAdapter, **asked: object) -> list[Tensor]:
    given = line.inputs(call(**asked))
    assert given is not None
    return list(given.residuals[RESIDUALS])


def test_rows_of_the_negative_prompt_get_exactly_nothing(components, adapter) -> None:
    line = LineAdapter(adapter, ink(), CONTROL)
    line.attach(components)
    for level in levels(line, rows=3, negative=1):
        assert level.shape[0] == 3 and not level[0].any()
        assert level[1].any() and torch.equal(level[1], level[2])


def test_modes_weigh_the_words_more(components, adapter) -> None:
    made = {}
    for mode in ("lines", "balanced", "words"):
        line = LineAdapter(adapter, ink(), CONTROL.changed(mode=mode))
        line.attach(components)
        made[mode] = levels(line)
    assert torch.equal(made["balanced"][0][0], made["lines"][0][1]) and not made["lines"][0][0].any()
    torch.testing.assert_close(made["words"][1], 0.7 * made["balanced"][1])
    assert torch.equal(made["words"][0], made["balanced"][0])


def test_features_have_the_denoisers_own_shapes(components, adapter) -> None:
    line = LineAdapter(adapter, ink(), CONTROL)
    line.attach(components)
    assert [tuple(level.shape) for level in levels(line)] == [(2, 16, 16, 24), (2, 32, 8, 12)]


def test_the_weight_scales_and_none_adds_nothing(components, adapter) -> None:
    full, half, none = (LineAdapter(adapter, ink(), CONTROL.changed(weight=weight)) for weight in (1.0, 0.5, 0.0))
    for line in (full, half, none):
        line.attach(components)
    for one, other in zip(levels(full), levels(half), strict=True):
        torch.testing.assert_close(one, 2 * other)
    assert none.inputs(call()) is None


def test_outside_its_share_of_the_run_it_says_nothing(components, adapter) -> None:
    line = LineAdapter(adapter, ink(), CONTROL.changed(start=0.2, end=0.5))
    line.attach(components)
    assert [number for number in range(10) if line.inputs(call(number=number))] == [2, 3, 4]


def test_a_tile_gets_its_own_part(components, adapter) -> None:
    line = LineAdapter(adapter, ink(), CONTROL)
    line.attach(components)
    whole, part = levels(line), levels(line, window=Window(4, 8, 8, 12, 16, 24))
    assert torch.equal(part[0], whole[0][..., 4:12, 8:20]) and torch.equal(part[1], whole[1][..., 2:6, 4:10])


def run(attachments: tuple = ()) -> Run:
    return Run(prompt="a cat", negative_prompt="b", width=48, height=32, seed=1, attachments=attachments,
               sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=4))


def test_lines_steer_and_leave_without_a_trace(components: Components, adapter: torch.nn.Module) -> None:
    engine = Engine(components, "cpu", torch.float32)
    before = {name: value.clone() for name, value in components.denoiser.state_dict().items()}
    modules = [(name, type(module), len(module._forward_hooks), len(module._forward_pre_hooks))
               for name, module in components.denoiser.named_modules()]
    processors = {name: id(one) for name, one in components.denoiser.attn_processors.items()}
    bare = engine.run(run())
    line = LineAdapter(adapter, ink(), CONTROL)
    steered = engine.run(run((line,)))
    assert not torch.equal(steered, bare)
    assert torch.equal(engine.run(run()), bare)
    assert {name: id(one) for name, one in components.denoiser.attn_processors.items()} == processors
    assert modules == [(name, type(module), len(module._forward_hooks), len(module._forward_pre_hooks))
                       for name, module in components.denoiser.named_modules()]
    assert all(torch.equal(value, before[name]) for name, value in components.denoiser.state_dict().items())
    assert torch.equal(engine.run(run((line,))), steered)


def test_another_drawing_paints_another_picture(components: Components, adapter: torch.nn.Module) -> None:
    engine = Engine(components, "cpu", torch.float32)
    one, other = (engine.run(run((LineAdapter(adapter, ink(seed), CONTROL),))) for seed in (0, 1))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("damage", ["cut", "missing", "empty"])
def test_a_damaged_adapter_is_one_clear_error(tiny_model: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "adapter_line"
    folder.mkdir()
    weights = next((tiny_model / "adapter_line").glob("*.safetensors"))
    if damage != "empty":
        (folder / "config.json").write_bytes((tiny_model / "adapter_line" / "config.json").read_bytes())
    if damage == "cut":
        (folder / weights.name).write_bytes(weights.read_bytes()[:200])
    with pytest.raises(ModelError, match="line adapter in adapter_line cannot be loaded"):
        load_line_adapter(folder, device=torch.device("cpu"), dtype=torch.float32)
