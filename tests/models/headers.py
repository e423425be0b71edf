"""Small stand-ins for real model files: the keys and shapes that recognition reads, with next to no weights."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

UNET = "model.diffusion_model."
Shapes = dict[str, tuple[int, ...]]


def unet(width: int, *, channels_in: int = 4, prefix: str = UNET) -> Shapes:
    """The telling tensors of a denoiser, thin where thickness tells nothing."""
    return {
        f"{prefix}input_blocks.0.0.weight": (2, channels_in, 3, 3),
        f"{prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (2, width),
        f"{prefix}out.2.weight": (4, 2, 3, 3),
    }


VAE: Shapes = {
    "first_stage_model.decoder.conv_in.weight": (2, 4, 3, 3), "first_stage_model.decoder.up.0.block.0.norm1.bias": (2,)
}  # fmt: skip
CLIP: Shapes = {
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (2, 768),
    "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.bias": (2,),
}
OPEN_CLIP: Shapes = {
    "cond_stage_model.model.token_embedding.weight": (2, 1024),
    "cond_stage_model.model.transformer.resblocks.23.ln_1.bias": (2,),
}
XL_TEXT: Shapes = {
    "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight": (2, 768),
    "conditioner.embedders.1.model.token_embedding.weight": (2, 1280),
}
SD = unet(768) | VAE | CLIP
SD2 = unet(1024) | VAE | OPEN_CLIP
SDXL = unet(2048) | VAE | XL_TEXT


def save(path: Path, shapes: Shapes, **metadata: str) -> Path:
    """A safetensors file with zeros of these shapes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: np.zeros(shape, np.float16) for key, shape in shapes.items()}, path, metadata=metadata or None)
    return path


def lora(layer: str, width: int, rank: int = 4) -> Shapes:
    """One low-rank pair in kohya's layout."""
    return {f"{layer}.lora_down.weight": (rank, width), f"{layer}.lora_up.weight": (2, rank), f"{layer}.alpha": ()}


ATTENTION = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
