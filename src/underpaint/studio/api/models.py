"""Models: what is on this machine, used where it lies. Clients name models; they never name paths."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from underpaint import __version__
from underpaint.models import Catalogue, ModelDescription
from underpaint.studio.api.shared import BUSY, ERRORS, Answer, TheDesk

router = APIRouter(tags=["models"], responses=ERRORS)


class Model(Answer):
    """A model that recipes may name."""

    name: str
    kind: str
    family: str = Field(description="sd, sdxl, sd3, flux ...; empty where it is not known.")
    made_for: str
    file: str = Field(description="The file's name, without its folder.")
    bytes: int
    sha256: str | None
    short_hash: str | None
    native_area: int | None = Field(description="Width times height it was trained for, in pixels.")
    size_step: int | None = Field(description="What width and height must be multiples of.")
    supports: list[str]


class Unusable(Answer):
    """A file that cannot be used, and why."""

    file: str
    why: str
    hint: str


class ModelList(Answer):
    """Models, by name."""

    models: list[Model]
    problems: list[Unusable]


class Health(Answer):
    """Whether the server is well."""

    status: Literal["well", "troubled"]
    version: str
    waiting: int = Field(description="Pictures that wait to be painted.")
    painting: str | None = Field(description="The job being painted.")
    trouble: str | None = Field(description="Why nothing is painted, while that is so.")
    listeners: int


@router.get("/models", operation_id="list_models")
def list_models(desk: TheDesk, kind: Annotated[str, Query(max_length=40, description="checkpoint, lora, vae, embedding "
                                                                                   "...; all without.")] = ""
                ) -> ModelList:
    """The models on this machine, and what lies in their folders but cannot be used."""
    return desk.models(lambda catalogue: _list(catalogue, kind))


@router.post("/models/refresh", operation_id="refresh_models", responses=BUSY)
def refresh_models(desk: TheDesk) -> ModelList:
    """Look through the folders of models again."""
    desk.work(desk.refresh_models)
    return desk.models(lambda catalogue: _list(catalogue, ""))


@router.get("/health", operation_id="get_health", tags=["server"])
def get_health(desk: TheDesk) -> Health:
    """Whether the server is well, and how much is waiting."""
    live, trouble = desk.easel.live, desk.easel.trouble
    return Health(status="troubled" if trouble else "well", version=__version__, waiting=desk.jobs.waiting(),
                  painting=live.job if live else None, trouble=trouble, listeners=desk.herald.listeners)


def _list(catalogue: Catalogue, kind: str) -> ModelList:
    found = [_model(catalogue, one) for one in catalogue.models() if not kind or one.kind == kind]
    return ModelList(models=found, problems=[Unusable(file=one.path.name, why=one.why, hint=one.hint)
                                             for one in catalogue.problems()])


def _model(catalogue: Catalogue, one: ModelDescription) -> Model:
    known = catalogue.hashes.known(one.path)
    one = one.with_(sha256=known.sha256, autov3=known.autov3) if known else one
    return Model(name=one.name, kind=one.kind, family=one.family or "", made_for=one.family_name if one.family else "",
                 file=one.path.name, bytes=one.file_bytes, sha256=one.sha256, short_hash=one.short_hash,
                 native_area=one.native_area or None, size_step=one.size_step or None, supports=sorted(one.supports))
