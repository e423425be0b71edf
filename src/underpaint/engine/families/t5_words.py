"""Words through a T5 text encoder, which reads sentences and knows no weights."""

from typing import Any

import torch
from torch import Tensor, nn

from underpaint.prompt import BREAK, BREAK_WEIGHT, Weighted


def plain(words: Weighted) -> str:
    """The words without their weights."""
    return "".join(" " if (text, weight) == (BREAK, BREAK_WEIGHT) else text for text, weight in words)


def encode_t5(tokenizer: Any, encoder: nn.Module, words: Weighted, length: int) -> Tensor:
    """Features, 1 x length x width; what is longer is cut off."""
    ids = tokenizer(plain(words), padding="max_length", max_length=length, truncation=True, add_special_tokens=True,
                    return_tensors="pt").input_ids
    features: Tensor = encoder(ids.to(next(encoder.parameters()).device))[0]
    return features.to(next(encoder.parameters()).dtype)


def cut_off(tokenizer: Any, words: Weighted, length: int) -> str:
    """The end of the words that is not among the first `length` tokens, and so is never read; "" where all are."""
    ids = tokenizer(plain(words), add_special_tokens=True, verbose=False).input_ids
    return str(tokenizer.decode(ids[length - 1: -1])).strip() if len(ids) > length else ""


def no_t5(length: int, width: int, like: Tensor) -> Tensor:
    """What stands for T5 where a model goes without it."""
    return torch.zeros((1, length, width), device=like.device, dtype=like.dtype)
