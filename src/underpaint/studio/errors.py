"""What goes wrong, over HTTP: our tree of errors with its statuses, one shape of answer.

`{"error": {"kind": ..., "message": ..., "hint": ..., "field": ...}}`, always, also for what the framework refuses.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from underpaint.errors import Busy, UnderpaintError

_LOG = logging.getLogger("underpaint.studio")
_WAY_OUT = {404: "See /api/v1/openapi.json for what there is.", 405: "See /api/v1/openapi.json for what is allowed."}


class Problem(BaseModel):
    """What went wrong, the way out, and which field of the request it was."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="Which error of the tree it is, such as RecipeError.")
    message: str
    hint: str | None = None
    field: str | None = None


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    model_config = ConfigDict(frozen=True)

    error: Problem


@dataclass(frozen=True)
class Refusal:
    """A problem on its way out: with its status and headers."""

    status: int
    problem: Problem
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As our API says it."""
        return JSONResponse({"error": self.problem.model_dump()}, self.status, dict(self.headers))


Shapes = Mapping[tuple[str, ...], Callable[[Refusal], Response]]
"""Beginnings of paths, and how the other program whose API lies there says the same."""


def refusal_of(error: UnderpaintError) -> Refusal:
    """One of our errors as an answer."""
    headers = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif error.http_status == 503:
        headers["Retry-After"] = "30"
    problem = Problem(kind=type(error).__name__, message=_plain(error.message) or "", hint=_plain(error.hint),
                      field=_plain(error.field))
    return Refusal(error.http_status, problem, headers)


def refuse(status: int, message: str, *, hint: str | None = None, field: str | None = None,
           kind: str = "RequestError", headers: Mapping[str, str] | None = None) -> Refusal:
    """A refusal of our own."""
    return Refusal(status, Problem(kind=kind, message=message, hint=hint, field=field), headers or {})


def shaped(path: str, refusal: Refusal, shapes: Shapes) -> Response:
    """A refusal as it is said at that path."""
    shape = next((shape for paths, shape in shapes.items() if path.startswith(paths)), Refusal.response)
    return shape(refusal)


def install(app: FastAPI, shapes: Shapes) -> None:
    """Let `app` answer every error in our shape, and below the paths of `shapes` in another program's."""

    def answer(request: Request, refusal: Refusal) -> Response:
        return shaped(request.url.path, refusal, shapes)

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, UnderpaintError)
        return answer(request, refusal_of(error))

    async def unfit(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, _unfit(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request, refuse(error.status_code, str(error.detail)[:500], hint=_WAY_OUT.get(error.status_code),
                                      field="body" if error.status_code in (400, 413) else None,
                                      headers=error.headers))

    async def inside(request: Request, error: Exception) -> Response:
        _LOG.exception("%s %s", request.method, request.url.path, exc_info=error)
        return answer(request, refuse(500, f"something went wrong inside Underpaint: {type(error).__name__}",
                                      hint="The server's own output says more.", kind="UnderpaintError"))

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        UnderpaintError: ours, RequestValidationError: unfit, HTTPException: http, Exception: inside}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _unfit(error: RequestValidationError) -> Refusal:
    """What does not fit the model of a request: 400 where it is no JSON, else 422; always with the field."""
    first: dict[str, Any] = dict(error.errors()[0])
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    if first["type"] == "json_invalid":
        place = f" (at character {first['loc'][-1]})" if isinstance(first["loc"][-1], int) else ""
        said = str(first.get("ctx", {}).get("error", "")).rstrip(".")
        return refuse(400, f"the body is not JSON{place}: {said}", field="body", hint="Check it with a JSON viewer.",
                      kind="RecipeError")
    said = _plain(str(first["msg"]).removeprefix("Value error, ")) or ""
    more = f" ({len(error.errors()) - 1} more)" if len(error.errors()) > 1 else ""
    name = ".".join(where)[:200] or str(first["loc"][0])
    return refuse(422, f"{said[:1].lower()}{said[1:500]}{more}", field=_plain(name), kind="RecipeError",
                  hint="See /api/v1/openapi.json for what it takes.")


def _plain(text: str | None) -> str | None:
    """Text that JSON can carry: half characters, as a stranger's JSON may hold, are replaced."""
    return None if text is None else text.encode("utf-8", "replace").decode()
