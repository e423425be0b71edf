"""Everything it takes to paint a picture again, from its file: recipe, drawings, and whether it was changed since."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from underpaint.errors import PictureError
from underpaint.pictures import packets
from underpaint.pictures.containers import find_metadata
from underpaint.pictures.limits import LIMITS, Limits
from underpaint.pictures.programs.underpaint import find_note
from underpaint.pictures.read import read_picture
from underpaint.pictures.record import pixels_hash
from underpaint.pictures.source import load_bytes
from underpaint.pictures.write import recipe_folder
from underpaint.recipe import Recipe, parse_recipe

Verdict = Literal["identical-to-painting", "changed since painting"]


def recipe_from_file(path: str | Path, *, limits: Limits = LIMITS) -> Recipe:
    """The recipe inside a picture that Underpaint painted.

    Raises PictureError where there is none (or it was left out on purpose), RecipeError where it cannot be read.
    """
    data = _note(path, limits)
    if data.get("private"):
        raise PictureError(f"{_name(path)} was saved with --private: its recipe was left out",
                           hint="Paint again from the recipe itself.")
    if "recipe" not in data:
        raise PictureError(f"{_name(path)} holds no recipe", hint="Name a picture that Underpaint painted.")
    return parse_recipe(data["recipe"])


def plan_from_file(path: str | Path, *, limits: Limits = LIMITS) -> Mapping[str, Any] | None:
    """The plan inside a picture that Underpaint painted, as JSON data; None where there is none."""
    plan = _note(path, limits).get("plan")
    return plan if isinstance(plan, dict) else None


def blobs_from_file(path: str | Path, *, limits: Limits = LIMITS) -> dict[str, bytes]:
    """The bytes of every drawing, mask and picture that the recipe names, by SHA-256, each checked.

    They are looked for in the file and in `NAME.recipe/` beside it, nowhere else.
    Raises PictureError for one that is missing or altered.
    """
    recipe = recipe_from_file(path, limits=limits)
    data, _ = load_bytes(path, limits)
    joined = packets.join(find_metadata(data, limits).packets, limits.blob_bytes)
    folder = recipe_folder(Path(path))
    found: dict[str, bytes] = {}
    for blob in recipe.blobs():
        inside = joined.blobs.get(blob.sha256)
        bytes_found = inside if inside is not None else _beside(folder, blob.sha256, limits)
        if bytes_found is None:
            raise PictureError(f"{_name(path)} has lost its '{blob.name or blob.sha256[:12]}'",
                               hint=_lost(blob.sha256 in joined.damaged, folder))
        found[blob.sha256] = bytes_found
    return found


def check_pixels(path: str | Path, *, limits: Limits = LIMITS) -> Verdict:
    """Whether the picture still has the pixels it was painted with. Raises PictureError where nothing says."""
    recorded = _note(path, limits).get("pixels")
    if not isinstance(recorded, str):
        raise PictureError(f"{_name(path)} does not say which pixels it was painted with",
                           hint="Name a picture that Underpaint painted.")
    now = pixels_hash(read_picture(path, limits=limits))
    return "identical-to-painting" if now == recorded else "changed since painting"


def recorded_pixels(path: str | Path, *, limits: Limits = LIMITS) -> str | None:
    """The hash of the pixels that were painted, as the file has it."""
    recorded = _note(path, limits).get("pixels")
    return recorded if isinstance(recorded, str) else None


def _note(path: str | Path, limits: Limits) -> dict[str, Any]:
    data, name = load_bytes(path, limits)
    note = find_note(find_metadata(data, limits))
    if note is None:
        raise PictureError(f"{name} does not say how it was painted",
                           hint="Name a PNG, JPEG or WebP that Underpaint painted; other programs may have cut it.")
    return note


def _beside(folder: Path, digest: str, limits: Limits) -> bytes | None:
    file = folder / digest  # a hash has no dots or slashes, so the path stays in its folder
    if file.is_symlink() or not file.is_file() or file.stat().st_size > limits.file_bytes:
        return None
    data = file.read_bytes()
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _lost(damaged: bool, folder: Path) -> str:
    if damaged:
        return "Its bytes in the file are damaged: copy the picture again."
    return f"Keep the folder {folder.name} beside the picture when you move it."


def _name(path: str | Path) -> str:
    return Path(path).name
