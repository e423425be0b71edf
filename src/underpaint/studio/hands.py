"""The other work: finishes, checks and documents in one thread, line layers and thumbnails in another, so that a small
thing never waits for a large one. Neither takes on more than a few things at once."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, TypeVar

from underpaint.errors import Busy

T = TypeVar("T")
MOST_LONG, MOST_QUICK = 8, 200


class Hands:
    """One thread; `most` things may wait or be done."""

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._room = threading.BoundedSemaphore(most)
        self._most, self._closed = most, False

    def do(self, function: Callable[..., T], *words: Any) -> T:
        """Have it done and wait for the result; what it raises is raised here. Raises Busy where too much waits."""
        if not self._room.acquire(blocking=False):
            raise Busy(f"{self._most} such things are being done already", hint="Ask again in a moment.",
                       retry_after=5.0)
        try:
            return self._pool.submit(function, *words).result()
        except (CancelledError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not self._closed:
                raise
            raise Busy("the server is being stopped", hint="Ask again when it runs.") from error
        finally:
            self._room.release()

    def close(self) -> None:
        """Drop what waits; what is being done may end by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
