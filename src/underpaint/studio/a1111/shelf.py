"""The models of this machine as A1111's clients see them."""

from underpaint.errors import ModelError, UnderpaintError
from underpaint.models import Kind, ModelDescription
from underpaint.studio.a1111 import replies
from underpaint.studio.a1111.styles import read_styles
from underpaint.studio.desk import Desk

SMALL = 256 * 2**20
"""Checkpoints up to so many bytes are hashed when they are listed, larger ones in the background."""


class Shelf:
    """The catalogue, one asker at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def find(self, name: str | None, kind: Kind) -> ModelDescription:
        """The model of that name, such as `model.safetensors [0123456789]`. Raises ModelError."""
        return self._desk.models(lambda catalogue: catalogue.find(name, kind=kind))

    def models(self, kind: Kind) -> tuple[ModelDescription, ...]:
        """All of a kind."""
        return self._desk.models(lambda catalogue: catalogue.models(kind))

    def refresh(self) -> None:
        """Look through the folders again."""
        self._desk.refresh_models()

    def styles(self) -> dict[str, replies.Style]:
        """Every style by its name."""
        home, places = self._desk.models(lambda catalogue: (catalogue.home, catalogue.folders()))
        return read_styles([home, *(place.root for place in places if place.program == "a1111")])

    def hashed(self, model: ModelDescription) -> ModelDescription:
        """The model with its hash where that is known or quickly found."""
        if model.sha256 is not None:
            return model
        hashes = self._desk.catalogue.hashes  # any thread may ask them
        found = hashes.known(model.path)
        if found is None and model.file_bytes <= SMALL:
            try:
                found = hashes.hash_now(model.path)
            except (OSError, UnderpaintError):
                return model  # it went away meanwhile
        return model.with_(sha256=found.sha256) if found is not None else model


def file_name(model: ModelDescription) -> str:
    """What A1111 calls a model: its file's name, or for a folder its own."""
    return model.path.name if model.path.is_file() else model.name


def title(model: ModelDescription) -> str:
    """`name [short hash]`, the name alone before the hash is known."""
    return f"{file_name(model)} [{model.short_hash}]" if model.short_hash else file_name(model)


def sd_models(shelf: Shelf) -> list[replies.SdModel]:
    """GET sd-models."""
    return [replies.SdModel(title=title(one), model_name=file_name(one).removesuffix(".safetensors"),
                            hash=one.short_hash, sha256=one.sha256, filename=str(one.path), config=None)
            for one in map(shelf.hashed, shelf.models("checkpoint"))]


def sd_vaes(shelf: Shelf) -> list[replies.SdVae]:
    """GET sd-vae."""
    return [replies.SdVae(model_name=file_name(one), filename=str(one.path)) for one in shelf.models("vae")]


def loras(shelf: Shelf) -> list[replies.Lora]:
    """GET loras."""
    found = []
    for one in shelf.models("lora"):
        told = {"ss_output_name": one.alias, "ss_sd_model_name": one.lora.trained_on if one.lora else "",
                "ss_base_model_version": one.family_name if one.family else "", "sshs_model_hash": one.sha256}
        found.append(replies.Lora(name=one.name, alias=one.alias or one.name, path=str(one.path),
                                  metadata={name: value for name, value in told.items() if value}))
    return found


def embeddings(shelf: Shelf, checkpoint: str | None) -> replies.Embeddings:
    """GET embeddings: those that suit the client's model, and the others."""
    try:
        model = shelf.find(checkpoint, "checkpoint")
    except ModelError:
        model = None
    loaded: dict[str, replies.Embedding] = {}
    skipped: dict[str, replies.Embedding] = {}
    for one in shelf.models("embedding"):
        facts = one.embedding
        said = replies.Embedding(step=None, sd_checkpoint=None, sd_checkpoint_name=None,
                                 shape=facts.widths[0] if facts and facts.widths else 0,
                                 vectors=facts.vectors if facts else 0)
        (loaded if model is not None and one.suits(model) else skipped)[one.name] = said
    return replies.Embeddings(loaded=loaded, skipped=skipped)


def current(shelf: Shelf, checkpoint: str | None) -> ModelDescription:
    """The model that a client paints with. Raises ModelError for one that is gone."""
    return shelf.hashed(shelf.find(checkpoint, "checkpoint"))
