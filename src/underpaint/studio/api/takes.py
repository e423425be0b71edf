"""Takes: every picture there ever was, found, looked at, rated."""

import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import Field

from underpaint.errors import NotThere
from underpaint.library import ratings
from underpaint.library.library import Entry
from underpaint.library.lineage import Branch, tree
from underpaint.library.search import Query as Wanted
from underpaint.library.search import search
from underpaint.pictures.recall import blobs_from_file
from underpaint.studio.api.blobs import picture_response
from underpaint.studio.api.shared import BUSY, ERRORS, NOT_THERE, Answer, Asked, TakeId, TheDesk, plain
from underpaint.studio.desk import Desk
from underpaint.studio.herald import ID
from underpaint.studio.pictures import fitting, take_file

router = APIRouter(tags=["takes"], responses=ERRORS)
Day = Annotated[datetime.date, Field(ge=datetime.date(1970, 1, 2), le=datetime.date(2200, 1, 1))]
Text = Annotated[str, Field(max_length=500)]
Tag = Annotated[str, Field(min_length=1, max_length=60)]
SUFFIX_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The picture."}}


class Take(Answer):
    """A picture as the library knows it."""

    id: str
    sha256: str
    name: str
    kind: str = Field(description="take, import or return (painted over by hand).")
    program: str | None
    words: str
    model: str | None
    seed: str | None = Field(description="As text: seeds may be larger than what JavaScript's numbers hold.")
    width: int
    height: int
    stars: int
    rejected: bool
    trashed: bool
    pick: str | None = Field(description="How an artist chose it, null where nobody did.")
    painted_at: float = Field(description="Seconds since 1970.")
    tags: list[str]


class Mark(Answer):
    """One word that was said about a picture."""

    at: float
    what: str
    value: str | None


class TakeDetail(Take):
    """Everything that is known of a picture."""

    recipe: dict[str, Any] | None = Field(description="What it was painted from, as jobs take it.")
    plan: dict[str, Any] | None = Field(description="Every decision, and how it went.")
    measured: dict[str, Any] = Field(description="What the checks of its controls said.")
    found: dict[str, Any] = Field(description="What else the file says of itself.")
    history: list[Mark]


class TakeList(Answer):
    """Takes that fit."""

    takes: list[Take]


class Family(Answer):
    """A picture in its family: how it came from the one above it, by which changes, and what grew from it."""

    take: Take
    how: str
    changes: list[str]
    again: bool = Field(description="It stands elsewhere with all that grew from it.")
    children: list["Family"]


class Lineage(Answer):
    """The family of a picture, from each of its first ancestors down."""

    tree: list[Family]


class TakeChanges(Asked):
    """What to say about a take; what is left out stays."""

    stars: Annotated[int, Field(ge=0, le=5)] | None = None
    rejected: bool | None = None
    trashed: bool | None = None
    pick: Annotated[str, Field(max_length=60)] | None = Field(
        None, description="How you chose it, such as picked; an empty text takes that back.")
    add_tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    remove_tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()


@router.get("/takes", operation_id="list_takes")
def list_takes(desk: TheDesk,
               query: Annotated[Text, Query(description="Words of the prompt, name, tags or model.")] = "",
               model: Text | None = None,
               colour: Annotated[Text | None, Query(description="A main colour, such as teal or #c04020.")] = None,
               since: Day | None = None, until: Day | None = None,
               stars: Annotated[int | None, Query(ge=0, le=5, description="At least so many.")] = None,
               tag: Annotated[list[Tag] | None, Query(max_length=20)] = None, picked: bool = False,
               rejected: bool = False, trashed: bool = False,
               order: Literal["newest", "oldest", "stars", "painted"] = "newest",
               limit: Annotated[int, Query(ge=1, le=500)] = 50,
               offset: Annotated[int, Query(ge=0, le=100_000)] = 0) -> TakeList:
    """Find takes by words, model, colour, date and rating; all that is given must hold."""
    wanted = Wanted(words=query, model=model, colour=colour, since=since, until=until, stars=stars,
                    tags=tuple(tag or ()), picked=picked, rejected=None if trashed else rejected, trashed=trashed,
                    order=order, limit=offset + limit)
    return TakeList(takes=[take_of(entry) for entry in search(desk.library, wanted)[offset:]])


@router.get("/takes/{take}", operation_id="get_take", responses=NOT_THERE)
def get_take(take: TakeId, desk: TheDesk) -> TakeDetail:
    """Everything that is known of one take."""
    return detail_of(desk, desk.library.find(take))


@router.patch("/takes/{take}", operation_id="change_take", responses=NOT_THERE)
def change_take(take: TakeId, asked: TakeChanges, desk: TheDesk) -> TakeDetail:
    """Give stars and tags, pick, reject, put into the trash or take out of it."""
    library, entry = desk.library, desk.library.find(take)
    if asked.rejected is not None and asked.rejected != entry.rejected:
        entry = ratings.reject(library, entry, back=not asked.rejected)
    if asked.stars is not None:
        entry = ratings.star(library, entry, asked.stars)
    if asked.pick is not None:
        entry = ratings.pick(library, entry, asked.pick or None)
    if asked.trashed is not None and asked.trashed != entry.trashed:
        entry = (ratings.trash if asked.trashed else ratings.restore)(library, entry)
    entry = ratings.untag(library, ratings.tag(library, entry, asked.add_tags), asked.remove_tags)
    return detail_of(desk, entry)


@router.get("/takes/{take}/picture", operation_id="get_take_picture", response_class=Response,
            responses={**NOT_THERE, **_PICTURE})
def get_take_picture(take: TakeId, desk: TheDesk) -> Response:
    """The take's own file, with its recipe in it."""
    entry = desk.library.find(take)
    file = take_file(desk.library, entry)
    media = SUFFIX_MEDIA.get(entry.file.suffix.lower())
    headers = {"ETag": f'"{entry.sha256}"', "Cache-Control": "private, max-age=31536000, immutable"}
    name = f"{entry.id}{entry.file.suffix.lower()}" if entry.file.suffix.isascii() else entry.id
    return FileResponse(file, media_type=media or "application/octet-stream", headers=headers, filename=name,
                        content_disposition_type="inline" if media else "attachment")


@router.get("/takes/{take}/thumbnail", operation_id="get_take_thumbnail", response_class=Response,
            responses={**NOT_THERE, **_PICTURE, **BUSY})
def get_take_thumbnail(take: TakeId, desk: TheDesk,
                       side: Annotated[int, Query(ge=16, le=1024, description="Its longest side, in pixels.")] = 256
                       ) -> Response:
    """The take, small: a WebP that holds no metadata."""
    entry, size = desk.library.find(take), fitting(side)
    data = desk.quick(desk.thumbnails.of, entry.sha256, take_file(desk.library, entry), size)
    return picture_response(data, f"{entry.sha256}-{size}")


@router.get("/takes/{take}/lines", operation_id="get_take_lines", response_class=Response,
            responses={**NOT_THERE, **_PICTURE})
def get_take_lines(take: TakeId, desk: TheDesk) -> Response:
    """The line layer that the take was painted under, to be shown over it."""
    entry = desk.library.find(take)
    sha256, data = lines_of(desk, entry)
    return picture_response(data, sha256)


@router.get("/takes/{take}/lineage", operation_id="get_take_lineage", responses=NOT_THERE)
def get_take_lineage(take: TakeId, desk: TheDesk) -> Lineage:
    """What a take came from and what grew from it, by which changes."""
    return Lineage(tree=[_family(branch) for branch in tree(desk.library, desk.library.find(take))])


def take_of(entry: Entry) -> Take:
    """A picture as answers say it; where its file lies is nobody's business."""
    return Take(**_fields(entry))


def detail_of(desk: Desk, entry: Entry) -> TakeDetail:
    """The same with its recipe, its plan and what was said of it."""
    recipe, plan, found = desk.library.record(entry)
    history = [Mark(at=one.at, what=one.what, value=one.value) for one in ratings.history(desk.library, entry)]
    measured = (plan or {}).get("measured")
    return TakeDetail(**_fields(entry), recipe=plain(recipe), plan=plain(plan), found=plain(found), history=history,
                      measured=plain(measured) if isinstance(measured, dict) else {})


def lines_of(desk: Desk, entry: Entry) -> tuple[str, bytes]:
    """The line layer of a take and its hash. Raises NotThere where it was painted without one."""
    recipe, _, _ = desk.library.record(entry)
    sha256 = line_drawing(recipe or {})
    if sha256 is None:
        raise NotThere(f"the picture {entry.id} was painted without lines", field="take",
                       hint="Colour keys are painted under lines.")
    data = desk.library.blobs.read(sha256) or blobs_from_file(take_file(desk.library, entry)).get(sha256)
    if data is None:
        raise NotThere(f"the lines of {entry.id} are no longer there", hint="Hand the drawing in again.")
    return sha256, data


def line_drawing(recipe: dict[str, Any]) -> str | None:
    """The hash of the first line layer that a recipe names."""
    controls = recipe.get("controls")
    for control in controls if isinstance(controls, list) else ():
        if isinstance(control, dict) and control.get("kind") == "line" and isinstance(control.get("drawing"), dict):
            sha256 = control["drawing"].get("sha256")
            if isinstance(sha256, str) and len(sha256) == 64 and set(sha256) <= set("0123456789abcdef"):
                return sha256
    return None


def _fields(entry: Entry) -> dict[str, Any]:
    return {"id": entry.sha256[:ID], "sha256": entry.sha256, "name": entry.name, "kind": entry.kind,
            "program": entry.program, "words": entry.words, "model": entry.model,
            "seed": None if entry.seed is None else str(entry.seed), "width": entry.width, "height": entry.height,
            "stars": entry.stars, "rejected": entry.rejected, "trashed": entry.trashed, "pick": entry.pick,
            "painted_at": entry.painted_at, "tags": list(entry.tags)}


def _family(branch: Branch) -> Family:
    return Family(take=take_of(branch.entry), how=branch.how, changes=list(branch.changes), again=branch.again,
                  children=[_family(child) for child in branch.children])
