"""Stage five: denoiser and control adapters, trained together on latents and on words that are already understood.

The denoiser predicts v (Salimans and Ho, 2022) under a schedule whose last step is pure noise (Lin et al., 2023), so
that a night can be dark. Maps are given to some samples, to the others nothing is added: one training teaches both.
It begins on pictures of half the size, where what is where is learned at a quarter of the cost. What is wrong on the
subject counts for more than what is wrong around it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, T2IAdapter
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.engine.families.unet_patched import UNetPatched
from underpaint.primer.autoencoder import picture_tensor
from underpaint.primer.config import PainterConfig
from underpaint.primer.maps import CHANNELS, Drawer
from underpaint.primer.mirror import mirrored_words
from underpaint.primer.words import POSITIONS
from underpaint.training.loop import Budget, LoopSettings, Losses, StepContext, Trainer
from underpaint.training.shards import Pool, Shard

Given = Mapping[str, tuple[Tensor, Tensor]]
"""Maps by kind: the numbers of the rows that have one, and the maps themselves."""
STRIDE = 16
"""Pixels of the picture to one place of the denoiser's first level."""
# Words decide in the noisiest fifth of the schedule and lines in the next two; below, all that is left is texture,
# most of which is learned early. So steps are drawn as u**0.7, with a quarter from the noisiest fifth.
_TOWARDS_NOISE = 0.7
_STEPS = 1000
"""Steps of the schedule."""


class Painter(nn.Module):
    """The three networks that learn together."""

    def __init__(self, config: PainterConfig, tokenizer: CLIPTokenizer, latent_channels: int) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.text_encoder = new_text_encoder(config, tokenizer)
        self.unet = UNetPatched(
            mid_block_type=None,
            sample_size=32,
            in_channels=latent_channels,
            out_channels=latent_channels,
            cross_attention_dim=int(config.text["hidden_size"]),
            **config.unet,
        )
        if self.unet.config.addition_embed_type == "text":
            # The sentence's own path begins no louder than the time's.
            nn.init.constant_(self.unet.add_embedding.norm2.weight, 0.25)
        # A line is exact to the pixel; the other maps come at half the picture's size.
        self.adapters = nn.ModuleDict({
            kind: T2IAdapter(in_channels=channels, downscale_factor=STRIDE if kind == "line" else STRIDE // 2,
                             adapter_type="full_adapter", **config.adapter)
            for kind, channels in CHANNELS.items()
        })  # fmt: skip

    def forward(self, noisy: Tensor, steps: Tensor, tokens: Tensor, given: Given) -> Tensor:
        """The predicted v.

        Args:
            noisy: latents, B x C x h x w.
            steps: B diffusion steps.
            tokens: B x 77 token numbers.
            given: maps for some of the rows; where a row has several, what their adapters say adds up.
        """
        with torch.no_grad():
            words = self.text_encoder(tokens).last_hidden_state
        out: Tensor = self.unet(
            noisy, steps, words, down_intrablock_additional_residuals=self.features(given, len(noisy))
        ).sample
        return out

    def features(self, given: Given, count: int) -> list[Tensor] | None:
        """What the adapters add to each level of the denoiser for `count` rows, or None without maps."""
        levels: list[Tensor] | None = None
        for kind, (rows, maps) in given.items():
            made = self.adapters[kind](maps)
            levels = levels or [level.new_zeros((count, *level.shape[1:])) for level in made]
            levels = [whole.index_add(0, rows, level) for whole, level in zip(levels, made, strict=True)]
        return levels


def new_text_encoder(config: PainterConfig, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """An untrained text encoder of the configured size."""
    encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=POSITIONS,
            hidden_act="gelu",
            projection_dim=int(config.text["hidden_size"]),
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **config.text,
        )
    )
    _speak_up(encoder)
    return encoder


def _speak_up(text_encoder: CLIPTextModel) -> None:
    """Let words be louder than what the layers add to them.

    At CLIP's own scale, 0.02, a constant that the layers add soon outgrows the words, the last norm shrinks them to
    nothing, and the denoiser learns to do without: seen after a thousand steps at this size.
    """
    for name, weight in text_encoder.named_parameters():
        if name.endswith("token_embedding.weight"):
            nn.init.normal_(weight, std=1.0)
        elif name.endswith("position_embedding.weight"):
            nn.init.normal_(weight, std=0.3)
        elif name.endswith(("v_proj.weight", "out_proj.weight")):
            # Louder too, so that the last position hears the whole sentence from the start.
            with torch.no_grad():
                weight.mul_(2.0)


@torch.no_grad()
def centre_words(painter: Painter, tokens: Tensor) -> None:
    """Take what all sentences have in common out of what the denoiser hears, as measured on N x 77 tokens.

    Most of the 77 positions are padding and say the same in every sentence; without this the difference between two
    sentences begins as a hundredth of what they share, and hundreds of steps pass before anything listens to it.
    """
    tokens = tokens.to(next(painter.parameters()).device)
    norm = dict(painter.text_encoder.named_modules())["final_layer_norm"]
    heard = painter.text_encoder(tokens).last_hidden_state
    norm.bias -= heard.mean(dim=(0, 1))
    if painter.unet.config.addition_embed_type == "text":
        embed = painter.unet.add_embedding
        embed.norm1.bias -= embed.norm1(painter.text_encoder(tokens).last_hidden_state).mean(dim=(0, 1))
        for part in (embed.pool.v_proj, embed.proj):
            nn.init.zeros_(part.bias)
        embed.pool.positional_embedding.zero_()


def new_scheduler() -> DDIMScheduler:
    """The schedule that the Primer is trained under and painted with."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def drawn_steps(slices: Tensor) -> Tensor:
    """The steps of the schedule that numbers in 0..1 stand for, more of them towards noise than a plain draw has."""
    return (slices**_TOWARDS_NOISE * _STEPS).long().clamp_(0, _STEPS - 1)


@torch.no_grad()
def encode_shard(shard: Shard, autoencoder: AutoencoderUnshuffle, tokenizer: CLIPTokenizer) -> None:
    """Add to a shard what the painter learns from: scaled latents of the pictures and their mirror images, tokens."""
    pictures = shard.array("pictures")
    scale, device = float(autoencoder.config.scaling_factor), next(autoencoder.parameters()).device

    def latents(batch: np.ndarray) -> np.ndarray:
        pixels = picture_tensor(batch).to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            mean = autoencoder.encode(pixels).latent_dist.mean
        return (mean.float() * scale).half().cpu().numpy()

    starts = range(0, len(pictures), 24)
    shard.write_array("latents", np.concatenate([latents(pictures[i : i + 24]) for i in starts]))
    shard.write_array("mirrored", np.concatenate([latents(pictures[i : i + 24, :, ::-1]) for i in starts]))
    captions = [note["captions"] for note in shard.notes()]
    both = [texts + [mirrored_words(text) for text in texts] for texts in captions]
    flat = tokenize(tokenizer, [text for texts in both for text in texts])
    shard.write_array("tokens", flat.reshape(len(captions), -1, POSITIONS))


def tokenize(tokenizer: CLIPTokenizer, texts: list[str]) -> np.ndarray:
    """Token numbers, N x 77, int16 (the vocabulary is small)."""
    found = tokenizer(texts, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="np")
    return np.asarray(found["input_ids"], dtype=np.int16)


class PainterStep:
    """One training step on a batch of latents of one size."""

    def __init__(self, pool: Pool, config: PainterConfig, empty: np.ndarray, device: str) -> None:
        """`empty` holds the tokens of no words at all, 77 numbers."""
        self._pool, self._config, self._empty = pool, config, empty
        self._device = torch.device(device)
        self._alphas = new_scheduler().alphas_cumprod.to(self._device)

    def __call__(self, model: nn.Module, context: StepContext) -> Losses:
        """Losses: `loss`, and for the log the error `bare` of samples without maps and `lined` of those with lines."""
        half = context.progress < self._config.half_until
        latents, tokens, weights, given = self._batch(context.rng, half)
        latents, tokens, weights = (part.to(self._device) for part in (latents, tokens, weights))
        count = len(latents)
        # One draw from each of `count` equal slices of the schedule: far less noise in the gradient than free draws.
        slices = (torch.arange(count) + torch.rand(count, generator=context.generator)) / count
        steps = drawn_steps(slices).to(self._device)
        noise = torch.randn(latents.shape, generator=context.generator).to(self._device)
        signal = self._alphas[steps].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        target = signal.sqrt() * noise - (1 - signal).sqrt() * latents
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16):
            predicted = model(noisy, steps, tokens, given)
        errors = ((predicted.float() - target).square() * weights).mean(dim=(1, 2, 3))
        lined = given["line"][0]
        bare = torch.ones(count, dtype=torch.bool, device=self._device)
        for rows, _ in given.values():
            bare[rows] = False
        with torch.no_grad():
            alone = errors[bare].mean() if bool(bare.any()) else errors.mean()
        return {"loss": errors.mean(), "bare": alone, "lined": errors[lined].mean().detach()}

    def _batch(self, rng: np.random.Generator, half: bool) -> tuple[Tensor, Tensor, Tensor, Given]:
        config = self._config
        keys = self._pool.draw(rng, config.half_batch if half else config.batch)
        flips = rng.random(len(keys)) < 0.5
        latents = np.where(
            flips[:, None, None, None], self._pool.rows(keys, "mirrored"), self._pool.rows(keys, "latents")
        )
        offered = self._pool.rows(keys, "tokens")
        captions = offered.shape[1] // 2
        pick = rng.integers(captions, size=len(keys)) + captions * flips
        tokens = offered[np.arange(len(keys)), pick].astype(np.int64)
        tokens[rng.random(len(keys)) < config.drop_words] = self._empty
        drawer = Drawer(self._pool, half)
        given: dict[str, tuple[Tensor, Tensor]] = {}
        for kind, share in config.maps.items():
            # The same number of rows in every batch, so that the networks meet few shapes.
            rows = rng.choice(len(keys), size=max(1, round(share * len(keys))), replace=False)
            maps = np.stack([drawer.draw(kind, keys[row], bool(flips[row]), rng) for row in rows])
            given[kind] = (
                torch.from_numpy(rows).to(self._device),
                torch.from_numpy(maps).to(self._device, memory_format=torch.channels_last),
            )
        small = halved(torch.from_numpy(latents.astype(np.float32)), half)
        where = np.stack([drawer.subject(key, bool(flip)) for key, flip in zip(keys, flips, strict=True)])
        weights = 1 + config.subject * torch.from_numpy(where)[:, None, : small.shape[2], : small.shape[3]]
        return (
            small,
            torch.from_numpy(tokens),
            weights / weights.mean(dim=(2, 3), keepdim=True),
            given,
        )


def halved(latents: Tensor, half: bool) -> Tensor:
    """Latents of the picture at half its size: the autoencoder is trained so that their mean is what decodes to it.

    What does not fill a whole patch of the denoiser at that size is cut off at the right and below.
    """
    height, width = (side // 4 * 4 for side in latents.shape[2:])
    return functional.avg_pool2d(latents[:, :, :height, :width], 2) if half else latents


def painter_trainer(
    pool: Pool, config: PainterConfig, tokenizer: CLIPTokenizer, folder: Path, *, latent_channels: int,
    device: str = "cpu",
) -> Trainer:  # fmt: skip
    """A trainer for a new painter; `Trainer.resume`, `start_from` and `run` do the rest."""
    model = Painter(config, tokenizer, latent_channels).to(device, memory_format=torch.channels_last)
    budget = Budget(steps=config.steps) if config.steps else Budget(seconds=config.seconds)
    settings = LoopSettings(
        budget, config.rate, seed=config.seed, warmup=150, hold=config.hold, average=config.average,
        save_seconds=300.0, lanes=config.lanes,
    )  # fmt: skip
    model.text_encoder.requires_grad_(False)
    learning = list(model.unet.parameters()) + list(model.adapters.parameters())
    step = PainterStep(pool, config, tokenize(tokenizer, [""])[0].astype(np.int64), device)
    return Trainer(model, step, settings, folder, [{"params": learning, "scale": 1.0}])


def averaged_painter(trainer: Trainer, config: PainterConfig, tokenizer: CLIPTokenizer, channels: int) -> Painter:
    """A copy of the painter with the averaged weights, for painting."""
    painter = Painter(config, tokenizer, channels)
    painter.load_state_dict(trainer.averaged())
    device = next(trainer.model.parameters()).device
    return painter.to(device, memory_format=torch.channels_last).eval()
