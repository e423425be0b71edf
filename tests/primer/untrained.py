"""A tiny workshop with encoded scenes and an exported Primer in which nobody has trained anything: made in a second."""

from pathlib import Path

import numpy as np
import torch
from tiny_primer import tiny_config
from world_shards import write_shard

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.primer.export import About, export
from underpaint.primer.judge import Judge
from underpaint.primer.paint import Paintbox
from underpaint.primer.painter import Painter, encode_shard
from underpaint.primer.stages import Workshop
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.checkpoint import save_state

CAPTIONS = ["a red cat at dawn", "a blue house in a town"]
_WEIGHTS = "weights.safetensors"


def untrained_shop(folder: Path) -> Workshop:
    """The workshop; its Primer lies in `primer`."""
    shop = Workshop(folder, tiny_config())
    config = shop.config
    write_tokenizer(shop.tokenizer_folder, *learn_vocabulary(CAPTIONS, 700))
    tokenizer = read_tokenizer(shop.tokenizer_folder)
    torch.manual_seed(1)
    autoencoder = AutoencoderUnshuffle(**config.autoencoder.model, scaling_factor=1.0).eval()
    save_state(shop.autoencoder_folder / _WEIGHTS, autoencoder.state_dict(), {"scaling_factor": 1.0})
    shard = write_shard(shop.pictures_folder, 0, scenes=2)
    drawn = np.random.default_rng(6).random(shard.array("lines").shape) < 0.05
    shard.write_array("lines", np.where(drawn, 255, 0).astype(np.uint8))
    encode_shard(shard, autoencoder, tokenizer)
    painter = Painter(config.painter, tokenizer, int(autoencoder.config.latent_channels)).eval()
    save_state(shop.painter_folder / _WEIGHTS, painter.state_dict(), {"step": 0, "elapsed": 0.0})
    save_state(shop.judge_folder / _WEIGHTS, Judge(config.judge.width).state_dict(), {"done": True})
    export(Paintbox(painter, autoencoder, tokenizer), shop.tokenizer_folder, folder / "primer",
           About(config.defaults, {}, {}))  # fmt: skip
    return shop
