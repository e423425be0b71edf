"""Finding CLIP's vocabulary on this disk, for single files that bring weights but no words.

The vocabulary (49,408 pieces) is not ours to ship. Nearly every machine with models on it has a copy: in any
diffusers folder, in ComfyUI's or open_clip's own files, in the hub's cache; or a person puts one in
`tokenizer` in Underpaint's home.
"""

import contextlib
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.models.catalogue import Catalogue
from underpaint.models.header import read_json
from underpaint.models.hub import hub_cache

CLIP_PIECES = 49_408
_BPE = "bpe_simple_vocab_16e6.txt.gz"
_SHIPPED = (  # where other programs keep the vocabulary that they ship
    "comfy/sd1_tokenizer", "ComfyUI/comfy/sd1_tokenizer", "dlbackend/ComfyUI/comfy/sd1_tokenizer",
    "dlbackend/comfy/ComfyUI/comfy/sd1_tokenizer", "ldm_patched/modules/sd1_tokenizer",
    "Fooocus/ldm_patched/modules/sd1_tokenizer", "backend/huggingface/runwayml/stable-diffusion-v1-5/tokenizer",
    "backend/huggingface/stabilityai/stable-diffusion-xl-base-1.0/tokenizer",
)  # fmt: skip
_MAX_MERGES_BYTES = 16 * 2**20


def find_tokenizer(pieces: int = CLIP_PIECES, *, beside: Iterable[Path] = ()) -> Path:
    """A folder with ``vocab.json`` and ``merges.txt`` (or ``tokenizer.json``) of exactly `pieces` pieces.

    Looked for in `beside`, in ``tokenizer`` in Underpaint's home, in the indexed diffusers folders, in the programs
    whose folders were added, in the hub's cache, and in open_clip's vocabulary file, which is written out once into
    Underpaint's home.

    Raises:
        ModelError: there is none.
    """
    catalogue = Catalogue()
    own = catalogue.home / "tokenizer"
    for folder in (*beside, own, *_in_places(catalogue), *_in_hub_cache()):
        if pieces_in(folder) == pieces:
            return folder
    if pieces == CLIP_PIECES:
        for bpe in _open_clip_files(catalogue):
            with contextlib.suppress(OSError, ValueError, EOFError):
                write_clip_vocabulary(bpe, own)
                return own
    raise ModelError(
        "a single-file checkpoint brings no vocabulary, and none was found on this machine",
        hint="Add any diffusers folder of SD 1.5 or SDXL with 'underpaint models add', or put CLIP's vocab.json and "
        f"merges.txt into {own}.",
    )


def pieces_in(folder: Path) -> int | None:
    """How many pieces the vocabulary in a folder has; None if there is no whole vocabulary."""
    with contextlib.suppress(ModelError, KeyError, TypeError):
        if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            return len(read_json(folder / "vocab.json"))
        if (folder / "tokenizer.json").is_file():
            return len(read_json(folder / "tokenizer.json", limit=32 * 2**20)["model"]["vocab"])
    return None


def write_clip_vocabulary(bpe: Path, folder: Path) -> None:
    """Write ``vocab.json`` and ``merges.txt`` from the gzipped list of merges that CLIP's authors published.

    The pieces are the 256 bytes, the same at the end of a word, one per merge, then the two special tokens
    (Radford et al. 2021); merges past the first 48,894 are not used.

    Raises:
        ValueError: the file is not that list.
    """
    with gzip.open(bpe, "rb") as file:
        text = file.read(_MAX_MERGES_BYTES).decode("utf-8")
    merges = text.split("\n")[1 : CLIP_PIECES - 2 * 256 - 2 + 1]
    letters = _byte_letters()
    pieces = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *("".join(merge.split()) for merge in merges),
    ]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}
    if len(vocabulary) != CLIP_PIECES or not all(len(merge.split()) == 2 for merge in merges):
        raise ValueError(f"{bpe} is not CLIP's list of merges")
    with atomic_write(folder / "merges.txt") as out:
        out.write("\n".join(["#version: 0.2", *merges, ""]).encode("utf-8"))
    with atomic_write(folder / "vocab.json") as out:
        out.write(json.dumps(vocabulary).encode("ascii"))


def _byte_letters() -> list[str]:
    """GPT-2's way to give each byte a printable letter: printable Latin-1 first, then the rest moved up by
    256.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(rest))]


def _in_places(catalogue: Catalogue) -> Iterator[Path]:
    for place in catalogue.folders():
        yield from (place.root / inside for inside in _SHIPPED)
    for model in catalogue.models("checkpoint"):
        if model.layout == "diffusers":
            yield model.path / "tokenizer"


def _in_hub_cache() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for snapshot in sorted(hub_cache().glob("models--*/snapshots/*")):
            yield from (snapshot / "tokenizer", snapshot)


def _open_clip_files(catalogue: Catalogue) -> Iterator[Path]:
    places = [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    for place in catalogue.folders():
        for inside in ("venv", ".venv", "python_embeded", "python_embedded"):
            with contextlib.suppress(OSError):
                places += sorted((place.root / inside).glob("lib/python3*/site-packages"))
            places.append(place.root / inside / "Lib" / "site-packages")
    for folder in places:
        for package in ("open_clip", "clip"):
            if (folder / package / _BPE).is_file():
                yield folder / package / _BPE
