"""Training of the reviewer's network on right pictures of the World and on wrong ones; no judge takes part."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from underpaint.errors import RecipeError
from underpaint.primer.quality_damage import DAMAGES, Sound, damage
from underpaint.primer.quality_pictures import SIDE, squeezed
from underpaint.review.quality_net import CELLS, NET_FAULTS, QualityNet
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool, Shard, complete_shards

SHIPPED = Path(__file__).with_name("quality.toml")
_UNSEEN = 0.005
"""Rendered faults that change a smaller share of the picture are seen by nobody, and are not asked about."""
_WEAK_SHARE = 0.035
_WEAK_STRENGTH = 0.6
LEAST_EXAMINED = 0.3
"""Fainter faults than this are not asked about when it is examined."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class QualityConfig:
    """The numbers of a training run of the reviewer."""

    seed: int
    shards: int
    per_shard: int
    held_shards: int
    steps: int
    batch: int
    rate: float
    hold: float
    average: float
    right: float
    rendered: float
    least: float


def read_quality_config(path: Path = SHIPPED) -> QualityConfig:
    """Read a configuration. Raises RecipeError for a key that is missing or unknown."""
    try:
        return QualityConfig(**tomllib.loads(path.read_text(encoding="utf-8")))
    except TypeError as error:
        raise RecipeError(f"{path.name}: {error}", field="quality") from error


@dataclass(frozen=True)
class Sample:
    """One picture to learn from: uint8 128 x 128 x 3, its grade (0 good, 1 fair, 2 weak), its fault and the place."""

    picture: NDArray[np.uint8]
    grade: int
    fault: int | None
    where: Floats


class Samples:
    """Draws right and wrong pictures: from pairs rendered for the reviewer, and from the Primer's right pictures."""

    def __init__(self, pairs: list[Shard], pictures: list[Shard], config: QualityConfig) -> None:
        self._pairs, self._config = Pool(pairs, "right"), config
        self._pictures = Pool(pictures, "pictures") if pictures else None

    def draw(self, rng: np.random.Generator, least: float = 0.0) -> Sample:
        """One sample; what is laid on has at least the strength `least`."""
        chance = rng.random()
        if chance < self._config.right:
            return Sample(_bytes(self._sound(rng).picture), 0, None, np.zeros((CELLS, CELLS), np.float32))
        if chance < self._config.right + self._config.rendered:
            return self._rendered(rng)
        strength = float(rng.uniform(least, 1))
        spoilt = damage(self._sound(rng), str(rng.choice(list(DAMAGES))), strength, rng)
        grade = 2 if strength >= _WEAK_STRENGTH else 1
        return Sample(_bytes(spoilt.picture), grade, NET_FAULTS.index(spoilt.fault), spoilt.where)

    def _sound(self, rng: np.random.Generator) -> Sound:
        if self._pictures is None or rng.random() < 0.4:
            return Sound(self._pairs.rows(self._pairs.draw(rng, 1), "right")[0].astype(np.float32) / 255)
        key = self._pictures.draw(rng, 1)
        picture = squeezed(self._pictures.rows(key, "pictures")[0])
        subject = cv2.resize(self._pictures.rows(key, "subject")[0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return Sound(picture.astype(np.float32) / 255, subject.astype(np.float32) / 255)

    def _rendered(self, rng: np.random.Generator) -> Sample:
        while True:
            key = self._pairs.draw(rng, 1)
            note = self._pairs.notes(key)[0]
            if note["share"] >= _UNSEEN:
                break
        where = cv2.resize(self._pairs.rows(key, "where")[0], (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        grade = 2 if note["share"] >= _WEAK_SHARE else 1
        picture = np.asarray(self._pairs.rows(key, "wrong")[0])
        return Sample(picture, grade, NET_FAULTS.index(note["kind"]), (where > 25).astype(np.float32))


class QualityStep:
    """One training step: which grade, which fault, and where it is."""

    def __init__(self, samples: Samples, config: QualityConfig) -> None:
        self._samples, self._config = samples, config

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log its parts and the share of right grades."""
        # Glaring faults first: what is hardly seen teaches nothing as long as nothing is seen.
        least = max(self._config.least, 0.7 - context.progress)
        drawn = [self._samples.draw(context.rng, least) for _ in range(self._config.batch)]
        flips = context.rng.random(len(drawn)) < 0.5
        shown = [harmless(one.picture[:, ::-1] if flip else one.picture, context.rng)
                 for one, flip in zip(drawn, flips, strict=True)]
        where = np.stack([one.where[:, ::-1] if flip else one.where for one, flip in zip(drawn, flips, strict=True)])
        with torch.autocast("cpu", torch.bfloat16):
            grades, faults, maps = (scores.float() for scores in model(net_input(np.stack(shown))))
        truth = torch.tensor([one.grade for one in drawn])
        grade = functional.cross_entropy(grades, truth, label_smoothing=0.05)
        fault = functional.binary_cross_entropy_with_logits(faults, _named(drawn))
        place = _place_loss(maps, drawn, torch.from_numpy(where.copy()))
        right = (grades.argmax(1) == truth).float().mean()
        return {"loss": grade + 6 * fault + 0.2 * place, "grade": grade, "fault": fault, "place": place, "right": right}


def _named(drawn: list[Sample]) -> Tensor:
    named = torch.zeros(len(drawn), len(NET_FAULTS))
    for row, one in enumerate(drawn):
        if one.fault is not None:
            named[row, one.fault] = 1
    return named


def _place_loss(maps: Tensor, drawn: list[Sample], where: Tensor) -> Tensor:
    """How much of a fault's map lies where the fault is not."""
    rows = [row for row, one in enumerate(drawn) if one.fault is not None and 0 < where[row].mean() < 1]
    if not rows:
        return maps.sum() * 0
    faults = torch.tensor([drawn[row].fault for row in rows])
    told = maps[torch.tensor(rows), faults].flatten(1).log_softmax(1)
    inside = where[rows].flatten(1).clamp(min=1e-6).log()
    return -torch.logsumexp(told + inside, 1).mean()


def harmless(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What no reviewer may mind: another tone, a little softness, a little grain, another compression."""
    shown = picture.astype(np.float32) / 255
    if rng.random() < 0.6:
        shown = shown ** float(rng.uniform(0.8, 1.25)) * rng.uniform(0.93, 1.05, 3).astype(np.float32)
    if rng.random() < 0.6:
        shown = cv2.GaussianBlur(shown, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.4:
        shown = shown + rng.normal(0, rng.uniform(0, 0.02), shown.shape).astype(np.float32)
    plain = _bytes(shown)
    if rng.random() < 0.2:
        packed = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 95))])[1]
        plain = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return plain


def _bytes(picture: Floats) -> NDArray[np.uint8]:
    return np.asarray((picture.clip(0, 1) * 255).round(), np.uint8)


def net_input(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures, uint8 N x 128 x 128 x 3, as the network takes them."""
    plain = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    return plain.contiguous(memory_format=torch.channels_last)


def train_quality(pairs: list[Shard], pictures: list[Shard], config: QualityConfig,
                  folder: Path) -> tuple[QualityNet, bool]:
    """Train (or go on training) until the budget is used up; the averaged network, and whether it is done."""
    torch.manual_seed(config.seed)
    model = QualityNet().to(memory_format=torch.channels_last)
    settings = LoopSettings(Budget(steps=config.steps), config.rate, seed=config.seed, weight_decay=0.05,
                            hold=config.hold, average=config.average)
    trainer = Trainer(model, QualityStep(Samples(pairs, pictures, config), config), settings, folder)
    trainer.resume()
    done = trainer.run()
    averaged = QualityNet()
    averaged.load_state_dict(trainer.averaged())
    return averaged.eval(), done


def shards_of(folder: Path, config: QualityConfig) -> tuple[list[Shard], list[Shard]]:
    """The pairs to train on, and those held back."""
    shards = complete_shards(folder, "wrong")
    held = min(config.held_shards, max(len(shards) - 1, 0))
    return shards[: len(shards) - held], shards[len(shards) - held :]


def examined(net: QualityNet, samples: Samples, count: int, seed: int) -> tuple[Floats, Floats, list[Sample]]:
    """Scores of fresh samples from held-back pictures: grades N x 3, faults N x F, and the samples themselves."""
    rng = np.random.default_rng(seed)
    drawn = [samples.draw(rng, LEAST_EXAMINED) for _ in range(count)]
    grades, faults = [], []
    for first in range(0, count, 16):
        shown = np.stack([harmless(one.picture, rng) for one in drawn[first : first + 16]])
        with torch.inference_mode():
            scores, named, _ = net(net_input(shown))
        grades.append(scores.numpy())
        faults.append(named.numpy())
    return np.concatenate(grades), np.concatenate(faults), drawn
