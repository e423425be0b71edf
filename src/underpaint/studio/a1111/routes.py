"""All of A1111's routes in one router that finds the desk in `app.state.desk`; and how errors look below its paths."""

from fastapi import APIRouter, Response

from underpaint.studio.a1111 import calls, controlnet, listings, unserved
from underpaint.studio.a1111.errors import failure
from underpaint.studio.errors import Refusal

router = APIRouter()
for _part in (calls, listings, controlnet, unserved):
    router.include_router(_part.router)


def answer_error(refusal: Refusal) -> Response:
    """What goes wrong outside A1111's own routes (who asks is not let in, no such path, a bug) in its shape."""
    problem = refusal.problem
    said = " ".join(part for part in (f"{problem.message}.", problem.hint) if part)
    return failure(refusal.status, problem.kind, problem.message, said, dict(refusal.headers))


__all__ = ["answer_error", "router"]
