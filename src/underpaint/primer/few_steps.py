"""Four steps instead of sixteen: a LoRA that learns to go in one step where the denoiser goes in several, guided.

Progressive distillation (Salimans and Ho, 2022), straight to the last number of steps: from a noisy picture the
denoiser takes some small guided steps, and the LoRA must reach the same place in one step without guidance. What it
then needs is the plain sampler, four steps, guidance 1. On a circle of signal and noise a step is a turn, and the speed
that makes it in one go is known exactly.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from underpaint.engine.families.unet_patched import UNetPatched
from underpaint.files import atomic_write
from underpaint.primer.painter import new_scheduler, tokenize
from underpaint.primer.part_config import FewStepsConfig
from underpaint.primer.samples import draw_samples
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool

LORA_FILE = "pytorch_lora_weights.safetensors"
_TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2",
            "conv_shortcut", "time_emb_proj", "conv_out.0", "detail.0", "detail.2", "detail.4"]  # fmt: skip
_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Teacher:
    """The finished denoiser and the words that it listens to; nothing of it is changed."""

    unet: UNetPatched
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer

    @classmethod
    def load(cls, primer: Path, device: str = "cpu") -> "Teacher":
        """From an exported Primer."""
        unet = UNetPatched.from_pretrained(primer / "unet", torch_dtype=torch.float32)
        text = CLIPTextModel.from_pretrained(primer / "text_encoder", dtype=torch.float32)
        for part in (unet, text):
            part.eval().requires_grad_(False).to(device)
        return cls(unet, text, CLIPTokenizer.from_pretrained(str(primer / "tokenizer")))


class Student(nn.Module):
    """A copy of the denoiser of which only low-rank changes learn."""

    def __init__(self, unet: UNetPatched, config: FewStepsConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.unet = UNetPatched.from_config(unet.config)
        self.unet.load_state_dict(unet.state_dict())
        self.unet.requires_grad_(False)
        self.unet.add_adapter(LoraConfig(r=config.rank, lora_alpha=config.rank, target_modules=_TARGETS))

    def forward(self, noisy: Tensor, steps: Tensor, words: Tensor) -> Tensor:
        """The predicted v."""
        return self.unet(noisy, steps, words).sample


def angles() -> Tensor:
    """Where each of the schedule's steps lies between picture (0) and noise (a quarter turn); one more at the end, 0,
    is the finished picture."""
    signal = new_scheduler().alphas_cumprod.clamp(0, 1)
    return torch.cat([torch.acos(signal.sqrt()), torch.zeros(1)])


def grid(steps: int) -> list[int]:
    """The steps that painting in so many steps visits, noisiest first, and at last -1, the finished picture."""
    return [round(_STEPS - k * _STEPS / steps) - 1 for k in range(steps + 1)]


def turned(noisy: Tensor, speed: Tensor, turn: Tensor) -> Tensor:
    """The noisy pictures after a turn by so much (negative: towards the picture) at this speed: one sampler's step."""
    return torch.cos(turn) * noisy + torch.sin(turn) * speed


class FewStep:
    """One training step: a start on the short grid, the teacher's way to the next, and the speed that replaces it."""

    def __init__(self, pool: Pool, teacher: Teacher, config: FewStepsConfig, device: str) -> None:
        self._pool, self._teacher, self._config = pool, teacher, config
        self._device, self._angles = torch.device(device), angles().to(device)
        empty = torch.from_numpy(tokenize(teacher.tokenizer, [""]).astype(np.int64)).to(device)
        self._empty = teacher.text_encoder(empty).last_hidden_state

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log `still`, what it would be if nothing had been learned."""
        config, rng = self._config, context.rng
        drawn = draw_samples(self._pool, rng, config.batch)
        latents, keys, tokens = drawn.latents, drawn.keys, drawn.tokens
        noise = torch.randn(latents.shape, generator=context.generator).to(self._device)
        stops = grid(config.steps)
        place = int(rng.integers(config.steps))
        start, end = stops[place], stops[place + 1]
        with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16):
            words = self._teacher.text_encoder(torch.from_numpy(tokens).to(self._device)).last_hidden_state
            begin = self._angles[start]
            noisy = torch.cos(begin) * latents.to(self._device) + torch.sin(begin) * noise
            reached = self.teachers_way(noisy, start, end, words)
        turn = self._angles[end] - begin
        wanted = (reached - torch.cos(turn) * noisy) / torch.sin(turn)
        with torch.autocast(self._device.type, torch.bfloat16):
            said = model(noisy, torch.full((len(keys),), start, device=self._device), words)
            with torch.no_grad():
                before = self._teacher.unet(noisy, start, words).sample
        loss = (said.float() - wanted).square().mean()
        return {"loss": loss, "still": (before.float() - wanted).square().mean()}

    def teachers_way(self, noisy: Tensor, start: int, end: int, words: Tensor) -> Tensor:
        """Where the teacher gets from one step of the schedule to another in small guided steps."""
        config, unet = self._config, self._teacher.unet
        both = torch.cat([self._empty.expand(len(words), -1, -1).to(words.dtype), words])
        stops = [round(start + (end - start) * k / config.substeps) for k in range(config.substeps + 1)]
        for here, there in pairwise(stops):
            plain, told = unet(torch.cat([noisy, noisy]), here, both).sample.float().chunk(2)
            speed = plain + config.guidance * (told - plain)
            noisy = turned(noisy, speed, self._angles[there] - self._angles[here])
        return noisy


def few_steps_trainer(
    pool: Pool, teacher: Teacher, config: FewStepsConfig, folder: Path, device: str = "cpu"
) -> Trainer:
    """A trainer for a new LoRA; `Trainer.resume`, `start_from` and `run` do the rest."""
    model = Student(teacher.unet, config).to(device)
    budget = Budget(steps=config.steps_trained) if config.steps_trained else Budget(seconds=config.seconds)
    settings = LoopSettings(budget, config.rate, seed=config.seed, warmup=50, hold=0.3, average=0.99, weight_decay=0.0)
    return Trainer(model, FewStep(pool, teacher, config, device), settings, folder)


def train_few_steps(
    pool: Pool, teacher: Teacher, config: FewStepsConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[dict[str, Tensor], bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the averaged LoRA, and whether it is done.

    `weights` are those of a LoRA to begin from when there is no checkpoint.
    """
    trainer = few_steps_trainer(pool, teacher, config, folder, device)
    if not trainer.resume() and weights is not None:
        set_peft_model_state_dict(trainer.model.unet, weights)
        trainer.start_from(trainer.model.state_dict())
    done = trainer.run()
    student: Any = Student(teacher.unet, config)
    student.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return dict(get_peft_model_state_dict(student.unet)), done


def export_few_steps(lora: dict[str, Tensor], folder: Path) -> int:
    """Write the LoRA as diffusers does, in half precision; returns its bytes."""
    data = save({f"unet.{name}": value.to(torch.float16).contiguous() for name, value in lora.items()})
    with atomic_write(folder / LORA_FILE) as file:
        file.write(data)
    return len(data)
