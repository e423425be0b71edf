"""How AUTOMATIC1111's API answers when something is wrong: `{error, detail, body, errors}`, and pydantic's own 422.

Two codes differ on purpose: a body that is not JSON is 400, and what A1111 answers with 500 for a client's mistake (a
picture that is no base64, a model that is not there) is 404 or 422.
"""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from underpaint.errors import UnderpaintError
from underpaint.studio.errors import refusal_of

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_SHOWN = 200


class NotServed(UnderpaintError):
    """A part of A1111's API that is not served here, with the reason."""

    http_status = 501


class NotFound(UnderpaintError):
    """A1111's 404: a sampler, an init image or a model that is not there."""

    http_status = 404


class Unprocessable(UnderpaintError):
    """A1111's 422: a script, a module or a picture that cannot be used."""

    http_status = 422


class Answer(JSONResponse):
    """JSON in ASCII, so that no text that a client sent can fail to be sent back."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class A1111Route(APIRoute):
    """A route whose errors look as A1111's do."""

    def get_route_handler(self) -> _Handler:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _invalid(error)
            except HTTPException as error:
                return failure(error.status_code, "HTTPException", str(error.detail), str(error), error.headers)
            except UnderpaintError as error:
                headers = dict(refusal_of(error).headers)  # when to come back
                return failure(error.http_status, type(error).__name__, _one_line(error), str(error), headers)

        return answer


def _one_line(error: UnderpaintError) -> str:
    """A1111's clients know some of its details by heart ("Sampler not found"): the message stands first."""
    return f"{error.field}: {error.message}" if error.field else error.message


def failure(status: int, kind: str, detail: str, said: str, headers: Any = None) -> Response:
    """An answer in A1111's shape: what kind of error, its detail, the whole sentence with the way out."""
    return Answer({"error": kind, "detail": detail, "body": "", "errors": said}, status, headers)


def _invalid(error: RequestValidationError) -> Response:
    """Pydantic's list of what does not fit, without what could not be written back as JSON."""
    found = [{"type": one["type"], "loc": list(one["loc"]), "msg": one["msg"]} | _given(one.get("input"))
             for one in error.errors()]
    broken = any(one["type"] == "json_invalid" for one in found)
    return Answer({"detail": found}, 400 if broken else 422)


def _given(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"input": value[:_SHOWN]}
    finite = value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
    return {"input": value} if finite else {}
