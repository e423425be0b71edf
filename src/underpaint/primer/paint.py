"""Painting with the networks in hand, before they are exported: for sample sheets and for the examination."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTokenizer

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.primer.image_prompt import Looked
from underpaint.primer.maps import Map
from underpaint.primer.painter import Painter, new_scheduler, tokenize


@dataclass(frozen=True)
class Paintbox:
    """All that it takes to paint."""

    painter: Painter
    autoencoder: AutoencoderUnshuffle
    tokenizer: CLIPTokenizer


@dataclass(frozen=True)
class Order:
    """Pictures of one size to paint together.

    `maps` holds, by kind (see `maps.CHANNELS`), one C x h x w array a prompt. A `guidance` of 1 is none: the words are
    heard alone, at half the cost. `looked` is what a denoiser that can look (see `image_prompt.let_look`) attends to
    beside the words, one row for each row of a call: with guidance first those that see nothing.
    """

    prompts: list[str]
    size: tuple[int, int] = (256, 256)
    maps: Mapping[str, list[Map]] = field(default_factory=dict)
    steps: int = 16
    guidance: float = 4.0
    seed: int = 0
    line_strength: float = 1.0
    looked: Looked | None = None


@torch.no_grad()
def paint(box: Paintbox, order: Order) -> NDArray[np.uint8]:
    """Paint an order: uint8, N x H x W x 3."""
    width, height = order.size
    unet, count = box.painter.unet, len(order.prompts)
    device = next(unet.parameters()).device
    generator = torch.Generator().manual_seed(order.seed)
    channels = int(unet.config.in_channels)
    latents = torch.randn((count, channels, height // 8, width // 8), generator=generator).to(device)
    scheduler = new_scheduler()
    scheduler.set_timesteps(order.steps)
    # Without guidance nobody asks what would be painted without words.
    alone = order.guidance == 1.0
    with torch.autocast(device.type, torch.bfloat16):
        tokens = tokenize(box.tokenizer, ([] if alone else [""] * count) + order.prompts).astype(np.int64)
        words = box.painter.text_encoder(torch.from_numpy(tokens).to(device)).last_hidden_state
        residuals = _residuals(box, order, device)
        for step in scheduler.timesteps:
            given = (latents if alone else torch.cat([latents, latents])).contiguous(memory_format=torch.channels_last)
            # The denoiser empties the list that it is given, so every call gets its own.
            added = None if residuals is None else [r.clone() if alone else torch.cat([r, r]) for r in residuals]
            said = unet(
                given, step.to(device), words, down_intrablock_additional_residuals=added,
                cross_attention_kwargs=None if order.looked is None else {"ip_hidden_states": order.looked},
            ).sample.float()  # fmt: skip
            if not alone:
                plain, told = said.chunk(2)
                said = plain + order.guidance * (told - plain)
            latents = scheduler.step(said, step, latents).prev_sample
        scale = float(box.autoencoder.config.scaling_factor)
        pictures = box.autoencoder.decode(latents / scale).sample.float()
    values = ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
    out: NDArray[np.uint8] = values.cpu().numpy()
    return out


def _residuals(box: Paintbox, order: Order, device: torch.device) -> list[Tensor] | None:
    everyone = torch.arange(len(order.prompts), device=device)
    levels: list[Tensor] | None = None
    for kind, maps in order.maps.items():
        given = torch.from_numpy(np.stack(maps).astype(np.float32)).to(device)
        strength = order.line_strength if kind == "line" else 1.0
        made = box.painter.features({kind: (everyone, given)}, len(everyone)) or []
        added = [strength * level for level in made]
        levels = added if levels is None else [a + b for a, b in zip(levels, added, strict=True)]
    return levels


def sheet(pictures: list[NDArray[np.uint8]], columns: int, gap: int = 4) -> NDArray[np.uint8]:
    """Pictures of any sizes on a white sheet, row by row, each in a cell of the largest size."""
    height = max(p.shape[0] for p in pictures) + gap
    width = max(p.shape[1] for p in pictures) + gap
    rows = -(-len(pictures) // columns)
    page = np.full((rows * height + gap, columns * width + gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = gap + (i // columns) * height, gap + (i % columns) * width
        colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        page[top : top + picture.shape[0], left : left + picture.shape[1]] = colour
    return page
