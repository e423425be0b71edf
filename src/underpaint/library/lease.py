"""Who paints which job: a lease for one runner at a time, kept up by its heartbeat.

A runner that dies on this machine is noticed at once, one elsewhere when its lease runs out. One that was only asleep
and comes back finds its picture painted by somebody else, and gives it up: an item is finished once.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from underpaint.errors import Cancelled, LibraryError, RecipeError
from underpaint.library.jobs import end, is_free, is_id, tell
from underpaint.library.library import Library
from underpaint.library.tables import ITEMS, JOBS, TURNS
from underpaint.recipe import Recipe, parse_recipe


@dataclass(frozen=True)
class Claim:
    """One picture of one job, to be painted by one runner."""

    job: str
    position: int
    name: str
    recipe: Recipe
    parents: tuple[str, ...]
    runner: str


@dataclass(frozen=True)
class Lessee:
    """Who asks for work: the runner's name, how long its leases hold, and which kinds of jobs it paints."""

    runner: str
    seconds: float
    kinds: tuple[str, ...]


def claim_next(library: Library, who: Lessee) -> Claim | None:
    """The next picture to paint: of the highest priority, of the client served longest ago, of its oldest job."""
    query = (select(JOBS).outerjoin(TURNS, TURNS.c.client == JOBS.c.client)
             .where(JOBS.c.state.in_(("waiting", "running")), JOBS.c.kind.in_(who.kinds))
             .order_by(JOBS.c.priority.desc(), func.coalesce(TURNS.c.turn, 0), JOBS.c.created_at, JOBS.c.id))
    with library.database.reading() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return None  # nothing to do takes no lock
    with library.database.writing() as connection:
        for job in connection.execute(query).all():
            if not is_id(job.id) or not is_free(library, job, who.runner):
                continue
            if job.cancel:
                end(connection, job.id, "cancelled")
                continue
            while (item := _next_item(connection, job.id)) is not None:
                try:
                    return _claim(connection, job, who, item)
                except (RecipeError, ValueError) as error:  # of a newer Underpaint, or damaged: the others go on
                    fail(connection, job.id, item.position, str(error))
            settle(connection, job.id)
    return None


def claim_item(library: Library, who: Lessee, job: str, position: int) -> Claim | int:
    """One picture of one job, or the number of its take where it is finished.

    Raises LibraryError when another program is at the job, or has taken it off the list; Cancelled when it is to stop.
    """
    with library.database.writing() as connection:
        row = connection.execute(select(JOBS).where(JOBS.c.id == job)).one_or_none()
        if row is None or not is_id(job):
            raise LibraryError("this job was taken off the list", hint="Run the command again to begin anew.")
        if row.cancel:
            raise Cancelled("the job was cancelled", hint="Finished takes are in the library.")
        if not is_free(library, row, who.runner):
            raise LibraryError("another program is painting this very job",
                               hint="Wait for it, or watch it with underpaint library jobs.")
        item = connection.execute(select(ITEMS).where(ITEMS.c.job_id == job, ITEMS.c.position == position)).one()
        if item.state == "done" and item.take_id is not None:
            _hold(connection, row, who)
            return int(item.take_id)
        return _claim(connection, row, who, item)


def hold(library: Library, who: Lessee, job: str) -> bool:
    """Take a job before its first picture; False where another program was quicker, or it is no longer there."""
    with library.database.writing() as connection:
        row = connection.execute(select(JOBS).where(JOBS.c.id == job)).one_or_none()
        if row is None or row.state == "done" or row.cancel or not is_free(library, row, who.runner):
            return False
        _hold(connection, row, who)
        return True


def leave(connection: Connection, runner: str, job: str, state: str | None) -> None:
    """Let go of a job in this state, or as cancelled where that was asked for; None takes it off the list.

    A job that is another's by now is left alone.
    """
    row = connection.execute(select(JOBS.c.runner, JOBS.c.cancel).where(JOBS.c.id == job)).one_or_none()
    if row is None or row.runner != runner:
        return
    if row.cancel and state != "done":
        state = "cancelled"
    if state is None:
        connection.execute(delete(JOBS).where(JOBS.c.id == job))
    else:
        end(connection, job, state)


def renew(library: Library, claim: Claim, seconds: float, progress: float) -> bool:
    """Say that the runner lives and how far it is; False when it should stop: cancelled, or the lease is another's."""
    with library.database.writing() as connection:
        done = connection.execute(
            update(JOBS).where(JOBS.c.id == claim.job, JOBS.c.runner == claim.runner)
            .values(lease_until=time.time() + seconds, progress=progress))
        cancelled = connection.execute(select(JOBS.c.cancel).where(JOBS.c.id == claim.job)).scalar()
        return done.rowcount == 1 and not cancelled


def finished_by(connection: Connection, claim: Claim) -> int | None:
    """The take of a picture that somebody else has finished meanwhile."""
    return connection.execute(select(ITEMS.c.take_id).where(
        ITEMS.c.job_id == claim.job, ITEMS.c.position == claim.position, ITEMS.c.state == "done")).scalar()


def is_cancelled(connection: Connection, job: str) -> bool:
    """Whether somebody asked for the job to stop."""
    return bool(connection.execute(select(JOBS.c.cancel).where(JOBS.c.id == job)).scalar())


def is_finished(library: Library, job: str, position: int) -> bool:
    """Whether the take of one picture is entered."""
    query = select(ITEMS.c.state).where(ITEMS.c.job_id == job, ITEMS.c.position == position)
    with library.database.reading() as connection:
        return bool(connection.execute(query).scalar() == "done")


def is_leased(library: Library, runner: str) -> bool:
    """Whether a runner has a job whose lease holds."""
    query = select(JOBS.c.id).where(JOBS.c.runner == runner, JOBS.c.lease_until > time.time()).limit(1)
    with library.database.reading() as connection:
        return connection.execute(query).first() is not None


def finish(connection: Connection, claim: Claim, take: int, seconds: float | None) -> None:
    """A picture is painted: part of the very transaction that enters its take."""
    done = connection.execute(
        update(ITEMS).where(ITEMS.c.job_id == claim.job, ITEMS.c.position == claim.position, ITEMS.c.state != "done")
        .values(state="done", take_id=take, seconds=seconds, error=None))
    if done.rowcount == 1:
        connection.execute(update(JOBS).where(JOBS.c.id == claim.job).values(progress=0.0))
        tell(connection, claim.job, "painted", claim.position)


def fail(connection: Connection, job: str, position: int, why: str) -> None:
    """A picture could not be painted; the others of its job go on."""
    connection.execute(
        update(ITEMS).where(ITEMS.c.job_id == job, ITEMS.c.position == position, ITEMS.c.state != "done")
        .values(state="failed", error=why))
    tell(connection, job, "failed", position, why)


def settle(connection: Connection, job: str) -> None:
    """When nothing is left to paint, the job is done, or failed where pictures did."""
    states = set(connection.execute(select(ITEMS.c.state).where(ITEMS.c.job_id == job)).scalars())
    if "waiting" not in states:
        end(connection, job, "failed" if "failed" in states else "done")


def release(connection: Connection, claim: Claim) -> None:
    """Give a job back so that whoever is next may go on with it."""
    connection.execute(update(JOBS).where(JOBS.c.id == claim.job, JOBS.c.runner == claim.runner,
                                          JOBS.c.state == "running")
                       .values(state="waiting", runner=None, lease_until=None, progress=0.0))


def _next_item(connection: Connection, job: str) -> Row[Any] | None:
    return connection.execute(select(ITEMS).where(ITEMS.c.job_id == job, ITEMS.c.state == "waiting")
                              .order_by(ITEMS.c.position).limit(1)).one_or_none()


def _claim(connection: Connection, job: Row[Any], who: Lessee, item: Row[Any]) -> Claim:
    recipe, parents = parse_recipe(item.recipe), tuple(json.loads(item.parents))
    _hold(connection, job, who)
    turn = (connection.execute(select(func.max(TURNS.c.turn))).scalar() or 0) + 1
    connection.execute(upsert(TURNS).values(client=job.client, turn=turn).on_conflict_do_update(
        index_elements=["client"], set_={"turn": turn}))
    tell(connection, job.id, "painting", item.position)
    return Claim(job.id, item.position, item.name, recipe, parents, who.runner)


def _hold(connection: Connection, job: Row[Any], who: Lessee) -> None:
    connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(
        state="running", runner=who.runner, lease_until=time.time() + who.seconds, ended_at=None))
