"""Following jobs: what happened and what happens, as listeners in an event loop are told it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from anyio import to_thread

from underpaint.errors import Busy
from underpaint.library.jobs import JobStatus
from underpaint.studio.easel import Easel, Live
from underpaint.studio.herald import ENDS, PAGE, Beat, Ears, Herald, now

QUIET_SECONDS = 15.0
"""After so long without news a listener is told that the server is there."""
_SOON = 5.0


class Follower:
    """Tells what a herald hears and an easel shows; `status` says how a job goes, `most` how many may listen."""

    def __init__(self, herald: Herald, easel: Easel, status: Callable[[str], JobStatus], most: int) -> None:
        self._herald, self._easel, self._status, self._most = herald, easel, status, most

    def follow(self, job: str | None, after: int | None) -> AsyncIterator[Beat | None]:
        """See `Desk.follow`."""
        if self._herald.listeners >= self._most:
            raise Busy("too many are listening", hint="Close some pages.", retry_after=_SOON)
        return self._followed(job, after)

    async def over(self, job: str) -> JobStatus:
        """See `Desk.over`. It takes no listener's place: who handed in a job is not told that too many are listening.
        """
        with self._herald.listening(counted=False) as ears:
            async for beat in self._beats(ears, job, None):
                if beat is None:  # a job that was taken off the list has no end
                    await to_thread.run_sync(self._status, job)
        return await to_thread.run_sync(self._status, job)

    async def _followed(self, job: str | None, after: int | None) -> AsyncIterator[Beat | None]:
        with self._herald.listening() as ears:
            async for beat in self._beats(ears, job, after):
                yield beat

    async def _beats(self, ears: Ears, job: str | None, after: int | None) -> AsyncIterator[Beat | None]:
        over = job is not None and (await to_thread.run_sync(self._status, job)).state in ENDS
        seen, turn, preview, ended = self._herald.last, 0, 0, False
        async for beat in self._past(job, after):
            seen = max(seen, beat.id or 0)
            yield beat
            ended = job is not None and beat.is_end
        over = over or ended
        while not over and not self._herald.closed:
            moment = ears.moment
            news = self._herald.since(seen)
            if news is None:
                news = await to_thread.run_sync(self._herald.past, seen)
            for beat in news:
                seen = max(seen, beat.id or 0)
                if job in (None, beat.job):
                    yield beat
                    over = over or (job is not None and beat.is_end)
            live = self._easel.live
            if live is not None and job in (None, live.job) and live.turn > turn and not over:
                if live.steps:
                    yield now("progress", live.job, _progress(live))
                if live.preview is not None and live.seen != preview:
                    preview = live.seen
                    yield now("preview", live.job, {"position": live.position, "preview": live.preview})
                turn = live.turn
            if not over and not self._herald.closed and not await _within(moment, QUIET_SECONDS):
                yield None

    async def _past(self, job: str | None, after: int | None) -> AsyncIterator[Beat]:
        """What the journal holds already of what is asked for."""
        seen, more = after or 0, job is not None or after is not None
        while more:
            page = await to_thread.run_sync(self._herald.past, seen, None, job)
            for beat in page:
                yield beat
            more = len(page) == PAGE
            seen = (page[-1].id or seen) if page else seen


def _progress(live: Live) -> dict[str, Any]:
    return {"position": live.position, "name": live.name, "step": live.step, "steps": live.steps,
            "seconds_left": None if live.seconds_left is None else round(live.seconds_left, 1)}


async def _within(moment: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await moment.wait()
    except TimeoutError:
        return False
    return True
