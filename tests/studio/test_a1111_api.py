"""A1111's API over HTTP, painting small pictures with the built-in model."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from kit.a1111 import PASSWORD, SMALL, TOKEN, USER, Served, masked, opened, pixels, scene, served, text
from PIL import Image
from studio.conftest import cheap_brush, client_of

from underpaint.studio.desk import Desk
from underpaint.studio.settings import ServeSettings

LONG = {"width": 64, "height": 64, "steps": 1000, "prompt": "a long one"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("a1111")) as running:
        yield running


@pytest.fixture
def api(server: Served) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


def post(api: httpx2.Client, path: str, status: int = 200, **fields: Any) -> Any:
    answer = api.post(f"/sdapi/v1/{path}", json=fields)
    assert answer.status_code == status, answer.text[:500]
    return answer.json()


def get(api: httpx2.Client, path: str) -> Any:
    answer = api.get(f"/sdapi/v1/{path}")
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()


def asked(server: Served, **fields: Any) -> tuple[threading.Thread, list[httpx2.Response]]:
    """A txt2img that is waited for in a thread of its own."""
    answers: list[httpx2.Response] = []

    def ask() -> None:
        with server.client() as client:
            answers.append(client.post("/sdapi/v1/txt2img", json=fields))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def until(look: Callable[[], Any]) -> Any:
    """What `look` says as soon as it says something."""
    for _ in range(2400):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_two_pictures_come_behind_their_grid(api: httpx2.Client) -> None:
    answer = post(api, "txt2img", prompt="a house by the sea", seed=5, batch_size=2, **SMALL)
    info = json.loads(answer["info"])
    grid, first, second = map(opened, answer["images"])
    assert (grid.size, first.size, second.size) == ((128, 64), (64, 64), (64, 64))
    assert (pixels(grid)[:, :64] == pixels(first)).all() and (pixels(grid)[:, 64:] == pixels(second)).all()
    assert info["index_of_first_image"] == 1 and info["all_seeds"] == [5, 6] and len(info["infotexts"]) == 3
    assert first.info["parameters"] == info["infotexts"][1] and grid.info["parameters"] == info["infotexts"][0]
    assert "Seed: 6" in info["infotexts"][2] and info["sd_model_name"] == "primer" and info["sampler_name"] == "Euler"
    assert answer["parameters"]["prompt"] == "a house by the sea" and answer["parameters"]["n_iter"] == 1
    told = post(api, "png-info", image=answer["images"][1])
    assert told["info"] == info["infotexts"][1] and told["parameters"]["Seed"] == "5"
    assert told["parameters"]["Prompt"] == "a house by the sea" and "underpaint" in told["items"]


def test_the_same_seed_is_the_same_picture_and_nothing_is_sent_where_nothing_is_wanted(api: httpx2.Client) -> None:
    one, two = (post(api, "txt2img", prompt="a tree", seed=9, **SMALL)["images"] for _ in range(2))
    assert len(one) == 1 and (pixels(opened(one[0])) == pixels(opened(two[0]))).all()
    silent = post(api, "txt2img", prompt="a tree", seed=9, send_images=False, save_images=True, **SMALL)
    assert silent["images"] == [] and "Seed: 9" in json.loads(silent["info"])["infotexts"][0]


def test_settings_are_each_clients_own(server: Served) -> None:
    with server.client() as ann, server.client() as other:
        get(ann, "samplers"), get(other, "samplers")  # the first answer brings the cookie
        assert ann.post("/sdapi/v1/options", json={"samples_format": "jpg", "jpeg_quality": 70}).json() is None
        assert get(ann, "options")["samples_format"] == "jpg" and get(other, "options")["samples_format"] == "png"
        picture = opened(post(ann, "txt2img", prompt="a boat", seed=3, **SMALL)["images"][0])
        assert picture.format == "JPEG" and picture.size == (64, 64)
        assert get(ann, "options")["sd_model_checkpoint"].startswith("primer")
        assert post(ann, "options", 404, sd_model_checkpoint="nowhere")["error"] == "ModelError"
        assert post(ann, "txt2img", 404, override_settings={"sd_model_checkpoint": "nowhere"}, **SMALL)


def test_those_without_cookies_are_told_apart_by_what_they_call_themselves(server: Served) -> None:
    def options(agent: str) -> Any:
        with server.client(**{"user-agent": agent}) as fresh:  # a new one each time keeps no cookie
            return fresh.get("/sdapi/v1/options", auth=None, headers={"Authorization": f"Bearer {TOKEN}"}).json()

    with server.client(**{"user-agent": "one"}) as first:
        first.post("/sdapi/v1/options", json={"CLIP_stop_at_last_layers": 2}, auth=None,
                   headers={"Authorization": f"Bearer {TOKEN}"})
    assert options("one")["CLIP_stop_at_last_layers"] == 2
    assert options("two")["CLIP_stop_at_last_layers"] == 1


def test_img2img_leaves_every_pixel_outside_the_mask(api: httpx2.Client) -> None:
    answer = post(api, "img2img", init_images=[text(scene(), prefix=True)], mask=text(masked(), prefix=True), seed=4,
                  prompt="a red door", denoising_strength=0.9, mask_blur=2, inpaint_full_res=False, **SMALL)
    (picture,) = map(opened, answer["images"])
    changed = np.abs(pixels(picture).astype(int) - pixels(scene())).max(axis=2) > 0
    inside = np.asarray(masked()) > 0
    assert changed[inside].mean() > 0.5 and not changed[~inside].any()
    assert answer["parameters"]["init_images"] is None and answer["parameters"]["mask"] is None
    info = json.loads(answer["info"])
    assert info["denoising_strength"] == 0.9 and info["extra_generation_params"]["Mask blur"] == 2


def test_a_second_pass_a_plot_and_an_outpainting(api: httpx2.Client) -> None:
    larger = post(api, "txt2img", prompt="a hill", seed=2, enable_hr=True, hr_scale=2, denoising_strength=0.6, **SMALL)
    assert opened(larger["images"][0]).size == (128, 128)
    plot = post(api, "txt2img", prompt="a hill", seed=2, script_name="X/Y/Z plot", **SMALL,
                script_args=["Seed", "1,2", [], "Prompt S/R", "hill,wood", [], 0, "", [], True, True])
    grid, *cells = map(opened, plot["images"])
    info = json.loads(plot["info"])
    assert len(cells) == 4 and grid.width > 128 and info["index_of_first_image"] == 1
    assert info["all_prompts"] == ["a hill", "a hill", "a wood", "a wood"] and info["all_seeds"] == [1, 2, 1, 2]
    assert info["extra_generation_params"]["X Type"] == "Seed"
    grown = post(api, "img2img", init_images=[text(scene(64, 48))], prompt="a meadow", seed=2, steps=2,
                 denoising_strength=0.9, script_name="outpainting mk2", script_args=["", 32, 4, ["right"]])
    picture = opened(grown["images"][0])
    assert picture.size == (96, 48) and (pixels(picture)[:, :60] == pixels(scene(64, 48))[:, :60]).all()


def test_maps_of_controlnet_come_last(api: httpx2.Client) -> None:
    unit = {"module": "canny", "model": api.get("/controlnet/model_list").json()["model_list"][0],
            "image": text(scene(96, 96))}
    answer = post(api, "txt2img", prompt="a house", seed=3, batch_size=2, **SMALL,
                  alwayson_scripts={"controlnet": {"args": [unit]}})
    sizes = [opened(one).size for one in answer["images"]]
    assert sizes == [(128, 64), (64, 64), (64, 64), (96, 96)]
    assert len(json.loads(answer["info"])["infotexts"]) == 3
    found = api.post("/controlnet/detect", json={"controlnet_module": "canny",
                                                 "controlnet_input_images": [unit["image"]]}).json()
    assert found["info"] == "Success"
    assert (pixels(opened(found["images"][0])) == pixels(opened(answer["images"][3]))).all()


def test_progress_and_interrupt(server: Served, api: httpx2.Client) -> None:
    idle = get(api, "progress")
    assert (idle["progress"], idle["state"]["job_count"]) == (0.0, 0)
    thread, answers = asked(server, **LONG, force_task_id="mine", n_iter=2)
    going = until(lambda: (now := get(api, "progress"))["state"]["sampling_step"] > 1 and now)
    assert 0 < going["progress"] < 1 and going["state"]["job_count"] == 2 and going["current_task"] == "mine"
    assert going["state"]["sampling_steps"] == 1000 and going["state"]["job"] == "scripts_txt2img"
    seen = until(lambda: get(api, "progress")["current_image"])
    assert opened(seen).format == "PNG" and get(api, "progress?skip_current_image=true")["current_image"] is None
    own = api.post("/internal/progress", json={"id_task": "mine", "id_live_preview": -1}).json()
    assert own["active"] and own["live_preview"].startswith("data:image/jpeg;base64,") and own["id_live_preview"] > 0
    assert api.post("/sdapi/v1/interrupt").json() == {}
    thread.join(120)
    assert answers[0].status_code == 200
    stopped = answers[0].json()
    assert [opened(one).size for one in stopped["images"]] == [(64, 64)]  # as far as it was
    assert json.loads(stopped["info"])["infotexts"] == []
    assert get(api, "progress")["progress"] == 0.0
    assert api.post("/internal/progress", json={"id_task": "mine"}).json()["completed"]
    assert post(api, "interrupt") == {} and post(api, "skip") == {}


def test_skip_goes_on_with_the_next_picture(server: Served, api: httpx2.Client) -> None:
    args = ["Steps", "1000,2"]
    thread, answers = asked(server, prompt="x", seed=1, width=64, height=64, script_name="x/y/z plot",
                            script_args=[*args, [], 0, "", [], 0, "", [], True, True])
    until(lambda: get(api, "progress")["state"]["sampling_steps"] == 1000)
    api.post("/sdapi/v1/skip")
    thread.join(120)
    info = json.loads(answers[0].json()["info"])
    assert len(answers[0].json()["images"]) == 2 and "Steps: 2" in info["infotexts"][-1]


def test_who_hangs_up_stops_their_own_request(server: Served, api: httpx2.Client) -> None:
    with pytest.raises(httpx2.ReadTimeout), server.client() as gone:
        gone.post("/sdapi/v1/txt2img", json={**LONG, "prompt": "nobody waits"}, timeout=1.0)
    until(lambda: get(api, "progress")["state"]["job_count"] == 0)
    states = {one.title: one.state for one in server.desk.jobs.all(limit=5)}
    assert states.get("nobody waits", "cancelled") == "cancelled"


def test_others_at_another_account_see_nothing_and_stop_nothing(server: Served, api: httpx2.Client) -> None:
    thread, answers = asked(server, **LONG)
    until(lambda: get(api, "progress")["state"]["job_count"] == 1)
    with httpx2.Client(base_url=server.url, auth=("ben", "other"), timeout=60) as ben:
        assert ben.get("/sdapi/v1/progress").json()["state"]["job_count"] == 0
        ben.post("/sdapi/v1/interrupt")
    assert not answers and get(api, "progress")["state"]["job_count"] == 1
    api.post("/sdapi/v1/interrupt")
    thread.join(120)
    assert answers[0].status_code == 200


def test_extras_enlarge_and_keep_the_infotext(api: httpx2.Client) -> None:
    painted = post(api, "txt2img", prompt="a rock", seed=8, **SMALL)["images"][0]
    larger = post(api, "extra-single-image", image=painted, upscaler_1="Lanczos", upscaling_resize=2)
    assert opened(larger["image"]).size == (128, 128) and larger["html_info"] == ""
    info = post(api, "png-info", image=larger["image"])
    assert info["parameters"]["Prompt"] == "a rock" and info["parameters"]["Postprocess upscaler"] == "Lanczos"
    two = post(api, "extra-batch-images", upscaler_1="Nearest", resize_mode=1, upscaling_resize_w=96,
               upscaling_resize_h=120, imageList=[{"data": painted, "name": "a"}, {"data": text(scene(50, 70)),
                                                                                    "name": "b"}])
    assert [opened(one).size for one in two["images"]] == [(96, 120), (96, 120)]
    mixed = post(api, "extra-single-image", image=text(scene(32, 32)), upscaler_1="Sharp", upscaler_2="Nearest",
                 extras_upscaler_2_visibility=0.5, upscaling_resize=1.5)
    assert opened(mixed["image"]).size == (48, 48)
    smaller = post(api, "extra-single-image", image=text(scene(32, 32)), upscaler_1="Lanczos", upscaling_resize=0.5)
    assert opened(smaller["image"]).size == (16, 16)
    same = post(api, "extra-single-image", image=text(scene(32, 32)))
    assert (pixels(opened(same["image"])) == pixels(scene(32, 32))).all()
    assert post(api, "extra-single-image", 501, image=painted, gfpgan_visibility=0.5)["error"] == "NotServed"
    assert "could not find upscaler" in post(api, "extra-single-image", 422, image=painted, upscaler_1="LDSR")["detail"]
    assert post(api, "extra-single-image", 422, image=painted, upscaler_1="Lanczos", upscaling_resize=900)


@pytest.mark.parametrize(("path", "keys"), [
    ("samplers", {"name", "aliases", "options"}), ("upscalers", {"name", "model_name", "model_path", "scale"}),
    ("schedulers", {"name", "label", "aliases", "default_rho", "need_inner_model"}),
    ("sd-models", {"title", "model_name", "hash", "sha256", "filename", "config"}),
    ("latent-upscale-modes", {"name"}), ("script-info", {"name", "is_alwayson", "is_img2img", "args"})])
def test_lists_have_a1111s_fields(api: httpx2.Client, path: str, keys: set[str]) -> None:
    listed = get(api, path)
    assert listed and all(keys <= one.keys() for one in listed)


def test_every_other_list_answers(api: httpx2.Client) -> None:
    for path in ("sd-vae", "loras", "hypernetworks", "face-restorers", "realesrgan-models", "prompt-styles",
                 "extensions"):
        assert get(api, path) == []
    assert get(api, "cmd-flags") == {} and get(api, "embeddings") == {"loaded": {}, "skipped": {}}
    assert get(api, "memory")["ram"]["total"] > 0
    scripts = get(api, "scripts")
    assert {"x/y/z plot", "prompt matrix", "controlnet"} <= set(scripts["txt2img"])
    assert {"sd upscale", "outpainting mk2"} <= set(scripts["img2img"]) - set(scripts["txt2img"])
    for path in ("refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings"):
        assert post(api, path) is None
    assert post(api, "unload-checkpoint") == {} and api.get("/internal/ping").json() == {}
    assert api.get("/internal/pending-tasks").json() == {"size": 0, "tasks": []}


def test_controlnet_says_what_there_is(api: httpx2.Client) -> None:
    assert api.get("/controlnet/version").json() == {"version": 3}
    assert api.get("/controlnet/settings").json()["control_net_unit_count"] >= 3
    modules = api.get("/controlnet/module_list").json()
    assert {"none", "canny", "lineart_realistic"} <= set(modules["module_list"]) == modules["module_detail"].keys()
    types = api.get("/controlnet/control_types").json()["control_types"]
    assert types["Canny"]["default_option"] == "canny" and types["Canny"]["default_model"] != "None"
    image = text(scene(96, 96))
    for module, status, says in (("canny", 422, "No image selected"), ("nonsense", 422, "Module not available"),
                                 ("seg_ofade20k", 501, "segmented")):
        answer = api.post("/controlnet/detect", json={"controlnet_module": module, "controlnet_input_images":
                                                      [] if status == 422 else [image]})
        assert answer.status_code == status and says in answer.json()["detail"]
    blank = api.post("/controlnet/detect", json={"controlnet_module": "canny", "controlnet_input_images":
                                                 [text(Image.new("RGB", (96, 96), (9, 9, 9)))]})
    assert blank.status_code == 422


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/sdapi/v1/interrogate"), ("POST", "/sdapi/v1/train/embedding"), ("POST", "/sdapi/v1/create/hypernetwork"),
    ("POST", "/sdapi/v1/server-kill"), ("GET", "/internal/sysinfo"), ("GET", "/sd_extra_networks/thumb"),
    ("POST", "/controlnet/txt2img"), ("GET", "/sdapi/v1/sd-modules")])
def test_what_is_not_served_is_501_with_the_reason(api: httpx2.Client, method: str, path: str) -> None:
    answer = api.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 501 and set(answer.json()) == {"error", "detail", "body", "errors"}
    assert len(answer.json()["detail"]) > 15


def test_what_is_wrong_looks_as_a1111_says_it(api: httpx2.Client) -> None:
    broken = api.post("/sdapi/v1/txt2img", content=b"{broken", headers={"content-type": "application/json"})
    assert broken.status_code == 400 and broken.json()["detail"][0]["loc"][0] == "body"
    wrong = post(api, "txt2img", 422, width="wide", cfg_scale=[1])
    assert {tuple(one["loc"]) for one in wrong["detail"]} == {("body", "width"), ("body", "cfg_scale")}
    sampler = post(api, "txt2img", 404, sampler_name="no such")
    assert sampler["error"] == "NotFound" and sampler["detail"] == "Sampler not found"
    assert "Did you mean" in sampler["errors"]
    assert post(api, "img2img", 404)["detail"] == "Init image not found"
    assert post(api, "txt2img", 422, script_name="no such")["detail"] == "Script 'no such' not found"
    steps = post(api, "txt2img", 422, steps=2**31)
    assert steps["detail"].startswith("steps: ") and set(steps) == {"error", "detail", "body", "errors"}
    for sent in (b'{"prompt": "\\ud800"}', b'{"cfg_scale": NaN}', b'{"seed": 1e999}', b"[" * 5000, b"null", b"7"):
        answer = api.post("/sdapi/v1/txt2img", content=sent, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422) and answer.json()["detail"], sent[:20]
    for sent in (b'{"a": NaN}', b'{"a": "\\ud800"}', b"[1]"):
        kept = api.post("/sdapi/v1/options", content=sent, headers={"content-type": "application/json"})
        assert kept.status_code == 422
    assert get(api, "options")["sd_model_checkpoint"]
    nowhere = api.get("/sdapi/v1/nowhere")
    assert nowhere.status_code == 404 and nowhere.json()["body"] == ""
    assert api.get("/sdapi/v1/txt2img").status_code == 405


def test_a_server_that_stops_says_so_instead_of_handing_out_nothing(desk: Desk) -> None:
    desk.easel.close()
    client, answers = client_of(desk), list[Any]()
    thread = threading.Thread(target=lambda: answers.append(client.post("/sdapi/v1/txt2img", json=SMALL)))
    thread.start()
    until(lambda: desk.jobs.waiting())
    desk.hush()
    thread.join(60)
    assert answers[0].status_code == 503 and int(answers[0].headers["retry-after"]) >= 1
    assert "stopped" in answers[0].json()["detail"]
    assert desk.jobs.waiting() == 1  # and is painted when it is started again


def test_a_full_queue_says_when_to_come_back(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(max_queue=2), cheap_brush) as desk:
        answer = client_of(desk).post("/sdapi/v1/txt2img", json={**SMALL, "n_iter": 3})
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
        assert "waiting" in answer.json()["detail"]


def test_nobody_comes_in_without_a_password(server: Served) -> None:
    with httpx2.Client(base_url=server.url) as stranger:
        for auth in (None, (USER, "wrong"), ("nobody", PASSWORD)):
            answer = stranger.get("/sdapi/v1/options", auth=auth)
            assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic")
        assert stranger.get("/sdapi/v1/options", auth=(USER, PASSWORD)).status_code == 200
        there = {"Origin": "https://elsewhere.example"}
        assert stranger.get("/sdapi/v1/options", auth=(USER, PASSWORD), headers=there).status_code == 403


def test_png_info_reads_jpegs_and_says_little_of_strangers(api: httpx2.Client) -> None:
    file = io.BytesIO()
    scene().save(file, "JPEG")
    told = post(api, "png-info", image=base64.b64encode(file.getvalue()).decode())
    assert told["info"] == "" and told["parameters"] == {"Prompt": "", "Negative prompt": ""}
    for wrong in ("", "#", "aGVsbG8=", "http://127.0.0.1/x.png"):
        assert post(api, "png-info", 422, image=wrong)["body"] == ""
    assert post(api, "png-info", 422)["detail"][0]["type"] == "missing"
