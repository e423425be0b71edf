"""AUTOMATIC1111's API: its routes. Nothing here paints or decides; it reads, hands on and answers."""

import uuid
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Body, Depends, Request, Response

from underpaint.errors import ModelError
from underpaint.studio.a1111 import replies
from underpaint.studio.a1111.asking import understood
from underpaint.studio.a1111.errors import A1111Route
from underpaint.studio.a1111.extras import improved, improved_batch
from underpaint.studio.a1111.images import decoded, text_of, texts_of
from underpaint.studio.a1111.options import DEFAULTS, checked
from underpaint.studio.a1111.painting import paint, skip, stop
from underpaint.studio.a1111.parameters import parameters_of
from underpaint.studio.a1111.progress import current_task, progress_of, task_progress
from underpaint.studio.a1111.requests import (
    ExtrasBatch,
    ExtrasSingle,
    Img2Img,
    InternalProgress,
    PngInfo,
    Processing,
    Settings,
    Txt2Img,
)
from underpaint.studio.a1111.sessions import Client, Sessions, client_of, greet
from underpaint.studio.a1111.shelf import Shelf, current, title
from underpaint.studio.a1111.tasks import Task, Tasks
from underpaint.studio.a1111.telling import told
from underpaint.studio.desk import Desk

FAILURES: dict[int | str, dict[str, Any]] = {
    code: {"model": replies.Failure, "description": says} for code, says in {
        400: "The body is not JSON", 401: "Who asks is not known", 403: "Asked from a page elsewhere",
        404: "A sampler, model or picture that is not there", 409: "The library cannot be used",
        413: "The body is too large", 421: "The server goes by another name", 422: "Something does not fit",
        429: "The queue is full", 500: "Painting failed", 501: "Not served here, with the reason",
        503: "Too much is being done", 507: "The disk is full"}.items()}
router = APIRouter(route_class=A1111Route, responses=FAILURES, tags=["AUTOMATIC1111"])


class Counter:
    """What all of A1111's routes share: who is known, and what is being painted for whom."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.sessions, self.tasks, self.shelf = desk, Sessions(), Tasks(), Shelf(desk)

    def options(self, client: Client) -> dict[str, Any]:
        """A client's settings with what it left alone."""
        found = {**DEFAULTS, **self.sessions.options(client)}
        return found | {"sd_model_checkpoint": found["sd_model_checkpoint"] or self.desk.settings.model}


# Both are asynchronous, though they wait for nothing: in threads two first requests could each make a counter.
async def counter_of(request: Request) -> Counter:
    """The one of this server, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "a1111"):
        state.a1111 = Counter(state.desk)
    found: Counter = state.a1111
    return found


async def asker(request: Request, response: Response) -> Client:
    """Who asks; a client that keeps cookies is given one."""
    client = client_of(request)
    greet(client, request, response)
    return client


AtCounter = Annotated[Counter, Depends(counter_of)]
Asker = Annotated[Client, Depends(asker)]


@router.post("/sdapi/v1/txt2img", summary="Paint from words")
async def txt2img(body: Txt2Img, request: Request, counter: AtCounter, client: Asker) -> replies.Images:
    """Paint pictures and wait for them; see docs/a1111.md for what each field means here."""
    return await _painted("txt2img", body, request, counter, client)


@router.post("/sdapi/v1/img2img", summary="Paint over pictures, or in a mask")
async def img2img(body: Img2Img, request: Request, counter: AtCounter, client: Asker) -> replies.Images:
    """Paint over pictures and wait for them."""
    return await _painted("img2img", body, request, counter, client)


async def _painted(kind: str, body: Processing, request: Request, counter: Counter, client: Client) -> replies.Images:
    options = counter.sessions.options(client)
    ready = await to_thread.run_sync(understood, body, options, counter.desk)
    if ready.kept:
        counter.sessions.set(client, ready.kept)
    task = Task(body.force_task_id or f"task({kind}-{uuid.uuid4().hex[:12]})", kind, client, len(ready.made.recipes))
    painted = await paint(ready, task, counter.tasks, counter.desk, request)
    images, info = await to_thread.run_sync(told, painted)
    hidden = {"include_init_images"}
    parameters = ready.asked.request.model_dump(mode="json", exclude=hidden)
    if isinstance(body, Img2Img) and not body.include_init_images:
        parameters |= {"init_images": None, "mask": None}
    return replies.Images(images=images, parameters=parameters, info=info)


@router.post("/sdapi/v1/extra-single-image", summary="Make a picture larger")
def extra_single_image(body: ExtrasSingle, counter: AtCounter) -> replies.ExtraImage:
    """Enlarge one picture."""
    most = counter.desk.settings.max_pixels
    made = counter.desk.work(improved, body, body.image, "image", counter.shelf, most)
    return replies.ExtraImage(html_info="", image=text_of(made))


@router.post("/sdapi/v1/extra-batch-images", summary="Make pictures larger")
def extra_batch_images(body: ExtrasBatch, counter: AtCounter) -> replies.ExtraImages:
    """Enlarge several pictures."""
    most = counter.desk.settings.max_pixels
    made = improved_batch(body, lambda text, field: counter.desk.work(improved, body, text, field, counter.shelf, most))
    return replies.ExtraImages(html_info="", images=[text_of(one) for one in made])


@router.post("/sdapi/v1/png-info", summary="Read a picture's parameters")
def png_info(body: PngInfo) -> replies.PngInfoReply:
    """The infotext of a picture, its fields, and what else stands in the file."""
    info, items = texts_of(decoded(body.image, "image"))
    return replies.PngInfoReply(info=info, items=items, parameters=parameters_of(info))


@router.get("/sdapi/v1/progress", summary="How painting goes")
def progress(counter: AtCounter, client: Asker, skip_current_image: bool = False) -> replies.Progress:
    """Of what this client has asked for."""
    picture = not skip_current_image and bool(counter.options(client)["live_previews_enable"])
    return progress_of(client, counter.tasks, counter.desk, picture=picture)


@router.post("/sdapi/v1/interrupt", summary="Stop painting")
def interrupt(counter: AtCounter, client: Asker) -> dict[str, Any]:
    """Stop what is being painted for this client, else what waits first; what is finished is handed out."""
    task, _ = current_task(client, counter.tasks, counter.desk)
    if task is not None:
        stop(task, counter.desk)
    return {}


@router.post("/sdapi/v1/skip", summary="Leave out the picture being painted")
def skip_picture(counter: AtCounter, client: Asker) -> dict[str, Any]:
    """Go on with the next picture."""
    task, _ = current_task(client, counter.tasks, counter.desk)
    if task is not None:
        skip(task, counter.desk)
    return {}


@router.get("/sdapi/v1/options", summary="This client's settings")
def get_options(counter: AtCounter, client: Asker) -> dict[str, Any]:
    """Those that the client has set, over A1111's defaults."""
    options = counter.options(client)
    try:
        model = current(counter.shelf, options["sd_model_checkpoint"])
    except ModelError:  # it was there when it was set
        return options
    return options | {"sd_model_checkpoint": title(model), "sd_checkpoint_hash": model.sha256}


@router.post("/sdapi/v1/options", summary="Set some of this client's settings")
def set_options(counter: AtCounter, client: Asker, body: Annotated[Settings, Body()]) -> None:
    """Settings are the client's own: nobody else's picture changes."""
    options = checked(body)
    if options.get("sd_model_checkpoint"):
        counter.shelf.find(options["sd_model_checkpoint"], "checkpoint")
    counter.sessions.set(client, options)


@router.get("/sdapi/v1/cmd-flags", summary="Flags of the command line: none")
def cmd_flags() -> dict[str, Any]:
    """Nothing is told about how the server was started."""
    return {}


@router.get("/internal/ping", summary="Is somebody there")
def ping() -> dict[str, Any]:
    """Yes."""
    return {}


@router.post("/internal/progress", summary="How a task goes, by its id")
def internal_progress(body: InternalProgress, counter: AtCounter, client: Asker) -> replies.TaskProgress:
    """Of the task whose id was given as force_task_id."""
    name = body.id_task or ""
    task = counter.tasks.named(name, client)
    seen = -1 if body.id_live_preview is None else body.id_live_preview
    return task_progress(task, seen, finished=counter.tasks.is_finished(name), desk=counter.desk,
                         picture=body.live_preview is not False)


@router.get("/internal/pending-tasks", summary="Tasks that wait")
def pending_tasks(counter: AtCounter, client: Asker) -> replies.PendingTasks:
    """Of this client."""
    waiting = [one.id for one in counter.tasks.of(client) if not one.job or counter.desk.live(one.job) is None]
    return replies.PendingTasks(size=len(waiting), tasks=waiting)

