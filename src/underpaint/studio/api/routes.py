"""All routes of our API."""

from fastapi import APIRouter

from underpaint.studio.api import blobs, controls, documents, finishes, jobs, models, sets, takes

router = APIRouter(prefix="/api/v1")
for part in (jobs, sets, blobs, takes, documents, finishes, controls, models):
    router.include_router(part.router)
