"""The stages that make the smaller networks of the Primer; each picks up where a kill left it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from underpaint.engine.families.clip_pictures import IMAGE_FOLDER, ClipPictures
from underpaint.engine.families.extractor_nets import FOLDER as EXTRACTORS
from underpaint.engine.families.extractor_nets import Extractors
from underpaint.engine.families.upscaler_net import FOLDER as UPSCALER
from underpaint.engine.families.upscaler_net import load_enlarger
from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.models.own_adapters import PROMPT_FOLDER
from underpaint.pictures.read import read_picture
from underpaint.primer.clip import Towers, train_clip
from underpaint.primer.digests import FILL_FOLDER
from underpaint.primer.extractors import new_extractor, train_extractors
from underpaint.primer.few_steps import Teacher, export_few_steps, train_few_steps
from underpaint.primer.fill import FinishedPainter, new_fill_adapter, train_fill
from underpaint.primer.image_prompt import Finished
from underpaint.primer.image_prompt_training import train_image_prompts
from underpaint.primer.painter import new_text_encoder
from underpaint.primer.part_config import PartsConfig
from underpaint.primer.part_export import (
    export_extractors,
    export_fill,
    export_image_prompts,
    export_towers,
    export_upscaler,
)
from underpaint.primer.part_scores import clip_score, extractor_questions, extractor_scores, upscale_scores
from underpaint.primer.part_truth import add_normals
from underpaint.primer.stages import Workshop
from underpaint.primer.upscaler import new_upscaler, paint_large, train_upscaler
from underpaint.primer.words import read_tokenizer
from underpaint.training.checkpoint import load_state, save_state, take_prefix
from underpaint.training.shards import Pool, complete_shards

EXAMINED = 128
"""Pictures that each examination asks about."""
FILL = "fill"
"""Where the fill adapter's training lies in a workshop."""
_WEIGHTS = "weights.safetensors"


def extractors_stage(shop: Workshop, config: PartsConfig, weights: Path | None = None) -> bool:
    """Look at normals and train depth, normals, subject and poses; True when the budget is used up."""
    shards = complete_shards(shop.pictures_folder, "near")
    for shard in shards[: config.extractors.normals_shards]:
        add_normals(shard)
    folder = shop.folder / EXTRACTORS
    begin = None if weights is None else load_state(weights)[0]
    net, done = train_extractors(shards, config.extractors, folder, device=shop.device, weights=begin)
    save_state(folder / _WEIGHTS, net.state_dict(), {"done": done})
    return done


def upscaler_stage(shop: Workshop, config: PartsConfig, weights: Path | None = None) -> bool:
    """Paint the larger scenes and train the upscaler; True when the budget is used up."""
    large = shop.folder / "large-pictures"
    paint_large(large, config.upscaler)
    pools = [
        Pool(shards, "pictures") for shards in (complete_shards(shop.pictures_folder), complete_shards(large)) if shards
    ]
    folder = shop.folder / UPSCALER
    begin = None if weights is None else load_state(weights)[0]
    net, done = train_upscaler(pools, config.upscaler, folder, device=shop.device, weights=begin)
    save_state(folder / _WEIGHTS, net.state_dict(), {"done": done})
    return done


def clip_stage(shop: Workshop, config: PartsConfig, weights: Path | None = None) -> bool:
    """Train the image tower to the text encoder there is; True when the budget is used up."""
    pool = Pool(complete_shards(shop.pictures_folder), "pictures")
    folder = shop.folder / IMAGE_FOLDER
    begin = None if weights is None else load_state(weights)[0]
    towers, done = train_clip(pool, config.clip, painters_words(shop), folder, device=shop.device, weights=begin)
    save_state(folder / _WEIGHTS, towers.state_dict(), {"done": done})
    return done


def few_steps_stage(shop: Workshop, config: PartsConfig, primer: Path) -> bool:
    """Train the LoRA that paints in few steps, taught by an exported Primer; True when the budget is used up.

    It is written to `few-steps/` in the workshop, in diffusers' layout.
    """
    pool = Pool(complete_shards(shop.pictures_folder, "tokens"), "latents")
    folder = shop.folder / "few-steps"
    teacher = Teacher.load(primer, shop.device)
    lora, done = train_few_steps(pool, teacher, config.few_steps, folder, device=shop.device)
    export_few_steps(lora, folder)
    return done


def image_prompt_stage(shop: Workshop, config: PartsConfig, primer: Path, weights: Path | None = None) -> bool:
    """Train what an exported Primer takes from pictures; True when the budget is used up."""
    finished = Finished.load(primer, shop.device)
    shards = complete_shards(shop.pictures_folder, "tokens")
    folder, own = shop.folder / PROMPT_FOLDER, config.image_prompt
    begin = None if weights is None else load_state(weights)[0]
    prompts, done = train_image_prompts(shards, finished, own, folder, device=shop.device, weights=begin)
    facts = {"done": done, "learned_with": dict(finished.digests)}
    save_state(folder / _WEIGHTS, prompts.state_dict(), facts)
    return done


def fill_stage(shop: Workshop, config: PartsConfig, primer: Path, weights: Path | None = None) -> bool:
    """Train what fits a hole to its surroundings in an exported Primer; True when the budget is used up."""
    finished = FinishedPainter.load(primer, shop.device)
    pool = Pool(complete_shards(shop.pictures_folder, "tokens"), "latents")
    folder = shop.folder / FILL
    begin = None if weights is None else load_state(weights)[0]
    adapter, done = train_fill(pool, finished, config.fill, folder, device=shop.device, weights=begin)
    facts = {"done": done, "learned_with": dict(finished.digests), "widths": list(adapter.config.channels)}
    save_state(folder / _WEIGHTS, adapter.state_dict(), facts)
    return done


def painters_words(shop: Workshop) -> tuple[CLIPTextModel, CLIPTokenizer]:
    """The text encoder that the painter is told by, or before there is a painter the one that has learned to read.

    Raises:
        ModelError: nobody can read yet.
    """
    tokenizer = read_tokenizer(shop.tokenizer_folder)
    painted, read = shop.painter_folder / _WEIGHTS, shop.reading_folder / _WEIGHTS
    if painted.is_file():
        state = take_prefix(load_state(painted)[0], "text_encoder")
    elif read.is_file():
        state = load_state(read)[0]
    else:
        raise ModelError("The text encoder cannot read yet", hint="Run: python -m underpaint.primer reading.")
    encoder = new_text_encoder(shop.config.painter, tokenizer)
    encoder.load_state_dict(state)
    return encoder.eval(), tokenizer


def export_parts_stage(shop: Workshop, config: PartsConfig, target: Path) -> dict[str, int]:
    """Write every smaller network that has been trained into the Primer's folder; the bytes of each."""
    done = {}
    if (state := _trained(shop, EXTRACTORS)) is not None:
        done[EXTRACTORS] = export_extractors(
            _loaded(new_extractor(config.extractors), state), config.extractors, target
        )
    if (state := _trained(shop, UPSCALER)) is not None:
        done[UPSCALER] = export_upscaler(_loaded(new_upscaler(config.upscaler), state), config.upscaler, target)
    if (state := _trained(shop, IMAGE_FOLDER)) is not None:
        towers = Towers(config.clip, state["words.weight"].shape[1])
        done[IMAGE_FOLDER] = export_towers(_loaded(towers, state), target)
    if (prompts := shop.folder / PROMPT_FOLDER / _WEIGHTS).is_file():
        state, facts = load_state(prompts)
        done[PROMPT_FOLDER] = export_image_prompts(state, config.image_prompt, facts["learned_with"], target)
    if (filler := shop.folder / FILL / _WEIGHTS).is_file():
        state, facts = load_state(filler)
        adapter = _loaded(new_fill_adapter(facts["widths"], config.fill), state)
        done[FILL_FOLDER] = export_fill(adapter, facts["learned_with"], target)
    return done


def _trained(shop: Workshop, name: str) -> dict[str, torch.Tensor] | None:
    path = shop.folder / name / _WEIGHTS
    return load_state(path)[0] if path.is_file() else None


def _loaded(net: Any, state: dict[str, torch.Tensor]) -> Any:
    assert isinstance(net, nn.Module)
    net.load_state_dict(state)
    return net.eval()


def pictures_in(folder: Path) -> Iterator[FloatArray]:
    """All PNG and JPEG pictures below a folder, without transparency, H x W x 3."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            colours = to_float(read_picture(path.read_bytes()).stored)[..., :3]
            yield np.repeat(colours[..., :1], 3, axis=2) if colours.shape[2] < 3 else colours


def score_parts_stage(
    shop: Workshop, primer: Path, count: int = EXAMINED, outside: Path | None = None
) -> dict[str, Any]:
    """Examine the exported networks on the judge's own pictures, which nothing here was trained on.

    The upscaler is also tried on the pictures in a folder `outside`. Writes `evaluation/parts.json`.
    """
    shards = complete_shards(shop.judge_pictures)
    if not shards:
        raise ModelError("There are no pictures to examine with", hint="Run: python -m underpaint.primer judge.")
    result: dict[str, Any] = {"pictures": count}
    if (primer / EXTRACTORS).is_dir():
        asked = extractor_questions([s for s in shards if s.has("near")], count)
        result["extractors"] = extractor_scores(Extractors.load(primer, device=shop.device), asked)
    if (primer / UPSCALER).is_dir():
        pictures = (to_float(shards[i % len(shards)].array("pictures")[i // len(shards)]) for i in range(count))
        enlarge = load_enlarger(primer, device=shop.device)[0]
        result["upscaler"] = upscale_scores(enlarge, pictures)
        if outside is not None:
            result["upscaler outside"] = upscale_scores(enlarge, pictures_in(outside))
    if (primer / IMAGE_FOLDER).is_dir():
        result["clip"] = clip_score(ClipPictures.load(primer, device=shop.device), shards)
    with atomic_write(shop.folder / "evaluation" / "parts.json") as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())
    return result
