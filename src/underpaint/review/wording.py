"""Are the words in the picture? Asked again for pictures whose painting did not ask it."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underpaint.imaging.arrays import FloatArray
from underpaint.models.primer import primer_folder
from underpaint.review.shape import opaque

if TYPE_CHECKING:
    from underpaint.engine.families.image_text import ImageText


class Wording:
    """Checks phrases with an image-text model: the one in `folder`, else the built-in model's own, where it has one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or primer_folder()

    @cached_property
    def _model(self) -> "ImageText | None":
        if not (self._folder / "image_encoder" / "config.json").is_file():
            return None
        from underpaint.engine.families.image_text import is_image_text, load_image_text

        return load_image_text(self._folder) if is_image_text(self._folder) else None

    @property
    def name(self) -> str:
        """Whether words are asked about at all."""
        return "words asked" if (self._folder / "image_encoder" / "config.json").is_file() else "words not asked"

    def measured(self, picture: FloatArray, words: str, before: Mapping[str, Any]) -> dict[str, Any]:
        """`before`, and what the check of each phrase of `words` says, where that is not in it yet."""
        from underpaint.controls.word_check import check_words
        from underpaint.controls.words import phrases_of

        phrases = phrases_of(words) if words.strip() and "words" not in before else ()
        if not phrases or self._model is None:
            return dict(before)
        found = check_words(opaque(picture), phrases, self._model)
        said = {"phrases": dict(zip(found.phrases, found.verdicts, strict=True)), "model": found.model}
        return {**before, "words": said}
