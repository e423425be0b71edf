"""The training loop: a budget in steps or seconds, averaged weights, a log, and exact resumption after any kill.

Randomness is a pure function of the seed and the step's number, so a checkpoint needs no generator states: a run that
is killed and resumed under a budget of steps ends with the very bits of one that was left alone. Under a budget of
seconds the learning rate follows the clock, and the time spent before the kill counts.
"""

import copy
import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from underpaint.errors import ModelError, PlanError
from underpaint.files import atomic_write
from underpaint.training.checkpoint import (
    load_state,
    module_tensors,
    optimizer_tensors,
    restore_optimizer,
    save_state,
    take_prefix,
)

Losses = dict[str, Tensor]
"""Named scalar losses of a step; the one called "loss" is minimised, the others are only logged."""


@dataclass(frozen=True)
class Budget:
    """How long to train: a number of steps, or seconds of wall clock (counted over all resumptions)."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise PlanError("A training budget is either steps or seconds", field="budget")
        if (self.steps or self.seconds or 0) <= 0:
            raise PlanError("A training budget must be more than nothing", field="budget")

    def progress(self, step: int, elapsed: float) -> float:
        """The share of the budget that is used up, 0..1."""
        used = step / self.steps if self.steps is not None else elapsed / (self.seconds or 1.0)
        return min(1.0, used)


@dataclass(frozen=True)
class LoopSettings:
    """What the loop needs besides the model.

    `warmup` is in steps; the rate then falls along a half cosine to nothing at the end of the budget.
    `average` is the highest decay of the averaged weights; early on it is lower, so that they keep up.
    `lanes` is how many batches are worked on side by side before each update. On a CPU that others use too, two lanes
    of one thread each do about twice the work of one lane of two threads, which wait for each other at every layer.
    """

    budget: Budget
    rate: float
    seed: int = 0
    warmup: int = 100
    hold: float = 0.0
    average: float = 0.999
    weight_decay: float = 0.01
    clip: float = 1.0
    log_every: int = 20
    save_seconds: float = 120.0
    lanes: int = 1


@dataclass
class StepContext:
    """What a step may depend on: its number, how far the run is (0..1), and its lane's own generators.

    Nothing else random may be used: lanes run at the same time, and a resumed run must repeat the same draws.
    """

    step: int
    progress: float
    rng: np.random.Generator
    generator: torch.Generator


StepFunction = Callable[[nn.Module, StepContext], Losses]
"""Draws a batch from the context's generators and returns the losses of that model on it."""


class Trainer:
    """Trains the parameters of `model` by minimising what `step_function` returns.

    The folder receives `checkpoint.safetensors` (all that is needed to go on) and `log.jsonl`.
    """

    def __init__(
        self, model: nn.Module, step_function: StepFunction, settings: LoopSettings, folder: Path,
        groups: list[dict[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        """`groups` are optimizer groups with a `scale` on the learning rate; by default all parameters alike."""
        self.model = model
        self.settings = settings
        self.folder = folder
        self.step = 0
        self.elapsed = 0.0
        self._step_function = step_function
        groups = groups or [{"params": [p for p in model.parameters() if p.requires_grad], "scale": 1.0}]
        self._lanes = [model] + [_twin(model) for _ in range(settings.lanes - 1)]
        self._threads = ThreadPoolExecutor(settings.lanes)
        self._optimizer = torch.optim.AdamW(
            groups, lr=settings.rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, fused=True
        )
        self._average = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self._stop = False
        self._sums: dict[str, float] = {}
        self._counted = 0

    @property
    def checkpoint_path(self) -> Path:
        """The one checkpoint of this run."""
        return self.folder / "checkpoint.safetensors"

    @property
    def log_path(self) -> Path:
        """One JSON object a line: step, seconds, learning rate, losses."""
        return self.folder / "log.jsonl"

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights, by the model's own names."""
        return self._average

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin from given (for example averaged) weights instead of the random ones; step and optimizer stay fresh."""
        self._check_fits(weights)
        self.model.load_state_dict(weights)
        self._average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def resume(self) -> bool:
        """Go on from the checkpoint if there is one."""
        if not self.checkpoint_path.is_file():
            return False
        tensors, facts = load_state(self.checkpoint_path)
        self._check_fits(take_prefix(tensors, "model"))
        self.model.load_state_dict(take_prefix(tensors, "model"))
        average = take_prefix(tensors, "average")
        device = next(self.model.parameters()).device
        self._average = {name: value.to(device) for name, value in average.items()}
        restore_optimizer(self._optimizer, tensors)
        self.step, self.elapsed = int(facts["step"]), float(facts["elapsed"])
        self._sums, self._counted = dict(facts["sums"]), int(facts["counted"])
        self._trim_log()
        return True

    def carry_on(self, weights: dict[str, Tensor] | None = None) -> bool:
        """Go on from the checkpoint, else from averaged `weights`, and `run`; whether the budget is used up."""
        if not self.resume() and weights is not None:
            self.start_from(weights)
        return self.run()

    def _check_fits(self, weights: dict[str, Tensor]) -> None:
        """Refuse weights of another model in one line instead of a page."""
        ours = {name: value.shape for name, value in self.model.state_dict().items()}
        theirs = {name: value.shape for name, value in weights.items()}
        if ours != theirs:
            odd = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
            raise ModelError(
                f"the weights to go on from belong to a model of another shape ({odd[0]} and {len(odd) - 1} more)",
                hint="Use the configuration that they were trained with, or another folder.",
            )

    def save(self) -> None:
        """Write the checkpoint now, atomically."""
        tensors = module_tensors(self.model, "model") | optimizer_tensors(self._optimizer)
        tensors |= {f"average.{name}": value for name, value in self._average.items()}
        facts = {"step": self.step, "elapsed": self.elapsed, "sums": self._sums, "counted": self._counted}
        save_state(self.checkpoint_path, tensors, facts)

    def run(self, each: Callable[["Trainer"], None] | None = None) -> bool:
        """Train until the budget is used up (True) or a signal asks to stop (False); the checkpoint is written.

        `each` is called after every step, for snapshots.
        """
        last_save = last = time.monotonic()
        with _stopping_politely(self):
            while self._progress() < 1.0 and not self._stop:
                self._one_step()
                if each is not None:
                    each(self)
                if time.monotonic() - last_save > self.settings.save_seconds:
                    self.save()
                    last_save = time.monotonic()
                now = time.monotonic()
                self.elapsed, last = self.elapsed + now - last, now
        self.save()
        return self._progress() >= 1.0

    def _progress(self) -> float:
        return self.settings.budget.progress(self.step, self.elapsed)

    def _one_step(self) -> None:
        settings, progress = self.settings, self._progress()
        rate = settings.rate * min(1.0, (self.step + 1) / settings.warmup) * _cosine(progress, settings.hold)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group.get("scale", 1.0)
        numbers = range(settings.lanes)
        parts = list(self._threads.map(lambda lane: self._lane(lane, progress), numbers))
        losses = {name: sum(part[name] for part in parts) / settings.lanes for name in parts[0]}
        for twin in self._lanes[1:]:
            _add_gradients(self.model, twin)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        if bool(torch.isfinite(norm)):
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self._follow()
        self._note(losses | {"norm": float(norm)}, rate)

    def _lane(self, lane: int, progress: float) -> dict[str, float]:
        """One lane's forward and backward pass; leaves gradients behind and returns plain numbers."""
        sequence = np.random.SeedSequence([self.settings.seed, self.step, lane])
        generator = torch.Generator().manual_seed(int(sequence.generate_state(1)[0]))
        context = StepContext(self.step, progress, np.random.default_rng(sequence), generator)
        model = self._lanes[lane].train()
        losses = self._step_function(model, context)
        (losses["loss"] / self.settings.lanes).backward()
        return {name: float(value.detach()) for name, value in losses.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self._average[name].lerp_(value, 1 - decay)
            else:
                self._average[name].copy_(value)

    def _note(self, values: dict[str, float], rate: float) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._counted += 1
        if self.step % self.settings.log_every:
            return
        line = {"step": self.step, "seconds": round(self.elapsed, 1), "rate": float(f"{rate:.3g}")}
        line |= {name: float(f"{total / self._counted:.5g}") for name, total in self._sums.items()}
        self._sums, self._counted = {}, 0
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _trim_log(self) -> None:
        """Drop what was logged after the checkpoint: it will be trained, and logged, again."""
        if not self.log_path.is_file():
            return
        kept = [line for line in self.log_path.read_text().splitlines() if _step_of(line) <= self.step]
        with atomic_write(self.log_path) as file:
            file.write("".join(line + "\n" for line in kept).encode())

    def ask_to_stop(self) -> None:
        """Finish the step under way, write the checkpoint and return from `run`."""
        self._stop = True


def _twin(model: nn.Module) -> nn.Module:
    """A copy with the very same parameters but gradients of its own."""
    twin = copy.deepcopy(model)
    for ours, theirs in zip(twin.parameters(), model.parameters(), strict=True):
        ours.data = theirs.data
    return twin


def _add_gradients(model: nn.Module, twin: nn.Module) -> None:
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        if theirs.grad is not None:
            ours.grad = theirs.grad if ours.grad is None else ours.grad.add_(theirs.grad)
            theirs.grad = None


def _step_of(line: str) -> float:
    """The step of a log line; a line cut short by a kill counts as never."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def _cosine(progress: float, hold: float) -> float:
    """1 while `progress` is below `hold`, then a half cosine down to 0."""
    return 0.5 * (1 + math.cos(math.pi * max(0.0, progress - hold) / (1 - hold)))


@contextmanager
def _stopping_politely(trainer: Trainer) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the run after the step under way."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        trainer.ask_to_stop()

    former = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
