"""Blobs: drawings, masks and pictures handed in once, named by the SHA-256 of their bytes."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, Path, Response, UploadFile
from pydantic import Field

from underpaint.errors import NotThere, PictureError
from underpaint.imaging.drawing import DrawingKind
from underpaint.library.drawings import drawing_of
from underpaint.pictures.read import read_picture
from underpaint.studio.api.shared import BUSY, ERRORS, NOT_THERE, Answer, Asked, Sha256, TheDesk
from underpaint.studio.desk import Desk

router = APIRouter(tags=["blobs"], responses=ERRORS)
MEDIA = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
"""The kinds of pictures that are handed out as such, by their first bytes; anything else is only bytes."""
_LARGE = 12_000_000
"""Pixels from which reading lines takes so long that thumbnails must not wait behind it."""


class BlobAnswer(Answer):
    """A picture that was handed in."""

    sha256: str
    bytes: int
    kind: str = Field(description="The file's format, such as PNG.")
    width: int
    height: int
    name: str


class NewLines(Asked):
    """Which drawing the lines are read from."""

    blob: Sha256
    kind: DrawingKind = Field(DrawingKind.AUTO, description="What sort of drawing it is, where recognising it errs.")
    keep_blue: bool = Field(True, description="Keep light blue construction lines.")
    name: Annotated[str, Field(max_length=200)] = ""


class LinesAnswer(Answer):
    """The line layer that a drawing became: a blob of its own, which recipes and sets name."""

    sha256: str
    width: int
    height: int
    kind: str = Field(description="What it was read as: ink, paper, photo ...")
    squared: bool = Field(description="Whether a photographed sheet was squared.")
    notes: list[str]
    source: str = Field(description="The blob that it was read from.")


@router.post("/blobs", operation_id="upload_blob", status_code=201, responses=BUSY)
def upload_blob(file: Annotated[UploadFile, File(description="A drawing, a mask or a picture.")], desk: TheDesk
                ) -> BlobAnswer:
    """Hand in a picture. The same bytes are kept once."""
    data = file.file.read(desk.settings.max_body_bytes + 1)
    picture = desk.quick(_checked, data)
    desk.library.put_blobs([data])
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:200].encode("utf-8", "replace").decode()
    return BlobAnswer(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), kind=picture[0], width=picture[1],
                      height=picture[2], name=name)


@router.get("/blobs/{sha256}", operation_id="get_blob", response_class=Response, responses={
    **NOT_THERE, 200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
                       "description": "The picture, as it was handed in."}})
def get_blob(sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], desk: TheDesk) -> Response:
    """A blob's bytes."""
    return picture_response(blob_bytes(desk, sha256), sha256)


@router.post("/lines", operation_id="read_lines", responses={**NOT_THERE, **BUSY})
def read_lines(asked: NewLines, desk: TheDesk) -> LinesAnswer:
    """Read the lines out of a drawing: transparent, squared, evenly lit. The original blob stays as it was."""
    data = blob_bytes(desk, asked.blob)
    picture = desk.quick(read_picture, data)
    hand = desk.work if picture.width * picture.height > _LARGE else desk.quick
    drawing = hand(lambda: drawing_of(picture, asked.name, kind=asked.kind.value, keep_blue=asked.keep_blue))
    desk.library.put_blobs([drawing.stored.data])
    extent = drawing.layer.extent
    return LinesAnswer(sha256=drawing.blob.sha256, width=extent.width, height=extent.height, source=asked.blob,
                       kind=drawing.layer.kind.value, squared=drawing.layer.corners is not None,
                       notes=list(drawing.notes))


def check_pictures(desk: Desk, blobs: Sequence[bytes]) -> None:
    """Raise PictureError for bytes that are no picture."""
    for number, data in enumerate(blobs):
        try:
            desk.quick(_checked, data)
        except PictureError as error:
            raise PictureError(error.message, hint=error.hint, field=f"blobs.{number}") from error


def blob_bytes(desk: Desk, sha256: str) -> bytes:
    """The bytes of a blob. Raises NotThere."""
    data = desk.library.blobs.read(sha256)
    if data is None:
        raise NotThere(f"there is no blob {sha256[:12]}", hint="Hand it in with POST /api/v1/blobs.", field="blob")
    return data


def picture_response(data: bytes, mark: str) -> Response:
    """Bytes that never change, as a picture where they are one that browsers know, else as a download."""
    media = next((name for first, name in MEDIA.items() if data.startswith(first)), None)
    headers = {"ETag": f'"{mark}"', "Cache-Control": "private, max-age=31536000, immutable",
               "X-Content-Type-Options": "nosniff"}
    if media is None:
        headers["Content-Disposition"] = "attachment"
    return Response(data, media_type=media or "application/octet-stream", headers=headers)


def _checked(data: bytes) -> tuple[str, int, int]:
    if not data:
        raise PictureError("the file is empty", field="file")
    picture = read_picture(data)
    return str(picture.format), picture.width, picture.height
