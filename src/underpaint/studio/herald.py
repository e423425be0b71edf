"""The one who tells everybody: follows the journal of jobs and wakes all who wait, at the same cost for one or a
thousand.

What happened is kept in a short memory that listeners read at their own pace, so nobody has a queue that could grow:
who is slow misses steps of the progress, never an event.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, and_, func, select

from underpaint.errors import UnderpaintError
from underpaint.library.library import Library
from underpaint.library.tables import EVENTS, ITEMS, JOBS, TAKES

PAGE = 10_000
"""So many events of the journal are read at once."""
MEMORY = 2_000
"""So many events are remembered; older ones are read from the journal again."""
LOOK_SECONDS = 1.0
"""How soon the jobs of other programs are noticed."""
ENDS = frozenset({"done", "failed", "cancelled"})
ID = 16
"""Letters of its hash that name a take."""


@dataclass(frozen=True)
class Beat:
    """One thing to tell: an event of the journal with its number, or how painting goes (without one).

    `what`: submitted, painting, painted, failed, resumed, cancelled, stopped, done; or progress, preview.
    """

    id: int | None
    what: str
    job: str
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_end(self) -> bool:
        """Whether the job is over with this."""
        return self.what in ENDS and "position" not in self.data


class Ears:
    """A listener's place in its event loop: `moment` is set, once, as soon as there is something new."""

    def __init__(self, pulse: "_Pulse") -> None:
        self._pulse = pulse

    @property
    def moment(self) -> asyncio.Event:
        """The next time something happens; take it before looking, then wait for it."""
        return self._pulse.event


class _Pulse:
    """All listeners of one event loop wait for the same event, which is a new one after each beat."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.listeners = self.waiting = 0

    def beat(self) -> None:
        old, self.event = self.event, asyncio.Event()
        old.set()


class Herald:
    """Follows one library's journal in a thread of its own; `start` it, `close` it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._bell, self._closed = threading.Event(), threading.Event()
        self._news = threading.Condition()
        self._memory: deque[Beat] = deque(maxlen=MEMORY)
        self._pulses: dict[asyncio.AbstractEventLoop, _Pulse] = {}
        self._thread = threading.Thread(target=self._follow, name="herald", daemon=True)
        self.last = self._newest()

    @property
    def closed(self) -> bool:
        """Whether there will be no more news."""
        return self._closed.is_set()

    @property
    def listeners(self) -> int:
        """How many listen."""
        with self._news:
            return sum(pulse.listeners for pulse in self._pulses.values())

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop; everybody who waits is woken."""
        self._closed.set()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join()
        self.wake()

    def ring(self) -> None:
        """Say that the journal has something new."""
        self._bell.set()

    def wake(self) -> None:
        """Wake everybody who waits."""
        with self._news:
            self._news.notify_all()
            loops = list(self._pulses.items())
        for loop, pulse in loops:
            with contextlib.suppress(RuntimeError):  # a loop that was closed
                loop.call_soon_threadsafe(pulse.beat)

    @contextlib.contextmanager
    def listening(self, *, counted: bool = True) -> Iterator[Ears]:
        """A place in the running event loop. Who is not counted only waits for an end: looks at no previews, and takes
        no listener's place."""
        loop = asyncio.get_running_loop()
        with self._news:
            pulse = self._pulses.setdefault(loop, _Pulse())
            pulse.waiting += 1
            pulse.listeners += counted
        try:
            yield Ears(pulse)
        finally:
            with self._news:
                pulse.waiting -= 1
                pulse.listeners -= counted
                if pulse.waiting == 0:
                    self._pulses.pop(loop, None)

    def since(self, seen: int) -> list[Beat] | None:
        """What happened after event `seen`, from memory; None where that is too short, and `past` must be asked."""
        with self._news:
            if not self._memory or self._memory[-1].id == seen:
                return []
            if len(self._memory) == MEMORY and (self._memory[0].id or 0) > seen + 1:
                return None
            return [beat for beat in self._memory if (beat.id or 0) > seen]

    def past(self, after: int, until: int | None = None, job: str | None = None) -> list[Beat]:
        """Events of the journal with numbers above `after`, up to `until`; a page of them."""
        query = _EVENTS.where(EVENTS.c.id > after).order_by(EVENTS.c.id).limit(PAGE)
        if until is not None:
            query = query.where(EVENTS.c.id <= until)
        if job is not None:
            query = query.where(EVENTS.c.job_id == job)
        with self._library.database.reading() as connection:
            return [_beat(row) for row in connection.execute(query)]

    def wait(self, seconds: float) -> None:
        """Block until something happens, `seconds` at most."""
        with self._news:
            self._news.wait(seconds)

    def _newest(self) -> int:
        with self._library.database.reading() as connection:
            return int(connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0)

    def _follow(self) -> None:
        while not self._closed.is_set():
            self._bell.wait(LOOK_SECONDS)
            self._bell.clear()
            try:
                news = self.past(self.last)
            except UnderpaintError:  # a busy disk: the next look sees it
                self._closed.wait(LOOK_SECONDS)
                continue
            if news:
                with self._news:
                    self._memory.extend(news)
                    self.last = news[-1].id or self.last
                self.wake()


_EVENTS: Select[Any] = (
    select(EVENTS, ITEMS.c.name, TAKES.c.sha256, JOBS.c.title)
    .join(JOBS, JOBS.c.id == EVENTS.c.job_id)
    .outerjoin(ITEMS, and_(ITEMS.c.job_id == EVENTS.c.job_id, ITEMS.c.position == EVENTS.c.position))
    .outerjoin(TAKES, TAKES.c.id == ITEMS.c.take_id))


def _beat(row: Row[Any]) -> Beat:
    data: dict[str, Any] = {"title": row.title}
    if row.position is not None:
        data |= {"position": row.position, "name": row.name}
    if row.what == "painted" and row.sha256:
        data["take"] = row.sha256[:ID]
    if row.said:
        data["said"] = row.said
    return Beat(row.id, row.what, row.job_id, row.at, data)


def now(what: str, job: str, data: Mapping[str, Any]) -> Beat:
    """A beat that the journal does not keep."""
    return Beat(None, what, job, time.time(), data)
