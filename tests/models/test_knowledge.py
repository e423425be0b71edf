"""What a model says it knows, what it never heard, and whether its files are whole."""

import hashlib
import json
from pathlib import Path

import pytest

from underpaint.errors import ModelError
from underpaint.models.knowledge import knowledge, unknown_words
from underpaint.models.primer import check_files

KNOWN = {"subjects": ("cat", "girl with a sword"), "words": ("cat", "girl", "sword", "red", "with", "fox", "night")}


@pytest.mark.parametrize(("prompt", "unknown"), [
    ("a red cat at night", []),
    ("red cats and the foxes", []),
    ("a (red:1.3) unicorn, [unicorn:dragon:0.5] <lora:style:0.8>", ["unicorn", "dragon"]),
    ("girl's sword BREAK Sunrise AND cat :1.2", ["sunrise"]),
    ("", []),
    ("chat rouge à l'épée", ["chat", "rouge", "à", "l'épée"]),
])
def test_words_that_were_never_heard_are_named_once_in_order(prompt: str, unknown: list[str]) -> None:
    assert unknown_words(prompt, KNOWN) == unknown


def test_a_model_that_does_not_say_knows_everything() -> None:
    assert unknown_words("unicorn", {}) == []


def test_knowledge_is_read_from_the_folder_and_odd_entries_are_left_out(tmp_path: Path) -> None:
    assert knowledge(tmp_path) == {}
    (tmp_path / "primer.json").write_text(json.dumps({"knows": {"subjects": ["cat"], "words": ["cat"], "odd": 3}}))
    assert knowledge(tmp_path) == {"subjects": ("cat",), "words": ("cat",)}
    (tmp_path / "primer.json").write_text(json.dumps({"knows": ["cat"]}))
    assert knowledge(tmp_path) == {}


def test_a_damaged_a_missing_and_a_strange_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    weights = tmp_path / "unet" / "weights.safetensors"
    weights.write_bytes(b"abc")
    card = {"files": {"unet/weights.safetensors": hashlib.sha256(b"abc").hexdigest()}}
    (tmp_path / "primer.json").write_text(json.dumps(card))
    check_files(tmp_path)
    weights.write_bytes(b"abd")
    with pytest.raises(ModelError, match=r"unet/weights\.safetensors is damaged") as damaged:
        check_files(tmp_path)
    assert "pip install" in (damaged.value.hint or "")
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        check_files(tmp_path)
    (tmp_path / "primer.json").write_text(json.dumps({"files": {"../secret": "0"}}))
    with pytest.raises(ModelError, match="outside"):
        check_files(tmp_path)
