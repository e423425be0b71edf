"""The door: pages of other places, other names for this machine, no token, secrets, paths. Every route is tried."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kit.hostile import save_checkpoint
from kit.studio import inked, save_picture
from starlette.testclient import TestClient
from studio.conftest import BEARER, HOST, TOKEN, cheap_brush, png

from underpaint.errors import NotThere
from underpaint.library.jobs import JobItem
from underpaint.models import Catalogue
from underpaint.recipe import CreateRecipe
from underpaint.studio.a1111.unserved import UNSERVED
from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.page.serving import page_files
from underpaint.studio.settings import ServeSettings

PASSWORD = "a-password-that-tests-know"
STRANGERS = ("null", "http://evil.example", "https://127.0.0.1:7861", "http://127.0.0.1:7862", "http://localhost:7861",
             "http://127.0.0.1:7861.evil.example", "file://", "")
NAMES = ("evil.example", "evil.example:7861", "127.0.0.1.evil.example:7861", "localhost.evil.example", "a@127.0.0.1",
         "127.0.0.1:7861@evil.example", "", "127.0.0.1:7861, evil.example", "[::1", "127.0.0.1:port")


@pytest.fixture
def guarded(make_settings: Callable[..., ServeSettings]) -> Iterator[Desk]:
    with Desk(make_settings(auth=f"painter:{PASSWORD}"), cheap_brush) as desk:
        yield desk


@pytest.fixture
def stranger(guarded: Desk) -> TestClient:
    """Somebody who brings nothing but a request."""
    return TestClient(create_app(guarded, guarded.settings), base_url=HOST, raise_server_exceptions=False)


def every_route(client: TestClient) -> list[tuple[str, str]]:
    """Each method and path of the application, its parameters filled with something; the page's files too."""
    described = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    found = [(method.upper(), re.sub(r"\{[^}]*\}", "0123456789abcdef", path))
             for path, methods in described.items() for method in methods]
    found += [("GET", f"/{name}") for name in ("", *page_files())] + [("GET", "/api/v1/openapi.json"), ("GET", "/no")]
    found += list(UNSERVED)
    assert len(found) > 120, found
    return sorted(found)


def test_no_page_of_another_place_may_ask_anything(stranger: TestClient, guarded: Desk) -> None:
    for method, path in every_route(stranger):
        for origin in STRANGERS:
            answer = stranger.request(method, path, headers={**BEARER, "Origin": origin}, content=b"{}")
            assert answer.status_code == 403, (method, path, origin, answer.status_code)
            assert "access-control-allow-origin" not in answer.headers
    assert guarded.jobs.all() == []


def test_no_browser_s_cookie_opens_the_door_to_another_page(stranger: TestClient, guarded: Desk) -> None:
    keys = stranger.app.state.keys  # type: ignore[attr-defined]
    name, session = keys.cookie(7861)
    cookie = {"Cookie": f"{name}={session}"}
    assert stranger.get("/api/v1/health", headers=cookie).status_code == 200
    body = b'{"recipes": [{"task": "create"}]}'
    for headers in ({"Origin": "null"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"):
            for path in ("/api/v1/jobs", "/sdapi/v1/txt2img", "/sdapi/v1/options", "/sdapi/v1/interrupt"):
                answer = stranger.post(path, content=body, headers={**cookie, **headers, "Content-Type": kind})
                assert answer.status_code == 403, (headers, kind, path)
        assert stranger.get("/api/v1/takes", headers={**cookie, **headers}).status_code == 403
    assert guarded.jobs.all() == []


def test_a_simple_post_is_no_way_in_without_the_token(stranger: TestClient, guarded: Desk) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        answer = stranger.post("/api/v1/jobs", content=b'{"recipes": [{"task": "create"}]}',
                               headers={"Content-Type": kind})
        assert answer.status_code == 401
    assert guarded.jobs.all() == []


def test_a_preflight_from_elsewhere_is_told_nothing(stranger: TestClient) -> None:
    for path in ("/api/v1/jobs", "/sdapi/v1/txt2img", "/"):
        answer = stranger.options(path, headers={"Origin": "http://evil.example",
                                                 "Access-Control-Request-Method": "POST"})
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_another_name_for_this_machine_is_refused_everywhere(stranger: TestClient) -> None:
    for method, path in every_route(stranger):
        for name in NAMES:
            answer = stranger.request(method, path, headers={**BEARER, "Host": name}, content=b"{}")
            assert answer.status_code == 421, (method, path, name, answer.status_code)


def test_two_names_at_once_are_refused(stranger: TestClient) -> None:
    headers = [("Host", "127.0.0.1:7861"), ("Host", "evil.example"), *BEARER.items()]
    assert stranger.get("/api/v1/health", headers=headers).status_code == 421


def test_every_route_wants_the_token(stranger: TestClient) -> None:
    for method, path in every_route(stranger):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN} "[:-2]},
                        {"Authorization": "Basic cGFpbnRlcjp3cm9uZw=="}, {"Cookie": "underpaint-7861=1"}):
            answer = stranger.request(method, path, headers=headers, content=b"{}")
            assert answer.status_code == 401, (method, path, headers, answer.status_code)


def test_accounts_of_a1111_open_only_its_own_paths(stranger: TestClient) -> None:
    account = ("painter", PASSWORD)
    assert stranger.get("/sdapi/v1/samplers", auth=account).status_code == 200
    assert stranger.get("/api/v1/health", auth=account).status_code == 401
    assert stranger.get("/api/v1/takes", auth=account).status_code == 401


def test_no_answer_and_no_log_tells_a_secret(stranger: TestClient, guarded: Desk,
                                             caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for method, path in every_route(stranger):
        if path.endswith("/events"):
            continue  # those do not end by themselves
        answer = stranger.request(method, path, headers=BEARER, content=b'{"image": 7}')
        said.append(f"{dict(answer.headers)} {answer.text}")
        answer = stranger.request(method, path, headers={"Authorization": f"Bearer {TOKEN}x"}, content=b"{}")
        said.append(f"{dict(answer.headers)} {answer.text}")
    settings = guarded.settings
    said += [repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()), repr(guarded),
             repr(stranger.app.state.keys), repr(vars(settings))]  # type: ignore[attr-defined]
    said += [record.getMessage() for record in caplog.records]
    for text in said:
        assert TOKEN not in text, text[:300]
        assert PASSWORD not in text, text[:300]


def test_settings_that_do_not_fit_do_not_tell_secrets(home: Path) -> None:
    from underpaint.errors import UnderpaintError
    from underpaint.studio.settings import make_settings as make

    for wrong in ({"token": f"{TOKEN} with spaces"}, {"auth": PASSWORD}):
        with pytest.raises(UnderpaintError) as caught:
            make(**wrong)
        assert TOKEN not in str(caught.value)
        assert PASSWORD not in str(caught.value)


CLIMBS = ("..", "../..", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e", "%00",
          "....//....//etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\secret.png", "//server/share/x")


def test_no_address_leads_out_of_the_house(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret of the house")
    places = ("/", "/parts/", "/api/v1/takes/", "/api/v1/blobs/", "/api/v1/jobs/", "/api/v1/finishes/",
              "/sdapi/v1/", "/sd_extra_networks/thumb?filename=", "/api/v1/takes/{}/picture",
              "/api/v1/controls/{}/extract", "/file=")
    for place in places:
        for climb in (*CLIMBS, str(tmp_path / "secret.txt"), f"../../../../..{tmp_path}/secret.txt"):
            path = place.format(climb) if "{}" in place else place + climb
            for method in ("GET", "POST"):
                answer = client.request(method, path, content=b"{}")
                assert answer.status_code in (400, 401, 404, 405, 409, 422, 501) or path.rstrip("/.") == "" \
                    or answer.headers["content-type"].startswith("text/html"), (method, path, answer.status_code)
                assert "secret of the house" not in answer.text
                assert "root:" not in answer.text


def test_models_are_named_never_pathed(client: TestClient, desk: Desk, tmp_path: Path) -> None:
    """A file that could well be used lies outside every folder that was added: no client can name it."""
    outside = save_checkpoint(tmp_path / "outside" / "hidden.safetensors")
    for name in (str(outside), f"../outside/{outside.name}", "hidden", "hidden.safetensors", f"//localhost{outside}",
                 f"file://{outside}", str(outside.parent)):
        recipe = {"task": "create", "model": {"name": name}}
        assert client.post("/api/v1/jobs", json={"recipes": [recipe]}).status_code == 404, name
        lora = {"task": "create", "loras": [{"name": name}]}
        assert client.post("/api/v1/jobs", json={"recipes": [lora]}).status_code == 404, name
        a1111 = {"prompt": "a", "steps": 1, "override_settings": {"sd_model_checkpoint": name}}
        assert client.post("/sdapi/v1/txt2img", json=a1111).status_code in (400, 404, 422), name
    assert desk.jobs.all() == []
    with pytest.raises(Exception, match=r"no .* called"):
        Catalogue(paths=False).find(str(outside))


def test_a_name_in_an_upload_is_no_path(client: TestClient, desk: Desk, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    for name in ("../../evil.png", "/etc/evil.png", "..\\..\\evil.png", "a\0b.png"):
        answer = client.post("/api/v1/blobs", files={"file": (name, png(inked()))})
        if answer.status_code == 201:
            assert "/" not in answer.json()["name"]
            assert "\\" not in answer.json()["name"]
    new = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(desk.library.folder) for path in new), new


def test_a_link_in_the_library_leads_nowhere(client: TestClient, desk: Desk, tmp_path: Path) -> None:
    """Somebody who can put a link into a folder of the library must not thereby read the disk through the server."""
    job = desk.submit([JobItem(CreateRecipe(prompt="a house", seed=1))])
    assert desk.wait(job, 60).state == "done"
    (entry,) = desk.library.entries([number for number in desk.status(job).takes if number])
    secret = save_picture(tmp_path / "secret.png")
    for kind in ("picture", "thumbnail", "document.psd", "document.ora"):
        assert client.get(f"/api/v1/takes/{entry.sha256}/{kind}").status_code == 200
    desk.thumbnails._kept.clear()
    entry.file.unlink()
    entry.file.symlink_to(secret)
    for kind in ("picture", "thumbnail", "document.psd", "document.ora"):
        answer = client.get(f"/api/v1/takes/{entry.sha256}/{kind}")
        assert answer.status_code == 404, kind
        assert secret.read_bytes()[:64] not in answer.content
    blob = desk.library.blobs
    sha256 = "ab" * 32
    blob.path(sha256).parent.mkdir(parents=True, exist_ok=True)
    blob.path(sha256).symlink_to(secret)
    assert client.get(f"/api/v1/blobs/{sha256}").status_code == 404
    with pytest.raises(NotThere):
        desk.status("0" * 16)
