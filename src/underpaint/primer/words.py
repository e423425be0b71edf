"""Stage two: a small vocabulary of byte pairs, in the files that CLIP's tokenizer reads."""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from underpaint.files import atomic_write

START, END = "<|startoftext|>", "<|endoftext|>"
POSITIONS = 77
_SUFFIX = "</w>"
# How CLIP cuts text before pairing bytes: contractions, runs of letters, single digits, runs of anything else.
_PIECES = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def learn_vocabulary(texts: Iterable[str], tokens: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Byte pairs of these texts: the vocabulary (name to number) and the merges in order.

    Every byte is a token both inside and at the end of a word, so that no text at all is unknown; the last two
    numbers are the marks of start and end, as in CLIP.
    """
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=_SUFFIX))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens + len(letters), end_of_word_suffix=_SUFFIX, initial_alphabet=letters, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    found = json.loads(tokenizer.to_str())["model"]["merges"]
    merges = [(first, second) for first, second in (m if isinstance(m, list) else m.split(" ") for m in found)]
    names = letters + [letter + _SUFFIX for letter in letters]
    room = tokens - len(names) - 2
    merges = merges[:room]
    names += [first + second for first, second in merges] + [START, END]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}, merges


def write_tokenizer(folder: Path, vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> None:
    """Write `vocab.json`, `merges.txt` and the two small settings files."""
    files = {
        "vocab.json": json.dumps(vocabulary, ensure_ascii=False),
        "merges.txt": "#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges),
        "tokenizer_config.json": json.dumps(
            {
                "tokenizer_class": "CLIPTokenizer",
                "model_max_length": POSITIONS,
                "bos_token": START,
                "eos_token": END,
                "pad_token": END,
                "unk_token": END,
            },
            indent=2,
        )
        + "\n",
        "special_tokens_map.json": json.dumps(
            {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}, indent=2
        )
        + "\n",
    }
    for name, text in files.items():
        with atomic_write(folder / name) as file:
            file.write(text.encode())


def read_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer in that folder."""
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(str(folder))
    return tokenizer


def art_vocabulary() -> list[str]:
    """Lines of words that artists use, so that words outside the World's captions have short spellings too."""
    return Path(__file__).with_name("vocabulary.txt").read_text(encoding="utf-8").splitlines()
