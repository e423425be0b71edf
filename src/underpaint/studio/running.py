"""Running the application: the place it listens at, taken before anything else, and a server that stops when asked."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator

import uvicorn

from underpaint.errors import PlanError
from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.guard import Keys
from underpaint.studio.settings import ServeSettings

STOP_SECONDS = 5
_BACKLOG = 2048


@contextlib.contextmanager
def listen(settings: ServeSettings) -> Iterator[socket.socket]:
    """A socket at the address of `settings`. Raises PlanError where it is taken or not this machine's."""
    host = settings.host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, settings.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)[0]
        # The protocol is named, or answers in two pieces would wait 40 ms for each other (asyncio then sets no delay).
        place = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise PlanError(f"there is no address '{host:.60}' here", hint="Serve on 127.0.0.1, or on 0.0.0.0.",
                        field="host") from error
    with place:
        try:
            if os.name == "posix":  # elsewhere it would let two servers share one port
                place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(address)
            place.listen(_BACKLOG)
        except OSError as error:
            raise _taken(settings, error) from error
        yield place


def _taken(settings: ServeSettings, error: OSError) -> PlanError:
    if error.errno == errno.EADDRINUSE:
        return PlanError(f"port {settings.port} of {settings.host} is in use", field="port",
                         hint="Perhaps Underpaint is served there already; else choose another with --port, or "
                              "--port 0 for any free one.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return PlanError(f"you may not listen at port {settings.port}", field="port",
                         hint="Choose one above 1023 with --port.")
    return PlanError(f"cannot listen at {settings.host}: {(error.strerror or str(error)).lower()}", field="host",
                     hint="Serve on 127.0.0.1, or on 0.0.0.0.")


def run_server(desk: Desk, settings: ServeSettings, keys: Keys, place: socket.socket,
               ready: Callable[[int], None]) -> None:
    """Serve until stopped by a signal, or until the desk is hushed; `ready` is told the port as soon as requests are
    answered."""
    config = uvicorn.Config(create_app(desk, settings, keys), log_level="warning", access_log=False,
                            server_header=False, timeout_graceful_shutdown=STOP_SECONDS, ws="none", proxy_headers=False)
    _Server(config, desk, lambda: ready(place.getsockname()[1])).run(sockets=[place])


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the listeners first when it stops: they would keep it waiting."""

    def __init__(self, config: uvicorn.Config, desk: Desk, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._desk, self._ready = desk, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._desk.herald.closed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._desk.hush()
        await super().shutdown(sockets)
