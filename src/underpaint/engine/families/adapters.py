"""Adapters that steer a denoiser, loaded from the folder beside it."""

from pathlib import Path

import torch
from torch import nn

from underpaint.errors import ModelError


def load_line_adapter(folder: Path, *, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A T2I-Adapter for line maps (1 x 1 x H x W, 1 = ink) from a diffusers folder, read from this disk only.

    Raises ModelError when it is missing or damaged.
    """
    from diffusers.models.adapter import T2IAdapter

    try:
        adapter: nn.Module = T2IAdapter.from_pretrained(folder, local_files_only=True, use_safetensors=True,
                                                        dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the line adapter in {folder.name} cannot be loaded: {str(error).splitlines()[0]:.120}",
                         hint="Install the model again.") from error
    return adapter.eval().requires_grad_(False).to(device=device, dtype=dtype)
