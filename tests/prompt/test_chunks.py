"""Weighted words cut into chunks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError
from underpaint.prompt import Fix, chunk_tokens, parse_attention

BOS, EOS, PAD, COMMA = 1000, 1001, 1002, 7


@dataclass
class Words:
    """A tokenizer of whole words: "w12" is 12, a comma is itself, any other word is its length."""

    embeddings: Mapping[str, int] = field(default_factory=dict)
    bos: int = BOS
    eos: int = EOS
    pad: int = PAD
    comma: int | None = COMMA

    def encode(self, text: str) -> list[int]:
        words = text.replace(",", " , ").split()
        return [COMMA if w == "," else int(w[1:]) if w[1:].isdecimal() else 500 + len(w) for w in words]


def words(count: int, start: int = 100) -> str:
    return " ".join(f"w{start + index}" for index in range(count))


def test_a_short_prompt_is_padded_after_its_end() -> None:
    (chunk,) = chunk_tokens([("w1 w2", 1.0), ("w3", 1.5)], Words())
    assert chunk.ids == (BOS, 1, 2, 3, EOS, *[PAD] * 72)
    assert chunk.weights == (1.0, 1.0, 1.0, 1.5, *[1.0] * 73)


def test_no_words_are_one_empty_chunk() -> None:
    for pieces in ([], [("", 1.0)]):
        (chunk,) = chunk_tokens(pieces, Words())
        assert chunk.ids == (BOS, EOS, *[PAD] * 75)


def test_75_words_fill_a_chunk_and_the_next_begins_another() -> None:
    (full,) = chunk_tokens([(words(75), 1.0)], Words())
    assert full.ids == (BOS, *range(100, 175), EOS)
    first, second = chunk_tokens([(words(76), 1.0)], Words())
    assert first.ids == full.ids
    assert second.ids == (BOS, 175, EOS, *[PAD] * 74)


@pytest.mark.parametrize(("after", "moves"), [(19, True), (20, False), (0, True), (1, True)])
def test_what_follows_a_near_comma_moves(after: int, moves: bool) -> None:
    # The comma is followed by `after` words in the first chunk, and one more word.
    text = f"{words(74 - after)}, {words(after + 1, 300)}"
    first, second = chunk_tokens([(text, 1.0)], Words())
    kept = 74 - after
    assert first.ids[kept + 1] == COMMA
    if moves:
        assert first.ids[kept + 2] == EOS
        assert second.ids[1 : after + 3] == (*range(300, 301 + after), EOS)
    else:
        assert first.ids[kept + 2] == 300
        assert second.ids[1:3] == (300 + after, EOS)


def test_the_comma_rule_can_be_turned_off_and_widened() -> None:
    text = f"{words(40)}, {words(40, 300)}"
    assert chunk_tokens([(text, 1.0)], Words(), comma_backtrack=0)[1].ids[1] == 334
    assert chunk_tokens([(text, 1.0)], Words(), comma_backtrack=40)[1].ids[1] == 300


def test_weights_move_with_their_words() -> None:
    _, second = chunk_tokens([(f"{words(70)}, ", 1.0), (words(10, 300), 1.3)], Words())
    assert second.ids[1:12] == (*range(300, 310), EOS)
    assert second.weights[:12] == (1.0, *[1.3] * 10, 1.0)


def test_a_comma_after_a_full_chunk_begins_the_next() -> None:
    first, second = chunk_tokens([(f"{words(75)}, w1", 1.0)], Words())
    assert first.ids[-2] == 174
    assert second.ids[1:4] == (COMMA, 1, EOS)


def test_break_pads_the_chunk() -> None:
    chunks = chunk_tokens(parse_attention("w1 BREAK w2 BREAK BREAK w3"), Words())
    assert [chunk.ids[1] for chunk in chunks] == [1, 2, EOS, 3]
    assert chunk_tokens(parse_attention("w1 BREAK"), Words())[-1].ids[1] == 1
    assert len(chunk_tokens(parse_attention("BREAK w1"), Words())) == 2


def test_an_embedding_stands_for_its_name() -> None:
    tokenizer = Words({"w50": 2, "w50 w51": 3})
    (chunk,) = chunk_tokens([("w1 w50 w51 w50 w2", 1.2)], tokenizer)
    assert chunk.ids[:9] == (BOS, 1, 0, 0, 0, 0, 0, 2, EOS)
    assert chunk.weights[:9] == (1.0, *[1.2] * 7, 1.0)
    assert chunk.fixes == (Fix(2, "w50 w51", 3), Fix(5, "w50", 2))


def test_an_embedding_that_does_not_fit_begins_a_chunk() -> None:
    first, second = chunk_tokens([(f"{words(73)} w9 w2", 1.0)], Words({"w9": 3}))
    assert first.ids[74:] == (EOS, PAD, PAD) and first.fixes == ()
    assert second.ids[:6] == (BOS, 0, 0, 0, 2, EOS) and second.fixes == (Fix(1, "w9", 3),)


def test_an_embedding_moves_with_what_follows_the_comma() -> None:
    first, second = chunk_tokens([(f"{words(70)}, w9 w1 w2 w3", 1.0)], Words({"w9": 2}))
    assert first.fixes == () and first.ids[72] == EOS
    assert second.ids[:7] == (BOS, 0, 0, 1, 2, 3, EOS) and second.fixes == (Fix(1, "w9", 2),)


def test_an_embedding_longer_than_a_chunk_is_refused() -> None:
    with pytest.raises(PromptError, match="'w9' has 76 vectors"):
        chunk_tokens([("w9", 1.0)], Words({"w9": 76}))


def test_a_tokenizer_may_lack_a_comma() -> None:
    assert len(chunk_tokens([(words(80), 1.0)], Words(comma=None))) == 2


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.text("w1, ", max_size=40), st.floats(0, 2)), max_size=12),
    st.integers(1, 12),
    st.integers(0, 12),
)
def test_no_token_is_lost_or_turned(pieces: list[tuple[str, float]], size: int, backtrack: int) -> None:
    tokenizer = Words()
    chunks = chunk_tokens(pieces, tokenizer, chunk=size, comma_backtrack=backtrack)
    want = [(token, weight) for text, weight in pieces for token in tokenizer.encode(text)]
    got = []
    for chunk in chunks:
        assert len(chunk.ids) == len(chunk.weights) == size + 2
        assert chunk.ids[0] == BOS
        end = chunk.ids.index(EOS)
        assert set(chunk.ids[end + 1 :]) <= {PAD}
        got += list(zip(chunk.ids[1:end], chunk.weights[1:end], strict=True))
    assert got == want
