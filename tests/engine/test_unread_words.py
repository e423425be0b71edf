"""Words that go on past what a model's text encoder reads are named; most models read everything."""

import pytest
import torch
from kit.tiny_models import tiny_components

from underpaint.engine.engine import Engine

LONG = "a cat " * 400 + "kite"


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3"])
def test_clip_reads_all_of_a_prompt(family: str) -> None:
    assert Engine(tiny_components(family), "cpu", torch.float32).unread(LONG) == ""


def test_t5_reads_its_beginning() -> None:
    engine = Engine(tiny_components("flux"), "cpu", torch.float32)
    end = engine.unread(f"({LONG}:1.2)")
    assert end.endswith("kite") and 0 < len(end) < len(LONG)
    assert engine.unread("a (cat:1.2) AND a kite") == ""
