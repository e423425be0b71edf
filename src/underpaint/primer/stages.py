"""The stages of `make primer`, each of which picks up where a kill left it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.primer.autoencoder import averaged_autoencoder, picture_tensor, train_autoencoder, train_decoder
from underpaint.primer.config import PrimerConfig
from underpaint.primer.export import About, export
from underpaint.primer.hearing import hearing
from underpaint.primer.judge import Judge, train_judge
from underpaint.primer.knows import what_it_knows
from underpaint.primer.paint import Order, Paintbox, paint, sheet
from underpaint.primer.painter import (
    Painter,
    averaged_painter,
    centre_words,
    encode_shard,
    new_text_encoder,
    painter_trainer,
)
from underpaint.primer.reading import train_reader
from underpaint.primer.render import RenderJob, render_shards
from underpaint.primer.words import art_vocabulary, learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.checkpoint import load_state, save_state
from underpaint.training.loop import Trainer
from underpaint.training.shards import Pool, Shard, complete_shards


@dataclass(frozen=True)
class Workshop:
    """Where a run keeps its things, its configuration, and the device that it trains on."""

    folder: Path
    config: PrimerConfig
    device: str = "cpu"
    workers: int = 1
    pictures: str = "pictures"

    @property
    def pictures_folder(self) -> Path:
        """The shards that are trained on."""
        return self.folder / self.pictures

    @property
    def tokenizer_folder(self) -> Path:
        """The vocabulary."""
        return self.folder / "tokenizer"

    @property
    def autoencoder_folder(self) -> Path:
        """Checkpoint, log and, once done, the autoencoder."""
        return self.folder / "autoencoder"

    @property
    def reading_folder(self) -> Path:
        """Checkpoint, log and weights of the text encoder."""
        return self.folder / "reading"

    @property
    def painter_folder(self) -> Path:
        """Checkpoint, log and, once done, the averaged weights."""
        return self.folder / "painter"

    @property
    def decoder_folder(self) -> Path:
        """Checkpoint, log and, once done, the autoencoder with its forgiving decoder."""
        return self.folder / "decoder"

    @property
    def judge_pictures(self) -> Path:
        """The judge's own scenes."""
        return self.folder / "judge-pictures"

    @property
    def judge_folder(self) -> Path:
        """Checkpoint and log of the judge."""
        return self.folder / "judge"


def render_stage(shop: Workshop) -> None:
    """Paint the scenes."""
    settings = shop.config.render
    render_shards(
        RenderJob(shop.pictures_folder, settings.shards, settings.per_shard, settings.captions, settings.seed),
        shop.workers,
    )


def tokenizer_stage(shop: Workshop) -> None:
    """Learn the vocabulary from the captions of the rendered scenes and from our list of artists' words."""
    if (shop.tokenizer_folder / "vocab.json").is_file():
        return
    settings = shop.config.tokenizer
    notes = [note for shard in complete_shards(shop.pictures_folder) for note in shard.notes()]
    texts = [text for note in notes for text in note["captions"]]
    # The captions are few words said often: the artists' words are repeated so that they count as well.
    texts = texts[: settings.captions] + art_vocabulary() * max(1, min(len(texts), settings.captions) // 400)
    write_tokenizer(shop.tokenizer_folder, *learn_vocabulary(texts, settings.tokens))


def autoencoder_stage(shop: Workshop, weights: Path | None = None) -> bool:
    """Train the autoencoder; True when its budget is used up."""
    pool = Pool(complete_shards(shop.pictures_folder), "pictures")
    config = shop.config.autoencoder
    begin = None if weights is None else load_state(weights)[0]

    def show(trainer: Trainer) -> None:
        _show_autoencoder(shop, averaged_autoencoder(trainer, config, pool), trainer.step)

    model, done = train_autoencoder(
        pool, config, shop.autoencoder_folder, device=shop.device, weights=begin, each=_Every(480.0, show)
    )
    _save_autoencoder(shop, model)
    return done


def _save_autoencoder(shop: Workshop, model: AutoencoderUnshuffle) -> None:
    facts = {"scaling_factor": float(model.config.scaling_factor)}
    save_state(shop.autoencoder_folder / "weights.safetensors", model.state_dict(), facts)


def _show_autoencoder(shop: Workshop, model: AutoencoderUnshuffle, step: int) -> None:
    _save_autoencoder(shop, model)
    shards = complete_shards(shop.pictures_folder)
    originals = [shard.array("pictures")[0] for shard in shards[:8]]
    pairs = []
    for original in originals:
        with torch.no_grad():
            again = model(picture_tensor(original[None]).to(shop.device)).sample[0]
        pairs += [original, ((again + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()]
    write_png(shop.autoencoder_folder / f"sheet-{step:06d}.png", sheet(pairs, 4))


def load_autoencoder(shop: Workshop, folder: Path | None = None) -> AutoencoderUnshuffle:
    """The trained autoencoder, or the one in another folder of the workshop.

    Raises:
        ModelError: it has not been trained yet.
    """
    path = (folder or shop.autoencoder_folder) / "weights.safetensors"
    if not path.is_file():
        raise ModelError("The autoencoder is not trained yet", hint="Run: python -m underpaint.primer autoencoder.")
    tensors, facts = load_state(path)
    model = AutoencoderUnshuffle(**shop.config.autoencoder.model, scaling_factor=facts["scaling_factor"])
    model.load_state_dict(tensors)
    return model.to(shop.device, memory_format=torch.channels_last).eval()


def decoder_stage(shop: Workshop) -> bool:
    """Teach the decoder to forgive noise; True when its budget is used up."""
    model = load_autoencoder(shop)
    pool = Pool(complete_shards(shop.pictures_folder), "pictures")
    done = train_decoder(pool, model, shop.config.decoder, shop.decoder_folder, device=shop.device)
    facts = {"scaling_factor": float(model.config.scaling_factor), "done": done}
    save_state(shop.decoder_folder / "weights.safetensors", model.state_dict(), facts)
    return done


def finished_autoencoder(shop: Workshop) -> AutoencoderUnshuffle:
    """The autoencoder to paint with: with the forgiving decoder once there is one, over the same encoder."""
    forgiving = (shop.decoder_folder / "weights.safetensors").is_file()
    return load_autoencoder(shop, shop.decoder_folder if forgiving else None)


def encode_stage(shop: Workshop) -> None:
    """Add latents and tokens to every shard that lacks them."""
    autoencoder, tokenizer = load_autoencoder(shop), read_tokenizer(shop.tokenizer_folder)
    for shard in complete_shards(shop.pictures_folder):
        if not shard.has("tokens"):
            encode_shard(shard, autoencoder, tokenizer)


def reading_stage(shop: Workshop, weights: Path | None = None) -> bool:
    """Teach the text encoder to read, one that could read before where given; True when its budget is used up."""
    tokenizer = read_tokenizer(shop.tokenizer_folder)
    pool = Pool(complete_shards(shop.pictures_folder, "tokens"), "latents")
    encoder = new_text_encoder(shop.config.painter, tokenizer)
    if weights is not None:
        encoder.load_state_dict(load_state(weights)[0])
    end = int(tokenizer.eos_token_id)
    weights, done = train_reader(pool, shop.config.reading, encoder, shop.reading_folder, end=end, device=shop.device)
    save_state(shop.reading_folder / "weights.safetensors", weights, {"done": done})
    return done


def painter_stage(shop: Workshop, weights: Path | None = None, target: Path | None = None) -> bool:
    """Train denoiser and line adapter; with `target`, snapshots are exported there as it goes."""
    config, autoencoder = shop.config.painter, load_autoencoder(shop)
    channels = int(autoencoder.config.latent_channels)
    tokenizer = read_tokenizer(shop.tokenizer_folder)
    pool = Pool(complete_shards(shop.pictures_folder, "tokens"), "latents")
    trainer = painter_trainer(
        pool, config, tokenizer, shop.painter_folder, latent_channels=channels, device=shop.device
    )
    if not trainer.resume():
        _begin(shop, trainer, pool, weights)

    def snapshot(running: Trainer) -> None:
        painter = averaged_painter(running, config, tokenizer, channels)
        _save_painter(shop, running)
        box = Paintbox(painter, autoencoder, tokenizer)
        _note(shop.painter_folder / "measures.jsonl", running.step, _show_painter(shop, box, running.step))
        _note(shop.painter_folder / "hearing.jsonl", running.step, hearing(painter, pool, config.seed))
        if target is not None:
            export(box, shop.tokenizer_folder, target, about(shop))

    done = trainer.run(_Every(600.0, snapshot))
    _save_painter(shop, trainer)
    return done


def _begin(shop: Workshop, trainer: Trainer, pool: Pool, weights: Path | None) -> None:
    """Start from given weights, or from random ones that are told words by an encoder that can read."""
    if weights is not None:
        trainer.start_from(load_state(weights)[0])
        return
    path = shop.reading_folder / "weights.safetensors"
    if not path.is_file():
        raise ModelError("The text encoder cannot read yet", hint="Run: python -m underpaint.primer reading.")
    trainer.model.text_encoder.load_state_dict(load_state(path)[0])
    rng = np.random.default_rng(trainer.settings.seed)
    sentences = np.concatenate([pool.rows(pool.draw(rng, 32), "tokens")[:, 0] for _ in range(8)])
    centre_words(trainer.model, torch.from_numpy(sentences.astype(np.int64)))
    trainer.start_from(trainer.model.state_dict())


def _save_painter(shop: Workshop, trainer: Trainer) -> None:
    facts = {"step": trainer.step, "elapsed": trainer.elapsed}
    save_state(shop.painter_folder / "weights.safetensors", trainer.averaged(), facts)


def load_paintbox(shop: Workshop) -> Paintbox:
    """Everything trained so far, averaged."""
    path = shop.painter_folder / "weights.safetensors"
    if not path.is_file():
        raise ModelError("The painter has not been trained yet", hint="Run: python -m underpaint.primer painter.")
    autoencoder, tokenizer = finished_autoencoder(shop), read_tokenizer(shop.tokenizer_folder)
    painter = Painter(shop.config.painter, tokenizer, int(autoencoder.config.latent_channels))
    painter.load_state_dict(load_state(path)[0])
    return Paintbox(painter.to(shop.device, memory_format=torch.channels_last).eval(), autoencoder, tokenizer)


def export_stage(shop: Workshop, target: Path) -> int:
    """Write the Primer's folder; returns its size in bytes."""
    return export(load_paintbox(shop), shop.tokenizer_folder, target, about(shop))


def about(shop: Workshop) -> About:
    """What `primer.json` tells."""
    known = what_it_knows(complete_shards(shop.pictures_folder))
    return About(shop.config.defaults, training_facts(shop), known, shop.config.limits)


def judge_stage(shop: Workshop) -> bool:
    """Paint the judge's own scenes and train it on all but the last tenth of them."""
    settings = shop.config.render
    job = RenderJob(
        shop.judge_pictures, settings.judge_shards, settings.per_shard, 1, settings.judge_seed, allow_held_out=True
    )
    render_shards(job, shop.workers)
    judge, done = train_judge(Pool(_judge_shards(shop)[0], "pictures"), shop.config.judge, shop.judge_folder)
    save_state(shop.judge_folder / "weights.safetensors", judge.state_dict(), {"done": done})
    return done


def load_judge(shop: Workshop) -> Judge:
    """The trained judge.

    Raises:
        ModelError: it has not been trained yet, or for another World or width.
    """
    path = shop.judge_folder / "weights.safetensors"
    if not path.is_file():
        raise ModelError("The judge has not been trained yet", hint="Run: python -m underpaint.primer judge.")
    judge = Judge(shop.config.judge.width)
    try:
        judge.load_state_dict(load_state(path)[0])
    except RuntimeError as error:
        raise ModelError(
            "The judge was trained for other questions or with another width",
            hint=f"Move {shop.judge_folder} away and run: python -m underpaint.primer judge.",
        ) from error
    return judge.to(memory_format=torch.channels_last).eval()


def _judge_shards(shop: Workshop) -> tuple[list[Shard], list[Shard]]:
    """The shards that the judge learns from, and those that examine it."""
    shards = complete_shards(shop.judge_pictures)
    fresh = max(1, len(shards) // 10)
    return shards[:-fresh], shards[-fresh:]


def training_facts(shop: Workshop) -> dict[str, Any]:
    """How long each part was trained, for `primer.json`."""
    facts: dict[str, Any] = {"scenes": sum(len(s.notes()) for s in complete_shards(shop.pictures_folder))}
    for name, folder in (
        ("autoencoder", shop.autoencoder_folder),
        ("reading", shop.reading_folder),
        ("painter", shop.painter_folder),
        ("decoder", shop.decoder_folder),
    ):
        log = folder / "log.jsonl"
        lines = log.read_text().splitlines() if log.is_file() else []
        if lines:
            last = json.loads(lines[-1])
            facts[name] = {"steps": last["step"], "seconds": last["seconds"]}
    return facts


def _note(log: Path, step: int, found: dict[str, float]) -> None:
    with log.open("a") as file:
        file.write(json.dumps({"step": step} | found) + "\n")


def _show_painter(shop: Workshop, box: Paintbox, step: int) -> dict[str, float]:
    """The first scenes of some shards painted again, from words alone and under their lines; what a glance measures."""
    # The report looks at workshops, and so cannot be known before they are.
    from underpaint.primer.report.glance import glance, lines_kept

    settings = shop.config.evaluate
    rows = []
    shards = [s for s in complete_shards(shop.pictures_folder) if s.array("pictures").shape[1:3] == (256, 256)][:8]
    prompts = [shard.notes()[0]["captions"][0] for shard in shards]
    lines = [shard.array("lines")[:1].astype(np.float32) / np.float32(255) for shard in shards]
    words = Order(prompts, steps=settings.steps, guidance=settings.guidance, seed=step)
    under = Order(prompts, maps={"line": lines}, steps=settings.steps, guidance=settings.guidance, seed=step)
    rows += [shard.array("pictures")[0] for shard in shards]
    lined = list(paint(box, under))
    rows += list(paint(box, words)) + lined
    rows += [255 - shard.array("lines")[0] for shard in shards]
    write_png(shop.painter_folder / f"sheet-{step:06d}.png", sheet(rows, len(shards)))
    with atomic_write(shop.painter_folder / f"sheet-{step:06d}.txt") as file:
        file.write("\n".join(prompts).encode())
    return lines_kept(lined, [ink[0] for ink in lines]) | glance(shop, box)


def write_png(path: Path, picture: Any) -> None:
    """Write an RGB picture, uint8, atomically."""
    with atomic_write(path) as file:
        file.write(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())


class _Every:
    """Calls back every so many seconds of wall clock."""

    def __init__(self, seconds: float, action: Any) -> None:
        self._seconds, self._action, self._last = seconds, action, time.monotonic()

    def __call__(self, trainer: Trainer) -> None:
        if time.monotonic() - self._last >= self._seconds:
            self._action(trainer)
            self._last = time.monotonic()
