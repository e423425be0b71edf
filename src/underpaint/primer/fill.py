"""Filling holes: an adapter that tells the finished denoiser what is round a hole, at every step alike.

Without it the denoiser sees the surroundings only through their noise, and in the first steps, where it is decided
what goes where, through nothing but noise. The adapter (T2I-Adapter, Mou et al. 2023) reads what is known of the
picture, its colours and where they are known, and adds features to the denoiser's own, which learns nothing. What is
wrong inside the hole counts; outside the picture itself is put back while painting. Some holes have lines in them, that
the line adapter adds its features for, so that lines go on steering there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import T2IAdapter
from torch import Tensor, nn
from torch.nn import functional

from underpaint.imaging.masks import feather, known_part
from underpaint.primer.digests import digests_of
from underpaint.primer.few_steps import Teacher
from underpaint.primer.holes import any_hole
from underpaint.primer.maps import Drawer, Map
from underpaint.primer.painter import STRIDE, drawn_steps, new_scheduler, tokenize
from underpaint.primer.part_config import FillConfig
from underpaint.primer.samples import Samples, draw_samples
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

LEARNED_WITH = ("unet/diffusion_pytorch_model.safetensors",)
"""The file of a Primer without which the adapter means nothing."""
CHANNELS = 4
"""Three colours, and how much of the pixel is known."""
SHRINK = 2
"""How many times smaller than the picture the adapter reads it."""
_BEGIN = 0.1
"""How loud the untrained adapter is: it must not shout the denoiser down before it has anything to say."""
_COMPARED = 2
"""Samples a batch that the denoiser also fills alone, for the log: from all over the schedule, as the batch is."""


@dataclass(frozen=True, eq=False)
class FinishedPainter:
    """What an exported Primer paints with, of which nothing changes: denoiser and words, and its line adapter if it
    has one. `digests` are the SHA-256 of the files in `LEARNED_WITH`."""

    teacher: Teacher
    lines: T2IAdapter | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, primer: Path, device: str = "cpu") -> "FinishedPainter":
        """From an exported Primer."""
        teacher, lines = Teacher.load(primer, device), None
        teacher.unet.to(memory_format=torch.channels_last)
        if (primer / "adapter_line").is_dir():
            lines = T2IAdapter.from_pretrained(primer / "adapter_line", torch_dtype=torch.float32)
            lines.eval().requires_grad_(False).to(device)
        return cls(teacher, lines, digests_of(primer, LEARNED_WITH))


def new_fill_adapter(widths: Sequence[int], config: FillConfig) -> T2IAdapter:
    """An untrained adapter for a denoiser whose levels are so wide."""
    torch.manual_seed(config.seed)
    adapter = T2IAdapter(in_channels=CHANNELS, channels=list(widths), downscale_factor=STRIDE // SHRINK,
                         adapter_type="full_adapter", **config.adapter)  # fmt: skip
    with torch.no_grad():
        for name, weight in adapter.named_parameters():
            if name.endswith("bias") or name.startswith("adapter.conv_in."):
                weight.mul_(_BEGIN)
    return adapter


@dataclass(frozen=True, eq=False)
class Holed:
    """What a batch knows of its pictures (B x 4 x h x w at half size), how much each latent counts (B x 1 x h x w),
    and the lines that some rows have in them: the rows, and B' x 1 x H x W."""

    known: Tensor
    weights: Tensor
    lined: Tensor
    lines: Tensor


class FillStep:
    """One training step on a batch of latents of one size, a hole in each."""

    def __init__(self, pool: Pool, finished: FinishedPainter, config: FillConfig, device: str) -> None:
        self._pool, self._finished, self._config = pool, finished, config
        self._device = torch.device(device)
        self._alphas = new_scheduler().alphas_cumprod.to(self._device)
        self._empty = tokenize(finished.teacher.tokenizer, [""])[0].astype(np.int64)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, the error in the holes, and for the log that of the rows with lines, `lined`, and of a few
        rows, `told`, beside that of the denoiser alone, `alone`."""
        rng, generator = context.rng, context.generator
        drawn = draw_samples(self._pool, rng, self._config.batch)
        drawn.tokens[rng.random(len(drawn.keys)) < self._config.drop_words] = self._empty
        holed = self._holed(drawn, rng)
        latents = drawn.latents.to(self._device)
        count = len(latents)
        slices = (torch.arange(count) + torch.rand(count, generator=generator)) / count
        steps = drawn_steps(slices).to(self._device)
        noise = torch.randn(latents.shape, generator=generator).to(self._device)
        loudness = (0.5 + 0.5 * torch.rand(len(holed.lined), 1, 1, 1, generator=generator)).to(self._device)
        signal = self._alphas[steps].view(-1, 1, 1, 1)
        noisy = (signal.sqrt() * latents + (1 - signal).sqrt() * noise).contiguous(memory_format=torch.channels_last)
        target = signal.sqrt() * noise - (1 - signal).sqrt() * latents
        teacher = self._finished.teacher
        with torch.autocast(self._device.type, torch.bfloat16):
            with torch.no_grad():
                words = teacher.text_encoder(torch.from_numpy(drawn.tokens).to(self._device)).last_hidden_state
                added = self._lines(holed, loudness, count)
            levels = [level if more is None else level + more
                      for level, more in zip(model(holed.known), added, strict=True)]  # fmt: skip
            said = teacher.unet(noisy, steps, words, down_intrablock_additional_residuals=levels).sample
            with torch.no_grad():
                few = slice(count // (2 * _COMPARED), None, max(1, count // _COMPARED))
                bare = teacher.unet(noisy[few], steps[few], words[few],
                                    down_intrablock_additional_residuals=_some(added, few)).sample  # fmt: skip
        errors = _weighed(said, target, holed.weights)
        lined = errors[holed.lined].mean() if len(holed.lined) else errors.mean()
        alone = _weighed(bare, target[few], holed.weights[few]).mean()
        return {"loss": errors.mean(), "lined": lined.detach(), "told": errors[few].mean().detach(), "alone": alone}

    def _holed(self, drawn: Samples, rng: np.random.Generator) -> Holed:
        config, count = self._config, len(drawn.keys)
        drawer, known, holes = Drawer(self._pool, half=False), [], []
        for key, flip in zip(drawn.keys, drawn.flips, strict=True):
            picture, subject = (_row(self._pool, key, name, bool(flip)) for name in ("pictures", "subject"))
            height, width = subject.shape
            hole = any_hole(rng, subject, config.least, config.most)
            if rng.random() < config.soft:
                hole = feather(hole, int(rng.integers(1, 7)))
            known.append(known_part(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), hole))
            holes.append(hole)
        # The same number of rows in every batch, so that the networks meet few shapes.
        share = config.lines if self._finished.lines is not None else 0.0
        lined = rng.choice(count, size=round(share * count), replace=False)
        lines = [self._ink(drawer, drawn, row, holes[row], rng) for row in lined]
        there = torch.from_numpy(np.stack(holes))[:, None]
        small = functional.interpolate(there, size=tuple(drawn.latents.shape[2:]), mode="area")
        return Holed(
            torch.from_numpy(np.stack(known)).permute(0, 3, 1, 2).to(self._device).contiguous(
                memory_format=torch.channels_last),
            (config.outside + (1 - config.outside) * small).to(self._device),
            torch.from_numpy(lined).to(self._device),
            torch.from_numpy(np.stack(lines) if lines else np.zeros((0, 1, 16, 16), np.float32)).to(self._device),
        )  # fmt: skip

    def _ink(self, drawer: Drawer, drawn: Samples, row: int, hole: Map, rng: np.random.Generator) -> Map:
        """The sample's lines, half of the time only those that somebody drew into the hole."""
        ink = drawer.draw("line", drawn.keys[row], bool(drawn.flips[row]), rng)
        if rng.random() < 0.5:
            ink = ink * cv2.resize(hole, ink.shape[:0:-1], interpolation=cv2.INTER_NEAREST)
        return np.asarray(ink, np.float32)

    def _lines(self, holed: Holed, loudness: Tensor, count: int) -> list[Tensor | None]:
        """What the line adapter adds to each level for all rows, or None a level where no row has lines."""
        adapter = self._finished.lines
        if adapter is None or not len(holed.lined):
            return [None] * len(self._finished.teacher.unet.config.block_out_channels)
        made = [loudness * level for level in adapter(holed.lines)]
        return [level.new_zeros((count, *level.shape[1:])).index_add(0, holed.lined, level) for level in made]


def _some(added: list[Tensor | None], rows: slice) -> list[Tensor] | None:
    """The added features of the rows that are compared. The denoiser empties the list that it is given."""
    return None if added[0] is None else [level[rows] for level in added if level is not None]


def _weighed(said: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """The mean squared error of each row, where places count as their weights say."""
    error = (said.float() - target).square().mean(1, keepdim=True) * weights
    return error.sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp_min(1e-6)


def _row(pool: Pool, key: tuple[int, int], name: str, flip: bool) -> Map:
    row = pool.rows([key], name)[0]
    return np.ascontiguousarray(row[:, ::-1] if flip else row, dtype=np.float32) / np.float32(255)


def fill_trainer(
    pool: Pool, finished: FinishedPainter, config: FillConfig, folder: Path, device: str = "cpu"
) -> Trainer:
    """A trainer for a new adapter; `Trainer.resume`, `start_from` and `run` do the rest."""
    widths = finished.teacher.unet.config.block_out_channels
    model = new_fill_adapter(widths, config).to(device, memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(budget, config.rate, seed=config.seed, warmup=50, hold=0.4, average=0.998,
                            lanes=config.lanes)  # fmt: skip
    return Trainer(model, FillStep(pool, finished, config, device), settings, folder)


def train_fill(
    pool: Pool, finished: FinishedPainter, config: FillConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[T2IAdapter, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the averaged adapter, and whether it is done.

    `weights` are averaged ones to begin from when there is no checkpoint.
    """
    trainer = fill_trainer(pool, finished, config, folder, device)
    done = trainer.carry_on(weights)
    adapter = new_fill_adapter(finished.teacher.unet.config.block_out_channels, config)
    adapter.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return adapter.eval(), done
