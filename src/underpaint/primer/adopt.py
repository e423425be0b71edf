"""Back from a shipped folder to what training goes on from: the inverse of export, as far as half precision allows."""

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from underpaint.errors import ModelError
from underpaint.models.own_adapters import PICTURE_KINDS, PROMPT_FOLDER
from underpaint.primer.digests import FILL_CONFIG, FILL_FOLDER, PROMPTS_CONFIG
from underpaint.primer.export import is_scaled
from underpaint.primer.image_prompt import read
from underpaint.primer.maps import CHANNELS
from underpaint.primer.painter import Painter
from underpaint.primer.part_stages import FILL
from underpaint.primer.stages import Workshop
from underpaint.primer.words import read_tokenizer
from underpaint.training.checkpoint import save_state

_PARTS = {"unet": "unet", "text_encoder": "text_encoder"} | {f"adapters.{kind}": f"adapter_{kind}" for kind in CHANNELS}


def adopt_stage(shop: Workshop, folder: Path) -> None:
    """Write the averaged weights of an exported model into the workshop, where `--from-weights` finds them.

    An adapter that the model lacks begins untrained.

    Raises:
        ModelError: the folder is no exported Primer.
    """
    card = folder / "primer.json"
    if not card.is_file():
        raise ModelError(f"{folder} is no exported Primer", hint="Name a folder with a primer.json.")
    strength = float(json.loads(card.read_text())["line_adapter"].get("built_in", 1.0))
    vae = json.loads((folder / "vae" / "config.json").read_text())
    tokenizer = read_tokenizer(folder / "tokenizer")
    painter: dict[str, Tensor] = Painter(shop.config.painter, tokenizer, int(vae["latent_channels"])).state_dict()
    for name, part in _PARTS.items():
        for key, value in _tensors(folder / part).items():
            scaled = name == "adapters.line" and is_scaled(key)
            painter[f"{name}.{key}"] = value / strength if scaled else value
    save_state(shop.painter_folder / "weights.safetensors", painter, {"step": 0, "elapsed": 0.0})
    facts = {"scaling_factor": vae["scaling_factor"]}
    save_state(shop.autoencoder_folder / "weights.safetensors", _tensors(folder / "vae"), facts)
    shutil.copytree(folder / "tokenizer", shop.tokenizer_folder, dirs_exist_ok=True)
    filler = folder / FILL_FOLDER
    if (filler / FILL_CONFIG).is_file():
        learned_with = json.loads((filler / FILL_CONFIG).read_text())["learned_with"]
        widths = json.loads((filler / "config.json").read_text())["channels"]
        told = {"done": True, "learned_with": learned_with, "widths": widths}
        save_state(shop.folder / FILL / "weights.safetensors", _tensors(filler), told)
    adopt_image_prompts(shop, folder)


def adopt_image_prompts(shop: Workshop, folder: Path) -> None:
    """The same for image prompts alone; nothing where the exported model has none."""
    prompts = folder / PROMPT_FOLDER
    if not (prompts / PROMPTS_CONFIG).is_file():
        return
    told = json.loads((prompts / PROMPTS_CONFIG).read_text())
    state = {
        f"kinds.{kind}.{name}": value
        for kind in PICTURE_KINDS
        for name, value in read(load_file(prompts / f"{kind}.safetensors"), told["strength"][kind] or 1.0).items()
    }
    facts = {"done": True, "learned_with": told["learned_with"]}
    save_state(shop.folder / PROMPT_FOLDER / "weights.safetensors", state, facts)


def _tensors(folder: Path) -> dict[str, Tensor]:
    files = sorted(folder.glob("*.safetensors"))
    return {key: value.float() for file in files for key, value in load_file(file).items()}
