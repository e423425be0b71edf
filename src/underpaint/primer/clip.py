"""Two towers: an image tower and a projection of words learn to agree on which caption belongs to which picture.

The words come from the very text encoder that the painter is told by; it stays as it is, and only a projection of what
it says at a sentence's end is learned. Naming the scene's words on the side spares the image tower most of the time
that captions alone would take, since a caption that differs in one word only says so faintly.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

from underpaint.engine.families.clip_pictures import TextProjection, token_rows
from underpaint.primer.mirror import mirrored_value, mirrored_words
from underpaint.primer.part_config import ClipConfig
from underpaint.primer.stagecraft.scene import FACTORS
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

_SHARPEST = 4.6
"""The logarithm of a hundred, where CLIP stops as well (Radford et al., 2021)."""


class Towers(nn.Module):
    """What learns: the image tower, the projection of words, and answers about the scene that are left behind."""

    def __init__(self, config: ClipConfig, text_width: int) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.image = CLIPVisionModelWithProjection(CLIPVisionConfig(hidden_act="gelu", **config.image))
        self.words = TextProjection(text_width, int(config.image["projection_dim"]))
        width = int(config.image["hidden_size"])
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(values)) for name, values in FACTORS.items()})

    def forward(self, pictures: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Pictures, B x 3 x S x S in -1..1, and B pooled states of their captions.

        Both as unit vectors B x D, and one row of scores a factor.
        """
        seen = self.image.vision_model(pictures).pooler_output
        vectors = functional.normalize(self.image.visual_projection(seen).float(), dim=-1)
        return vectors, self.words(pooled), {name: head(seen) for name, head in self.heads.items()}


class ClipStep:
    """One training step: pictures and a caption of each, some mirrored with their words, in slightly other light."""

    def __init__(self, pool: Pool, config: ClipConfig, text: CLIPTextModel, tokenizer: CLIPTokenizer) -> None:
        self._pool, self._config = pool, config
        self._text, self._tokenizer = text.eval().requires_grad_(False), tokenizer

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log `found` (pictures whose own caption was the likeliest of the batch) and
        `named` (scene words named right)."""
        keys = self._pool.draw(context.rng, self._config.batch)
        flips = context.rng.random(len(keys)) < 0.5
        device = next(self._text.parameters()).device
        pictures = _shown(self._pool.rows(keys, "pictures"), flips, int(self._config.image["image_size"]), context)
        notes = self._pool.notes(keys)
        captions = [str(context.rng.choice(note["captions"])) for note in notes]
        captions = [mirrored_words(c) if flip else c for c, flip in zip(captions, flips, strict=True)]
        with torch.autocast(device.type, torch.bfloat16):
            pooled = pooled_words(self._text, self._tokenizer, captions)
            vectors, words, scores = model(pictures.to(device, memory_format=torch.channels_last), pooled)
        logits = vectors @ words.float().T * model.words.sharpness.clamp(max=_SHARPEST).exp()
        # Two pictures may share a caption, being one scene painted twice: neither is wrong for the other.
        own = torch.tensor([[float(a == b) for b in captions] for a in captions], device=device)
        own = own / own.sum(1, keepdim=True)
        match = (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
        factors, named = self._factors(scores, [note["factors"] for note in notes], flips)
        best = logits.argmax(1)
        found = (own[torch.arange(len(own)), best] > 0).float().mean()
        return {"loss": match + self._config.factors * factors, "match": match, "found": found, "named": named}

    def _factors(
        self, scores: dict[str, Tensor], facts: list[dict[str, str]], flips: NDArray[np.bool_]
    ) -> tuple[Tensor, Tensor]:
        losses, right = [], []
        for name, values in FACTORS.items():
            told = [mirrored_value(name, f[name]) if flip else f[name] for f, flip in zip(facts, flips, strict=True)]
            truth = torch.tensor([values.index(word) for word in told], device=scores[name].device)
            losses.append(functional.cross_entropy(scores[name].float(), truth))
            right.append((scores[name].argmax(1) == truth).float().mean())
        return torch.stack(losses).mean(), torch.stack(right).mean()


@torch.no_grad()
def pooled_words(text: CLIPTextModel, tokenizer: Any, captions: list[str]) -> Tensor:
    """What the text encoder says at the end of each caption: N x hidden, float32."""
    device = next(text.parameters()).device
    return text(token_rows(tokenizer, captions).to(device)).pooler_output.float()


def _shown(pictures: NDArray[np.uint8], flips: NDArray[np.bool_], side: int, context: StepContext) -> Tensor:
    """uint8 N x H x W x 3 to N x 3 x S x S in -1..1, mirrored where asked, cropped and relit a little."""
    batch = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    height, width = batch.shape[2:]
    share = float(context.rng.uniform(0.88, 1.0))
    tall, wide = round(height * share), round(width * share)
    top, left = int(context.rng.integers(height - tall + 1)), int(context.rng.integers(width - wide + 1))
    batch = functional.interpolate(batch[..., top : top + tall, left : left + wide], (side, side), mode="area")
    batch = torch.where(torch.from_numpy(flips)[:, None, None, None], batch.flip(3), batch)
    tint = 1 + torch.randn(len(batch), 3, 1, 1, generator=context.generator) * 0.04
    grain = torch.randn(batch.shape, generator=context.generator) * float(context.rng.uniform(0, 0.05))
    return batch * tint + grain


Words = tuple[CLIPTextModel, CLIPTokenizer]
"""The text encoder that paints, and its tokenizer."""


def clip_trainer(pool: Pool, config: ClipConfig, words: Words, folder: Path, device: str = "cpu") -> Trainer:
    """A trainer for new towers; `Trainer.resume`, `start_from` and `run` do the rest."""
    text, tokenizer = words[0].to(device), words[1]
    model = Towers(config, int(text.config.hidden_size)).to(device)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=100, hold=0.3, average=0.99, weight_decay=0.05, lanes=config.lanes
    )
    return Trainer(model, ClipStep(pool, config, text, tokenizer), settings, folder)


def train_clip(
    pool: Pool, config: ClipConfig, words: Words, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[Towers, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the averaged towers, and whether it is done.

    `weights` are averaged weights to begin from when there is no checkpoint.
    """
    trainer = clip_trainer(pool, config, words, folder, device)
    done = trainer.carry_on(weights)
    towers = Towers(config, int(words[0].config.hidden_size))
    towers.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return towers.eval(), done
