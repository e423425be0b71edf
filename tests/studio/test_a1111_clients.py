"""Clients that were written for AUTOMATIC1111's API, as they are, against ours on the built-in model."""

import contextlib
import functools
import http.server
import io
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from kit.a1111 import PASSWORD, SMALL, USER, Served, masked, opened, scene, served, text

HERE = Path(__file__).parent
NPM_CLIENT, SHARP = "stable-diffusion-api@0.0.7", "0.33.5"
CACHE = Path.home() / ".cache" / "underpaint-tests" / "npm"
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def page() -> Iterator[int]:
    """The browser client, served from disk; its port."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(HERE / "browser_client"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        yield files.server_address[1]
        files.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, page: int) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("clients"), origins=(f"http://127.0.0.1:{page}",)) as running:
        yield running


@pytest.fixture(scope="module")
def webui(server: Served) -> Any:
    webuiapi = pytest.importorskip("webuiapi")
    return webuiapi.WebUIApi(host="127.0.0.1", port=server.port, username=USER, password=PASSWORD, steps=2)


def test_webuiapi_paints(webui: Any) -> None:
    import webuiapi

    size = {"width": 64, "height": 64}
    made = webui.txt2img(prompt="a house", negative_prompt="fog", seed=5, batch_size=2, styles=[], cfg_scale=5, **size)
    assert [one.size for one in made.images] == [(128, 64), (64, 64), (64, 64)] and made.info["all_seeds"] == [5, 6]
    assert made.parameters["sampler_name"] == "Euler a" and made.info["sampler_name"] == "Euler a"
    told = webui.png_info(made.images[1])
    assert told.info == made.info["infotexts"][1] == made.images[1].info["parameters"]
    larger = webui.txt2img(prompt="a house", seed=5, enable_hr=True, hr_scale=1.5, denoising_strength=0.6, **size,
                           hr_upscaler=webuiapi.HiResUpscaler.Latent)
    assert larger.image.size == (96, 96)
    over = webui.img2img(images=[scene()], prompt="a barn", seed=5, denoising_strength=0.6, mask_image=masked(),
                         mask_blur=2, inpainting_fill=1, **size)
    assert over.image.size == (64, 64) and over.parameters["init_images"] is None
    unit = webuiapi.ControlNetUnit(image=scene(96, 96), module="canny", model=webui.controlnet_model_list()[0])
    steered = webui.txt2img(prompt="a house", seed=5, controlnet_units=[unit], **size)
    assert [one.size for one in steered.images] == [(64, 64), (96, 96)]
    steered = webui.img2img(images=[scene()], prompt="a house", seed=5, controlnet_units=[unit], **size)
    assert len(steered.images) == 2


def test_webuiapi_plots(webui: Any) -> None:
    names = ["Nothing", "Seed", "Var. seed", "Var. strength", "Steps"]
    made = webui.txt2img(prompt="a house", seed=5, width=64, height=64, script_name="X/Y/Z Plot",
                         script_args=[names.index("Steps"), "1-2", [], names.index("Nothing"), "", [],
                                      names.index("Nothing"), "", [], "True", "True", "False", "False", 0])
    assert len(made.images) == 3  # without the units of the call before, which it hands on to a server without m2m


def test_webuiapi_enlarges(webui: Any) -> None:
    import webuiapi

    one = webui.extra_single_image(scene(32, 32), upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=1.5)
    assert one.image.size == (48, 48)
    two = webui.extra_batch_images([scene(32, 32), scene(40, 20)], upscaler_1="Sharp", name_list=["a", "b"])
    assert [picture.size for picture in two.images] == [(64, 64), (80, 40)]


def test_webuiapi_asks_everything_else(webui: Any) -> None:
    assert webui.get_progress()["progress"] == 0 and webui.interrupt() == {} and webui.skip() == {}
    titles = webui.util_get_model_names()
    webui.util_set_model("primer")
    assert webui.util_get_current_model() in titles and webui.get_options()["sd_model_checkpoint"] in titles
    assert webui.set_options({"CLIP_stop_at_last_layers": 1}) is None
    assert "Euler a" in webui.util_get_sampler_names() and "karras" in webui.util_get_scheduler_names()
    assert webui.get_cmd_flags() == {} and "None" in {one["name"] for one in webui.get_upscalers()}
    for method in ("get_sd_vae", "get_loras", "get_hypernetworks", "get_face_restorers", "get_realesrgan_models",
                   "get_prompt_styles"):
        assert getattr(webui, method)() == []
    assert webui.get_latent_upscale_modes() == [{"name": "Latent"}] and webui.refresh_checkpoints() is None
    assert webui.get_embeddings()["loaded"] == {} and webui.get_memory()["ram"] and webui.get_scripts()["txt2img"]
    assert webui.get_artists()["error"] == webui.get_artist_categories()["error"] == "NotServed"
    with pytest.raises(RuntimeError, match="501"):
        webui.interrogate(scene())
    assert webui.controlnet_version() == 3 and "canny" in webui.controlnet_module_list()
    found = webui.controlnet_detect([scene(96, 96)], module="canny", processor_res=64)
    assert found.images[0].size == (64, 64)
    webui.util_wait_for_ready(0.1)


def test_a_script_stops_what_webuiapi_waits_for(webui: Any, server: Served) -> None:
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(webui.txt2img(prompt="long", steps=1000, width=64, height=64)))
    thread.start()
    with server.client() as other:  # which has no cookie of webuiapi's
        while other.get("/sdapi/v1/progress").json()["state"]["sampling_step"] < 2:
            time.sleep(0.05)
        other.post("/sdapi/v1/interrupt")
    thread.join(120)
    assert done and done[0].info["infotexts"] == []


def test_sillytavern(server: Served) -> None:
    """The calls that its image generation makes, in their order; it keeps no cookies."""
    header = httpx2.BasicAuth(USER, PASSWORD)

    def call(method: str, path: str, **fields: Any) -> Any:
        answer = httpx2.request(method, f"{server.url}/sdapi/v1/{path}", auth=header, json=fields or None, timeout=240,
                               headers={"User-Agent": "node-fetch"})
        assert answer.status_code == 200, answer.text[:300]
        return answer.json()

    assert "forge_preset" not in call("GET", "options")
    names = [one["name"] for one in call("GET", "upscalers")]
    names[1:1] = [one["name"] for one in call("GET", "latent-upscale-modes")]
    assert names[:2] == ["None", "Latent"]
    models = [one["title"] for one in call("GET", "sd-models")]
    samplers = [one["name"] for one in call("GET", "samplers")]
    schedulers = [one["name"] for one in call("GET", "schedulers")]
    assert isinstance(call("GET", "sd-vae"), list)
    modules = httpx2.get(f"{server.url}/sdapi/v1/sd-modules", auth=header)
    assert modules.status_code == 501  # it takes whichever of the two answers
    call("POST", "options", sd_model_checkpoint=models[0])
    waiting = call("GET", "progress")
    assert waiting["progress"] == 0.0 and waiting["state"]["job_count"] == 0
    assert call("GET", "options")["sd_model_checkpoint"] == models[0]
    made = call("POST", "txt2img", prompt="a knight", negative_prompt="blur", sampler_name=samplers[1],
                scheduler=schedulers[2], steps=2, cfg_scale=7, width=64, height=64, restore_faces=False,
                enable_hr=True, hr_upscaler=names[1], hr_scale=1.5, hr_additional_modules=[], denoising_strength=0.7,
                hr_second_pass_steps=0, seed=-1, clip_skip=1, save_images=True, send_images=True,
                do_not_save_grid=False, do_not_save_samples=False, url=server.url, auth="x",
                override_settings={"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"},
                override_settings_restore_afterwards=True)
    assert opened(made["images"][0]).size == (96, 96)
    over = call("POST", "img2img", prompt="a knight", init_images=[text(scene())], mask=text(masked()), **SMALL)
    assert opened(over["images"][0]).size == (64, 64)
    assert opened(call("POST", "extra-single-image", image=over["images"][0], upscaler_1="Sharp")["image"]).width == 128
    assert call("POST", "interrupt") == {}


def installed() -> Path:
    """The npm client in a folder of the tests' own, installed once; skips where there is no node, npm or registry."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    if not (CACHE / "node_modules" / "stable-diffusion-api").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        # The picture library that it asks for fetches its binary from elsewhere; the next one comes with it.
        (CACHE / "package.json").write_text(json.dumps({"private": True, "overrides": {"sharp": SHARP}}))
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", NPM_CLIENT,
                               f"sharp@{SHARP}"], cwd=CACHE, capture_output=True, timeout=180, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {NPM_CLIENT}: {done.stderr[-200:].decode(errors='replace')}")
    return CACHE


def test_stable_diffusion_api_from_npm(server: Served, tmp_path: Path) -> None:
    folder = installed()
    (tmp_path / "scene.png").write_bytes(_file(scene()))
    (tmp_path / "large.png").write_bytes(_file(scene(96, 96)))
    (tmp_path / "mask.png").write_bytes(_file(masked()))
    done = subprocess.run(["node", str(HERE / "npm_client.js"), str(folder), str(server.port), USER, PASSWORD],
                          cwd=tmp_path, capture_output=True, timeout=240, check=False)
    if done.returncode == 9:
        pytest.skip("the picture library of the npm client does not load here")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-1500:]
    said = json.loads(done.stdout)
    assert said["txt2img"] == [[64, 64]] and said["img2img"] == [[64, 64]]
    assert said["steered"] == [[64, 64], [64, 64]] and said["detected"] == [[96, 96]]  # it asks for maps of 64
    assert said["single"] == [[48, 48]] and said["batch"] == [[64, 64], [64, 64]]
    assert said["infotext"] == said["pngInfo"] and "Steps: 2" in said["infotext"]
    assert said["progress"] == 0 and said["model"].startswith("primer") and "canny" in said["modules"]
    assert said["lists"] and said["interrupt"] == {}


def _file(image: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_client_in_a_browser(server: Served, page: int) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium at /usr/bin/chromium")
    with playwright.sync_playwright() as driver, contextlib.closing(driver.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])) as browser:
        tab = browser.new_page()
        tab.goto(f"http://127.0.0.1:{page}/index.html#{server.port},{USER},{PASSWORD}")
        tab.wait_for_function("document.body.dataset.state !== 'working'", timeout=240_000)
        said = json.loads(tab.inner_text("#said"))
        assert tab.evaluate("document.body.dataset.state") == "done", said
        assert said["txt2img"] == [64, 64] and said["img2img"] == [64, 64] and said["extras"] == [128, 128]
        assert said["controlnet"] == [[64, 64], [64, 64]] and said["progress"] > 0 and said["stopped"] is True
        stranger = browser.new_page()
        stranger.goto("data:text/html,<p>elsewhere</p>")
        look = 'async (url) => { try { await fetch(url); return "read" } catch { return "kept out" } }'
        seen = stranger.evaluate(look, f"{server.url}/sdapi/v1/options")
        assert seen == "kept out"
