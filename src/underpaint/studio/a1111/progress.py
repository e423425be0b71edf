"""How painting goes, as A1111 tells it."""

import time
from typing import Any

from underpaint.pictures.read import read_picture
from underpaint.studio.a1111 import replies
from underpaint.studio.a1111.images import as_png, text_of
from underpaint.studio.a1111.sessions import Client
from underpaint.studio.a1111.tasks import Task, Tasks
from underpaint.studio.desk import Desk
from underpaint.studio.easel import Live

_BEGUN = 0.01
"""A1111 never says 0 while something is asked for: clients take that for ready."""


def progress_of(client: Client, tasks: Tasks, desk: Desk, *, picture: bool) -> replies.Progress:
    """Of the client's task that is being painted, else of the first that waits."""
    task, live = current_task(client, tasks, desk)
    if task is None:
        return replies.Progress(progress=0.0, eta_relative=0.0, state=_state(None, None))
    share = min(_BEGUN + _share(task, live), 1.0)
    shown = live.preview if live is not None and picture else None
    return replies.Progress(progress=share, eta_relative=_left(task, live), state=_state(task, live),
                            current_image=None if shown is None else text_of(_as_png(shown)), current_task=task.id)


def task_progress(task: Task | None, seen: int, *, finished: bool, desk: Desk, picture: bool) -> replies.TaskProgress:
    """Of one task by its id; `seen` is the number of the preview that the client has."""
    if task is None:
        return replies.TaskProgress(active=False, queued=False, completed=finished, id_live_preview=-1,
                                    textinfo="Waiting...")
    live = desk.live(task.job) if task.job else None
    if live is None:
        return replies.TaskProgress(active=False, queued=True, completed=False, id_live_preview=-1,
                                    textinfo="Queued...")
    shown = live.preview if picture and live.seen != seen else None
    return replies.TaskProgress(active=True, queued=False, completed=False, progress=min(_share(task, live), 1.0),
                                eta=_left(task, live), id_live_preview=live.seen if shown else seen,
                                live_preview=None if shown is None else f"data:image/jpeg;base64,{text_of(shown)}")


def current_task(client: Client, tasks: Tasks, desk: Desk) -> tuple[Task | None, Live | None]:
    """The client's task that is being painted, else the first that waits."""
    own = tasks.of(client)
    for task in own:
        live = desk.live(task.job) if task.job else None
        if live is not None:
            return task, live
    return (own[0], None) if own else (None, None)


def _share(task: Task, live: Live | None) -> float:
    if live is None:
        return task.before / task.total
    return (task.before + live.position + live.share) / task.total


def _left(task: Task, live: Live | None) -> float:
    """Seconds, by how long it took so far."""
    share = _share(task, live)
    gone = max(time.time() - task.began, 0.0)
    return round(gone / share - gone, 3) if share > 0 else 0.0


def _state(task: Task | None, live: Live | None) -> dict[str, Any]:
    return {"skipped": bool(task and task.skipped), "interrupted": bool(task and task.interrupted),
            "stopping_generation": False, "job": f"scripts_{task.kind}" if task else "",
            "job_count": task.total if task else 0, "job_timestamp": task.timestamp if task else "0",
            "job_no": task.before + (live.position if live else 0) if task else 0,
            "sampling_step": live.step if live else 0, "sampling_steps": live.steps if live else 0}


def _as_png(preview: bytes) -> bytes:
    return as_png(read_picture(preview).stored)
