"""The server: what a request and a picture cost more than the library's own calls, and what a thousand who only listen
take of memory."""

import http.client
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from bench.table import Row, interleaved
from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe, Sampling
from underpaint.studio.desk import Desk
from underpaint.studio.guard import Keys
from underpaint.studio.running import listen, run_server
from underpaint.studio.settings import ServeSettings

TOKEN, LISTENERS, ROUNDS = "bench-token", 1000, 150
_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def measure() -> list[Row]:
    """Rows for requests, pictures and listeners."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UNDERPAINT_HOME"] = str(Path(folder) / "home")
        settings = ServeSettings(token=TOKEN, port=0, library=Path(folder) / "library")  # type: ignore[arg-type]
        with serving(settings) as (desk, port):
            rows = [*_requests(desk, port), _picture(desk, port, Path(folder) / "alone")]
        return [*rows, _listeners(Path(folder) / "home")]


@contextmanager
def serving(settings: ServeSettings) -> Iterator[tuple[Desk, int]]:
    """A server in a thread of this program."""
    ready, found = threading.Event(), []

    def told(port: int) -> None:
        found.append(port)
        ready.set()

    with listen(settings) as place, Desk(settings) as desk:
        server = threading.Thread(target=run_server, args=(desk, settings, Keys(settings), place, told), daemon=True)
        server.start()
        assert ready.wait(60)
        yield desk, found[0]


class _Asker:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port)

    def __call__(self, method: str, path: str, body: object = None) -> dict[str, object]:
        self._line.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), _HEADERS)
        return dict(json.loads(self._line.getresponse().read()))


def _requests(desk: Desk, port: int) -> list[Row]:
    ask = _Asker(port)
    desk.easel.close()  # nothing is painted meanwhile
    recipe = CreateRecipe(prompt="a red house by the sea", seed=1)
    job = str(ask("POST", "/jobs", {"recipes": [recipe.model_dump(mode="json")]})["id"])
    calls = {
        "asking for a job": (lambda: ask("GET", f"/jobs/{job}"), lambda: desk.jobs.pictures(desk.status(job).id)),
        "handing in a job": (lambda: ask("POST", "/jobs", {"recipes": [recipe.model_dump(mode="json")]}),
                             lambda: desk.jobs.pictures(desk.status(desk.submit([recipe])).id)),
        "looking for takes": (lambda: ask("GET", "/takes?query=house"),
                              lambda: search(desk.library, Query(words="house"))),
    }
    return [_more(what, *interleaved(over_http, alone, rounds=ROUNDS, warm=5))
            for what, (over_http, alone) in calls.items()]


def _more(what: str, over_http: float, alone: float) -> Row:
    more = (over_http - alone) * 1000
    return Row(f"{what}, over HTTP ({over_http * 1000:.1f} ms) rather than by the library", f"{more:.1f} ms more",
               "< 5 ms", more < 5)


def _picture(desk: Desk, port: int, alone: Path) -> Row:
    """A Primer picture through the server against the same through the library's runner, in turn."""
    painter, ask, seeds = Painter(), _Asker(port), iter(range(1, 1000))

    def recipe() -> CreateRecipe:
        return CreateRecipe(prompt="a red house by the sea", seed=next(seeds), width=256, height=256,
                            sampling=Sampling(steps=20))

    with Library(alone) as library, Runner(library, lambda one, blobs, tell: painter.paint(one, blobs, progress=tell)) \
            as runner, Desk(ServeSettings(library=alone.with_name("served"))) as served:

        def by_library() -> None:
            Jobs(library).submit([recipe()])
            assert runner.run_once() is not None

        def by_server() -> None:
            served.wait(served.submit([recipe()]))
            ask("GET", "/health")

        server, library_alone = interleaved(by_server, by_library, rounds=21, warm=2)
    share = (server - library_alone) / library_alone
    return Row(f"a picture of 256 x 256 by the server ({server:.2f} s) rather than by the library", f"{share:+.1%}",
               "< 1 %", share < 0.01)


def _listeners(home: Path) -> Row:
    """A server of its own, as people start it, with and without a thousand open streams."""
    environment = {**os.environ, "UNDERPAINT_HOME": str(home), "UNDERPAINT_SERVE_TOKEN": TOKEN}
    words = [sys.executable, "-m", "underpaint.cli.main", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["port"])
        time.sleep(20)  # until it has warmed up
        before = _megabytes(process.pid)
        lines = [_stream(port) for _ in range(LISTENERS)]
        _heard(lines, b"retry: ")
        began = perf_counter()
        _Asker(port)("POST", "/jobs", {"recipes": [{"task": "create", "width": 64, "height": 64}]})
        _heard(lines, b"event: submitted")
        soon, grown = perf_counter() - began, _megabytes(process.pid) - before
        for line in lines:
            line.close()
    finally:
        process.kill()
        process.wait()
    return Row(f"{LISTENERS:,} listeners, all told of a job within {soon:.2f} s", f"{grown:.0f} MB", "< 300 MB",
               grown < 300)


def _stream(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
                 .encode("ascii"))
    return line


def _heard(lines: list[socket.socket], what: bytes, seconds: float = 120.0) -> None:
    """Wait until `what` came on every line."""
    waiting, until = {line.fileno(): line for line in lines}, perf_counter() + seconds
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    while waiting:
        assert perf_counter() < until, f"{len(waiting)} listeners heard nothing"
        for number, _ in poll.poll(1000):
            if number in waiting and what in waiting[number].recv(65_536):
                poll.unregister(number)
                del waiting[number]


def _megabytes(process: int) -> float:
    """Memory that is really there, in MB."""
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("this system does not tell what a program takes")
