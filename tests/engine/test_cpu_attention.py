"""Attention by rows says what the usual attention says, and only stands in where it is meant to."""

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from kit.tiny_folders import tiny_unet

from underpaint.engine.families.cpu_attention import RowsAttention, suit_attention
from underpaint.engine.machine import Machine


@pytest.mark.parametrize("tokens", [64, 1024, 1500])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_it_equals_the_usual_attention(tokens: int, dtype: torch.dtype, near: float) -> None:
    torch.manual_seed(tokens)
    layer = Attention(query_dim=24, heads=3, dim_head=8, residual_connection=True).to(dtype)
    hidden = torch.randn(2, tokens, 24, dtype=dtype)
    with torch.no_grad():
        usual, rows = AttnProcessor2_0()(layer, hidden), RowsAttention()(layer, hidden)
    assert torch.allclose(usual.float(), rows.float(), atol=near)


def test_words_go_the_usual_way() -> None:
    torch.manual_seed(0)
    layer = Attention(query_dim=24, cross_attention_dim=16, heads=3, dim_head=8)
    hidden, words = torch.randn(1, 1024, 24), torch.randn(1, 7, 16)
    with torch.no_grad():
        assert torch.equal(AttnProcessor2_0()(layer, hidden, words), RowsAttention()(layer, hidden, words))


@pytest.mark.parametrize(("dtype", "expected"), [(torch.bfloat16, RowsAttention), (torch.float32, AttnProcessor2_0)])
def test_only_a_cpu_in_bf16_gets_it(dtype: torch.dtype, expected: type) -> None:
    unet = tiny_unet()
    suit_attention(unet, Machine(torch.device("cpu"), dtype, True, 1, ""))
    assert {type(one) for one in unet.attn_processors.values()} == {expected}
