"""Jobs: handed in, looked at, followed live, cancelled."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, model_validator
from starlette.responses import StreamingResponse

from underpaint.library.jobs import JobItem, JobStatus, Order, Placed
from underpaint.studio.api.blobs import check_pictures
from underpaint.studio.api.shared import (
    BUSY,
    CONFLICT,
    ERRORS,
    NOT_THERE,
    Answer,
    AnyRecipe,
    Asked,
    Base64,
    JobId,
    TheClient,
    TheDesk,
    plain,
)
from underpaint.studio.desk import Desk
from underpaint.studio.herald import ID, Beat

router = APIRouter(tags=["jobs"], responses=ERRORS)
State = Literal["waiting", "running", "done", "failed", "stopped", "cancelled"]
Priority = Annotated[int, Field(ge=-100, le=100, description="Higher goes first; equals take turns by client.")]
Title = Annotated[str, Field(max_length=200, description="What people call it.")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200,
                                   description="Asking again with the same key is the same job.")]


class NewJob(Asked):
    """Recipes to paint, in order."""

    recipes: Annotated[tuple[AnyRecipe, ...], Field(min_length=1, max_length=10_000)]
    names: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(
        max_length=10_000, description="What each picture is called; none, or one a recipe.")] = ()
    blobs: Annotated[tuple[Base64, ...], Field(
        max_length=1000, description="Drawings and masks that the recipes name by their SHA-256, where they were not "
                                     "handed in before.")] = ()
    title: Title = ""
    priority: Priority = 0

    @model_validator(mode="after")
    def _each_has_a_picture(self) -> "NewJob":
        if len(self.names) > len(self.recipes):
            raise ValueError(f"{len(self.names)} names for {len(self.recipes)} recipes")
        return self


class JobPicture(Answer):
    """One picture of a job."""

    position: int
    name: str
    state: Literal["waiting", "done", "failed"]
    take: str | None = Field(description="The id of its take, once it is painted.")
    error: str | None
    seconds: float | None = Field(description="How long it took to paint.")


class JobSummary(Answer):
    """How a job goes. `progress` is the share of the picture being painted, `seconds_left` of the whole job is null
    until one picture is finished."""

    id: str
    state: State
    title: str
    made_by: str = Field(description="What made its recipes: recipes, keys, sheet, plot ...")
    client: str
    priority: int
    created_at: float = Field(description="Seconds since 1970.")
    total: int
    done: int
    failed: int
    progress: float
    seconds_left: float | None


class JobAnswer(JobSummary):
    """A job with its pictures, and what it was asked for."""

    pictures: list[JobPicture]
    request: dict[str, Any] = Field(description="The words and numbers of the set that it was made by.")


class JobList(Answer):
    """Jobs, the newest first."""

    jobs: list[JobSummary]


@router.post("/jobs", operation_id="create_job", status_code=201, responses={**BUSY, **CONFLICT, **NOT_THERE})
def create_job(asked: NewJob, desk: TheDesk, client: TheClient, response: Response, key: Key = None) -> JobAnswer:
    """Hand in recipes. They are written down before this answers, and painted even if the server is killed."""
    check_pictures(desk, asked.blobs)
    names = asked.names or [""] * len(asked.recipes)
    items = [JobItem(recipe, name) for recipe, name in zip(asked.recipes, names, strict=False)]
    items += [JobItem(recipe) for recipe in asked.recipes[len(items):]]
    order = Order(key=key, client=client, priority=asked.priority, title=asked.title)
    blobs = {hashlib.sha256(data).hexdigest(): data for data in asked.blobs}
    return answer_new(desk, desk.submit(items, blobs=blobs, order=order), response)


@router.get("/jobs", operation_id="list_jobs")
def list_jobs(desk: TheDesk, unfinished: Annotated[bool, Query(description="Only those that are not over.")] = False,
              limit: Annotated[int, Query(ge=1, le=500)] = 50) -> JobList:
    """Every job, the newest first."""
    return JobList(jobs=[JobSummary(**_summary(one)) for one in desk.jobs.all(unfinished=unfinished, limit=limit)])


@router.get("/jobs/{job}", operation_id="get_job", responses=NOT_THERE)
def get_job(job: JobId, desk: TheDesk) -> JobAnswer:
    """How one job goes, picture by picture."""
    return job_answer(desk, desk.status(job))


@router.delete("/jobs/{job}", operation_id="cancel_job", responses=NOT_THERE)
def cancel_job(job: JobId, desk: TheDesk) -> JobAnswer:
    """Stop a job after the step being painted. Its finished takes are kept."""
    return job_answer(desk, desk.cancel(job))


@router.post("/jobs/{job}/resume", operation_id="resume_job", responses={**NOT_THERE, **CONFLICT})
def resume_job(job: JobId, desk: TheDesk) -> JobAnswer:
    """Put a job that failed or was cancelled back in the queue; only what is missing is painted."""
    return job_answer(desk, desk.resume(job))


_STREAM: dict[int | str, dict[str, Any]] = {200: {
    "description": "Server-sent events. `id` numbers the journal's events (submitted, painting, painted, failed, "
                   "resumed, cancelled, stopped, done); `progress` and `preview` come in between without one. `data` "
                   "is JSON; it always says the job.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
LastEvent = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**62,
                                         description="Go on after this event.")]
After = Annotated[int | None, Query(ge=0, le=2**62, description="The same, where headers cannot be set.")]


@router.get("/jobs/{job}/events", operation_id="follow_job", response_class=StreamingResponse, tags=["events"],
            responses={**_STREAM, **NOT_THERE, **BUSY})
async def follow_job(job: JobId, desk: TheDesk, last: LastEvent = None, after: After = None) -> StreamingResponse:
    """Follow one job live, from its beginning, until it is over."""
    return await _stream(desk, job, last if last is not None else after)


@router.get("/events", operation_id="follow_all", response_class=StreamingResponse, tags=["events"],
            responses={**_STREAM, **BUSY})
async def follow_all(desk: TheDesk, last: LastEvent = None, after: After = None) -> StreamingResponse:
    """Follow everything live, from now on or after an event that was seen before."""
    return await _stream(desk, None, last if last is not None else after)


async def _stream(desk: Desk, job: str | None, after: int | None) -> StreamingResponse:
    beats = desk.follow(job, after)
    first = await anext(beats, None) if job is not None else None  # a job that is not there is a 404, not a stream
    return StreamingResponse(_sent(beats, first), media_type="text/event-stream",
                             headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


async def _sent(beats: AsyncIterator[Beat | None], first: Beat | None) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    if first is not None:
        yield event_bytes(first)
    async for beat in beats:
        yield b": still here\n\n" if beat is None else event_bytes(beat)


def event_bytes(beat: Beat) -> bytes:
    """A beat as a server-sent event."""
    data = {"job": beat.job, "at": round(beat.at, 3), **beat.data}
    if isinstance(data.get("preview"), bytes):
        data["preview"] = base64.b64encode(data["preview"]).decode("ascii")
    number = f"id: {beat.id}\n" if beat.id is not None else ""
    return f"{number}event: {beat.what}\ndata: {json.dumps(plain(data), ensure_ascii=True)}\n\n".encode("ascii")


def answer_new(desk: Desk, job: str, response: Response) -> JobAnswer:
    """A job that was just handed in."""
    response.headers["Location"] = f"/api/v1/jobs/{job}"
    return job_answer(desk, desk.status(job))


def job_answer(desk: Desk, status: JobStatus) -> JobAnswer:
    """A job with its pictures."""
    pictures = [_picture(one) for one in desk.jobs.pictures(status.id)]
    request = status.request.get("asked")
    return JobAnswer(**_summary(status), pictures=pictures, request=plain(request) if isinstance(request, dict) else {})


def _picture(one: Placed) -> JobPicture:
    state: Any = one.state
    return JobPicture(position=one.position, name=one.name, state=state, error=one.error, seconds=one.seconds,
                      take=one.take[:ID] if one.take else None)


def _summary(one: JobStatus) -> dict[str, Any]:
    made_by = str(one.request.get("set", one.kind))
    return {"id": one.id, "state": one.state, "title": one.title, "made_by": made_by, "client": one.client,
            "priority": one.priority, "created_at": one.created_at, "total": one.total, "done": one.done,
            "failed": one.failed, "progress": one.progress, "seconds_left": one.seconds_left}
