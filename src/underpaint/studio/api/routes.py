"""All routes of our API."""

from fastapi import APIRouter

from underpaint.studio.api import jobs

router = APIRouter(prefix="/api/v1")
for part in (jobs,):
    router.include_router(part.router)
