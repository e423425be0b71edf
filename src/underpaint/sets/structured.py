"""YAML and TOML from strangers: data alone, of a size and depth that people write."""

import tomllib
from itertools import accumulate
from typing import Any

import yaml

from underpaint.errors import UnderpaintError
from underpaint.plain_yaml import load_yaml

MAX_BYTES = 256_000
_DEEPEST = 40  # the parser's time grows with the square of it


def read_structured(data: bytes, name: str, error: type[UnderpaintError]) -> Any:
    """What a file holds: TOML where its `name` ends so, else YAML.

    Nothing in it is run and no object is built; YAML's merge keys are refused, and callers open what they know and
    nothing else, so that what aliases multiply stays folded. Raises `error` with the file's name in one line.
    """
    if len(data) > MAX_BYTES:
        raise error(f"{name} is too large", hint=f"Such files have at most {MAX_BYTES:,} bytes.")
    if max(accumulate((byte in b"[{") - (byte in b"]}") for byte in data), default=0) > _DEEPEST:
        raise error(f"{name} is nested too deeply", hint="List entries one below another.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        raise error(f"{name} is not UTF-8 text", hint="Save it as UTF-8.") from trouble
    toml = name.lower().endswith(".toml")
    try:
        return tomllib.loads(text) if toml else load_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as trouble:
        said = " ".join(str(trouble).split())[:200]
        raise error(f"{name} is not {'TOML' if toml else 'YAML'}: {said}", hint="Mend it.") from trouble
