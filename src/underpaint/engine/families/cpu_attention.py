"""Self-attention for CPUs with bf16 matrix products: a thousand rows of scores at a time, through plain products.

Torch's fused kernel gains nothing from bf16 on such processors; three plain steps whose scores stay in the cache are
about two and a half times as fast at 4,096 tokens (`make bench`, step). Short sequences and masked attention go the
usual way.
"""

from typing import Any

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from underpaint.engine.machine import Machine

ROWS = 1024
LONG = 1024


class RowsAttention:
    """An attention processor of diffusers; parameters as theirs."""

    def __init__(self) -> None:
        self._usual = AttnProcessor2_0()

    def __call__(self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
                 attention_mask: Tensor | None = None, temb: Tensor | None = None, **others: Any) -> Tensor:
        plain = (hidden_states.ndim == 3 and attention_mask is None and encoder_hidden_states is None
                 and attn.spatial_norm is None and attn.group_norm is None and attn.norm_q is None)
        if not plain or hidden_states.shape[1] < LONG:
            return self._usual(attn, hidden_states, encoder_hidden_states, attention_mask, temb, **others)
        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        mixed = attend(query, key, value, attn.heads, float(attn.scale))
        out: Tensor = attn.to_out[1](attn.to_out[0](mixed))
        out = out + hidden_states if attn.residual_connection else out
        return out / attn.rescale_output_factor


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, scale: float) -> Tensor:
    """softmax(scale q k^T) v for N x tokens x (heads * width) tensors, head by head and `ROWS` queries at a time."""
    out = torch.empty_like(query)
    width = query.shape[-1] // heads
    for sample in range(query.shape[0]):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            keys, values = key[sample, :, part].contiguous().T, value[sample, :, part].contiguous()
            for first in range(0, query.shape[1], ROWS):
                rows = query[sample, first: first + ROWS, part] * scale
                out[sample, first: first + ROWS, part] = torch.softmax(rows @ keys, dim=-1) @ values
    return out


def suit_attention(denoiser: nn.Module, machine: Machine) -> None:
    """Give the attention layers of a UNet this processor where it helps: on a CPU, in bf16."""
    if (machine.device.type == "cpu" and machine.dtype == torch.bfloat16
            and isinstance(denoiser, UNet2DConditionModel)):
        denoiser.set_attn_processor(RowsAttention())
