"""Textual inversions (Gal et al. 2022): a name in the prompt that stands for a few learned vectors."""

from collections.abc import Mapping

from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.building import read_tensors
from underpaint.errors import ModelError
from underpaint.models.description import FAMILY_NAMES, ModelDescription


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
            ModelError: the embedding was made for another family.
        """
        facts = self.description.embedding
        assert facts is not None
        encoders = [encoder for encoder in components.text_encoders if encoder is not None]
        widths = tuple(int(encoder.get_input_embeddings().weight.shape[1]) for encoder in encoders)
        if facts.widths != widths[: len(facts.widths)] or len(facts.widths) != _wanted(components):
            raise ModelError(
                f"the textual inversion {self.name} is for {self.description.family_name} (width "
                f"{' and '.join(map(str, facts.widths))}), {components.name or 'the model'} is "
                f"{FAMILY_NAMES[components.family]} (width {' and '.join(map(str, widths))})",
                hint="Leave its name out of the prompt, or choose another model.",
            )
        tensors = read_tensors([self.description.path])
        ordered = [tensors[key] for key in ("clip_l", "clip_g") if key in tensors] or [
            tensors["emb_params"] if "emb_params" in tensors else next(iter(tensors.values()))
        ]
        found = [vectors.float().reshape(-1, vectors.shape[-1]) for vectors in ordered]
        self._vectors = (*found, *([None] * (len(components.text_encoders) - len(found))))

    def detach(self) -> None:
        """Forget the vectors; the model was never touched."""
        self._vectors = None

    def embeddings(self) -> Mapping[str, tuple[Tensor | None, ...]]:
        """The vectors (count x width) for each text encoder in the model's order, under the embedding's name."""
        return {} if self._vectors is None else {self.name: self._vectors}


def _wanted(components: Components) -> int:
    """How many encoders an embedding of this family has vectors for."""
    return 2 if components.family in ("sdxl", "sd3") else 1
