"""The vocabulary: small, and nothing is unknown to it."""


import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from underpaint.primer.mirror import mirrored_words
from underpaint.primer.painter import tokenize
from underpaint.primer.words import END, START, art_vocabulary, learn_vocabulary, read_tokenizer, write_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    texts = art_vocabulary() + ["a red dragon on the left, watercolour, at night"] * 20
    write_tokenizer(folder, *learn_vocabulary(texts, 1500))
    return read_tokenizer(folder)


def test_size_and_marks(tokenizer: CLIPTokenizer) -> None:
    assert len(tokenizer) <= 1500
    assert tokenizer.bos_token == START and tokenizer.eos_token == END
    assert tokenizer.bos_token_id == len(tokenizer) - 2 and tokenizer.eos_token_id == len(tokenizer) - 1
    assert tokenizer.model_max_length == 77


def test_artists_words_are_short(tokenizer: CLIPTokenizer) -> None:
    for word in ("watercolour", "dragon", "red", "night"):
        assert len(tokenizer.tokenize(word)) == 1, word
    assert len(tokenizer.tokenize("a knight on a cliff by the sea")) <= 10


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_no_text_is_unknown(tokenizer: CLIPTokenizer, text: str) -> None:
    numbers = tokenizer(text, add_special_tokens=False)["input_ids"]
    if END not in text.lower() and START not in text.lower():
        assert tokenizer.eos_token_id not in numbers


@pytest.mark.parametrize("text", ["naïve café", "水彩の猫", "дракон", "🐉 fire", "x" * 30])
def test_foreign_words_come_back(tokenizer: CLIPTokenizer, text: str) -> None:
    numbers = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(numbers).replace(" ", "") == text.replace(" ", "")


def test_every_row_has_seventy_seven(tokenizer: CLIPTokenizer) -> None:
    rows = tokenize(tokenizer, ["", "a cat", "a very long caption " * 40])
    assert rows.shape == (3, 77)
    assert (rows[:, 0] == tokenizer.bos_token_id).all()
    assert rows[0, 1] == rows[2, -1] == tokenizer.eos_token_id


def test_mirrored_captions_stay_true() -> None:
    assert mirrored_words("cat on the left, light from the right") == "cat on the right, light from the left"
    assert mirrored_words("a bright lefthand upright thing") == "a bright lefthand upright thing"
