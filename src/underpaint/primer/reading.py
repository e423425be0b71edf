"""Stage four: the text encoder learns to read before anybody paints.

It has to name whatever a scene is made of from its caption. A denoiser that learns its words from pictures alone spends
most of its time deaf: the loss hardly rewards listening until listening works. One that starts with words that already
tell scenes apart listens from its first step, and the words can stay as they are while it learns.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel

from underpaint.primer.config import ReadingConfig
from underpaint.primer.facts import KNOWN, facts_of
from underpaint.primer.mirror import mirrored_value
from underpaint.primer.stagecraft.scene import FACTORS
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

_FACTOR_WEIGHT = 3.0
"""The words that pictures are examined for count for more than the finer ones."""


class Reader(nn.Module):
    """A text encoder with one answer a factor at every position that has heard the whole sentence."""

    def __init__(self, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        width = int(text_encoder.config.hidden_size)
        # Named apart from a ModuleDict's own methods, of which one is called "values".
        self.heads = nn.ModuleDict({f"of {name}": nn.Linear(width, len(words)) for name, words in KNOWN.items()})

    def forward(self, tokens: Tensor, positions: Tensor) -> dict[str, Tensor]:
        """Token numbers, B x 77, and B positions to ask at; one row of scores a factor."""
        states = self.text_encoder(tokens).last_hidden_state
        asked = states[torch.arange(len(states), device=states.device), positions]
        return {name: self.heads[f"of {name}"](asked) for name in KNOWN}


class ReadingStep:
    """One training step: captions in, cross-entropy over all factors, asked anywhere from the end mark on."""

    def __init__(self, pool: Pool, config: ReadingConfig, end: int, device: str) -> None:
        """`end` is the number of the end mark, which also fills up what a short sentence leaves."""
        self._pool, self._config, self._end = pool, config, end
        self._device = torch.device(device)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log the share of right answers, `right` (captions leave things out: not 1)."""
        keys = self._pool.draw(context.rng, self._config.batch)
        offered = self._pool.rows(keys, "tokens")
        half = offered.shape[1] // 2
        pick = context.rng.integers(2 * half, size=len(keys))
        tokens = torch.from_numpy(offered[np.arange(len(keys)), pick].astype(np.int64)).to(self._device)
        first = (tokens == self._end).float().argmax(1)
        spread = torch.rand(len(keys), generator=context.generator).to(self._device) ** 2
        # Squared, the draw falls most often on the end mark and close behind it.
        positions = (first + (spread * (tokens.shape[1] - first)).long()).clamp_(max=tokens.shape[1] - 1)
        with torch.autocast(self._device.type, torch.bfloat16):
            scores = model(tokens, positions)
        losses, right = [], []
        facts = [facts_of(note["scene"]) for note in self._pool.notes(keys)]
        for name, values in KNOWN.items():
            words = [
                mirrored_value(name, fact[name]) if p >= half else fact[name]
                for fact, p in zip(facts, pick, strict=True)
            ]
            truth = torch.tensor([values.index(word) for word in words], device=self._device)
            loss = functional.cross_entropy(scores[name].float(), truth)
            losses.append(loss * (_FACTOR_WEIGHT if name in FACTORS else 1.0))
            if name in FACTORS:
                right.append((scores[name].argmax(1) == truth).float().mean())
        return {"loss": torch.stack(losses).mean(), "right": torch.stack(right).mean()}


def train_reader(
    pool: Pool, config: ReadingConfig, text_encoder: CLIPTextModel, folder: Path, *, end: int, device: str = "cpu"
) -> tuple[dict[str, Tensor], bool]:
    """Train (or go on training) until the budget is used up; the encoder's averaged weights, and whether it is done."""
    torch.manual_seed(config.seed)
    model = Reader(text_encoder).to(device)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(budget, config.rate, seed=config.seed, hold=0.2, average=0.99, lanes=config.lanes)
    trainer = Trainer(model, ReadingStep(pool, config, end, device), settings, folder)
    trainer.resume()
    done = trainer.run()
    prefix = "text_encoder."
    return {k.removeprefix(prefix): v for k, v in trainer.averaged().items() if k.startswith(prefix)}, done
