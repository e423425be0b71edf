"""Where image-text models are found: by name, beside the painting model, or the built-in one's."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from underpaint.controls.region_inside import everything
from underpaint.errors import ModelError
from underpaint.models.home import plain, underpaint_home
from underpaint.models.primer import PRIMER, primer_folder
from underpaint.recipe import ModelRef, Recipe, WordsControl

if TYPE_CHECKING:
    from underpaint.engine.families.image_text import ImageText

FOLDER = "clip"
"""Of Underpaint's home: image-text models lie there by name."""


def open_image_text(ref: ModelRef | None, beside: Path | None = None) -> "ImageText":
    """The image-text model of this name (a folder, or one in Underpaint's own), or the one in the painting model's
    folder `beside`, or one in Underpaint's own, or the built-in model's.

    Raises ModelError where there is none; its hint says where one is put.
    """
    return _opened(image_text_place(ref, beside))


def image_text_place(ref: ModelRef | None, beside: Path | None = None) -> Path:
    """The folder of that image-text model. Raises ModelError where there is none."""
    from underpaint.engine.families.image_text import is_image_text  # needs torch

    if ref is not None:
        own = underpaint_home() / FOLDER / Path(ref.name).name
        places = [plain(ref.name), own, *([primer_folder()] if ref.name == PRIMER else [])]
    else:
        places = [*([beside] if beside else []), *_kept(), primer_folder()]
    for place in places:
        if place.is_dir() and is_image_text(place):
            return place
    missing = f"there is no image-text model '{ref.name:.60}'" if ref else "there is no image-text model here"
    raise ModelError(missing, hint=f"Put a CLIP in transformers' layout into {underpaint_home() / FOLDER}, or name its "
                                   "folder: words=...+clip=FOLDER.", field="control words")


def chosen_image_text(recipe: Recipe, beside: Path) -> Path | None:
    """The image-text model that steers where a control names none and the painting model in `beside` has none; None
    where none is asked for. Raises ModelError where one is asked for and is not here."""
    asked = [one.model for one in everything(recipe.controls) if isinstance(one, WordsControl) and one.weight]
    for ref in asked:
        if ref is not None:
            image_text_place(ref)
    if None not in asked:
        return None
    place = image_text_place(None, beside)
    return None if place == beside else place


def _kept() -> list[Path]:
    folder = underpaint_home() / FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


@lru_cache(maxsize=1)
def _opened(folder: Path) -> "ImageText":
    from underpaint.engine.families.image_text import load_image_text

    return load_image_text(folder)
