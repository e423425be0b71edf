"""The upscaler: taught to undo many ways of making a painted picture four times smaller.

Parts with something in them are taken more often than flat ones, of which bicubic already makes what they are.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.families.upscaler_net import SCALE, UpscalerNet, enlarged_plainly
from underpaint.primer.autoencoder import picture_tensor
from underpaint.primer.part_config import UpscalerConfig
from underpaint.primer.stagecraft.scene import FACTORS, SIZES, sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool, Shard

_PER_SHARD = 6
_OFFERED = 3
_EVEN = 0.02
"""Added to what is wrong with a part before the network, so that parts of one colour do not drown the others."""


def new_upscaler(config: UpscalerConfig) -> UpscalerNet:
    """An untrained network of the configured size, the same for the same seed."""
    torch.manual_seed(config.seed)
    return UpscalerNet(**config.model)


def paint_large(folder: Path, config: UpscalerConfig) -> None:
    """Paint the larger scenes that are not there yet, all ways in turn; a kill loses at most the shard under way."""
    side, count = config.large_size, min(_PER_SHARD, config.large)
    for number in range(-(-config.large // _PER_SHARD)):
        shard = Shard(folder, number)
        if shard.complete:
            continue
        rng = np.random.default_rng([config.large_seed, number])
        width, height = SIZES[number % len(SIZES)]
        factor = side / 256
        size = (round(width * factor / SCALE) * SCALE, round(height * factor / SCALE) * SCALE)
        styles = [FACTORS["style"][(number * count + i) % len(FACTORS["style"])] for i in range(count)]
        scenes = [sample_scene(rng, size=size, fixed={"style": style}) for style in styles]
        shard.write(
            {"pictures": np.stack([render(scene) for scene in scenes])}, [{"factors": s.factors()} for s in scenes]
        )


def shrunk(large: Tensor, kernel: str, blur: float = 1.0) -> Tensor:
    """Pictures, B x 3 x 4H x 4W in 0..1, four times smaller, in whole bytes as files hold them.

    `kernel`: "area", "bicubic", "lanczos" or "soft" (a Gaussian of `blur` small pixels, then every fourth pixel).
    """
    if kernel == "area":
        small = functional.avg_pool2d(large, SCALE)
    elif kernel == "bicubic":
        small = functional.interpolate(large, scale_factor=1 / SCALE, mode="bicubic", antialias=True)
    elif kernel == "lanczos":
        small = _lanczos(large)
    else:
        reach = torch.arange(-2 * SCALE, 2 * SCALE, dtype=torch.float32) + 0.5
        line = torch.exp(-(reach**2) / (2 * (blur * SCALE / 2) ** 2))
        square = torch.outer(line, line) / line.sum() ** 2
        pad = (len(line) - SCALE) // 2
        padded = functional.pad(large, (pad, pad, pad, pad), mode="replicate")
        small = functional.conv2d(padded, square.expand(3, 1, -1, -1).contiguous(), stride=SCALE, groups=3)
    return (small.clamp(0, 1) * 255).round() / 255


def _lanczos(large: Tensor) -> Tensor:
    height, width = large.shape[2] // SCALE, large.shape[3] // SCALE
    pictures = (large.permute(0, 2, 3, 1) * 255).round().byte().numpy()
    small = [np.asarray(Image.fromarray(p).resize((width, height), Image.Resampling.LANCZOS)) for p in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 255


class UpscalerStep:
    """One training step: parts of pictures, made small in one way or another, must come back."""

    def __init__(self, pools: list[Pool], config: UpscalerConfig, device: str) -> None:
        """`pools` are drawn from in turn at random: pictures of the usual size and larger ones."""
        self._pools, self._config, self._device = pools, config, torch.device(device)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss` (1: as if plainly enlarged); for the log `psnr`, and how far it is `over` bicubic's."""
        rng, config = context.rng, self._config
        large = self._parts(rng)
        kernel = str(rng.choice(["area", "bicubic", "lanczos", "soft"], p=[0.4, 0.3, 0.15, 0.15]))
        small = shrunk(large, kernel, float(rng.uniform(0.8, 1.3)))
        if rng.random() < 0.15:
            grain = torch.randn(small.shape, generator=context.generator) * float(rng.uniform(0, 0.02))
            small = (small + grain).clamp(0, 1)
        large, small = (t.to(self._device, memory_format=torch.channels_last) for t in (large, small))
        with torch.autocast(self._device.type, torch.bfloat16):
            grown = model(small)
        grown, plain = grown.float(), enlarged_plainly(small)
        # Each part counts by how much better it became: else grain, of which nobody could know, would drown the edges.
        unlike, before = _unlike(grown, large, config.edges), _unlike(plain, large, config.edges)
        square = (grown - large).square().mean((1, 2, 3)).clamp_min(1e-7)
        cubic = functional.interpolate(small, scale_factor=SCALE, mode="bicubic", align_corners=False).clamp(0, 1)
        over = 10 * torch.log10((cubic - large).square().mean((1, 2, 3)).clamp_min(1e-7) / square.detach())
        psnr = -10 * torch.log10(square.detach())
        return {"loss": (unlike / (before + _EVEN)).mean(), "psnr": psnr.mean(), "over": over.mean()}

    def _parts(self, rng: np.random.Generator) -> Tensor:
        """Parts of pictures, B x 3 x crop x crop in 0..1, the livelier of several."""
        side, pool = self._config.crop, self._pools[int(rng.integers(len(self._pools)))]
        parts = []
        for picture in pool.rows(pool.draw(rng, self._config.batch), "pictures"):
            tops = rng.integers(picture.shape[0] - side + 1, size=_OFFERED)
            lefts = rng.integers(picture.shape[1] - side + 1, size=_OFFERED)
            offered = [picture[y : y + side, x : x + side] for y, x in zip(tops, lefts, strict=True)]
            part = np.rot90(max(offered, key=liveliness), int(rng.integers(4)))
            parts.append(part[:, ::-1] if rng.random() < 0.5 else part)
        return (picture_tensor(np.stack(parts)) + 1) / 2


def _unlike(ours: Tensor, theirs: Tensor, edges: float) -> Tensor:
    """How far each picture is from what it should be, in value and from pixel to pixel."""
    total = (ours - theirs).abs().mean((1, 2, 3))
    for axis in (-1, -2):
        total = total + edges / 2 * (ours.diff(dim=axis) - theirs.diff(dim=axis)).abs().mean((1, 2, 3))
    return total


def liveliness(part: np.ndarray) -> float:
    """How much happens that is still there at a quarter of the size: edges count, grain does not, for nobody could know
    where each grain was."""
    size = (part.shape[1] // SCALE, part.shape[0] // SCALE)
    values = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA).astype(np.int16)
    return float(np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean())


def upscaler_trainer(pools: list[Pool], config: UpscalerConfig, folder: Path, device: str = "cpu") -> Trainer:
    """A trainer for a new network; `Trainer.resume`, `start_from` and `run` do the rest."""
    model = new_upscaler(config).to(device, memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=40, hold=0.3, average=0.99, weight_decay=0.0, lanes=config.lanes
    )
    return Trainer(model, UpscalerStep(pools, config, device), settings, folder)


def train_upscaler(
    pools: list[Pool], config: UpscalerConfig, folder: Path, *, device: str = "cpu",
    weights: dict[str, Tensor] | None = None,
) -> tuple[UpscalerNet, bool]:  # fmt: skip
    """Train (or go on training) until the budget is used up; the network with averaged weights, and whether it is done.

    `weights` are averaged weights to begin from when there is no checkpoint.
    """
    trainer = upscaler_trainer(pools, config, folder, device)
    done = trainer.carry_on(weights)
    net = new_upscaler(config)
    net.load_state_dict({name: value.cpu() for name, value in trainer.averaged().items()})
    return net.eval(), done
