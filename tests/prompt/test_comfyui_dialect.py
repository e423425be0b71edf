"""Weights of words in ComfyUI's grammar."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.prompt import parse_comfyui

ADVERSARIAL = st.text(alphabet=st.sampled_from("((())):\\ab .1-\n") | st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("plain", [("plain", 1.0)]),
        ("(a) b", [("a", 1.1), (" b", 1.0)]),
        ("((a:1.5) b:2)", [("a", 1.5), (" b", 2.0)]),
        ("((a:1.5))", [("a", 1.5)]),
        ("((a):2)", [("a", 2.2)]),
        ("(a:b:0.5)", [("a:b", 0.5)]),
        ("(:0.5)", [(":0.5", 1.1)]),
        ("(a:1e1)(b: 2 )", [("a", 10.0), ("b", 2.0)]),
        ("(a:nan)(b:inf)", [("a:nan", 1.1), ("b:inf", 1.1)]),
        (r"\(a\) (\(b\):2)", [("(a) ", 1.0), ("(b)", 2.0)]),
        ("[a] AND b BREAK <lora:x:1> # c", [("[a] AND b BREAK <lora:x:1> # c", 1.0)]),
        ("open (a", [("open ", 1.0), ("(a", 1.0)]),
        ("((a) b", [("((a) b", 1.0)]),
        ("((a)", [("(a", 1.1)]),
        ("a) (b) (c)", [("a) (b) (c)", 1.0)]),
        ("() a", [(" a", 1.0)]),
    ],
)
def test_reads_as_comfyui_does(text: str, pieces: list[tuple[str, float]]) -> None:
    got = parse_comfyui(text)
    assert [piece for piece, _ in got] == [piece for piece, _ in pieces]
    assert [weight for _, weight in got] == pytest.approx([weight for _, weight in pieces])


@settings(max_examples=400, deadline=None)
@given(ADVERSARIAL)
def test_never_raises_never_loses_a_letter(text: str) -> None:
    pieces = parse_comfyui(text)
    # An "e" may be the exponent of a weight.
    kept = [c for c in "".join(piece for piece, _ in pieces) if c.isalpha() and c not in "eE"]
    assert kept == [c for c in text if c.isalpha() and c not in "eE"]
    assert all(math.isfinite(weight) for _, weight in pieces)


@pytest.mark.parametrize(
    "text", ["(" * 40_000, ")(" * 20_000, "(" * 20_000 + "a" + ":1)" * 9_000, "(a:" * 12_000 + ")" * 12_000]
)
def test_bracket_bombs_are_read(text: str) -> None:
    assert all(math.isfinite(weight) for _, weight in parse_comfyui(text))
