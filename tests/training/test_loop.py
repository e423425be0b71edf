"""A run that is killed and resumed must end with the very bits of one that was left alone."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from underpaint.errors import ModelError, PlanError
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer


def _toy() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.SiLU(), nn.BatchNorm1d(16), nn.Linear(16, 1))


def _step(model: nn.Module, context: StepContext) -> Losses:
    """Learn the sum of four numbers, with numbers from both generators."""
    given = torch.randn(8, 4, generator=context.generator)
    given = given + torch.from_numpy(context.rng.normal(size=(8, 4))).float()
    return {"loss": (model(given)[:, 0] - given.sum(1)).square().mean()}


def _trainer(folder: Path, steps: int = 40, lanes: int = 1) -> Trainer:
    settings = LoopSettings(Budget(steps=steps), 1e-2, warmup=5, log_every=7, lanes=lanes, save_seconds=1e9)
    return Trainer(_toy(), _step, settings, folder)


def _bits(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {f"model.{k}": v for k, v in trainer.model.state_dict().items()} | trainer.averaged()


def _same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize("stop_at", [1, 6, 7, 23, 39])
def test_resumed_run_equals_an_undisturbed_one(tmp_path: Path, stop_at: int) -> None:
    whole = _trainer(tmp_path / "whole")
    assert whole.run()
    broken = _trainer(tmp_path / "broken")
    assert not broken.run(lambda t: t.ask_to_stop() if t.step == stop_at else None)
    again = _trainer(tmp_path / "broken")
    assert again.resume() and again.step == stop_at
    assert again.run()
    assert _same(_bits(whole), _bits(again))

    def logged(name: str) -> list[tuple[int, float]]:
        lines = (tmp_path / name / "log.jsonl").read_text().splitlines()
        return [(entry["step"], entry["loss"]) for entry in map(json.loads, lines)]

    assert logged("whole") == logged("broken")
    assert [step for step, _ in logged("whole")] == [7, 14, 21, 28, 35]


def test_weights_that_lie_channels_last_resume_to_the_same_bits(tmp_path: Path) -> None:
    """What the optimizer remembers of a weight must lie in memory as the weight does."""

    def step(model: nn.Module, context: StepContext) -> Losses:
        return {"loss": model(torch.randn(2, 4, 6, 6, generator=context.generator)).square().mean()}

    def trainer(folder: Path) -> Trainer:
        torch.manual_seed(0)
        model = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
        return Trainer(model, step, LoopSettings(Budget(steps=6), 1e-2, warmup=2), folder)

    whole, broken, again = trainer(tmp_path / "whole"), trainer(tmp_path / "broken"), trainer(tmp_path / "broken")
    assert whole.run()
    assert not broken.run(lambda t: t.ask_to_stop() if t.step == 3 else None)
    assert again.resume() and again.run()
    assert _same(_bits(whole), _bits(again))


def test_a_kill_between_checkpoints_repeats_what_was_lost(tmp_path: Path) -> None:
    whole = _trainer(tmp_path / "whole")
    whole.run()
    killed = _trainer(tmp_path / "killed")

    class Killed(BaseException):
        pass

    def kill(trainer: Trainer) -> None:
        if trainer.step == 10:
            trainer.save()
        if trainer.step == 22:
            raise Killed

    with pytest.raises(Killed):
        killed.run(kill)
    # A line cut short, as a kill leaves it.
    with killed.log_path.open("a") as file:
        file.write('{"step": 2')
    again = _trainer(tmp_path / "killed")
    assert again.resume() and again.step == 10
    again.run()
    assert _same(_bits(whole), _bits(again))
    assert (tmp_path / "killed" / "log.jsonl").read_text().count("\n") == 5


def test_a_signal_stops_after_the_step_and_saves(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    assert not trainer.run(lambda t: os.kill(os.getpid(), signal.SIGTERM) if t.step == 12 else None)
    assert signal.getsignal(signal.SIGTERM) is before
    again = _trainer(tmp_path)
    assert again.resume() and again.step == 12


def test_lanes_are_deterministic_and_share_parameters(tmp_path: Path) -> None:
    first, second = _trainer(tmp_path / "a", lanes=2), _trainer(tmp_path / "b", lanes=2)
    first.run()
    second.run()
    assert _same(_bits(first), _bits(second))
    assert not _same(_bits(first), _bits(_trained(tmp_path / "c", lanes=1)))


def _trained(folder: Path, lanes: int) -> Trainer:
    trainer = _trainer(folder, lanes=lanes)
    trainer.run()
    return trainer


def test_it_learns_and_averages(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, steps=300)
    trainer.run()
    lines = [json.loads(line) for line in trainer.log_path.read_text().splitlines()]
    assert lines[-1]["loss"] < 0.3 * lines[0]["loss"]
    assert lines[-1]["rate"] < 1e-4
    model = _toy().eval()
    model.load_state_dict(trainer.averaged())
    given = torch.randn(64, 4)
    with torch.no_grad():
        assert float((model(given)[:, 0] - given.sum(1)).square().mean()) < 1.0


def test_starting_from_weights_keeps_step_and_optimizer_fresh(tmp_path: Path) -> None:
    source = _trained(tmp_path / "a", lanes=1)
    trainer = _trainer(tmp_path / "b")
    trainer.start_from(source.averaged())
    assert trainer.step == 0
    assert _same(trainer.averaged(), source.averaged())


def test_seconds_count_over_resumptions(tmp_path: Path) -> None:
    budget = Budget(seconds=10.0)
    assert budget.progress(5, 2.5) == 0.25
    assert budget.progress(5, 99.0) == 1.0


@pytest.mark.parametrize("wrong", [{}, {"steps": 5, "seconds": 5.0}, {"steps": 0}, {"seconds": -1.0}])
def test_a_budget_must_make_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(PlanError):
        Budget(**wrong)  # type: ignore[arg-type]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    trainer.checkpoint_path.write_bytes(b"\x10\x00\x00\x00")
    with pytest.raises(ModelError, match=r"checkpoint\.safetensors"):
        trainer.resume()


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    weights = trainer.averaged() | {"0.weight": torch.zeros(16, 5)}
    with pytest.raises(ModelError, match=r"0\.weight"):
        trainer.start_from(weights)
    trainer.start_from(trainer.averaged())
