"""Weights of words in A1111's grammar."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError
from underpaint.prompt import parse_attention

ADVERSARIAL = st.text(alphabet=st.sampled_from("()[]:|\\ab .1-\n") | st.characters(), max_size=60)
WORDS = st.text(alphabet="abc ,é\\()[]:", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [("", 1.0)]),
        ("an (important) word", [("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
        ("(a) [b]", [("a", 1.1), (" ", 1.0), ("b", 1 / 1.1)]),
        ("((a:2):3)", [("a", 6.0)]),
        ("(a: 1.5 )", [("a", 1.5)]),
        ("(a:-.5)(b:+2)(c:0)", [("a", -0.5), ("b", 2.0), ("c", 0.0)]),
        ("(unclosed [twice", [("unclosed ", 1.1), ("twice", 1.1 * (1 / 1.1))]),
        ("too) many] closed", [("too) many] closed", 1.0)]),
        ("(cross [over) it]", [("cross ", 1.1), ("over", 1.1 * (1 / 1.1)), (" it", 1 / 1.1)]),
        (r"\(a\) \[b\] \\ \c", [(r"(a) [b] \ c", 1.0)]),
        ("trailing\\", [("trailing", 1.0)]),
        ("weight:1.3) outside", [("weight:1.3) outside", 1.0)]),
        ("(no number:1.2.3)", [("no number:1.2.3", 1.1)]),
        ("(no number:.)", [("no number:.", 1.1)]),
        ("[square:1.3]", [("square:1.3", 1 / 1.1)]),
        ("(arabic:١.٥)", [("arabic", 1.5)]),
    ],
)
def test_reads_as_a1111_does(text: str, pieces: list[tuple[str, float]]) -> None:
    assert list(parse_attention(text)) == pieces


def test_break_stands_alone_without_its_blanks() -> None:
    assert parse_attention("a  BREAK\n b") == (("a", 1.0), ("BREAK", -1.0), ("b", 1.0))
    assert parse_attention("BREAK BREAK") == (
        ("", 1.0), ("BREAK", -1.0), ("", 1.0), ("BREAK", -1.0), ("", 1.0),
    )  # fmt: skip
    assert parse_attention("a BREAKFAST") == (("a BREAKFAST", 1.0),)


def test_break_in_weighing_brackets_is_a_word() -> None:
    assert parse_attention("(a BREAK b)") == (("a", 1.1), ("BREAK", -1.1), ("b", 1.1))


@settings(max_examples=400, deadline=None)
@given(ADVERSARIAL)
def test_never_raises_never_loses_a_letter(text: str) -> None:
    pieces = parse_attention(text)
    assert [c for c in "".join(piece for piece, _ in pieces) if c.isalpha()] == [c for c in text if c.isalpha()]
    assert all(math.isfinite(weight) for _, weight in pieces)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(WORDS, st.floats(0.1, 4).map(lambda w: round(w, 3))), min_size=1, max_size=6))
def test_weighted_words_come_back(words: list[tuple[str, float]]) -> None:
    def protect(text: str) -> str:
        return "".join("\\" + c if c in "\\()[]" else c for c in text)

    text = "".join(f"({protect(piece)}:{weight})" for piece, weight in words)
    merged: list[tuple[str, float]] = []
    for piece, weight in words:
        if merged and merged[-1][1] == weight:
            merged[-1] = (merged[-1][0] + piece, weight)
        else:
            merged.append((piece, weight))
    assert list(parse_attention(text)) == merged


@pytest.mark.parametrize("nested", ["(" * 20_000 + "a" + ")" * 20_000, "(" * 40_000, "([" * 10_000 + "a"])
def test_deep_brackets_around_few_words_are_read(nested: str) -> None:
    pieces = parse_attention(nested)
    assert len(pieces) == 1 and math.isfinite(pieces[0][1])


def test_deep_brackets_around_many_words_are_refused() -> None:
    with pytest.raises(PromptError, match="nested too deeply"):
        parse_attention("(a" * 20_000)


def test_huge_weights_stay_finite() -> None:
    digits = "9" * 30
    pieces = parse_attention(f"((((((a:{digits}):{digits}):{digits})) (b:{digits}{digits}) c")
    assert all(math.isfinite(weight) for _, weight in pieces)
    assert "".join(text for text, _ in pieces).startswith("a b:9999")
