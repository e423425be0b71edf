"""Models from strangers: pickles in every disguise, code beside weights, settings of other programs. Nothing is run."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kit.hostile import payload, save_checkpoint, torch_zip
from kit.studio import Program, save_picture
from kit.tripwire import MARK, tripwire
from starlette.testclient import TestClient

from underpaint.errors import ModelError, UnderpaintError
from underpaint.finish.upscale import find_network
from underpaint.models import Catalogue, describe

DISGUISES = ("evil.ckpt", "evil.CKPT", "evil.Pt", "evil.PTH", "evil.bin", "evil.safetensors", "evil.SAFETENSORS",
             "evil.safetensors.ckpt", "evil.pkl", "evil", "evil.zip.safetensors", "model.ckpt ", "evil.gguf",
             "evil.onnx")


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_is_never_opened(program: Program, tmp_path: Path, name: str, zipped: bool) -> None:
    touched = tmp_path / "touched"
    evil = tmp_path / "shelf" / name
    evil.parent.mkdir()
    inside = payload(touched)
    evil.write_bytes(torch_zip(inside) if zipped else inside)
    with tripwire() as heard:
        with pytest.raises(ModelError):
            describe(evil)
        with pytest.raises(ModelError):
            Catalogue().find(str(evil))
        program("models", "add", evil.parent)
        program("models", "list", "--broken")
        program("models", "list", "--duplicates")
        program("models", "hash")
        assert program("models", "show", evil) != 0
        with pytest.raises(UnderpaintError):
            network = find_network(str(evil))
            assert network is None  # a name that is no method is refused
            raise ModelError("no network")
        assert evil.stem not in {model.name for model in Catalogue().models()}
    assert heard == []
    assert not touched.exists()


def test_code_beside_weights_is_never_run(program: Program, tmp_path: Path) -> None:
    """A diffusers folder that brings its own pipeline, its own model code, pickled weights and scripts for install."""
    touched = tmp_path / "touched"
    line = f"{MARK} = open({str(touched)!r}, 'w').close()\n"
    folder = tmp_path / "shelf" / "lovely"
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text(json.dumps({
            "_class_name": ["evil", "Evil"], "auto_map": {"AutoModel": "evil.Evil"}, "trust_remote_code": True,
            "_name_or_path": "owner/evil", "architectures": ["Evil"]}))
        (folder / part / "diffusion_pytorch_model.bin").write_bytes(torch_zip(payload(touched)))
        (folder / part / "evil.py").write_text(line)
    (folder / "model_index.json").write_text(json.dumps({
        "_class_name": ["pipeline", "Evil"], "unet": ["evil", "Evil"], "vae": ["os", "system"],
        "text_encoder": ["transformers_modules.evil", "Evil"], "scheduler": ["subprocess", "Popen"]}))
    for name in ("pipeline.py", "install.py", "__init__.py", "setup.py", "conftest.py", "handler.py"):
        (folder / name).write_text(line)
    (folder / "requirements.txt").write_text("evil\n")
    import underpaint.plan.painter  # noqa: F401  (what torch does when it is imported is not what is looked for)

    with tripwire() as heard:
        program("models", "add", folder.parent)
        program("models", "list")
        program("paint", "a house", "--model", folder, "--steps", 1, "-o", tmp_path / "a.png", "--no-library")
        assert program("models", "show", folder) in (0, 5)
    assert heard == []
    assert not touched.exists()


def test_settings_of_other_programs_are_read_and_never_run(program: Program, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    web = tmp_path / "stable-diffusion-webui"
    (web / "models" / "Stable-diffusion").mkdir(parents=True)
    (web / "modules").mkdir()
    run = f"touch {touched}"
    (web / "webui.py").write_text(f"{MARK} = __import__('os').system({run!r})")
    (web / "webui-user.sh").write_text(f"{run}\nexport COMMANDLINE_ARGS=\"--ckpt-dir $({run}) --lora-dir `{run}`\"\n")
    (web / "webui-user.bat").write_text(f"set COMMANDLINE_ARGS=--ckpt-dir %{run}% & {run}\n")
    (web / "config.json").write_text(json.dumps({"ckpt_dir": f"$({run})", "sd_model_checkpoint": "a"}))
    save_checkpoint(web / "models" / "Stable-diffusion" / "dream.safetensors")
    comfy = tmp_path / "ComfyUI"
    (comfy / "models" / "checkpoints").mkdir(parents=True)
    (comfy / "main.py").write_text(f"{MARK} = 1")
    (comfy / "extra_model_paths.yaml").write_text(
        f"a: !!python/object/apply:os.system ['{run}']\nb:\n  base_path: !!python/name:os.system\n")
    invoke = tmp_path / "invokeai"
    (invoke / "models").mkdir(parents=True)
    (invoke / "invokeai.yaml").write_text(f"schema_version: 4\nmodels_dir: !!python/object/new:os.system ['{run}']\n")
    fooocus = tmp_path / "Fooocus"
    (fooocus / "models" / "checkpoints").mkdir(parents=True)
    (fooocus / "config.txt").write_text(f'{{"path_checkpoints": "$({run})", "x": __import__("os")}}')
    (fooocus / "entry_with_update.py").write_text(f"{MARK} = 1")
    with tripwire() as heard:
        for place in (web, comfy, comfy / "extra_model_paths.yaml", invoke, fooocus):
            program("models", "add", place)
        program("models", "list")
    assert heard == []
    assert not touched.exists()
    assert "dream" in {model.name for model in Catalogue().models()}


def test_a_client_cannot_bring_a_pickle_in(client: TestClient, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    evil = payload(touched)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "evil.CKPT").write_bytes(torch_zip(evil))
    (shelf / "evil.safetensors").write_bytes(evil)
    Catalogue().add(shelf)
    with tripwire() as heard:
        for data in (evil, torch_zip(evil)):
            assert client.post("/api/v1/blobs", files={"file": ("a.safetensors", data)}).status_code == 422
        for name in ("evil", "evil.CKPT", "evil.safetensors", str(shelf / "evil.CKPT")):
            recipe = {"task": "create", "model": {"name": name}, "loras": [{"name": name}]}
            assert client.post("/api/v1/jobs", json={"recipes": [recipe]}).status_code == 404
            asked = {"prompt": f"<lora:{name}:1>", "steps": 1, "override_settings": {"sd_model_checkpoint": name}}
            assert client.post("/sdapi/v1/txt2img", json=asked).status_code in (400, 404, 422)
        client.post("/sdapi/v1/refresh-checkpoints")
        client.post("/api/v1/models/refresh")
        titles = client.get("/sdapi/v1/sd-models").text + client.get("/api/v1/models").json()["models"].__repr__()
        assert "evil" not in titles
    assert heard == []
    assert not touched.exists()


def test_no_route_installs_anything(client: TestClient) -> None:
    """Peers let a request name a model or an extension to be fetched and installed; here there is no such route."""
    described = client.get("/api/v1/openapi.json").json()["paths"]
    words = ("install", "download", "pull", "extension", "exec", "script-run", "update", "upload_model", "import")
    suspicious = {path for path in described for word in words if word in path.lower()}
    assert suspicious <= {"/sdapi/v1/extensions", "/internal/sysinfo-download"}
    assert client.get("/internal/sysinfo-download").status_code == 501
    assert client.get("/sdapi/v1/extensions").json() == [] or client.get("/sdapi/v1/extensions").status_code == 501
    for path in ("/sdapi/v1/server-kill", "/sdapi/v1/server-restart", "/sdapi/v1/create/embedding"):
        assert client.post(path, json={}).status_code == 501
    for path in ("/api/v1/models", "/api/v1/models/install", "/v2/models/install", "/manager/queue/install",
                 "/customnode/install", "/upload/image"):
        assert client.post(path, json={"url": "http://127.0.0.1:9/a.safetensors"}).status_code in (404, 405)


def test_the_tripwire_itself_is_awake(tmp_path: Path) -> None:
    """What the tests above rely on: opening such a pickle would be noticed."""
    import pickle
    import socket

    touched = tmp_path / "touched"
    with tripwire() as heard:
        pickle.loads(payload(touched))
        with pytest.raises(OSError), socket.socket() as line:
            line.settimeout(0.2)
            line.connect(("127.0.0.1", 9))
        os.system("true")
    assert touched.exists()
    assert {what for what, _ in heard} == {"pickle.find_class", "compile", "socket.connect", "os.system"}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(save_picture(tmp_path / "a.png"), "a.png")
    quiet: list[Any]
    with tripwire() as quiet:
        Path(tmp_path / "a.zip").read_bytes()
    assert quiet == []
