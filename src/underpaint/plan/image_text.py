"""Where image-text models are found: by name, beside the painting model, or the built-in one's."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from underpaint.errors import ModelError
from underpaint.models.home import plain, underpaint_home
from underpaint.models.primer import primer_folder
from underpaint.recipe import ModelRef

if TYPE_CHECKING:
    from underpaint.engine.families.image_text import ImageText

FOLDER = "clip"
"""Of Underpaint's home: image-text models lie there by name."""


def open_image_text(ref: ModelRef | None, beside: Path | None = None) -> "ImageText":
    """The image-text model of this name (a folder, or one in Underpaint's own), or the one in the painting model's
    folder `beside`, or the built-in model's.

    Raises ModelError where there is none; its hint says where one is put.
    """
    from underpaint.engine.families.image_text import is_image_text  # needs torch

    places = [plain(ref.name), underpaint_home() / FOLDER / Path(ref.name).name] if ref else [
        *([beside] if beside else []), primer_folder(), *_kept()]
    for place in places:
        if place.is_dir() and is_image_text(place):
            return _opened(place)
    missing = f"there is no image-text model '{ref.name:.60}'" if ref else "there is no image-text model here"
    raise ModelError(missing, hint=f"Put a CLIP in transformers' layout into {underpaint_home() / FOLDER}, or name its "
                                   "folder: words=...+clip=FOLDER.", field="control words")


def _kept() -> list[Path]:
    folder = underpaint_home() / FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


@lru_cache(maxsize=1)
def _opened(folder: Path) -> "ImageText":
    from underpaint.engine.families.image_text import load_image_text

    return load_image_text(folder)
