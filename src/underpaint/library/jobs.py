"""Jobs: ordered lists of recipes, written down before the first is painted, so that none is forgotten.

This is what a front end talks to: `submit`, `status`, `cancel`, `events`. Painting is the runner's.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, literal, select, update

from underpaint.errors import Busy, LibraryError, NotThere, PlanError
from underpaint.library.alive import is_alive
from underpaint.library.library import Library
from underpaint.library.tables import EVENTS, ITEMS, JOBS, TAKES
from underpaint.recipe import Recipe, parse_recipe

RECIPES = "recipes"
"""The kind of job that any runner may paint; others belong to the command that made them."""
MAX_ITEMS = 10_000
_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class JobItem:
    """One picture to paint: its recipe, what to call it, and ids of takes it grows from besides those it names."""

    recipe: Recipe
    name: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What comes with a job besides its pictures.

    `key` makes submitting safe to repeat: the same key is the same job. `client` is who asked, for fair turns;
    a higher `priority` goes first. `request` is the asker's own, kept as JSON.
    """

    key: str | None = None
    client: str = ""
    priority: int = 0
    kind: str = RECIPES
    title: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobStatus:
    """How a job goes. `state`: waiting, running, done, failed (some pictures were), stopped or cancelled.

    `progress` is the share of the picture being painted, `seconds_left` None until one is finished. `errors` are
    those of pictures that failed, by position.
    """

    id: str
    state: str
    title: str
    kind: str
    client: str
    priority: int
    created_at: float
    total: int
    done: int
    failed: int
    progress: float
    seconds_left: float | None
    takes: tuple[int | None, ...]
    errors: Mapping[int, str]
    request: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        hidden = {"takes", "request", "errors"}
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in hidden} | {
            "errors": {str(position): said for position, said in self.errors.items()}}


@dataclass(frozen=True)
class Placed:
    """One picture of a job: `state` is waiting, done or failed; `take` its file's SHA-256 where it is painted and
    still in the library."""

    position: int
    name: str
    state: str
    take: str | None
    error: str | None
    seconds: float | None


@dataclass(frozen=True)
class Event:
    """Something that happened to a job: submitted, painting, painted, failed, resumed, cancelled, stopped, done."""

    id: int
    at: float
    what: str
    position: int | None
    said: str | None


class Jobs:
    """The jobs of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def submit(self, recipes: Sequence[Recipe | JobItem], *, blobs: Mapping[str, bytes] | None = None,
               order: Order | None = None, most: int | None = None) -> str:
        """Write down a job; its id. A seed that is not set is drawn now, so that the job always means one thing.

        `blobs` are the drawings and masks that the recipes name. Raises PlanError for one that is missing, and
        LibraryError for a key that was used for other recipes. With `most`, raises Busy where more pictures than that
        would wait for any runner.
        """
        order = order or Order()
        items = [one if isinstance(one, JobItem) else JobItem(one) for one in recipes]
        if not 1 <= len(items) <= MAX_ITEMS:
            raise LibraryError(f"a job of {len(items):,} pictures", hint=f"Ask for 1 to {MAX_ITEMS:,}.", field="count")
        mark = digest(items, order)
        known = self._of_key(order.key, mark)
        if known is not None:
            return known
        if most is not None and self.waiting() + len(items) > most:
            raise _busy(self.waiting(), most)  # before any drawing is kept for a job that nobody takes
        self._keep_blobs(items, blobs or {})
        job = secrets.token_hex(8)
        with self._library.database.writing() as connection:
            known = _of_key(connection, order.key, mark)  # somebody else may have been quicker
            if known is not None:
                return known
            if most is not None and _waiting(connection) + len(items) > most:
                raise _busy(_waiting(connection), most)
            connection.execute(insert(JOBS).values(
                id=job, key=order.key, digest=mark, client=order.client, priority=order.priority, kind=order.kind,
                title=order.title, request=json.dumps(dict(order.request)), state="waiting", created_at=time.time()))
            connection.execute(insert(ITEMS), [
                {"job_id": job, "position": position, "name": item.name, "recipe": _settled(item.recipe).to_json(),
                 "parents": json.dumps(item.parents), "state": "waiting"} for position, item in enumerate(items)])
            tell(connection, job, "submitted")
        return job

    def status(self, job: str) -> JobStatus:
        """How a job goes; `job` may be the beginning of its id. Raises NotThere for one that is not there."""
        with self._library.database.reading() as connection:
            rows = connection.execute(select(JOBS).where(JOBS.c.id.startswith(job, autoescape=True)).limit(2)).all()
            if len(rows) != 1 or not job:
                raise NotThere(f"there is no job '{job:.40}'", hint="See underpaint library jobs.")
            return self._status(connection, rows[0])

    def all(self, *, unfinished: bool = False, limit: int = 200) -> list[JobStatus]:
        """Every job, the newest first."""
        query = select(JOBS).order_by(JOBS.c.created_at.desc()).limit(limit)
        if unfinished:
            query = query.where(JOBS.c.state.not_in(("done", "cancelled")))
        with self._library.database.reading() as connection:
            return [self._status(connection, row) for row in connection.execute(query).all()]

    def unfinished(self, items: Sequence[JobItem], order: Order) -> str | None:
        """The newest job that asked for exactly this and was cut off, stopped or has failed pictures."""
        query = select(JOBS.c.id).where(JOBS.c.digest == digest(items, order),
                                        JOBS.c.state.not_in(("done", "cancelled")), JOBS.c.cancel == 0)
        with self._library.database.reading() as connection:
            return connection.execute(query.order_by(JOBS.c.created_at.desc()).limit(1)).scalar()

    def waiting(self) -> int:
        """How many pictures wait for any runner."""
        with self._library.database.reading() as connection:
            return _waiting(connection)

    def items(self, job: str) -> list[tuple[Recipe, str, str, int | None]]:
        """Recipe, name, state and take of each picture of a job, in order."""
        query = select(ITEMS).where(ITEMS.c.job_id == job).order_by(ITEMS.c.position)
        with self._library.database.reading() as connection:
            rows = connection.execute(query).all()
        return [(parse_recipe(row.recipe), row.name, row.state, row.take_id) for row in rows]

    def pictures(self, job: str) -> list[Placed]:
        """How each picture of a job fared, in order."""
        query = (select(ITEMS, TAKES.c.sha256).outerjoin(TAKES, TAKES.c.id == ITEMS.c.take_id)
                 .where(ITEMS.c.job_id == job).order_by(ITEMS.c.position))
        with self._library.database.reading() as connection:
            return [Placed(row.position, row.name, row.state, row.sha256, row.error, row.seconds)
                    for row in connection.execute(query)]

    def cancel(self, job: str) -> None:
        """Ask for a job to stop: at once where nobody paints it, else within seconds. Finished takes are kept."""
        job = self.status(job).id
        with self._library.database.writing() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == job)).one()
            if row.state in ("done", "cancelled"):
                return
            connection.execute(update(JOBS).where(JOBS.c.id == job).values(cancel=1))
            if is_free(self._library, row):
                end(connection, job, "cancelled")

    def resume(self, job: str) -> None:
        """Put a job that stopped, failed or was cancelled back in the queue; only what is missing is painted."""
        job = self.status(job).id
        with self._library.database.writing() as connection:
            connection.execute(update(ITEMS).where(ITEMS.c.job_id == job, ITEMS.c.state == "failed")
                               .values(state="waiting", error=None))
            if is_free(self._library, connection.execute(select(JOBS).where(JOBS.c.id == job)).one()):
                connection.execute(update(JOBS).where(JOBS.c.id == job).values(
                    state="waiting", cancel=0, ended_at=None, runner=None, lease_until=None, progress=0.0))
            tell(connection, job, "resumed")

    def forget(self, job: str) -> None:
        """Take a job off the list. Its takes stay in the library. Raises LibraryError while somebody paints it."""
        with self._library.database.writing() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == job)).one_or_none()
            if row is not None and not is_free(self._library, row):
                raise LibraryError(f"job {job:.8} is being painted", field="jobs",
                                   hint=f"Stop it first: underpaint library jobs {job:.8} --cancel.")
            connection.execute(delete(JOBS).where(JOBS.c.id == job))

    def events(self, job: str, *, after: int = 0) -> list[Event]:
        """What happened to a job since the event of number `after`."""
        query = select(EVENTS).where(EVENTS.c.job_id == job, EVENTS.c.id > after).order_by(EVENTS.c.id)
        with self._library.database.reading() as connection:
            return [Event(row.id, row.at, row.what, row.position, row.said) for row in connection.execute(query)]

    def _status(self, connection: Connection, row: Row[Any]) -> JobStatus:
        items = connection.execute(select(ITEMS.c.position, ITEMS.c.state, ITEMS.c.take_id, ITEMS.c.error)
                                   .where(ITEMS.c.job_id == row.id).order_by(ITEMS.c.position)).all()
        states = [item.state for item in items]
        each = connection.execute(select(func.avg(ITEMS.c.seconds)).where(ITEMS.c.job_id == row.id)).scalar()
        left = states.count("waiting")
        runners = self._library.folder / "runners"
        gone = row.state == "running" and (row.runner is None or not is_alive(runners, row.runner))
        ends = row.state in ("waiting", "running") and each is not None
        return JobStatus(
            id=row.id, state=("cancelled" if row.cancel else "stopped") if gone else row.state, title=row.title,
            kind=row.kind, client=row.client, priority=row.priority, created_at=row.created_at,
            total=len(items), done=states.count("done"), failed=states.count("failed"),
            progress=row.progress, seconds_left=max(left - row.progress, 0.0) * float(each or 0) if ends else None,
            takes=tuple(item.take_id for item in items), request=json.loads(row.request),
            errors={item.position: item.error for item in items if item.error})

    def _of_key(self, key: str | None, mark: str) -> str | None:
        with self._library.database.reading() as connection:
            return _of_key(connection, key, mark)

    def _keep_blobs(self, items: Sequence[JobItem], blobs: Mapping[str, bytes]) -> None:
        needed = {blob.sha256: blob.name for item in items for blob in item.recipe.blobs()}
        for sha256, name in needed.items():
            if sha256 not in blobs and not self._library.blobs.holds(sha256):
                raise PlanError(f"the bytes of '{name or sha256[:12]}' are missing", field="blobs",
                                hint="Hand in every drawing and mask that the recipes name.")
        self._library.put_blobs([blobs[sha256] for sha256 in needed if sha256 in blobs])


def digest(items: Sequence[JobItem], order: Order) -> str:
    """What makes two jobs the same: what the request calls `same`, else recipes as they were asked for and names."""
    asked = [(item.recipe.hash(), item.name, item.parents) for item in items]
    same = [order.kind, order.request.get("same", asked)]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode("ascii")).hexdigest()


def is_id(job: str) -> bool:
    """Whether this can be the id of a job: files are named after it, and a database may be a stranger's."""
    return _ID.fullmatch(job) is not None


def is_free(library: Library, job: Row[Any], runner: str = "") -> bool:
    """Whether no living runner but `runner` is at a job, given its row."""
    if job.runner is None or job.runner == runner or (job.lease_until or 0) < time.time():
        return True
    return not is_alive(library.folder / "runners", job.runner)


def tell(connection: Connection, job: str, what: str, position: int | None = None, said: str | None = None) -> None:
    """Add an event; a job that was forgotten meanwhile has none."""
    values = {"job_id": JOBS.c.id, "at": literal(time.time()), "what": literal(what), "position": literal(position),
              "said": literal(said)}
    connection.execute(insert(EVENTS).from_select(list(values), select(*values.values()).where(JOBS.c.id == job)))


def end(connection: Connection, job: str, state: str) -> None:
    """A job is over, or pauses as stopped; nobody holds it any longer."""
    connection.execute(update(JOBS).where(JOBS.c.id == job).values(
        state=state, ended_at=time.time(), runner=None, lease_until=None, progress=0.0))
    tell(connection, job, state)


def _waiting(connection: Connection) -> int:
    query = (select(func.count()).select_from(JOBS.join(ITEMS, ITEMS.c.job_id == JOBS.c.id))
             .where(JOBS.c.state.in_(("waiting", "running")), JOBS.c.kind == RECIPES, JOBS.c.cancel == 0,
                    ITEMS.c.state == "waiting"))
    return int(connection.execute(query).scalar() or 0)


def _busy(waiting: int, most: int) -> Busy:
    return Busy(f"{waiting:,} pictures are waiting already, and at most {most:,} may",
                hint="Ask again when some are finished, or cancel a job.", field="jobs")


def _settled(recipe: Recipe) -> Recipe:
    return recipe if recipe.seed is not None else recipe.changed(seed=secrets.randbelow(2**32))


def _of_key(connection: Connection, key: str | None, mark: str) -> str | None:
    if key is None:
        return None
    row = connection.execute(select(JOBS.c.id, JOBS.c.digest).where(JOBS.c.key == key)).one_or_none()
    if row is not None and row.digest != mark:
        raise LibraryError(f"the key '{key:.40}' was used for another job", hint="Choose a new one.", field="key")
    return row.id if row is not None else None
