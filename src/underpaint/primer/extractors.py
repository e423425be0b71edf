"""The extractors: what is near, which way it faces, where the subject is and how people stand, from a picture alone.

One network learns all four from painted pictures in every style and from what the World knows of them. Half of every
batch shows people where there are any, since bodies are the hardest to read; normals are asked for in the shards that
have them.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.families.extractor_net import ExtractorNet
from underpaint.engine.families.extractor_nets import working_size
from underpaint.primer.extractor_targets import SMALLEST, View, body_maps, body_size, brightest_near
from underpaint.primer.part_config import ExtractorsConfig
from underpaint.primer.part_truth import NORMALS
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool, Shard

_OFFERED = 3
"""Samples drawn for each one taken, so that half of a batch can be of people."""
_SHARES = {"near": 2.0, "subject": 1.0, "normals": 1.0, "joints": 1.0, "centres": 0.5, "offsets": 2.0}


def new_extractor(config: ExtractorsConfig) -> ExtractorNet:
    """An untrained network of the configured size, the same for the same seed."""
    torch.manual_seed(config.seed)
    return ExtractorNet(**config.model)


class People:
    """The joints of everybody in some shards, P x 18 x 3 a picture, in its pixels."""

    def __init__(self, shards: list[Shard]) -> None:
        self._rows = [[_joints(note["people"]) for note in shard.notes()] for shard in shards]

    def of(self, key: tuple[int, int]) -> NDArray[np.float32]:
        """The people of one sample."""
        return self._rows[key[0]][key[1]]

    def shown(self, key: tuple[int, int]) -> bool:
        """Whether somebody in that sample is large enough to learn from, in a picture seen at half its size."""
        return any(body_size(body) >= 2 * SMALLEST for body in self.of(key))


def _joints(people: list[list[list[float]]]) -> NDArray[np.float32]:
    return np.array(people, np.float32).reshape(-1, 18, 3)


class ExtractorStep:
    """One training step: parts of pictures, mirrored, in other light, and everything that is asked of them."""

    def __init__(self, shards: list[Shard], config: ExtractorsConfig, device: str) -> None:
        self._config, self._device = config, torch.device(device)
        self._pool, self._people = Pool(shards, "pictures"), People(shards)
        self._has_normals = [shard.has(NORMALS) for shard in shards]

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log each head's own."""
        keys = self._drawn(context.rng)
        pictures, truth = self._batch(keys, context)
        with torch.autocast(self._device.type, torch.bfloat16):
            said = model(pictures)
        losses = extractor_losses({name: value.float() for name, value in said.items()}, truth)
        total = sum((_SHARES[name] * value for name, value in losses.items()), start=pictures.new_zeros(()))
        return {"loss": total, **losses}

    def _drawn(self, rng: np.random.Generator) -> list[tuple[int, int]]:
        offered = self._pool.draw(rng, self._config.batch * _OFFERED)
        with_people = [key for key in offered if self._people.shown(key)][: self._config.batch // 2]
        rest = [key for key in offered if key not in with_people]
        return with_people + rest[: self._config.batch - len(with_people)]

    def _batch(self, keys: list[tuple[int, int]], context: StepContext) -> tuple[Tensor, dict[str, Tensor]]:
        rng = context.rng
        height, width = self._pool.rows(keys[:1], "pictures").shape[1:3]
        size = working_size(width, height, round(self._config.model["side"] * rng.uniform(0.8, 1.1)))
        views = [_view(rng, size) for _ in keys]
        both = list(zip(keys, views, strict=True))
        normals = [view.of(self._normals(key, (height // 2, width // 2))) for key, view in both]
        bodies = [body_maps(view.bodies(self._people.of(key), width, height), size) for key, view in both]
        truth = {
            "near": np.stack([brightest_near(view.of(self._row(key, "near"))) for key, view in both]),
            "subject": np.stack([view.of(self._row(key, "subject")) for key, view in both]).astype(np.float32) / 255,
            "normals": np.stack([_half(_turned(n, view.mirrored)) for n, view in zip(normals, views, strict=True)]),
            "joints": np.stack([b.joints for b in bodies]),
            "centres": np.stack([b.centres for b in bodies])[:, None],
            "offsets": np.stack([b.offsets for b in bodies]),
            "weights": np.stack([b.weights for b in bodies]),
        }
        pictures = np.stack([view.of(self._row(key, "pictures")) for key, view in both])
        given = relit(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255, context) * 2 - 1
        moved = {name: torch.from_numpy(np.ascontiguousarray(value)).to(self._device) for name, value in truth.items()}
        return given.to(self._device, memory_format=torch.channels_last), moved

    def _row(self, key: tuple[int, int], name: str) -> NDArray:
        return self._pool.rows([key], name)[0]

    def _normals(self, key: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float32]:
        """H/2 x W/2 x 3; nothing at all in shards without them, which the loss leaves out."""
        if not self._has_normals[key[0]]:
            return np.zeros((*shape, 3), np.float32)
        return self._row(key, NORMALS).astype(np.float32) / np.float32(127)


def _view(rng: np.random.Generator, size: tuple[int, int]) -> View:
    share = float(rng.uniform(0.65, 1.0)) if rng.random() < 0.6 else 1.0
    left, top = (float(rng.uniform(0, 1 - share)) for _ in range(2))
    return View((left, top, share, share), bool(rng.random() < 0.5), size)


def _turned(normals: NDArray[np.float32], mirrored: bool) -> NDArray[np.float32]:
    return np.asarray(normals * np.float32([-1, 1, 1]) if mirrored else normals, np.float32)


def _half(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    small = cv2.resize(normals, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    length = np.linalg.norm(small, axis=0, keepdims=True)
    return small / np.maximum(length, 1e-3) * (length > 0.05)


def relit(pictures: Tensor, context: StepContext) -> Tensor:
    """Pictures 0..1, each under another exposure and tint, some a little soft or grainy: people's scans are."""
    count, draw = len(pictures), context.generator
    gamma = torch.exp(torch.randn(count, 1, 1, 1, generator=draw) * 0.2)
    tint = 1 + torch.randn(count, 3, 1, 1, generator=draw) * 0.06
    out = (pictures.clamp(1e-4, 1) ** gamma * tint).clamp(0, 1)
    if context.rng.random() < 0.3:
        soft = functional.avg_pool2d(functional.pad(out, (1, 1, 1, 1), mode="replicate"), 3, 1)
        out = torch.lerp(out, soft, float(context.rng.uniform(0.2, 1.0)))
    grain = torch.randn(out.shape, generator=draw) * float(context.rng.uniform(0, 0.03))
    return (out + grain).clamp(0, 1)


def extractor_losses(said: dict[str, Tensor], truth: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each head's loss, from the network's scores and the batch's truth."""
    near = torch.sigmoid(said["near"])
    there = (truth["normals"].square().sum(1) > 0.25).float()
    cosine = functional.cosine_similarity(said["normals"], truth["normals"], dim=1, eps=1e-4)
    offset = functional.smooth_l1_loss(said["offsets"], truth["offsets"], reduction="none", beta=0.1)
    weight = torch.cat([truth["weights"], truth["weights"]], 1)
    return {
        "near": (near - truth["near"]).abs().mean() + 0.3 * _unlike(near, truth["near"]) + _edges(near, truth["near"]),
        "subject": functional.binary_cross_entropy_with_logits(said["subject"], truth["subject"])
        + 0.5 * _apart(torch.sigmoid(said["subject"]), truth["subject"]),
        "normals": ((1 - cosine) * there).sum() / there.sum().clamp_min(1),
        "joints": _peaks(said["joints"], truth["joints"]),
        "centres": _peaks(said["centres"], truth["centres"]),
        "offsets": (offset * weight).sum() / weight.sum().clamp_min(1),
    }


def _unlike(ours: Tensor, theirs: Tensor) -> Tensor:
    """One less the correlation of each picture's two maps: order counts, not only height."""
    ours, theirs = ours.flatten(1), theirs.flatten(1)
    ours, theirs = ours - ours.mean(1, keepdim=True), theirs - theirs.mean(1, keepdim=True)
    return (1 - functional.cosine_similarity(ours, theirs, dim=1, eps=1e-4)).mean()


def _edges(ours: Tensor, theirs: Tensor) -> Tensor:
    return sum(((ours.diff(dim=d) - theirs.diff(dim=d)).abs().mean() for d in (-1, -2)), start=ours.new_zeros(()))


def _apart(ours: Tensor, theirs: Tensor) -> Tensor:
    """One less the overlap of two masks (Dice), so that small subjects count as much as large ones."""
    shared, both = (ours * theirs).sum((1, 2)), ours.sum((1, 2)) + theirs.sum((1, 2))
    return (1 - (2 * shared + 8) / (both + 8)).mean()


def _peaks(scores: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy on maps that are nearly empty: what is wrong counts, what is right already hardly does.

    After the focal loss of Lin et al. (2017) with soft targets.
    """
    chance = torch.sigmoid(scores)
    losses = functional.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    focus = (chance.detach() - truth).abs().square()
    return (losses * focus).sum() / truth.square().sum().clamp_min(4.0)


def extractor_trainer(shards: list[Shard], config: ExtractorsConfig, folder: Path, device: str = "cpu") -> Trainer:
    """A trainer for a new network; `Trainer.resume`, `start_from` and `run` do the rest."""
    model = new_extractor(config).to(device, memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=60, hold=0.3, average=0.99, weight_decay=0.02, lanes=config.lanes
    )
    return Trainer(model, ExtractorStep(shards, config, device), settings, folder)


def train_extractors(
    shards: list[Shard], config: ExtractorsConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[ExtractorNet, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the network with averaged weights, and whether it is done.

    `weights` are averaged weights to begin from when there is no checkpoint.
    """
    trainer = extractor_trainer(shards, config, folder, device)
    done = trainer.carry_on(weights)
    net = new_extractor(config)
    net.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return net.eval(), done
