"""Finishes: what is done to a painted picture afterwards. The picture stays; the result is a take of its own."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter
from pydantic import Field, create_model, model_validator

from underpaint.controls.swatches.hex_list import parse_hex
from underpaint.errors import NotThere, RecipeError
from underpaint.finish.cutout import Cutout, Hints
from underpaint.finish.match import Match, Reference
from underpaint.finish.networks import Network, load_network
from underpaint.finish.shape import Operation
from underpaint.finish.table import OPERATIONS
from underpaint.finish.upscale import METHODS, Upscale, target_size
from underpaint.finish.writing import open_picture, save
from underpaint.imaging.geometry import Extent
from underpaint.library.entering import Circumstances
from underpaint.pictures.read import read_picture
from underpaint.recipe.base import Frozen
from underpaint.studio.api.blobs import blob_bytes
from underpaint.studio.api.shared import BUSY, ERRORS, NOT_THERE, Answer, Asked, Sha256, TheDesk, plain
from underpaint.studio.api.takes import Take, take_of
from underpaint.studio.desk import Desk
from underpaint.studio.pictures import take_file

router = APIRouter(tags=["finishes"], responses=ERRORS)
_Reader = Callable[[Desk, Any], tuple[Frozen, Any]]
"""Makes of what a request says the parameters and whatever of pictures they name."""


class Finish(Answer):
    """A finishing operation."""

    name: str
    says: str
    parameters: dict[str, Any] = Field(description="JSON Schema of its parameters.")


class FinishList(Answer):
    """The finishing operations that there are."""

    finishes: list[Finish]


class Finished(Answer):
    """A finished picture, in the library."""

    take: Take
    found: dict[str, Any] = Field(description="What was decided and measured.")
    notes: list[str]


class OnPicture(Asked):
    """Which picture: a take, or a blob."""

    take: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = None
    blob: Sha256 | None = None

    @model_validator(mode="after")
    def _one(self) -> "OnPicture":
        if (self.take is None) == (self.blob is None):
            raise ValueError("name a take or a blob, one of them")
        return self


@router.get("/finishes", operation_id="list_finishes")
def list_finishes() -> FinishList:
    """What can be done to a picture afterwards."""
    return FinishList(finishes=[Finish(name=one.name, says=one.says, parameters=one.parameters.model_json_schema())
                                for one in OPERATIONS.values()])


def _offer(operation: Operation) -> None:
    """The route of one operation, with its own parameters."""
    title = f"New{operation.name.capitalize()}"
    make: Any = create_model
    asked_model = make(
        title, __base__=OnPicture, __doc__=f"{operation.says} A picture that a parameter names is a blob's SHA-256.",
        parameters=(operation.parameters, operation.parameters()))

    def finish(asked: Any, desk: TheDesk) -> Finished:
        return desk.work(_finished, desk, operation, asked)

    finish.__annotations__["asked"] = asked_model
    router.add_api_route(f"/finishes/{operation.name}", finish, methods=["POST"], status_code=201,
                         operation_id=f"finish_{operation.name}", summary=operation.says, description=operation.says,
                         responses={**NOT_THERE, **BUSY}, response_model=Finished)


for _operation in OPERATIONS.values():
    _offer(_operation)


def picture_file(desk: Desk, asked: OnPicture) -> Path:
    """The file of the picture that is asked for. Raises NotThere."""
    if asked.take is not None:
        return take_file(desk.library, desk.library.find(asked.take))
    assert asked.blob is not None
    blob_bytes(desk, asked.blob)
    return desk.library.blobs.path(asked.blob)


def _finished(desk: Desk, operation: Operation, asked: Any) -> Finished:
    """Finish a picture and enter the result."""
    opened = open_picture(picture_file(desk, asked))
    read: _Reader = _GIVEN.get(operation.name, _nothing)
    parameters, given = read(desk, asked.parameters)
    if isinstance(parameters, Upscale):
        _check_size(desk, target_size(Extent(opened.picture.width, opened.picture.height), parameters, given))
    made = operation.run(opened.picture, parameters, given)
    parent = desk.library.find(asked.take) if asked.take else None
    with tempfile.TemporaryDirectory(prefix="underpaint-") as folder:
        done = save(opened, operation, parameters, made, Path(folder) / f"{operation.ending}.png")
        name = f"{parent.name}, {operation.ending}" if parent and parent.name else operation.ending
        parents = (parent.sha256,) if parent else ()
        entry = desk.library.add(done.path, Circumstances(name=name[:200], parents=parents))
    return Finished(take=take_of(entry), found=plain(dict(done.step.found)), notes=list(done.notes))


def _check_size(desk: Desk, size: Extent) -> None:
    if size.area > desk.settings.max_pixels:
        raise RecipeError(f"{size} pixels are more than this server makes", field="parameters.scale",
                          hint=f"It makes up to {desk.settings.max_pixels / 1e6:.0f} megapixels.")


def _nothing(desk: Desk, parameters: Any) -> tuple[Frozen, Any]:
    return parameters, None


def _network(desk: Desk, asked: Upscale) -> tuple[Upscale, Network | None]:
    """The network that is named, out of those in the folders of models: a request is never a path."""
    if asked.method_sha256 is not None:
        raise RecipeError("which file it is, the server says", field="parameters.method_sha256", hint="Leave it out.")
    if asked.method in METHODS:
        return asked, None
    wanted = asked.method.lower()
    known = desk.models(lambda catalogue: [one.path for one in catalogue.models() if one.kind == "upscaler"])
    path = next((path for path in known if wanted in (path.name.lower(), path.stem.lower())), None)
    if path is None:
        raise RecipeError(f"there is no way to upscale called '{asked.method:.60}'", field="parameters.method",
                          hint=f"Choose {', '.join([*METHODS, *(path.stem for path in known)][:20])}.")
    network = load_network(path)
    return asked.changed(method=network.name, method_sha256=network.sha256), network


def _hints(desk: Desk, asked: Cutout) -> tuple[Cutout, Hints]:
    if asked.net is not None:
        raise RecipeError("subject networks are not taken over HTTP", field="parameters.net",
                          hint="Use underpaint finish cutout --net, or hand in a mask or strokes.")
    found = {name: read_picture(blob_bytes(desk, sha256)) for name in ("mask", "trimap", "strokes")
             if (sha256 := getattr(asked, name)) is not None}
    return asked, Hints(found.get("mask"), found.get("trimap"), found.get("strokes"), None)


def _reference(desk: Desk, asked: Match) -> tuple[Match, Reference]:
    """A blob's colours, or colours that are written out: `#1c2326,#f2ecc4`."""
    if asked.reference_sha256 is not None:
        return asked, Reference.of_picture(read_picture(blob_bytes(desk, asked.reference_sha256)))
    if not asked.reference:
        raise NotThere("nothing to match was named", field="parameters.reference_sha256",
                       hint="Hand in a picture as a blob, or write colours in reference: #1c2326,#f2ecc4.")
    colours = [parse_hex(part.strip()) for part in asked.reference.split(",")]
    if any(colour is None for colour in colours):
        raise RecipeError(f"'{asked.reference:.60}' are no colours", field="parameters.reference",
                          hint="Write #1c2326,#f2ecc4.")
    return asked, Reference(np.array(colours, np.float32), None, "palette")


_GIVEN: dict[str, _Reader] = {
    "upscale": _network, "cutout": _hints, "match": _reference}
