"""The judge: a classifier of another make, trained on scenes of other seeds, that names what is in a picture.

It sees pixels, never latents or captions, and nothing that it says goes back into training: it only examines.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from underpaint.primer.config import JudgeConfig
from underpaint.primer.facts import KNOWN, facts_of
from underpaint.primer.mirror import mirrored_value
from underpaint.primer.stagecraft.scene import FACTORS
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

JUDGED = FACTORS | {name: KNOWN[name] for name in ("count", "relation")}
"""What the judge names."""
_HARDER = {"subject": 2.5, "style": 1.5, "relation": 0.7, "count": 0.7}
"""Factors that take longest to learn count for more."""


class _Residual(nn.Module):
    """The classic residual block with batch normalisation (He et al., 2016)."""

    def __init__(self, narrow: int, wide: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(narrow, wide, 3, stride, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Conv2d(wide, wide, 3, 1, 1, bias=False),
            nn.BatchNorm2d(wide),
        )
        self.side = nn.Conv2d(narrow, wide, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.side(x))


class Judge(nn.Module):
    """A small residual network with one answer a factor."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 5, 2, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        steps = [(1, 1), (1, 2), (2, 3), (3, 4), (4, 6)]
        self.body = nn.Sequential(*[_Residual(width * a, width * b, 2 if i else 1) for i, (a, b) in enumerate(steps)])
        # A coarse grid is kept: left and right are questions about where, not about what.
        self.grid = nn.AdaptiveAvgPool2d(3)
        self.drop = nn.Dropout(0.2)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width * 6 * 9, len(values)) for name, values in JUDGED.items()}
        )

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Pictures, B x 3 x S x S in -1..1, to one row of scores a factor."""
        features = self.drop(self.features(pictures))
        return {name: head(features) for name, head in self.heads.items()}

    def features(self, pictures: Tensor) -> Tensor:
        """What it sees before it names anything: one row of numbers a picture."""
        return self.grid(self.body(self.stem(pictures))).flatten(1)


def judge_input(pictures: NDArray[np.uint8], size: int) -> Tensor:
    """Pictures of one size, uint8 N x H x W x 3, squeezed to the judge's square: N x 3 x S x S in -1..1."""
    small = [cv2.resize(np.ascontiguousarray(p), (size, size), interpolation=cv2.INTER_AREA) for p in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


class JudgeStep:
    """One training step: cross-entropy over all factors, on pictures shifted, mirrored, blurred and grained."""

    def __init__(self, pool: Pool, config: JudgeConfig) -> None:
        self._pool, self._config = pool, config

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log the share of right answers, `right`."""
        keys = self._pool.draw(context.rng, self._config.batch)
        pictures = judge_input(self._pool.rows(keys, "pictures"), self._config.size)
        facts = [facts_of(note["scene"]) for note in self._pool.notes(keys)]
        flips = context.rng.random(len(keys)) < 0.5
        pictures = self._disturbed(pictures, flips, context)
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(pictures.contiguous(memory_format=torch.channels_last))
        losses, right = [], []
        for name, values in JUDGED.items():
            words = [
                mirrored_value(name, fact[name]) if flip else fact[name]
                for fact, flip in zip(facts, flips, strict=True)
            ]
            truth = torch.tensor([values.index(word) for word in words])
            loss = functional.cross_entropy(scores[name].float(), truth, label_smoothing=0.05)
            losses.append(_HARDER.get(name, 1.0) * loss)
            right.append((scores[name].argmax(1) == truth).float().mean())
        return {"loss": torch.stack(losses).mean(), "right": torch.stack(right).mean()}

    def _disturbed(self, pictures: Tensor, flips: NDArray[np.bool_], context: StepContext) -> Tensor:
        chosen = torch.from_numpy(flips)
        pictures = torch.where(chosen[:, None, None, None], pictures.flip(3), pictures)
        shift = [int(v) for v in context.rng.integers(-4, 5, size=2)]
        pictures = functional.pad(pictures, (4, 4, 4, 4), mode="replicate").roll(shift, (2, 3))[..., 4:-4, 4:-4]
        if context.rng.random() < 0.5:
            # What comes out of an autoencoder is a little soft; the judge must not mind.
            soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
            pictures = torch.lerp(pictures, soft, float(context.rng.uniform(0.2, 1.0)))
        grain = torch.randn(pictures.shape, generator=context.generator) * float(context.rng.uniform(0, 0.06))
        return pictures + grain


def train_judge(pool: Pool, config: JudgeConfig, folder: Path) -> tuple[Judge, bool]:
    """Train (or go on training) until the budget is used up; returns the judge and whether it is done."""
    torch.manual_seed(config.seed)
    model = Judge(config.width).to(memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(budget, config.rate, seed=config.seed, weight_decay=0.05, hold=0.2, average=0.99,
                            lanes=config.lanes)  # fmt: skip
    trainer = Trainer(model, JudgeStep(pool, config), settings, folder)
    trainer.resume()
    done = trainer.run()
    judge = Judge(config.width)
    judge.load_state_dict(trainer.averaged())
    return judge.eval(), done


@dataclass(frozen=True)
class Verdicts:
    """What the judge said: for each factor the named value of every picture, in order."""

    named: dict[str, list[str]]


@torch.no_grad()
def ask(judge: Judge, pictures: NDArray[np.uint8], size: int) -> Verdicts:
    """Name every factor of pictures of one size, uint8 N x H x W x 3."""
    named: dict[str, list[str]] = {name: [] for name in JUDGED}
    for start in range(0, len(pictures), 32):
        scores = judge(judge_input(pictures[start : start + 32], size))
        for name, values in JUDGED.items():
            named[name] += [values[int(i)] for i in scores[name].argmax(1)]
    return Verdicts(named)
