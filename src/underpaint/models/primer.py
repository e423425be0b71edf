"""Where the built-in model lies, and whether its files are still as they were made."""

import hashlib
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.header import read_json

PRIMER = "primer"
_AGAIN = (
    "Get it back with: pip install --force-reinstall --no-deps underpaint "
    "(in a checkout: git checkout src/underpaint/weights)."
)


def primer_folder() -> Path:
    """The folder of the Primer, a diffusers folder shipped inside the package."""
    return Path(__file__).resolve().parents[1] / "weights" / PRIMER


def check_files(folder: Path) -> None:
    """Compare the weights in a folder with the SHA-256 of each that its `primer.json` lists, if it lists any.

    Raises:
        ModelError: a file is missing or not as it was made; says which, and how to get it back.
    """
    card = folder / "primer.json"
    listed = read_json(card).get("files") if card.is_file() else None
    for name, digest in listed.items() if isinstance(listed, dict) else ():
        path = (folder / str(name)).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ModelError(f"primer.json lists a file outside its folder: {name}", hint=_AGAIN)
        if not path.is_file():
            raise ModelError(f"the model's file {name} is missing", hint=_AGAIN)
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(f"the model's file {name} is damaged: it is not as it was made", hint=_AGAIN)

