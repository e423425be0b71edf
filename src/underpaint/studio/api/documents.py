"""Layered documents of takes: the paint, the artist's lines on top, for Photoshop, Krita and everything else."""

import tempfile
from collections.abc import Sequence
from pathlib import Path as File
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from underpaint.errors import NotThere
from underpaint.library.library import Entry
from underpaint.studio.api.shared import BUSY, ERRORS, NOT_THERE, JobId, TakeId, TheDesk
from underpaint.studio.api.takes import line_drawing, lines_of
from underpaint.studio.desk import Desk
from underpaint.studio.layers import Painted, layered
from underpaint.studio.pictures import take_file

router = APIRouter(tags=["documents"], responses=ERRORS)
Format = Annotated[Literal["psd", "ora"], Path(description="psd for Photoshop, ora for Krita, GIMP and others.")]
MEDIA = {"psd": "image/vnd.adobe.photoshop", "ora": "image/openraster"}
_ANSWERS: dict[int | str, dict[str, Any]] = {**NOT_THERE, **BUSY, 200: {
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA.values()},
    "description": "The document."}}


@router.get("/takes/{take}/document.{kind}", operation_id="get_take_document", response_class=FileResponse,
            responses=_ANSWERS)
def get_take_document(take: TakeId, kind: Format, desk: TheDesk) -> Response:
    """A take as a layered document: its paint, and the lines it was painted under on top."""
    return _document(desk, [desk.library.find(take)], kind)


@router.get("/jobs/{job}/document.{kind}", operation_id="get_job_document", response_class=FileResponse,
            responses=_ANSWERS)
def get_job_document(job: JobId, kind: Format, desk: TheDesk,
                     position: Annotated[list[int] | None, Query(description="Only these pictures.", max_length=500)]
                     = None) -> Response:
    """What a job has painted so far as one layered document: a group a picture, the artist's lines on top."""
    status = desk.status(job)
    numbers = [number for at, number in enumerate(status.takes) if number and (not position or at in position)]
    if not numbers:
        raise NotThere("nothing of this job is painted yet", hint="Wait for its first picture.", field="job")
    return _document(desk, desk.library.entries(numbers), kind)


def _document(desk: Desk, entries: Sequence[Entry], kind: str) -> Response:
    folder = tempfile.TemporaryDirectory(prefix="underpaint-")
    target = File(folder.name) / f"underpaint.{kind}"
    try:
        desk.work(_write, desk, entries, target)
    except BaseException:
        folder.cleanup()
        raise
    name = f"{'keys' if len(entries) > 1 else 'take'}-{entries[0].sha256[:10]}.{kind}"
    return FileResponse(target, media_type=MEDIA[kind], filename=name,
                        headers={"Cache-Control": "no-store"}, background=BackgroundTask(folder.cleanup))


def _write(desk: Desk, entries: Sequence[Entry], target: File) -> None:
    painted, lines = [], None
    for entry in entries:
        recipe, plan, _ = desk.library.record(entry)
        painted.append(Painted(take_file(desk.library, entry), entry.name or entry.words, (plan or {}).get("measured")))
        if lines is None and line_drawing(recipe or {}) is not None:
            lines = lines_of(desk, entry)[1]
    layered(painted, lines, target)
