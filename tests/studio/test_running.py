"""The server as it runs: where it listens, what it prints, how it stops."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.studio import Program
from studio.conftest import TOKEN

from underpaint.errors import PlanError
from underpaint.studio import running
from underpaint.studio.desk import Desk
from underpaint.studio.guard import Keys
from underpaint.studio.running import listen, run_server
from underpaint.studio.settings import ServeSettings

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


@pytest.fixture
def port(desk: Desk) -> Iterator[int]:
    """A server on a free port, stopped as the desk is."""
    ready, found = threading.Event(), []
    settings = ServeSettings(port=0, token=TOKEN)  # type: ignore[arg-type]

    def told(number: int) -> None:
        found.append(number)
        ready.set()

    with listen(settings) as place:
        thread = threading.Thread(target=run_server, args=(desk, settings, Keys(settings), place, told))
        thread.start()
        assert ready.wait(60)
        yield found[0]
        desk.hush()
        thread.join(30)
        assert not thread.is_alive()


def test_listeners_hear_at_once_and_are_let_go_when_it_stops(desk: Desk, port: int) -> None:
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    stream.request("GET", "/api/v1/events", headers=HEADERS)
    heard = stream.getresponse()
    assert heard.readline() == b"retry: 2000\n"
    ask = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ask.request("POST", "/api/v1/jobs", json.dumps({"recipes": [{"task": "create", "seed": 1}]}), HEADERS)
    job = json.loads(ask.getresponse().read())["id"]
    lines = []
    while not lines or lines[-1] != b"event: done\n":
        lines.append(heard.readline())
    assert job.encode() in heard.readline() and b"event: painted\n" in lines
    desk.hush()
    assert heard.read().strip() == b""  # the stream ends, it is not cut off


def test_a_name_of_another_place_is_refused_on_the_wire(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", "/api/v1/jobs", headers=HEADERS | {"Host": "evil.example"})
    assert line.getresponse().status == 421


def test_a_taken_port_is_one_clear_line_with_the_way_out(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert program("serve", "--port", number) == PlanError.exit_code
        assert program.err.count("\n") == 1 and f"port {number} of 127.0.0.1 is in use" in program.err
        assert "--port 0" in program.err
        assert program("serve", "--port", number, "--json") == PlanError.exit_code
        said: dict[str, Any] = json.loads(program.out)
        assert said["error"]["field"] == "port"
    assert program("serve", "--host", "192.0.2.7") == PlanError.exit_code and "192.0.2.7" in program.err
    assert program("serve", "--host", "0.0.0.0", "--token", "") == PlanError.exit_code and "anybody" in program.err
    assert program("serve", "--token", "with space") == PlanError.exit_code and "with space" not in program.err


def test_what_is_printed_tells_no_token_and_where_one_is_kept(program: Program, home: Path, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "run_server", lambda desk, settings, keys, place, ready: ready(7861))
    monkeypatch.setattr(Desk, "warm", lambda desk: None)
    words = ("serve", "--port", 0, "--library", tmp_path / "library")
    said = program.well(*words)
    kept = (home / "studio-token").read_text("ascii")
    assert "http://127.0.0.1:7861/?token=" in said and "studio-token" in program.err
    assert kept not in said + program.err
    said = program.well(*words, "--token", "one-of-my-own")
    assert "studio-token" not in program.err and "one-of-my-own" not in said + program.err
    assert program.json(*words)["api"] == "http://127.0.0.1:7861/api/v1"
