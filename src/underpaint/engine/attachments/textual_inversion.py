"""Textual inversions (Gal et al. 2022): a name in the prompt that stands for a few learned vectors."""

from collections.abc import Mapping

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.building import read_tensors
from underpaint.errors import ModelError
from underpaint.models.description import FAMILY_NAMES, ModelDescription
from underpaint.models.networks import embedding_keys


class TextualInversion:
    """One embedding, known in the prompt by `name` (its file's name, unless told otherwise).

    Raises:
        ModelError: it is not an embedding.
    """

    def __init__(self, description: ModelDescription, name: str | None = None) -> None:
        if description.kind != "embedding" or description.embedding is None:
            raise ModelError(f"{description.path.name} is {description.kind_name}, not a textual inversion")
        self.description = description
        self.name = name or description.name
        self._vectors: tuple[Tensor | None, ...] | None = None

    def attach(self, components: Components) -> None:
        """Read the vectors and check that they are as wide as the model's text encoders.

        Raises:
            ModelError: the embedding was made for another family, or its numbers are none.
        """
        self._vectors = checked_vectors(
            self.name, read_tensors([self.description.path]), components, made_for=self.description.family_name
        )

    def detach(self) -> None:
        """Forget the vectors; the model was never touched."""
        self._vectors = None

    def embeddings(self) -> Mapping[str, tuple[Tensor | None, ...]]:
        """The vectors (count x width) for each text encoder in the model's order, under the embedding's name."""
        return {} if self._vectors is None else {self.name: self._vectors}


def checked_vectors(
    name: str, tensors: Mapping[str, Tensor], components: Components, *, made_for: str = "an unknown family"
) -> tuple[Tensor | None, ...]:
    """The vectors (count x width, float32) of one textual inversion for each text encoder of the model, in its order.

    Raises:
        ModelError: they are not as wide as the model's text encoders, or not numbers.
    """
    keys = embedding_keys({key: tuple(tensor.shape) for key, tensor in tensors.items()}) or ()
    widths = tuple(int(tensors[key].shape[-1]) for key in keys)
    encoders = [encoder for encoder in components.text_encoders if encoder is not None]
    wanted = tuple(
        int(encoder.get_input_embeddings().weight.shape[1])  # type: ignore[operator, union-attr]
        for encoder in encoders
    )
    if widths != wanted[: len(widths)] or len(widths) != _count(components):
        raise ModelError(
            f"the textual inversion {name} is for {made_for} (width {' and '.join(map(str, widths)) or 'unknown'}), "
            f"{components.name or 'the model'} is {FAMILY_NAMES[components.family]} "
            f"(width {' and '.join(map(str, wanted))})",
            hint="Leave its name out of the prompt, or choose another model.",
        )
    found = [tensors[key].float().reshape(-1, tensors[key].shape[-1]) for key in keys]
    if not all(bool(torch.isfinite(vectors).all()) for vectors in found):
        raise ModelError(
            f"the textual inversion {name} is damaged: it holds values that are not numbers",
            hint="Download the file again, or leave its name out of the prompt.",
        )
    return (*found, *([None] * (len(components.text_encoders) - len(found))))


def _count(components: Components) -> int:
    """How many encoders an embedding of this family has vectors for."""
    return 2 if components.family in ("sdxl", "sd3") else 1
