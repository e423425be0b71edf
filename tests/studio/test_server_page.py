"""The page about the server: its examples run, and its tables are whole."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from studio.conftest import BEARER, HOST

from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "server.md").read_text("utf-8")


def test_the_examples_run(desk: Desk, drawing: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-drawing.png").write_bytes(drawing)
    server = TestClient(create_app(desk, desk.settings), base_url=f"{HOST}/api/v1/", headers=BEARER)
    names: dict[str, object] = {"server": server}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(block, names)
    printed = capsys.readouterr().out
    assert printed.startswith("event: submitted\nevent: painting\n") and "event: done" in printed
    assert "steps" in printed
    assert bytes(names["layers"]).startswith(b"8BPS") and bytes(names["thumbnail"]).startswith(b"RIFF")  # type: ignore[call-overload]
    assert names["job"]["priority"] == 10  # type: ignore[index]


def test_every_route_and_option_is_told(client: TestClient) -> None:
    from underpaint.studio.settings import ServeSettings

    for path in client.get("/api/v1/openapi.json").json()["paths"]:
        if path.startswith("/api/v1/"):
            first = path.removeprefix("/api/v1/").split("/")[0]
            assert f"/{first}" in PAGE, path
    for option in ("host", "port", "library", "model", "token", "origin", "name", "open", "json", "a1111-auth"):
        assert f"--{option}" in PAGE, option
    assert {name for name in ServeSettings.model_fields if name.startswith("max_")} == {
        "max_body_bytes", "max_pixels", "max_queue", "max_listeners"}
