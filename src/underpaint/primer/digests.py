"""What the Primer's `primer.json` says of the files beside it: the SHA-256 of each, which loading checks, and which
image prompts and fill adapter fit the denoiser and the image tower that are there."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from underpaint.files import atomic_write
from underpaint.models.own_adapters import PICTURE_KINDS, PROMPT_FOLDER

CARD = "primer.json"
PROMPTS_CONFIG = "prompts.json"
"""Beside the image prompts: with which files they learned."""
FILL_FOLDER, FILL_CONFIG = "adapter_fill", "fill.json"
"""The fill adapter, and what lies beside it: with which files it learned, and what the card says of it."""
LEARNED_LATER = (*PICTURE_KINDS, "fill")
"""Adapters of which another denoiser makes nothing: the card lists them only beside the one they learned with."""


def note_files(folder: Path) -> None:
    """Write down the weights that lie in a Primer's folder now, and those of image prompts and fill adapter that fit
    the others; nothing where it has no card yet."""
    card = folder / CARD
    if not card.is_file():
        return
    weights = sorted(folder.rglob("*.safetensors"))
    digests = digests_of(folder, [path.relative_to(folder).as_posix() for path in weights])
    told = json.loads(card.read_text())
    adapters = {kind: value for kind, value in told.get("adapters", {}).items() if kind not in LEARNED_LATER}
    adapters |= _fitting_prompts(folder, digests) | _fitting_filler(folder, digests)
    write_card(card, told | {"files": digests} | ({"adapters": adapters} if adapters or "adapters" in told else {}))


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of files of a folder, by the names that they are asked for by."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def _fitting_prompts(folder: Path, digests: dict[str, str]) -> dict[str, dict[str, str]]:
    """The image prompts, unless they learned with another denoiser or image tower: then they would say nonsense."""
    config = folder / PROMPT_FOLDER / PROMPTS_CONFIG
    learned_with = json.loads(config.read_text())["learned_with"] if config.is_file() else {}
    if not learned_with or any(digests.get(name) != digest for name, digest in learned_with.items()):
        return {}
    files = {kind: f"{PROMPT_FOLDER}/{kind}.safetensors" for kind in PICTURE_KINDS}
    return {kind: {"file": file} for kind, file in files.items() if file in digests}


def _fitting_filler(folder: Path, digests: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The fill adapter, unless it learned with another denoiser."""
    config = folder / FILL_FOLDER / FILL_CONFIG
    told = json.loads(config.read_text()) if config.is_file() else {"learned_with": {"": ""}}
    if any(digests.get(name) != digest for name, digest in told["learned_with"].items()):
        return {}
    return {"fill": {"folder": FILL_FOLDER} | told["card"]}


def write_card(card: Path, told: dict[str, Any]) -> None:
    """Indented JSON, with lists of words and numbers on one line each."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", " ", found.group()), text)
    with atomic_write(card) as file:
        file.write((text + "\n").encode())
