"""Painting a request while its client waits: one job of the one runner, and another one behind each picture skipped."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from fastapi import Request

from underpaint.errors import UnderpaintError
from underpaint.library.jobs import JobStatus, Order
from underpaint.library.library import Entry
from underpaint.studio.a1111.asking import Ready
from underpaint.studio.a1111.tasks import Task, Tasks
from underpaint.studio.a1111.telling import Painted
from underpaint.studio.desk import Desk
from underpaint.studio.herald import ENDS

LOOK_SECONDS = 0.5
"""How soon a client that hung up is noticed."""


class PaintingFailed(UnderpaintError):
    """Every picture of a request failed while it was painted."""

    http_status = 500


class Stopping(UnderpaintError):
    """The server stops before the pictures are painted, which wait in the journal for its next start."""

    http_status = 503


async def paint(ready: Ready, task: Task, tasks: Tasks, desk: Desk, request: Request) -> Painted:
    """Paint everything and wait for it. A client that hangs up stops its own request.

    Raises Busy for a full queue, PaintingFailed where nothing was painted, Stopping where the server stops.
    """
    tasks.begin(task)
    try:
        found = await _watched(ready, task, desk, request)
    finally:
        tasks.end(task)
    return await to_thread.run_sync(_gathered, ready, task, desk, found)


async def _all(ready: Ready, task: Task, desk: Desk) -> dict[int, int]:
    """The takes by their position in the order of painting."""
    items, takes, errors = ready.items(), dict[int, int](), dict[int, str]()
    done = 0
    while done < len(items) and not task.interrupted:
        order = Order(client=task.client.key, title=ready.asked.prompt[:200], request={"a1111": task.kind})
        rest = items[done:]
        task.before, task.skipped = done, False
        submit = partial(desk.submit, rest, blobs=ready.asked.blobs, order=order, checked=True)
        task.job = await to_thread.run_sync(submit)
        if _is_stopped(task):
            await to_thread.run_sync(desk.cancel, task.job)
        status = await desk.over(task.job)
        if status.state not in ENDS:
            raise Stopping("the server is being stopped", hint="It goes on with what waits when it is started again.")
        takes |= {done + at: take for at, take in enumerate(status.takes) if take is not None}
        errors |= {done + at: said for at, said in status.errors.items()}
        done = done + _reached(status) + 1 if task.skipped else len(items)
    if errors and not takes and not task.interrupted:
        raise PaintingFailed(next(iter(errors.values())))
    return takes


def _is_stopped(task: Task) -> bool:
    """Whether somebody stopped it meanwhile, from another thread."""
    return task.interrupted


def _reached(status: JobStatus) -> int:
    """The position of the picture that was skipped: the first that is neither finished nor failed."""
    over = [at for at in range(status.total) if status.takes[at] is not None or at in status.errors]
    return next((at for at in range(status.total) if at not in over), status.total)


async def _watched(ready: Ready, task: Task, desk: Desk, request: Request) -> dict[int, int]:
    """The takes by their position; the task is stopped when its client hangs up."""
    async def watch() -> None:
        while not await request.is_disconnected():
            _look(task, desk)  # so that there is something to hand out when it is stopped
            await anyio.sleep(LOOK_SECONDS)
        await to_thread.run_sync(stop, task, desk)

    found: dict[int, int] = {}
    wrong: UnderpaintError | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            found = await _all(ready, task, desk)
        except UnderpaintError as error:  # which a group of tasks would wrap
            wrong = error
        group.cancel_scope.cancel()
    if wrong is not None:
        raise wrong
    return found


def stop(task: Task, desk: Desk) -> None:
    """Interrupt a task: what is finished is kept and handed out."""
    _look(task, desk)
    task.interrupted = True
    _cancel(task, desk)


def _look(task: Task, desk: Desk) -> None:
    live = desk.live(task.job) if task.job else None
    if live is not None and live.preview is not None:
        task.preview = live.preview


def skip(task: Task, desk: Desk) -> None:
    """Leave out the picture that is being painted and go on with the next."""
    if desk.live(task.job) is not None:
        task.skipped = True
        _cancel(task, desk)


def _cancel(task: Task, desk: Desk) -> None:
    if task.job:
        with suppress(UnderpaintError):
            desk.cancel(task.job)


def _gathered(ready: Ready, task: Task, desk: Desk, takes: Mapping[int, int]) -> Painted:
    entries: list[Entry | None] = [None] * len(ready.made.recipes)
    plans: dict[int, Mapping[str, Any]] = {}
    found = {one.number: one for one in desk.library.entries(list(takes.values()))}
    for position, number in takes.items():
        entry = found.get(number)
        if entry is not None:
            place = ready.made.places[position]
            entries[place] = entry
            if not plans:
                _, plan, _ = desk.library.record(entry)
                plans[place] = plan or {}
    return Painted(ready.asked, ready.made, entries, plans, ready.maps, task.timestamp, task.preview)
