"""Our API: what artists' programs ask for, from a drawing to its layers, and what they do wrong."""

import asyncio
import base64
import hashlib
import io
import json
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
from kit.easel import recipes
from PIL import Image
from starlette.testclient import TestClient
from studio.conftest import beats, cheap_brush, client_of, png

from underpaint.canvas.files.ora_read import read_ora
from underpaint.canvas.files.psd_read import read_psd
from underpaint.pictures.recall import recipe_from_file
from underpaint.recipe import CreateRecipe
from underpaint.studio import layers
from underpaint.studio.desk import Desk

API = "/api/v1"


def ask(client: TestClient, method: str, path: str, status: int = 200, **given: Any) -> Any:
    answer = client.request(method, API + path, **given)
    assert answer.status_code == status, (method, path, answer.status_code, answer.text[:600])
    return answer.json()


def refused(client: TestClient, method: str, path: str, status: int, field: str | None = None, **given: Any) -> str:
    """What a refusal says: one line of what, and where."""
    said = ask(client, method, path, status, **given)["error"]
    assert field is None or field in str(said["field"]), said
    assert said["message"] and "\n" not in said["message"] and "Traceback" not in said["message"]
    return str(said["message"])


def finished(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it is over; its events are listened to until then."""
    stream = client.get(f"{API}/jobs/{job['id']}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    done = ask(client, "GET", f"/jobs/{job['id']}")
    assert done["state"] == "done", done
    return dict(done)


def handed_in(client: TestClient, data: bytes) -> str:
    return str(ask(client, "POST", "/blobs", 201, files={"file": ("drawing.png", data)})["sha256"])


def keys_of(client: TestClient, drawing: bytes, count: int = 2, **fields: Any) -> dict[str, Any]:
    blob = handed_in(client, drawing)
    lines = ask(client, "POST", "/lines", json={"blob": blob})["sha256"]
    asked = {"drawing": lines, "words": "a girl on a cliff", "count": count, **fields}
    return finished(client, ask(client, "POST", "/sets/keys", 201, json=asked))


def test_a_drawing_becomes_keys_with_live_previews_and_a_layered_file(primer_desk: Desk, drawing: bytes) -> None:
    client = client_of(primer_desk)
    shared = {"task": "create", "width": 64, "height": 64, "sampling": {"steps": 3}}
    blob = handed_in(client, drawing)
    lines = ask(client, "POST", "/lines", json={"blob": blob})
    assert (lines["kind"], lines["source"], lines["squared"]) == ("ink", blob, False)
    asked = {"drawing": lines["sha256"], "words": "a girl on a cliff", "count": 2, "recipe": shared}
    job = ask(client, "POST", "/sets/keys", 201, json=asked)
    assert job["made_by"] == "keys" and job["title"] == "a girl on a cliff" and job["total"] == 2
    told = beats(client.get(f"{API}/jobs/{job['id']}/events").text)
    assert [what for what, _ in told if what not in ("progress", "preview")] == [
        "submitted", "painting", "painted", "painting", "painted", "done"]
    previews = [json.loads(data) for what, data in told if what == "preview"]
    assert previews
    shown = Image.open(io.BytesIO(base64.b64decode(previews[0]["preview"])))
    assert shown.format == "JPEG" and max(shown.size) <= 256
    done = ask(client, "GET", f"/jobs/{job['id']}")
    first = ask(client, "GET", f"/takes/{done['pictures'][0]['take']}")
    assert first["words"].startswith("a girl on a cliff, golden hour") and first["measured"]["lines"]
    assert (first["width"], first["height"], first["model"]) == (64, 64, "primer")
    picture = client.get(f"{API}/takes/{first['id']}/picture")
    assert picture.headers["content-type"] == "image/png"
    assert hashlib.sha256(picture.content).hexdigest() == first["sha256"]
    assert CreateRecipe.model_validate(first["recipe"]).controls[0].kind == "line"
    with_lines = client.get(f"{API}/jobs/{job['id']}/document.psd")
    assert with_lines.headers["content-type"] == "image/vnd.adobe.photoshop"


def test_documents_open_with_the_lines_on_top(client: TestClient, drawing: bytes, tmp_path: Any) -> None:
    job = keys_of(client, drawing)
    for kind, read in (("psd", read_psd), ("ora", read_ora)):
        answer = client.get(f"{API}/jobs/{job['id']}/document.{kind}")
        file = tmp_path / f"keys.{kind}"
        file.write_bytes(answer.content)
        document = read(file)
        assert [node.name.split(",")[0] for node in document.layers] == [
            "Lines", "01 golden hour", "02 overcast noon", "Paper"], kind
        assert (document.width, document.height) == (150, 110)
        assert f".{kind}" in answer.headers["content-disposition"]
        one = client.get(f"{API}/takes/{job['pictures'][1]['take']}/document.{kind}")
        file.write_bytes(one.content)
        assert [node.name.split(",")[0] for node in read(file).layers] == ["Lines", "01 overcast noon", "Paper"]
    client_lines = client.get(f"{API}/takes/{job['pictures'][0]['take']}/lines")
    assert Image.open(io.BytesIO(client_lines.content)).mode == "RGBA"
    assert client.get(f"{API}/jobs/{job['id']}/document.exe").status_code == 422


def test_a_document_of_too_much_is_refused(client: TestClient, drawing: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST_PIXELS", 20_000)
    job = keys_of(client, drawing)  # each of 150 x 110
    assert "too large" in refused(client, "GET", f"/jobs/{job['id']}/document.ora", 422, "position")
    assert client.get(f"{API}/jobs/{job['id']}/document.ora?position=1").status_code == 200


def test_recipes_are_painted_in_order_and_the_same_key_is_the_same_job(client: TestClient) -> None:
    asked = {"recipes": [one.model_dump(mode="json") for one in recipes(3)], "names": ["one", "two"], "title": "three"}
    job = ask(client, "POST", "/jobs", 201, json=asked, headers={"Idempotency-Key": "k", "X-Client": "me"})
    again = client.post(f"{API}/jobs", json=asked, headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == job["id"] and again.headers["location"] == f"{API}/jobs/{job['id']}"
    assert (job["client"], job["title"]) == ("me", "three")
    assert [one["name"] for one in job["pictures"]] == ["one", "two", ""]
    other = {**asked, "recipes": asked["recipes"][:1], "names": []}
    assert "another job" in refused(client, "POST", "/jobs", 409, "key", json=other, headers={"Idempotency-Key": "k"})
    done = finished(client, job)
    assert [one["state"] for one in done["pictures"]] == ["done"] * 3
    assert [one["id"] for one in ask(client, "GET", "/jobs")["jobs"]] == [job["id"]]
    assert ask(client, "GET", "/jobs?unfinished=true")["jobs"] == []
    assert ask(client, "DELETE", f"/jobs/{job['id']}")["state"] == "done"
    picture = client.get(f"{API}/takes/{done['pictures'][0]['take']}/picture").content
    assert recipe_from_file(picture).seed == 1  # type: ignore[arg-type]  # bytes are read as well


def test_events_go_on_after_the_last_one_seen(client: TestClient) -> None:
    job = ask(client, "POST", "/jobs", 201, json={"recipes": [{"task": "create", "seed": 1}]})
    whole = client.get(f"{API}/jobs/{job['id']}/events").text
    numbers = [int(one) for one in re.findall(r"^id: (\d+)$", whole, re.MULTILINE)]
    assert len(numbers) == 4 and whole.startswith("retry: ")
    rest = client.get(f"{API}/jobs/{job['id']}/events", headers={"Last-Event-ID": str(numbers[1])}).text
    assert [what for what, _ in beats(rest)] == ["painted", "done"]
    assert refused(client, "GET", "/jobs/0123456789abcdef/events", 404)


def test_one_listener_too_many_is_told_when_to_come_back(make_settings: Any) -> None:
    with Desk(make_settings(max_listeners=1), cheap_brush) as desk:
        client = client_of(desk)
        job = ask(client, "POST", "/jobs", 201, json={"recipes": [{"task": "create"}]})

        async def asked() -> list[Any]:
            with desk.herald.listening():
                return [await asyncio.to_thread(client.get, API + path)
                        for path in ("/events", f"/jobs/{job['id']}/events")]

        for answer in asyncio.run(asked()):
            assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
            assert "listening" in answer.json()["error"]["message"]


def test_drawings_come_with_a_job_or_before_it(client: TestClient) -> None:
    data = png(np.random.default_rng(3).integers(0, 255, (40, 60, 3), np.uint8))
    sha256 = hashlib.sha256(data).hexdigest()
    refine = {"task": "refine", "picture": {"sha256": sha256}}
    assert "missing" in refused(client, "POST", "/jobs", 422, "blobs", json={"recipes": [refine]})
    inline = {"recipes": [refine], "blobs": [base64.b64encode(data).decode()]}
    finished(client, ask(client, "POST", "/jobs", 201, json=inline))
    kept = client.get(f"{API}/blobs/{sha256}")
    assert kept.content == data and kept.headers["content-type"] == "image/png"
    assert handed_in(client, data) == sha256


def test_what_could_not_be_painted_is_refused_before_it_waits(client: TestClient) -> None:
    picture, mask = png(np.full((64, 64, 3), 200, np.uint8)), png(np.full((32, 48), 255, np.uint8))
    recipe = {"task": "fill", "picture": {"sha256": handed_in(client, picture)},
              "mask": {"sha256": hashlib.sha256(mask).hexdigest()}}
    said = refused(client, "POST", "/jobs", 422, "mask", json={
        "recipes": [recipe], "blobs": [base64.b64encode(mask).decode()]})
    assert said == "the mask is 48x32, the picture 64x64"
    assert refused(client, "POST", "/jobs", 422, "blobs", json={"recipes": [recipe]}).endswith("are missing")
    fitting = {**recipe, "mask": {"sha256": handed_in(client, png(np.full((64, 64), 255, np.uint8)))}}
    finished(client, ask(client, "POST", "/jobs", 201, json={"recipes": [fitting]}))
    assert len(ask(client, "GET", "/jobs")["jobs"]) == 1


def test_takes_are_found_rated_and_put_away(client: TestClient, drawing: bytes) -> None:
    job = keys_of(client, drawing, 3)
    ids = [one["take"] for one in job["pictures"]]
    assert {one["id"] for one in ask(client, "GET", "/takes?query=cliff")["takes"]} == set(ids)
    assert [one["id"] for one in ask(client, "GET", "/takes?limit=2&offset=1")["takes"]] == ids[1::-1]
    said = ask(client, "PATCH", f"/takes/{ids[0]}", json={"stars": 4, "add_tags": ["client"], "pick": "picked"})
    assert (said["stars"], said["tags"], said["pick"]) == (4, ["client"], "picked")
    assert [one["what"] for one in said["history"]] == ["stars", "pick", "tag"]
    assert [one["id"] for one in ask(client, "GET", "/takes?stars=3&tag=client&picked=true")["takes"]] == [ids[0]]
    ask(client, "PATCH", f"/takes/{ids[1]}", json={"trashed": True})
    ask(client, "PATCH", f"/takes/{ids[2]}", json={"rejected": True})
    assert [one["id"] for one in ask(client, "GET", "/takes")["takes"]] == [ids[0]]
    assert [one["id"] for one in ask(client, "GET", "/takes?trashed=true")["takes"]] == [ids[1]]
    ask(client, "PATCH", f"/takes/{ids[1]}", json={"trashed": False, "remove_tags": ["none"]})
    assert len(ask(client, "GET", "/takes")["takes"]) == 2
    thumbnail = client.get(f"{API}/takes/{ids[0]}/thumbnail?side=30")
    assert Image.open(io.BytesIO(thumbnail.content)).size == (48, 48)  # never larger than it is
    assert "immutable" in thumbnail.headers["cache-control"]
    for path in ("", "/picture", "/thumbnail", "/document.psd", "/lineage", "/lines"):
        assert refused(client, "GET", f"/takes/{'ab' * 8}{path}", 404)
    assert str(client.get(f"{API}/takes/{ids[0]}").json()).find("/library/") == -1  # where files lie is not told


def test_more_like_these_lie_in_or_between_them(client: TestClient, drawing: bytes) -> None:
    job = keys_of(client, drawing, 3)
    ids = [one["take"] for one in job["pictures"]]
    more = keys_of(client, drawing, 2, like=[ids[2]])
    assert all(one["name"].split(" ", 1)[1].startswith("night, moon") for one in more["pictures"])
    assert not {one["take"] for one in more["pictures"]} & set(ids)
    between = keys_of(client, drawing, 2, like=ids[:2])
    assert all(" of the way" in one["name"] for one in between["pictures"])
    assert len(keys_of(client, drawing, 6, like=ids)["pictures"]) == 6
    mist = ["mist, soft light from right, nearly white"]
    chosen = keys_of(client, drawing, 2, lights=mist, palette=["#102030", "#ffe0c0"])
    assert "mist" in chosen["pictures"][0]["name"]
    lines = handed_in(client, drawing)
    assert refused(client, "POST", "/sets/keys", 422, "lights", json={"drawing": lines, "lights": ["no such light"]})
    assert refused(client, "POST", "/sets/keys", 422, "palette", json={"drawing": lines, "palette": ["blueish"]})
    assert refused(client, "POST", "/sets/keys", 404, json={"drawing": lines, "like": ["0" * 16]})


def test_sheets_and_plots_are_planned_and_checked_before_they_wait(client: TestClient) -> None:
    axes = ask(client, "GET", "/sets/axes")
    assert "mood" in axes["sheet"] and any(one["name"] == "Steps" for one in axes["plot"])
    sheet = ask(client, "POST", "/sets/sheet", 201, json={"brief": "an inn at a {crossroads|harbour}", "count": 4,
                                                          "vary": ["mood", "size"], "axes": {"size": ["big", "small"]}})
    assert (sheet["made_by"], sheet["total"]) == ("sheet", 4)
    assert refused(client, "POST", "/sets/sheet", 422, "vary", json={"brief": "an inn", "vary": ["nothing"]})
    base = {"task": "create", "prompt": "a cat", "width": 64, "height": 64}
    plot = ask(client, "POST", "/sets/plot", 201, json={"recipe": base, "x": "Steps=2-3", "y": "Prompt S/R=cat,dog"})
    assert (plot["made_by"], plot["total"]) == ("plot", 4)
    said = refused(client, "POST", "/sets/plot", 422, json={"recipe": base, "x": "Steps=2,many", "y": "CFG Scale=low"})
    assert "many" in said and "low" in said
    assert refused(client, "POST", "/sets/plot", 422, json={"recipe": base, "x": "Checkpoint name=nowhere"})
    ask(client, "DELETE", f"/jobs/{sheet['id']}")


def test_a_finish_is_a_take_of_its_own_that_grew_from_the_first(client: TestClient, drawing: bytes) -> None:
    take = keys_of(client, drawing, 1)["pictures"][0]["take"]
    there = {one["name"] for one in ask(client, "GET", "/finishes")["finishes"]}
    assert there >= {"upscale", "cutout", "tone", "match"}
    large = ask(client, "POST", "/finishes/upscale", 201, json={"take": take, "parameters": {"scale": 3}})["take"]
    assert (large["width"], large["height"]) == (144, 144)
    ask(client, "POST", "/finishes/tone", 201, json={"take": take, "parameters": {"temperature": 30}})
    ask(client, "POST", "/finishes/match", 201, json={"take": take, "parameters": {"reference": "#102030,#ffeecc"}})
    mask = png(np.pad(np.full((20, 20), 255, np.uint8), 14))
    by_mask = {"take": take, "parameters": {"mask": handed_in(client, mask)}}
    cut = ask(client, "POST", "/finishes/cutout", 201, json=by_mask)
    assert Image.open(io.BytesIO(client.get(f"{API}/takes/{cut['take']['id']}/picture").content)).mode == "RGBA"
    family = ask(client, "GET", f"/takes/{large['id']}/lineage")["tree"][0]
    assert family["take"]["id"] == take and len(family["children"]) == 4
    for name, fields, where in (("upscale", {"method": "/etc/passwd"}, "method"), ("upscale", {"scale": 99}, "scale"),
                                ("cutout", {"net": "0" * 64}, "net"), ("match", {"reference": "blue-ish"}, "reference"),
                                ("cutout", {"mask": "0" * 64}, "blob")):
        status = 404 if where == "blob" else 422
        assert refused(client, "POST", f"/finishes/{name}", status, where, json={"take": take, "parameters": fields})
    assert refused(client, "POST", "/finishes/tone", 422, json={})
    assert refused(client, "POST", "/finishes/nothing", 404, json={"take": take})


def test_controls_make_maps_and_measure(client: TestClient, drawing: bytes) -> None:
    assert {"line", "palette"} <= {one["name"] for one in ask(client, "GET", "/controls")["controls"]}
    take = keys_of(client, drawing, 1)["pictures"][0]["take"]
    palette = ask(client, "POST", "/controls/palette/extract", 201, json={"take": take, "how": "3"})
    assert len(palette["found"]["swatches"]) == 3 and palette["suffix"] == ".hex"
    assert client.get(f"{API}/blobs/{palette['sha256']}").headers["content-disposition"] == "attachment"
    (lines,) = ask(client, "POST", "/controls/line/check", json={"take": take, "overlay": True})["checks"]
    assert 0 <= lines["score"] <= 1 and base64.b64decode(lines["overlay"]).startswith(b"\x89PNG")
    assert refused(client, "POST", "/controls/line/extract", 422, "how", json={"take": take, "how": "magic"})
    assert refused(client, "POST", "/controls/magic/extract", 404, json={"take": take})
    assert refused(client, "POST", "/controls/palette/check", 422, json={"take": take, "control": {"kind": "light"}})


def test_models_are_named_and_their_places_are_not_told(client: TestClient) -> None:
    models = ask(client, "GET", "/models?kind=checkpoint")
    assert models["models"][0]["name"] == "primer" and models["models"][0]["file"] == "primer"
    assert ask(client, "POST", "/models/refresh")["problems"] == []
    assert ask(client, "GET", "/health")["status"] == "well"


@pytest.mark.parametrize(("path", "body", "status", "field"), [
    ("/jobs", b"{bad", 400, "body"), ("/jobs", b"[" * 100_000, 400, "body"), ("/jobs", b"", 422, "body"),
    ("/jobs", b"null", 422, ""), ("/jobs", b'{"recipes": []}', 422, "recipes"),
    ("/jobs", b'{"recipes": [{"task": "destroy"}]}', 422, "recipes.0"),
    ("/jobs", b'{"recipes": [{"task": "create", "sampling": {"steps": 2147483648}}]}', 422, "sampling.steps"),
    ("/jobs", b'{"recipes": [{"task": "create", "width": NaN}]}', 422, "width"),
    ("/jobs", b'{"recipes": [{"task": "create", "prompt": "\\ud800"}]}', 422, "prompt"),
    ("/jobs", b'{"recipes": [{"task": "create", "colour": 1}]}', 422, "colour"),
    ("/jobs", b'{"recipes": [{"task": "create"}], "blobs": ["%%%"]}', 422, "blobs.0"),
    ("/jobs", b'{"recipes": [{"task": "create"}], "blobs": [""]}', 422, "blobs.0"),
    ("/jobs", b'{"recipes": [{"task": "create"}], "blobs": ["aGVsbG8="]}', 422, "blobs.0"),
    ("/jobs", b'{"recipes": [{"task": "create"}], "names": ["a", "b"]}', 422, "body"),
    ("/jobs", b'{"recipes": [{"task": "create", "model": {"name": "nowhere"}}]}', 404, "model"),
    ("/jobs", b'{"recipes": [{"task": "create", "loras": [{"name": "nowhere"}]}]}', 404, "loras"),
    ("/jobs", b'{"recipes": [{"task": "create"}, {"task": "create", "prompt": "<lora:nowhere:1>"}]}', 404, "prompt"),
    ("/jobs", b'{"recipes": [{"task": "create", "width": 4096, "height": 4096}]}', 422, "width"),
    ("/jobs", b'{"recipes": [{"task": "create"}], "priority": 101}', 422, "priority"),
    ("/jobs", b'{"recipes": [{"task": "create", "schema": 99}]}', 422, "schema"),
    ("/lines", b'{"blob": "../../etc/passwd"}', 422, "blob"),
    ("/sets/keys", b'{"drawing": "x", "count": 9}', 422, "drawing"),
    ("/sets/sheet", b'{"brief": ""}', 422, "brief")])
def test_what_does_not_fit_is_said_with_its_field(shared_client: TestClient, path: str, body: bytes, status: int,
                                                  field: str | None) -> None:
    refused(shared_client, "POST", path, status, field, content=body, headers={"Content-Type": "application/json"})


def test_pages_cannot_send_json_as_something_else(client: TestClient) -> None:
    body = b'{"recipes": [{"task": "create"}]}'
    answer = client.post(f"{API}/jobs", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422 and ask(client, "GET", "/jobs")["jobs"] == []


def test_a_picture_that_is_none_is_refused(client: TestClient) -> None:
    for data in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<svg onload=alert(1)>" * 9):
        assert refused(client, "POST", "/blobs", 422, files={"file": ("x.png", data)})
    assert refused(client, "POST", "/blobs", 422, data={"file": "text"})
    assert refused(client, "GET", f"/blobs/{'0' * 64}", 404) and refused(client, "GET", "/blobs/..", 404)


def test_a_take_that_leads_out_of_the_library_is_not_handed_out(client: TestClient, desk: Desk, tmp_path: Any) -> None:
    job = finished(client, ask(client, "POST", "/jobs", 201, json={"recipes": [{"task": "create", "seed": 5}]}))
    take = job["pictures"][0]["take"]
    file, secret = desk.library.find(take).file, tmp_path / "secret.txt"
    secret.write_text("secret")
    file.unlink()
    file.symlink_to(secret)
    for path in ("picture", "thumbnail", "document.psd"):
        assert "not one of the library's" in refused(client, "GET", f"/takes/{take}/{path}", 404)
    file.unlink()
    assert "is gone" in refused(client, "GET", f"/takes/{take}/picture", 404)


def test_a_client_that_hangs_up_cancels_nothing(desk: Desk) -> None:
    client = client_of(desk)
    job = ask(client, "POST", "/jobs", 201, json={"recipes": [one.model_dump(mode="json") for one in recipes(2)]})

    def hang_up() -> None:
        with client.stream("GET", f"{API}/jobs/{job['id']}/events") as stream:
            next(stream.iter_lines())

    thread = threading.Thread(target=hang_up)
    thread.start()
    assert desk.wait(job["id"], 20).state == "done"
    thread.join(20)
    until = time.monotonic() + 10
    while desk.herald.listeners and time.monotonic() < until:
        time.sleep(0.02)
    assert desk.herald.listeners == 0


def test_clients_can_be_generated_from_what_the_api_says_of_itself(client: TestClient) -> None:
    said = ask(client, "GET", "/openapi.json")
    names = []
    for path, item in said["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            names.append(operation["operationId"])
            if not path.startswith(API):
                continue
            assert operation["tags"] and operation["summary"] and operation["description"], where
            assert {"401", "422"} <= set(operation["responses"]), where
            assert any(code.startswith("2") and ("content" in answer) for code, answer in
                       operation["responses"].items()), where
    assert len(names) == len(set(names)) and said["security"]
    used = set(re.findall(r"#/components/schemas/([\w.-]+)", json.dumps(said)))
    assert used <= set(said["components"]["schemas"])
    assert "HTTPValidationError" not in used  # which is not how we say it
