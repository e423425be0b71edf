"""Likeness vectors from the built-in model's image tower, and which embedder there is here."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from underpaint.imaging.arrays import FloatArray
from underpaint.models.primer import primer_folder
from underpaint.review.embedding import Embedder, PlainEmbedder
from underpaint.review.shape import opaque

if TYPE_CHECKING:
    from underpaint.engine.families.clip_pictures import ClipPictures

_TOWER = Path("image_encoder") / "model.safetensors"


class TowerEmbedder:
    """Vectors of a model's image tower: near where two pictures show the same. Torch is imported when first used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def name(self) -> str:
        """The tower's own hash: another tower's vectors are never compared with these."""
        with (self._folder / _TOWER).open("rb") as file:
            return f"tower {hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"

    @cached_property
    def _towers(self) -> "ClipPictures":
        from underpaint.engine.families.clip_pictures import ClipPictures

        return ClipPictures.load(self._folder)

    def embed(self, pictures: Sequence[FloatArray]) -> FloatArray:
        """See `Embedder`. Raises ModelError for a damaged tower."""
        return self._towers.pictures([opaque(one) for one in pictures])


def embedder() -> Embedder:
    """The built-in model's image tower where it has one, else what is measured without any model."""
    folder = primer_folder()
    return TowerEmbedder(folder) if (folder / _TOWER).is_file() else PlainEmbedder()
