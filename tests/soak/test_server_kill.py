"""Eight clients, five hundred jobs, one kill -9 of the server half-way: nothing lost, nothing doubled, order fair.

The whole program serves and paints, with a tiny model of the real classes. Clients do what clients do: they ask again,
with the same key, when nobody answers.
"""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from kit.studio import build_model

from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.search import Query, search

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]
CLIENTS, JOBS_EACH, AHEAD = 8, 63, 12
PATIENCE = 1800
TOKEN = "soak-token"


class Server:
    """The program, started on one port again and again."""

    def __init__(self, home: Path, model: Path) -> None:
        self._environment = {**os.environ, "UNDERPAINT_HOME": str(home), "OMP_NUM_THREADS": "1",
                             "UNDERPAINT_SERVE_TOKEN": TOKEN}
        self._run("models", "add", str(model)).wait(300)
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            self.port = place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api/v1"
        self._process: subprocess.Popen[str] | None = None

    def _run(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen([sys.executable, "-m", "underpaint.cli.main", *words], env=self._environment, text=True,
                                stdout=subprocess.PIPE)

    def start(self) -> None:
        self._process = self._run("serve", "--port", str(self.port), "--model", "tiny", "--json")
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline())["port"] == self.port

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(60) is not None


class Client(threading.Thread):
    """Hands in its jobs one after the other, whatever happens to the server, and sometimes looks how they go."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__(name=f"client {number}")
        self.server, self.number = server, number
        self.jobs: dict[str, str] = {}
        self.trouble: list[str] = []

    def run(self) -> None:
        chance = random.Random(self.number)
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Client": self.name}
        with httpx2.Client(headers=headers, timeout=60) as http:
            for turn in range(JOBS_EACH):
                self.wait_for(http, turn - AHEAD)
                key = f"{self.number}-{turn}"
                seed = self.number * 1000 + turn
                asked = {"recipes": [{"task": "create", "prompt": f"a house, {key}", "seed": seed}], "title": key}
                answer = self.ask(http, "POST", "/jobs", json=asked, headers={"Idempotency-Key": key})
                if answer.get("id"):
                    self.jobs[key] = answer["id"]
                if chance.random() < 0.2:
                    self.ask(http, "GET", f"/jobs/{answer['id']}")
                time.sleep(chance.random() / 20)

    def wait_for(self, http: httpx2.Client, turn: int) -> None:
        """Hand in no more than so much ahead, so that the kill finds everybody at it."""
        job = self.jobs.get(f"{self.number}-{turn}")
        while job and self.ask(http, "GET", f"/jobs/{job}").get("state") in ("waiting", "running", "stopped"):
            time.sleep(0.3)

    def ask(self, http: httpx2.Client, method: str, path: str, **given: Any) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = http.request(method, self.server.url + path, **given)
            except httpx2.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 429:
                time.sleep(min(float(answer.headers["retry-after"]), 5))
                continue
            if answer.status_code >= 400:
                self.trouble.append(answer.text)
            return dict(answer.json())
        self.trouble.append(f"nobody answered {method} {path}")
        return {}


def painted(server: Server) -> int:
    """How many takes there are."""
    with httpx2.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as http:
        pages = [http.get(f"{server.url}/takes?limit=500&offset={offset}").json()["takes"] for offset in (0, 500)]
    print(f"{sum(map(len, pages))} painted", flush=True)
    return sum(map(len, pages))


def test_a_server_killed_half_way_loses_and_doubles_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = Server(home, build_model(tmp_path / "models" / "tiny"))
    server.start()
    clients = [Client(server, number) for number in range(1, CLIENTS + 1)]
    for client in clients:
        client.start()
    wait_for(server, CLIENTS * JOBS_EACH // 2)
    assert any(client.is_alive() for client in clients)
    server.kill()
    time.sleep(1)
    server.start()
    for client in clients:
        client.join(PATIENCE)
    wait_for(server, CLIENTS * JOBS_EACH)
    server.stop()
    assert [client.trouble for client in clients] == [[]] * CLIENTS
    check(home / "library", {key: job for client in clients for key, job in client.jobs.items()})


def wait_for(server: Server, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while painted(server) < count:
        assert time.monotonic() < until, "the server paints too slowly"
        time.sleep(1)


def check(folder: Path, jobs: dict[str, str]) -> None:
    """Each key one job, each job one take, each take painted once; whoever had something waiting was served in turn."""
    whole = CLIENTS * JOBS_EACH
    assert len(jobs) == len(set(jobs.values())) == whole
    with Library(folder) as library:
        known = Jobs(library)
        found = {status.id: status for status in known.all(limit=2 * whole)}
        assert set(found) == set(jobs.values())
        assert {(status.state, status.done, status.failed) for status in found.values()} == {("done", 1, 0)}
        takes = search(library, Query(limit=2 * whole))
        assert len(takes) == len({take.seed for take in takes}) == whole
        assert len(list(library.takes.files())) == whole and not list(library.incoming.glob("*.png"))
        events = sorted((event.id, event.what, status.client) for status in found.values()
                        for event in known.events(status.id))
    told = Counter(what for _, what, _ in events)
    assert told["submitted"] == told["painted"] == told["done"] == whole
    assert whole <= told["painting"] <= whole + 1  # the one that was killed was begun twice
    print(dict(told), fairness(events), flush=True)


def fairness(events: list[tuple[int, str, str]]) -> str:
    """While every client has something waiting, each is served once in eight turns."""
    waiting: Counter[str] = Counter()
    served: list[str] = []
    rounds = 0
    for _, what, client in events:
        if what == "submitted":
            waiting[client] += 1
        elif what == "painting":
            served = [*served, client] if all(waiting[f"client {number}"] for number in range(1, CLIENTS + 1)) else []
            if len(served) >= CLIENTS:
                rounds += 1
                assert len(set(served[-CLIENTS:])) >= CLIENTS - 1, served[-CLIENTS:]
        elif what == "painted":
            waiting[client] -= 1
    assert rounds > CLIENTS * JOBS_EACH // 4, f"only {rounds} turns could be judged"
    return f"{rounds} rounds of {CLIENTS} turns, all fair"
