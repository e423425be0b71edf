"""Loading tokenizers, from a model folder or from wherever on this disk CLIP's vocabulary lies."""

from pathlib import Path
from typing import Any

from underpaint.errors import ModelError
from underpaint.models.header import read_json
from underpaint.models.tokenizers import find_tokenizer

_CLIP_LENGTH = 77


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer kept in one folder, CLIP's or T5's by its own configuration; never runs code from the
    folder.

    Raises:
        ModelError: the folder has no tokenizer or a damaged one.
    """
    config = read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    if "T5" in str(config.get("tokenizer_class", "")) or (folder / "spiece.model").is_file():
        from transformers import T5TokenizerFast as Tokenizer
    else:
        from transformers.models.clip.tokenization_clip import CLIPTokenizer as Tokenizer
    tokenizer = _read(Tokenizer, folder)
    if tokenizer.model_max_length > 100_000:  # unset
        tokenizer.model_max_length = _CLIP_LENGTH
    return tokenizer


def clip_tokenizer(pieces: int, *, pads_with_zero: bool, beside: tuple[Path, ...] = ()) -> Any:
    """CLIP's tokenizer for an encoder with `pieces` pieces, found on this disk.

    OpenAI's encoder is padded with the end token, the OpenCLIP ones with piece 0.

    Raises:
        ModelError: there is no vocabulary of that size on this machine.
    """
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    folder = find_tokenizer(pieces, beside=beside)
    tokenizer = _read(CLIPTokenizer, folder, model_max_length=_CLIP_LENGTH)
    if pads_with_zero:
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
    return tokenizer


def _read(kind: Any, folder: Path, **settings: Any) -> Any:
    try:
        return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **settings)
    except Exception as error:  # the tokenizers library raises bare Exceptions for damaged files
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the tokenizer in {folder} cannot be read ({reason:.120})", hint="Download the model folder again."
        ) from error
