"""The SHA-256 of every file of weights, in the Primer's `primer.json`: what loading checks them against."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from underpaint.files import atomic_write

CARD = "primer.json"


def note_files(folder: Path) -> None:
    """Write down the weights that lie in a Primer's folder now; nothing where it has no card yet."""
    card = folder / CARD
    if not card.is_file():
        return
    weights = sorted(folder.rglob("*.safetensors"))
    digests = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in weights}
    write_card(card, json.loads(card.read_text()) | {"files": digests})


def write_card(card: Path, told: dict[str, Any]) -> None:
    """Indented JSON, with lists of words and numbers on one line each."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", " ", found.group()), text)
    with atomic_write(card) as file:
        file.write((text + "\n").encode())
