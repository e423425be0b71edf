"""What A1111's clients have asked to be painted and wait for: whose it is, how it goes, and what stops it."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from underpaint.studio.a1111.sessions import Client

REMEMBERED = 64


@dataclass(eq=False)
class Task:
    """One request that is being painted. `job` is the one of ours that does it, `before` how many of its pictures
    earlier jobs of the same request have finished or skipped."""

    id: str
    kind: str
    client: Client
    total: int
    began: float = field(default_factory=time.time)
    job: str = ""
    before: int = 0
    interrupted: bool = False
    skipped: bool = False
    preview: bytes | None = None

    @property
    def timestamp(self) -> str:
        """When it began, as A1111 writes it."""
        return time.strftime("%Y%m%d%H%M%S", time.localtime(self.began))


class Tasks:
    """Every task that is waited for, in the order of asking, and the last ones that were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Task] = []
        self._finished: deque[str] = deque(maxlen=REMEMBERED)

    def begin(self, task: Task) -> None:
        """A request is about to be painted."""
        with self._lock:
            self._active.append(task)

    def end(self, task: Task) -> None:
        """It is over, whichever way."""
        with self._lock:
            self._active.remove(task)
            self._finished.append(task.id)

    def of(self, client: Client) -> list[Task]:
        """A client's own tasks; where it has none, those of others at the same place: the call that stops a task or
        asks how it goes often comes from another program than the one that waits."""
        with self._lock:
            keys = {client.key, client.soon}
            own = [one for one in self._active if keys & {one.client.key, one.client.soon} - {""}]
            return own or [one for one in self._active if one.client.place == client.place]

    def named(self, name: str, client: Client) -> Task | None:
        """The task of that id, if it is the client's to ask for."""
        with self._lock:
            return next((one for one in self._active if one.id == name and one.client.place == client.place), None)

    def is_finished(self, name: str) -> bool:
        """Whether a task of that id is over."""
        with self._lock:
            return name in self._finished
