"""Training of image prompts: a noisy picture is told by another one what is hidden in it.

What a style's pair shares is how it is painted and mostly how it is lit, what a subject's pair shares is who is in it;
nothing else can be learned from it. References are cropped, and a subject's are mirrored as it happens, so that where
things stand in them says nothing.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from underpaint.models.own_adapters import PICTURE_KINDS
from underpaint.primer.image_prompt import Finished, ImagePrompts
from underpaint.primer.kin import Key, Kin, PairShares
from underpaint.primer.maps import Drawer
from underpaint.primer.painter import drawn_steps, new_scheduler, tokenize
from underpaint.primer.part_config import ImagePromptConfig
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool, Shard

_SUBJECT = 1.5
"""By how much more an error on the subject counts, for the image prompt of subjects."""
_PROBED = 2
"""Samples of each kind that are also asked of the denoiser alone, for the log."""
_MEASURED = 64
"""Pictures by which it is measured what the tower says of all of them."""
_SPELLED = {"watercolour": "watercolou?r"}


class ImagePromptStep:
    """One training step on a batch of latents of one size: its first half for styles, its second for subjects."""

    def __init__(self, shards: Sequence[Shard], finished: Finished, config: ImagePromptConfig, device: str) -> None:
        self._pool = Pool(list(shards), "latents")
        self._kin = Kin(shards, PairShares(config.same_light, config.elsewhere))
        self._finished, self._config, self._device = finished, config, torch.device(device)
        self._alphas = new_scheduler().alphas_cumprod.to(self._device)
        self._drawer = Drawer(self._pool, False)
        self._empty = tokenize(finished.tokenizer, [""])[0].astype(np.int64)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, for the log each kind's, and of a few samples with a picture `told`, beside `still`, what it
        would be without."""
        half = max(1, self._config.batch // len(PICTURE_KINDS))
        keys = self._pool.draw(context.rng, half * len(PICTURE_KINDS))
        flips = context.rng.random(len(keys)) < 0.5
        kinds = [kind for kind in PICTURE_KINDS for _ in range(half)]
        words, seen, weights = self._told(kinds, keys, flips, context.rng)
        noisy, steps, target = self._noised(keys, flips, half, context)
        by_kind = dict(zip(PICTURE_KINDS, seen.split(half), strict=True))
        unet = self._finished.unet
        with torch.autocast(self._device.type, torch.bfloat16):
            with torch.no_grad():
                heard = self._finished.text_encoder(words).last_hidden_state
            predicted = unet(noisy, steps, heard, cross_attention_kwargs={"ip_hidden_states": model(by_kind)}).sample
        errors = ((predicted.float() - target).square() * weights).mean(dim=(1, 2, 3))
        each = {kind: part.mean() for kind, part in zip(PICTURE_KINDS, errors.split(half), strict=True)}
        with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16):
            probed = torch.cat([torch.arange(min(_PROBED, half)) + half * i for i in range(len(PICTURE_KINDS))])
            alone = unet(noisy[probed], steps[probed], heard[probed]).sample
            still = ((alone.float() - target[probed]).square() * weights[probed]).mean()
        return {"loss": errors.mean(), **each, "told": errors[probed].mean().detach(), "still": still}

    def _noised(
        self, keys: list[Key], flips: NDArray[np.bool_], half: int, context: StepContext
    ) -> tuple[Tensor, Tensor, Tensor]:
        plain, mirrored = self._pool.rows(keys, "latents"), self._pool.rows(keys, "mirrored")
        chosen = np.where(flips[:, None, None, None], mirrored, plain).astype(np.float32)
        latents = torch.from_numpy(chosen).to(self._device)
        # One draw from each of as many equal slices of the schedule as a kind has samples, as the painter learned.
        slices = torch.arange(half).repeat(len(PICTURE_KINDS)) + torch.rand(len(keys), generator=context.generator)
        steps = drawn_steps(slices / half)
        steps = steps.to(self._device)
        noise = torch.randn(latents.shape, generator=context.generator).to(self._device)
        signal = self._alphas[steps].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        target = signal.sqrt() * noise - (1 - signal).sqrt() * latents
        return noisy.contiguous(memory_format=torch.channels_last), steps, target

    def _told(
        self, kinds: list[str], keys: list[Key], flips: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of every sample the words, what is seen in its picture (nought without one), and where errors count."""
        side = int(self._finished.tower.config.image_size)
        words, pictures, there, weights = [], [], [], []
        for kind, key, flip in zip(kinds, keys, flips, strict=True):
            words.append(self._words(kind, key, bool(flip), rng))
            other = self._kin.style(key, rng) if kind == "style" else self._kin.subject(key, rng)
            drop = rng.random() < self._config.drop_picture
            there.append(other is not None and not drop)
            pictures.append(self._shown(kind, key, other if other is not None else key, bool(flip), rng, side))
            mask = self._drawer.subject(key, bool(flip))
            weight = 1 + (_SUBJECT if kind == "subject" else 0.0) * mask
            weights.append(weight / weight.mean())
        seen = self._finished.seen(torch.from_numpy(np.stack(pictures)))
        seen = seen * torch.tensor(there, device=seen.device)[:, None]
        return (
            torch.from_numpy(np.stack(words)).to(self._device),
            seen,
            torch.from_numpy(np.stack(weights)[:, None].astype(np.float32)).to(self._device),
        )

    def _words(self, kind: str, key: Key, flip: bool, rng: np.random.Generator) -> NDArray[np.int64]:
        """77 numbers: words that leave to the picture what it is there for, or all words, or none."""
        if rng.random() < self._config.drop_words[kind]:
            return self._empty
        note = self._pool.notes([key])[0]
        if kind == "subject" and rng.random() < self._config.scenery:
            return tokenize(self._finished.tokenizer, [scenery(note["factors"], rng)])[0].astype(np.int64)
        offered = list(range(len(note["captions"])))
        if kind == "style":
            style = note["factors"]["style"]
            offered = [i for i in offered if not names_style(note["captions"][i], style)] or offered
        rows = self._pool.rows([key], "tokens")[0]
        row: NDArray[np.int64] = rows[int(rng.choice(offered)) + len(note["captions"]) * flip].astype(np.int64)
        return row

    def _shown(
        self, kind: str, key: Key, other: Key, flip: bool, rng: np.random.Generator, side: int
    ) -> NDArray[np.float32]:
        """The reference as the tower takes it, 3 x S x S in -1..1."""
        picture = self._pool.rows([other], "pictures")[0]
        kept = part_of(picture, rng) if kind == "style" else self._round_subject(picture, other, rng)
        # Light from the left must stay light from the left.
        mirrored = flip if kind == "style" and self._kin.same_light(key, other) else rng.random() < 0.5
        small = cv2.resize(np.ascontiguousarray(kept), (side, side), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray((small[:, ::-1] if mirrored else small).transpose(2, 0, 1), np.float32) / 127.5 - 1

    def _round_subject(self, picture: NDArray[np.uint8], key: Key, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Half of the time the whole picture, else a part that holds the whole subject."""
        mask = self._pool.rows([key], "subject")[0] > 127
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        if rng.random() < 0.5 or not len(rows):
            return picture
        (top, bottom), (left, right) = ((int(one[0]) * 2, int(one[-1]) * 2 + 2) for one in (rows, columns))
        height, width = picture.shape[:2]
        return picture[
            int(rng.uniform(0, top)) : int(rng.uniform(bottom, height + 1)),
            int(rng.uniform(0, left)) : int(rng.uniform(right, width + 1)),
        ]


def part_of(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A part of a picture with at least six tenths of its sides: how it is painted shows everywhere."""
    height, width = picture.shape[:2]
    tall, wide = (max(1, round(side * rng.uniform(0.6, 1.0))) for side in (height, width))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    return picture[top : top + tall, left : left + wide]


def names_style(caption: str, style: str) -> bool:
    """Whether a caption says how the picture is painted."""
    return re.search(rf"\b{_SPELLED.get(style, style)}\b", caption) is not None


def scenery(factors: dict[str, str], rng: np.random.Generator) -> str:
    """Words for everything but the subject: some of place, hour and way of painting, in any order."""
    place = "plain background" if factors["place"] == "studio" else factors["place"]
    said = [place, factors["time"], factors["style"]]
    return ", ".join(said[int(i)] for i in rng.permutation(3)[: int(rng.integers(1, 4))])


def image_prompt_trainer(
    shards: Sequence[Shard], finished: Finished, config: ImagePromptConfig, folder: Path, device: str = "cpu"
) -> Trainer:
    """A trainer for new image prompts; `Trainer.carry_on` does the rest."""
    model = finished.new_prompts(config.seed).to(device)
    seen = _seen_of(shards, finished, np.random.default_rng(config.seed))
    for kind in PICTURE_KINDS:
        model.kinds[kind].centre(seen)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=50, hold=0.5, average=0.995, lanes=config.lanes
    )
    return Trainer(model, ImagePromptStep(shards, finished, config, device), settings, folder)


def _seen_of(shards: Sequence[Shard], finished: Finished, rng: np.random.Generator) -> Tensor:
    """What the tower says of some pictures."""
    side = int(finished.tower.config.image_size)
    pictures = []
    for number in rng.integers(len(shards), size=_MEASURED):
        rows = shards[int(number)].array("pictures")
        small = cv2.resize(rows[int(rng.integers(len(rows)))], (side, side), interpolation=cv2.INTER_AREA)
        pictures.append(small.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)
    return finished.seen(torch.from_numpy(np.stack(pictures)))


def train_image_prompts(
    shards: Sequence[Shard], finished: Finished, config: ImagePromptConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[ImagePrompts, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the averaged prompts, and whether it is done.

    `weights` are averaged weights to begin from when there is no checkpoint.
    """
    trainer = image_prompt_trainer(shards, finished, config, folder, device)
    done = trainer.carry_on(weights)
    prompts = finished.new_prompts(config.seed)
    prompts.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return prompts.eval(), done
