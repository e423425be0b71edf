"""What every route needs: the desk, who asks, the errors that any may answer, strangers' data made plain."""

import base64
import binascii
import math
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from underpaint.recipe import Recipe
from underpaint.recipe.migrations import migrate
from underpaint.studio.desk import Desk
from underpaint.studio.errors import ErrorAnswer

_LATER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The request cannot be read."},
    401: {"model": ErrorAnswer, "description": "The token is missing or wrong."},
    403: {"model": ErrorAnswer, "description": "A page of another place asked."},
    409: {"model": ErrorAnswer, "description": "It does not go together with the library, or that cannot be used."},
    413: {"model": ErrorAnswer, "description": "The body is larger than this server takes."},
    421: {"model": ErrorAnswer, "description": "The server goes by another name."},
    422: {"model": ErrorAnswer, "description": "A field does not fit; `field` says which."},
    500: {"model": ErrorAnswer, "description": "Something is wrong inside Underpaint."},
    503: {"model": ErrorAnswer, "description": "Not now; `Retry-After` says when.", "headers": _LATER},
    507: {"model": ErrorAnswer, "description": "The disk is full, or cannot be written."},
}
"""What any route may answer."""
NOT_THERE: dict[int | str, dict[str, Any]] = {404: {"model": ErrorAnswer, "description": "There is no such thing."}}
BUSY: dict[int | str, dict[str, Any]] = {
    429: {"model": ErrorAnswer, "description": "As much is waiting as the server takes on; `Retry-After` says when to "
                                               "ask again.", "headers": _LATER}}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "It does not go together with what the library holds."}}
_DEEPEST = 40


class Answer(BaseModel):
    """What an answer is made of."""

    model_config = ConfigDict(frozen=True)


class Asked(BaseModel):
    """What a request is made of: no unknown fields, no infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# Asynchronous, though they wait for nothing: a plain function would cost each request a thread.
async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _client(request: Request, x_client: Annotated[str | None, Header(
        max_length=64, description="Who asks, for fair turns among several.")] = None) -> str:
    if x_client:
        return x_client
    address = request.client.host if request.client else ""
    return f"{address} {request.headers.get('user-agent', '')[:60]}".strip()


TheDesk = Annotated[Desk, Depends(_desk)]
TheClient = Annotated[str, Depends(_client)]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="A job's id.")]
TakeId = Annotated[str, Path(pattern="^[0-9a-f]{8,64}$", description="A take's id, or at least 8 letters of it.")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="The SHA-256 of a blob's bytes.")]


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"this is not base64: {error}") from None


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise ValueError("there is nothing in it")
    return data


Base64 = Annotated[bytes, BeforeValidator(_decoded), AfterValidator(_not_empty),
                   WithJsonSchema({"type": "string", "contentEncoding": "base64"})]
"""Bytes as base64, which is checked to be that."""
AnyRecipe = Annotated[Recipe, Field(discriminator="task"), BeforeValidator(
    lambda data: migrate(dict(data)) if isinstance(data, dict) else data)]
"""A recipe of this or an older schema."""


def plain(data: Any, depth: int = 0) -> Any:
    """JSON data that any client can read: numbers that are none become null, half characters are replaced, and what is
    nested without end is cut off."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode()
    if depth > _DEEPEST:
        return None
    if isinstance(data, dict):
        return {plain(str(name)): plain(value, depth + 1) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value, depth + 1) for value in data]
    return data if data is None or isinstance(data, bool | int) else plain(str(data))
