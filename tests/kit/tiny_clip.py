"""A tiny image-text model with drawn weights, saved and opened as people's are."""

import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from kit.tiny_folders import save_tokenizer, tiny_vocabulary
from transformers import CLIPConfig, CLIPModel

from underpaint.engine.families.image_text import ImageText, load_image_text

SIDE = 32


def save_tiny_clip(folder: Path, *, seed: int = 0) -> Path:
    """A CLIP in transformers' layout."""
    vocabulary = tiny_vocabulary()
    ends = {"bos_token_id": len(vocabulary) - 2, "eos_token_id": len(vocabulary) - 1, "pad_token_id": 0}
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
             "projection_dim": 16}
    torch.manual_seed(seed)
    model = CLIPModel(CLIPConfig(
        text_config={**shape, **ends, "vocab_size": len(vocabulary), "max_position_embeddings": 77},
        vision_config={**shape, "image_size": SIDE, "patch_size": 8}, projection_dim=16))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
        model.logit_scale.fill_(3.0)
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@lru_cache(maxsize=1)
def tiny_image_text() -> ImageText:
    with tempfile.TemporaryDirectory() as folder:
        return load_image_text(save_tiny_clip(Path(folder) / "tiny-clip"))
