"""The server's application: our API, AUTOMATIC1111's, and the page, behind one door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from underpaint import __version__
from underpaint.studio import api, errors
from underpaint.studio.a1111 import routes
from underpaint.studio.desk import Desk
from underpaint.studio.guard import A1111_PATHS, Guard, Keys
from underpaint.studio.page.serving import page_router
from underpaint.studio.settings import ServeSettings

THREADS = 24
"""Requests that are answered at once; the library's database serves as many."""
_ABOUT = """You draw; Underpaint lays in the paint under your lines.

Everything is painted from *recipes* by *jobs*; a finished picture is a *take*. Drawings and masks are handed in once as
*blobs* and named by their SHA-256. Every answer that is no success is an `ErrorAnswer`."""


def create_app(desk: Desk, settings: ServeSettings, keys: Keys | None = None) -> FastAPI:
    """The application over a desk that somebody else starts and closes. `keys` are what opens its door; without, they
    are those of `settings`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield

    app = FastAPI(title="Underpaint", version=__version__, description=_ABOUT, lifespan=lifespan,
                  openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.desk = desk
    app.state.keys = keys or Keys(settings)
    app.include_router(api.router)
    app.include_router(routes.router)
    app.include_router(page_router())
    shapes: errors.Shapes = {A1111_PATHS: routes.answer_error}
    errors.install(app, shapes)
    app.add_middleware(Guard, settings=settings, keys=app.state.keys, shapes=shapes)
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]
    return app


def _description(app: FastAPI) -> dict[str, Any]:
    """What clients are generated from: with how to get in."""
    if app.openapi_schema is None:
        said = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        said.setdefault("components", {})["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "The server's token."},
            "account": {"type": "http", "scheme": "basic", "description": "AUTOMATIC1111's accounts, or any name with "
                                                                         "the token as password."}}
        said["security"] = [{"token": []}, {"account": []}]
        app.openapi_schema = said
    return app.openapi_schema
