"""The door: strangers stay out, by whatever way a browser or a program brings them."""

import asyncio
import os
import stat
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from studio.conftest import BEARER, HOST, TOKEN, cheap_brush, client_of

from underpaint.errors import PlanError
from underpaint.studio import bodies
from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.guard import Guard, Keys, page_address
from underpaint.studio.settings import ServeSettings, make_settings, with_token

JOBS = "/api/v1/jobs"


def error(response: Any) -> dict[str, Any]:
    return dict(response.json()["error"])


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN},
    {"Authorization": "Basic !!!"}, {"Authorization": "Bearer "}, {"Cookie": f"underpaint-7861={TOKEN}"},
    {"Cookie": "underpaint-7861="}, {"Authorization": "Bearer \xe9"}])
def test_without_the_token_nothing_is_told(shared_client: TestClient, headers: dict[str, str]) -> None:
    client = TestClient(shared_client.app, base_url=HOST)
    for path in (JOBS, "/api/v1/openapi.json", "/api/v1/nowhere", "/sdapi/v1/options", "/app.js"):
        answer = client.get(path, headers={name: value.encode("latin-1") for name, value in headers.items()})
        assert answer.status_code == 401 and answer.headers["www-authenticate"]
    assert client.post(JOBS, json={}, headers=BEARER).status_code == 422


def test_a_program_that_knows_only_passwords_sends_the_token_as_one(desk: Desk) -> None:
    client = TestClient(create_app(desk, desk.settings), base_url=HOST)
    assert client.get(JOBS, auth=("anybody", TOKEN)).status_code == 200
    assert client.get(JOBS, auth=("anybody", "wrong")).status_code == 401


def test_accounts_open_the_other_programs_api_alone(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(auth="me:secret,you:other:word"), cheap_brush) as desk:
        client = TestClient(create_app(desk, desk.settings), base_url=HOST)
        assert client.get("/sdapi/v1/nothing", auth=("me", "secret")).status_code == 404
        assert client.get("/sdapi/v1/nothing", auth=("you", "other:word")).status_code == 404
        assert client.get("/sdapi/v1/nothing", auth=("you", "secret")).status_code == 401
        assert client.get(JOBS, auth=("me", "secret")).status_code == 401


@pytest.mark.parametrize(("host", "status"), [
    ("127.0.0.1", 200), ("localhost:9999", 200), ("[::1]:7861", 200), ("LOCALHOST", 200), ("192.168.1.5:7861", 200),
    ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421), ("user@127.0.0.1", 421),
    ("127.0.0.1:7861/x", 421), ("", 421), ("localhost:80:80", 421), ("2130706433", 421), ("0x7f.1", 421)])
def test_a_name_that_is_not_ours_is_refused_before_anything(shared_client: TestClient, host: str, status: int) -> None:
    answer = shared_client.get(JOBS, headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        assert error(answer)["field"] == "host"


@pytest.mark.parametrize("headers", [
    {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "http://localhost:3000"},
    {"Origin": "https://127.0.0.1:7861"}, {"Origin": "http://127.0.0.1:7862"}, {"Origin": ""},
    {"Origin": "http://127.0.0.1:7861.evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}])
def test_pages_of_other_places_are_refused_with_the_token(shared_client: TestClient, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = shared_client.request(method, JOBS, headers=headers)
        assert answer.status_code == 403, (method, headers)
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_page_and_allowed_ones_are_let_in(make_settings: Callable[..., ServeSettings]) -> None:
    friend = "http://localhost:3000"
    with Desk(make_settings(origins=(friend,)), cheap_brush) as desk:
        client = client_of(desk)
        assert client.get(JOBS, headers={"Origin": HOST, "Sec-Fetch-Site": "same-origin"}).status_code == 200
        asked = {"Origin": friend, "Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "same-site"}
        before = client.options(JOBS, headers=asked | {"Authorization": ""})
        assert before.status_code == 204 and before.headers["access-control-allow-origin"] == friend
        near = client.options(JOBS, headers=asked | {"Access-Control-Request-Private-Network": "true"})
        assert near.headers["access-control-allow-private-network"] == "true"
        answer = client.get(JOBS, headers={"Origin": friend, "Sec-Fetch-Site": "same-site"})
        assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == friend
        assert client.get(JOBS, headers={"Origin": friend, "Authorization": ""}).status_code == 401


def test_the_link_lets_a_browser_in_once_and_its_cookie_stays(desk: Desk) -> None:
    keys = Keys(desk.settings)
    app = create_app(desk, desk.settings, keys)
    first, second = (TestClient(app, base_url=HOST, follow_redirects=False) for _ in range(2))
    link = keys.link()
    answer = first.get(link, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
    assert first.get(JOBS).status_code == 200
    assert second.get(link).status_code == 403 and second.get(JOBS).status_code == 401
    again = TestClient(create_app(desk, desk.settings), base_url=HOST, cookies=dict(first.cookies))
    assert again.get(JOBS).status_code == 200  # the server was started again
    assert second.get(f"/?token={TOKEN}").status_code == 303 and second.get(JOBS).status_code == 200


def test_a_browser_without_the_cookie_is_told_in_words(desk: Desk) -> None:
    client = TestClient(create_app(desk, desk.settings), base_url=HOST)
    answer = client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 401 and "underpaint serve" in answer.text


def test_an_open_door_is_for_this_machine_alone(home: object) -> None:
    assert Keys(make_settings(token="")).open
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(PlanError, match="anybody"):
            make_settings(token="", host=host)
    assert make_settings(host="0.0.0.0").token is None  # one is drawn


def test_an_open_door_still_looks_at_who_asks(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(token=""), cheap_brush) as desk:
        client = TestClient(create_app(desk, desk.settings), base_url=HOST)
        assert client.get(JOBS).status_code == 200
        assert client.get(JOBS, headers={"Origin": "null"}).status_code == 403
        assert client.get(JOBS, headers={"Host": "evil.example"}).status_code == 421


def test_accounts_hold_though_the_rest_is_open(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(token="", auth="me:secret"), cheap_brush) as desk:
        client = TestClient(create_app(desk, desk.settings), base_url=HOST)
        assert client.get(JOBS).status_code == 200
        assert client.get("/sdapi/v1/samplers").status_code == 401
        name, value = Keys(desk.settings).cookie(7861)  # which anybody could make, for it is made of the token
        assert client.get("/sdapi/v1/samplers", headers={"Cookie": f"{name}={value}"}).status_code == 401
        assert client.get("/sdapi/v1/samplers", auth=("me", "secret")).status_code == 200


def test_who_is_not_let_in_to_the_other_programs_api_is_told_so_in_its_words(
        make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(max_body_bytes=10_000), cheap_brush) as desk:
        client = client_of(desk)
        strangers = {401: {"Authorization": ""}, 403: {"Origin": "null"}, 421: {"Host": "evil.example"}}
        for status, headers in strangers.items():
            answer = client.get("/sdapi/v1/samplers", headers=headers)
            assert answer.status_code == status
            assert set(answer.json()) == {"error", "detail", "body", "errors"} and answer.json()["detail"]
            assert ("www-authenticate" in answer.headers) == (status == 401)
        for body in (b"x" * 10_001, (b" " * 999 for _ in range(20))):
            large = client.post("/sdapi/v1/txt2img", content=body, headers={"Content-Type": "application/json"})
            assert large.status_code == 413 and "larger than" in large.json()["detail"]


def test_the_token_is_drawn_once_and_kept_for_its_owner(home: Any) -> None:
    first, second = (with_token(make_settings()).token for _ in range(2))
    assert first is not None and second is not None and first.get_secret_value() == second.get_secret_value()
    assert len(first.get_secret_value()) >= 32
    if os.name == "posix":
        assert stat.S_IMODE((home / "studio-token").stat().st_mode) == 0o600
    (home / "studio-token").write_text("short")
    assert len(with_token(make_settings()).token.get_secret_value()) >= 32  # type: ignore[union-attr]


def test_secrets_are_in_no_dump_and_no_error(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERPAINT_SERVE_TOKEN", "from-the-environment")
    settings = make_settings(auth="me:secret")
    assert settings.token is not None and settings.token.get_secret_value() == "from-the-environment"
    for text in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "secret'" not in text and "me:secret" not in text and "from-the-environment" not in text
    for fields in ({"auth": "no-colon-secret"}, {"auth": "me:secret,you:"}, {"token": "with space-secret"}):
        with pytest.raises(PlanError) as caught:
            make_settings(**fields)
        assert "secret" not in str(caught.value)
    with pytest.raises(PlanError, match="port"):
        make_settings(port=99_999)
    monkeypatch.setenv("UNDERPAINT_SERVE_ORIGINS", "http://no-list")
    with pytest.raises(PlanError, match="environment"):
        make_settings()


@pytest.mark.parametrize(("fields", "says"), [
    ({"origins": ("localhost:3000",)}, "origin"), ({"origins": ("*",)}, "origin"),
    ({"origins": ("http://localhost:3000/page",)}, "origin"), ({"names": ("http://studio.local",)}, "without"),
    ({"names": ("studio.local:7861",)}, "without")])
def test_who_may_ask_is_written_as_browsers_write_it(home: object, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError, match=says):
        make_settings(**fields)
    assert make_settings(origins=("chrome-extension://abc", "http://localhost:3000/"), names=("studio.local",)).names


def test_bodies_are_counted_as_they_come(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(max_body_bytes=10_000), cheap_brush) as desk:
        client = client_of(desk)
        told = client.post(JOBS, content=b"x" * 10_001, headers={"Content-Type": "application/json"})
        assert told.status_code == 413 and error(told)["field"] == "body"
        pieces = client.post(JOBS, content=(b" " * 999 for _ in range(20)),
                             headers={"Content-Type": "application/json"})
        assert pieces.status_code == 413
        form = client.post("/api/v1/blobs", files={"file": ("x.png", b"x" * 20_000)})
        assert form.status_code == 413
        assert client.get(JOBS).status_code == 200


def test_a_body_that_never_ends_is_cut_off_without_being_kept(settings: ServeSettings) -> None:
    taken = 0

    async def swallow(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    async def endless() -> dict[str, Any]:
        nonlocal taken
        taken += 1 << 20
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    sent: list[dict[str, Any]] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    door = Guard(swallow, settings, Keys(settings))
    scope = {"type": "http", "method": "POST", "path": JOBS, "query_string": b"", "scheme": "http",
             "headers": [(b"host", b"127.0.0.1"), (b"authorization", BEARER["Authorization"].encode())]}
    asyncio.run(asyncio.wait_for(door(scope, endless, keep), 20))
    assert sent[0]["status"] == 413 and taken <= settings.max_body_bytes + (2 << 20)


def test_bodies_are_counted_together_and_let_go(settings: ServeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST", 2)

    async def holding(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        scope["held"].set()
        await scope["go"].wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def asked(door: Guard, go: asyncio.Event) -> tuple[asyncio.Task[Any], list[dict[str, Any]], asyncio.Event]:
        sent, held = list[dict[str, Any]](), asyncio.Event()
        scope = {"type": "http", "method": "POST", "path": JOBS, "query_string": b"", "scheme": "http", "held": held,
                 "go": go, "headers": [(b"host", b"127.0.0.1"), (b"authorization", BEARER["Authorization"].encode())]}

        async def body() -> dict[str, Any]:
            return {"type": "http.request", "body": _Long(settings.max_body_bytes)}

        async def keep(message: Any) -> None:
            sent.append(message)

        return asyncio.create_task(door(scope, body, keep)), sent, held

    async def three() -> list[int]:
        door, go = Guard(holding, settings, Keys(settings)), asyncio.Event()
        first, second = await asked(door, go), await asked(door, go)
        await first[2].wait()
        await second[2].wait()
        third = await asked(door, go)
        await third[0]
        go.set()
        await asyncio.gather(first[0], second[0])
        fourth = await asked(door, go)
        await fourth[0]
        return [one[1][0]["status"] for one in (first, second, third, fourth)]

    assert asyncio.run(three()) == [200, 200, 503, 200]


class _Long(bytes):
    """Bytes that say that they are many."""

    def __new__(cls, size: int) -> "_Long":
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self) -> int:
        return int(self.size)


def test_a_socket_is_not_opened(shared_client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), shared_client.websocket_connect("/api/v1/events"):
        pass


def test_every_answer_tells_browsers_to_be_careful(shared_client: TestClient) -> None:
    client = shared_client
    for answer in (client.get(JOBS), client.get(JOBS, headers={"Authorization": ""}), client.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_addresses_are_written_for_this_machine(make_settings: Callable[..., ServeSettings]) -> None:
    assert page_address(make_settings(host="0.0.0.0"), 80, "/?token=x") == "http://127.0.0.1:80/?token=x"
    assert page_address(make_settings(host="::1"), 81, "/") == "http://[::1]:81/"
