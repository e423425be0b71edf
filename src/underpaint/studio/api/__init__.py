"""Our own API, under /api/v1: one file a kind of thing."""

from underpaint.studio.api.routes import router

__all__ = ["router"]
