"""What a model says that it has learned (`knows` in `primer.json`), and the words of a prompt that it never heard."""

import re
from collections.abc import Mapping
from pathlib import Path

from underpaint.models.folders import DEFAULTS_FILE
from underpaint.models.header import read_json
from underpaint.prompt import parse_prompt

HEARD = "words"
"""The entry that lists every word the model was told while it learned; the others say what it can be asked for."""
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_MOST_WORDS = 20_000
# Words that hold a sentence together: nothing is lost where a model does not hear them.
_SMALL = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "has", "have", "he", "her", "his", "in",
    "into", "is", "it", "its", "of", "off", "on", "onto", "or", "our", "she", "so", "some", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "to", "very", "was", "were", "while", "who", "with",
    "you", "your",
))  # fmt: skip


def knowledge(folder: Path) -> dict[str, tuple[str, ...]]:
    """What the model in a folder knows, by kind; empty where it does not say."""
    file = folder / DEFAULTS_FILE
    told = read_json(file).get("knows") if file.is_file() else None
    if not isinstance(told, dict):
        return {}
    return {
        str(kind): tuple(str(word) for word in words[:_MOST_WORDS])
        for kind, words in told.items()
        if isinstance(words, list)
    }


def unknown_words(prompt: str, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The prompt's words that the model never heard, in order, each once; none for a model that does not say.

    Weights, networks, timelines and comments are not words. A plural is known when its singular is.
    """
    heard = frozenset(known.get(HEARD, ()))
    if not heard:
        return []
    found: dict[str, None] = {}
    parsed = parse_prompt(prompt, steps=20)
    texts = [text for part in parsed.parts for _, weighted in part.schedule for text, _ in weighted]
    for text in texts:
        for word in _WORD.findall(str(text).lower()):
            if word != "break" and word not in _SMALL and not _is_heard(word, heard):
                found[word] = None
    return list(found)


def _is_heard(word: str, heard: frozenset[str]) -> bool:
    endings = ("", "s", "es", "'s")
    return any(word.removesuffix(ending) in heard for ending in endings)
