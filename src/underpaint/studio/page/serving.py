"""Serves the page: a fixed list of small files, read once, under a policy that lets nothing else in.

What may be asked for is what lies in `static/` when the server starts; a request is looked up in that list and never
becomes a path.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
          "require-trusted-types-for 'script'; trusted-types 'none'")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
         "svg": "image/svg+xml", "png": "image/png"}
_FIRST = "index.html"


@dataclass(frozen=True)
class PageFile:
    """One file of the page: its bytes, its media type, and a mark of its contents."""

    data: bytes
    media_type: str
    etag: str


@cache
def page_files() -> dict[str, PageFile]:
    """Every file of the page by its path, such as `parts/key-card.js`, and the drawing to try it with."""
    found = dict(_within(resources.files("underpaint.studio.page") / "static", ""))
    found["demo.png"] = _file("demo.png", (resources.files("underpaint.demo") / "girl-on-cliff.png").read_bytes())
    return found


def _within(folder: Traversable, above: str) -> list[tuple[str, PageFile]]:
    found = []
    for entry in folder.iterdir():
        name = f"{above}{entry.name}"
        if entry.is_dir():
            found += _within(entry, f"{name}/")
        elif entry.name.rpartition(".")[2] in TYPES:
            found.append((name, _file(entry.name, entry.read_bytes())))
    return found


def _file(name: str, data: bytes) -> PageFile:
    return PageFile(data, TYPES[name.rpartition(".")[2]], f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def page_router() -> APIRouter:
    """Routes for the page itself and its files; none of them is part of the API."""
    router = APIRouter(include_in_schema=False)
    for name in page_files():
        router.add_api_route(f"/{name}", _answer(name), methods=["GET", "HEAD"])
    router.add_api_route("/", _answer(_FIRST), methods=["GET", "HEAD"])
    return router


def _answer(name: str) -> Callable[[Request], Response]:
    file = page_files()[name]

    def answer(request: Request) -> Response:
        headers = HEADERS | {"ETag": file.etag}
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.media_type, headers=headers)

    return answer
