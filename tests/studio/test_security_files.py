"""Files and requests that want more than to be read: code in metadata, bombs, addresses to be fetched, false pictures.

Each test sets a tripwire in the interpreter and goes through every door a file can come in by.
"""

import base64
import contextlib
import io
import json
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.hostile import chunk, lying_zip, png_of, swelling, zip_of
from kit.studio import Program, inked, save_picture
from kit.tripwire import MARK, tripwire
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient
from studio.conftest import png

from underpaint.errors import PictureError, UnderpaintError
from underpaint.library.painting import read_painting
from underpaint.pictures.read import read_picture
from underpaint.pictures.reading import read_info
from underpaint.studio.desk import Desk
from underpaint.studio.watch.watcher import Settings, Watcher

ROOM = 128 << 20
"""What reading a hostile file may take of memory, in bytes: far below what each of them claims."""


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < ROOM, f"{peak / 2**20:.0f} MB"  # also where the file was refused


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def every_door(client: TestClient, data: bytes) -> list[int]:
    """Hand a file in by every way there is; the statuses."""
    good = text(png(inked()))
    asked: list[tuple[str, Any]] = [
        ("/api/v1/jobs", {"recipes": [{"task": "create"}], "blobs": [text(data)]}),
        ("/sdapi/v1/png-info", {"image": text(data)}),
        ("/sdapi/v1/extra-single-image", {"image": text(data), "upscaler_1": "Lanczos"}),
        ("/sdapi/v1/extra-batch-images", {"imageList": [{"data": text(data), "name": "a"}], "upscaler_1": "Lanczos"}),
        ("/sdapi/v1/img2img", {"init_images": [text(data)], "prompt": "a", "steps": 1}),
        ("/sdapi/v1/img2img", {"init_images": [good], "mask": text(data), "prompt": "a", "steps": 1}),
        ("/controlnet/detect", {"controlnet_module": "canny", "controlnet_input_images": [text(data)]}),
        ("/sdapi/v1/txt2img", {"prompt": "a", "steps": 1, "alwayson_scripts": {"controlnet": {"args": [
            {"image": text(data), "module": "canny", "model": "line"}]}}}),
    ]
    found = [client.post("/api/v1/blobs", files={"file": ("a.png", data)}).status_code]
    return found + [client.post(path, json=body).status_code for path, body in asked]


BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG that claims ten gigapixels": lambda: png_of(100_000, 100_000),
    "a PNG that claims a gigapixel in thin rows": lambda: png_of(32_768, 32_767, pixels=bytes(64)),
    "a PNG whose pixels swell": lambda: png_of(8, 8, pixels=bytes(200 << 20)),
    "a PNG with a text that swells": lambda: png_of(8, 8, chunk(b"zTXt", b"parameters\0\0" + swelling(200)),
                                                    pixels=bytes(8 * 25)),
    "a PNG with texts that swell together": lambda: png_of(
        8, 8, *[chunk(b"zTXt", b"k%d\0\0" % number + swelling(4)) for number in range(50)], pixels=bytes(8 * 25)),
    "a PNG with a profile that swells": lambda: png_of(8, 8, chunk(b"iCCP", b"p\0\0" + swelling(200)),
                                                       pixels=bytes(8 * 25)),
    "a ZIP": lambda: lying_zip("mergedimage.png", 200),
    "a PSD that claims 900 megapixels": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 4, 30_000, 30_000, 8, 3)
        + bytes(12) + b"\0\1" + bytes(1000),
    "a GIF that claims 4 gigapixels": lambda: b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(20),
    "a BMP that claims a terabyte": lambda: b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 500_000, 500_000, 1, 32, 0, 0, 0, 0, 0, 0),
    "a TIFF that claims 4 gigapixels": lambda: _tiff(65_000, 65_000),
}


def _tiff(width: int, height: int) -> bytes:
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
            (278, 4, height), (279, 4, 64)]
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + rows + bytes(4)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_memory(name: str, tmp_path: Path) -> None:
    data = BOMBS[name]()
    (tmp_path / "bomb").write_bytes(data)
    with little_memory():
        for read in (read_picture, read_info, lambda data: read_picture(tmp_path / "bomb")):
            with contextlib.suppress(PictureError):
                read(data)
    if "swell" not in name:  # what swells beside the pixels is left out
        with pytest.raises(PictureError):
            read_picture(data)


@pytest.mark.parametrize("name", [name for name in BOMBS if "together" not in name])
def test_a_bomb_is_answered_by_every_door(client: TestClient, desk: Desk, name: str) -> None:
    data = BOMBS[name]()
    with tripwire() as heard:
        statuses = every_door(client, data)
    assert all(status < 500 for status in statuses), statuses
    if "swell" not in name:
        told_only = statuses.pop(2)  # png-info reads no pixels
        assert told_only in (200, 422)
        assert all(status in (413, 422) for status in statuses), statuses
    assert heard == []
    for job in desk.jobs.all(unfinished=True):
        desk.cancel(job.id)


@pytest.mark.parametrize(("suffix", "make"), [
    (".kra", lambda: lying_zip("mergedimage.png", 200, "application/x-krita")),
    (".kra", lambda: zip_of(mimetype=b"application/x-krita", mergedimage__png=png_of(100_000, 100_000))),
    (".ora", lambda: lying_zip("stack.xml", 200)),
    (".ora", lambda: zip_of(mimetype=b"image/openraster", stack__xml=_BILLION_LAUGHS)),
    (".ora", lambda: zip_of(mimetype=b"image/openraster", stack__xml=_REACHING_OUT)),
    (".psd", BOMBS["a PSD that claims 900 megapixels"]),
    (".psb", BOMBS["a PSD that claims 900 megapixels"]),
    (".png", BOMBS["a PNG that claims ten gigapixels"]),
    (".png", BOMBS["a PNG whose pixels swell"]),
])
def test_a_bomb_in_a_watched_folder_is_left_out(home: Path, tmp_path: Path, suffix: str,
                                                make: Callable[[], bytes]) -> None:
    folder = tmp_path / "drawings"
    folder.mkdir()
    (folder / f"bomb{suffix}").write_bytes(make())
    said: list[tuple[str, Any]] = []
    settings = Settings(folder, library=tmp_path / "library", settle=0.0, patience=0.0)
    with tripwire() as heard, Watcher(settings, lambda *told: said.append(told), _never) as watcher:
        while watcher.busy or not said:
            watcher.turn()
    assert [what for what, _ in said] == ["left_out"]
    assert heard == []
    with contextlib.suppress(PictureError), little_memory():
        read_painting(folder / f"bomb{suffix}")


_BILLION_LAUGHS = ("<!DOCTYPE image [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + turn)} '{f'&{chr(97 + turn)};' * 10}'>" for turn in range(10)) +
    "]><image w='10' h='10'><stack><layer name='&k;'/></stack></image>").encode()
_REACHING_OUT = (b"<!DOCTYPE image [<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>]><image w='10' h='10'><stack>"
                 b"<layer name='&x;'/></stack></image>")


def _never(*_: Any) -> Any:
    raise AssertionError("nothing here is to be painted")


CODE = f"__import__('os').system('echo {MARK}')"
TEXTS = {
    "parameters": f"{CODE}\nNegative prompt: ${{{CODE}}} {{{{7*7}}}}\nSteps: {CODE}, Sampler: {CODE}, CFG scale: "
                  f"{CODE}, Seed: {CODE}, Size: 64x64, Lora hashes: \"{CODE}: ab\", Version: {CODE}",
    "prompt": json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": CODE, "positive": ["4", 0]}},
                          "4": {"class_type": "PythonExec", "inputs": {"text": CODE, "code": CODE}}}),
    "workflow": json.dumps({"nodes": [{"id": 1, "type": "exec", "widgets_values": [CODE]}], "links": [[1] * 6]}),
    "Comment": "{'prompt': " + CODE + ", 'steps': 20}",
    "sd-metadata": "{'model': exec(\"" + CODE + "\")}",
    "Dream": f"\"{CODE}\" -s50 -W512 -H512 -C7.5 -Ak_lms -S1",
    "invokeai_metadata": json.dumps({"positive_prompt": CODE, "seed": CODE, "steps": {"__reduce__": CODE}}),
    "invokeai_graph": json.dumps({"nodes": {"a": {"type": "python", "prompt": CODE}}}),
    "generation_data": f"!!python/object/apply:os.system ['{MARK}']\0",
    "fooocus_scheme": "fooocus",
}


def _told(texts: dict[str, str]) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, said in texts.items():
        info.add_text(name, said)
    return png(np.full((16, 16, 3), 90, np.uint8), pnginfo=info)


def test_nothing_in_metadata_is_evaluated(client: TestClient, program: Program, tmp_path: Path) -> None:
    fooocus = {"parameters": "{'prompt': " + CODE + ", 'steps': 30, 'loras': [('a', " + CODE + ")]}",
               "fooocus_scheme": "fooocus"}
    files = [_told({name: said}) for name, said in TEXTS.items()] + [_told(TEXTS), _told(fooocus)]
    exif = Image.Exif()
    exif[0x9286], exif[0x010E], exif[0x0131] = f"UNICODE\0{CODE}", CODE, "!!python/name:os.system"
    jpeg = io.BytesIO()
    Image.new("RGB", (16, 16)).save(jpeg, "JPEG", exif=exif)
    program.well("info", save_picture(tmp_path / "warm.png"))  # what is imported once is not what is looked for
    with tripwire() as heard:
        for number, data in enumerate([*files, jpeg.getvalue()]):
            read_info(data)
            answer = client.post("/sdapi/v1/png-info", json={"image": text(data)})
            assert answer.status_code == 200
            path = tmp_path / f"{number}.png"
            path.write_bytes(data)
            assert program("info", path) == 0
            program("repaint", path, "--check")
    assert heard == []


def test_nothing_in_words_and_knobs_is_evaluated(client: TestClient, tmp_path: Path) -> None:
    with tripwire() as heard:
        for words in (CODE, f"__{CODE}__", f"{{{CODE}|b}}", f"[a:b:{CODE}]", f"<lora:{CODE}:{CODE}>", f"(a:{CODE})"):
            client.post("/api/v1/jobs", json={"recipes": [{"task": "create", "prompt": words, "width": CODE}]})
            client.post("/sdapi/v1/txt2img", json={"prompt": words, "steps": 1, "width": 64, "height": 64, "styles": [
                CODE], "script_name": "X/Y/Z plot", "script_args": [4, CODE, [], 0, "", [], 0, "", []]})
        client.post("/sdapi/v1/options", json={"samples_filename_pattern": f"[{CODE}]", "sd_vae": CODE})
        folder = tmp_path / "drawings"
        folder.mkdir()
        for knobs in (f'words = "{CODE}"\nkeys = "{CODE}"', f'lights = "{CODE}"', f"keys = {CODE}"):
            (folder / "underpaint.toml").write_text(knobs)
            with pytest.raises(UnderpaintError):
                Watcher(Settings(folder, library=tmp_path / "library"), lambda *_: None, _never)
    assert heard == []


ADDRESSES = ("http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:9/a.png", "http://[::1]:9/a.png",
             "HTTPS://10.0.0.1/a.png", "http://localtest.me/a.png", "ftp://192.168.0.1/a.png", "file:///etc/passwd",
             "http://0x7f000001/a.png", "//127.0.0.1/share/a.png", "\\\\127.0.0.1\\share\\a.png",
             " http://127.0.0.1:9/a.png")


def test_no_address_is_ever_fetched(client: TestClient, desk: Desk) -> None:
    good = text(png(inked()))
    assert client.post("/sdapi/v1/options", json={"api_enable_requests": True, "api_forbid_local_requests": False,
                                                  "api_useragent": "x"}).status_code == 200
    with tripwire() as heard:
        for address in ADDRESSES:
            unit = {"image": address, "module": "canny", "model": address}
            posts: list[tuple[str, Any]] = [
                ("/sdapi/v1/img2img", {"init_images": [address], "prompt": "a"}),
                ("/sdapi/v1/img2img", {"init_images": [good], "mask": address, "prompt": "a"}),
                ("/sdapi/v1/png-info", {"image": address}),
                ("/sdapi/v1/extra-single-image", {"image": address}),
                ("/sdapi/v1/extra-single-image", {"image": good, "upscaler_1": address}),
                ("/sdapi/v1/txt2img", {"prompt": "a", "override_settings": {"sd_model_checkpoint": address}}),
                ("/sdapi/v1/txt2img", {"prompt": "a", "alwayson_scripts": {"controlnet": {"args": [unit]}}}),
                ("/controlnet/detect", {"controlnet_module": "canny", "controlnet_input_images": [address]}),
                ("/api/v1/jobs", {"recipes": [{"task": "create"}], "blobs": [address]}),
                ("/api/v1/jobs", {"recipes": [{"task": "create", "model": {"name": address}}]}),
                ("/api/v1/jobs", {"recipes": [{"task": "create", "loras": [{"name": address}]}]}),
                ("/api/v1/jobs", {"recipes": [{"task": "create", "vae": {"name": address}}]}),
                ("/api/v1/lines", {"blob": address}),
            ]
            for path, body in posts:
                status = client.post(path, json=body).status_code
                assert 400 <= status < 500, (path, address, status)
    assert heard == []
    assert desk.jobs.all() == []


def test_a_model_of_the_hub_is_not_fetched_for_a_client(client: TestClient, desk: Desk) -> None:
    with tripwire() as heard:
        answer = client.post("/api/v1/jobs", json={"recipes": [{"task": "create", "model": {"name": "owner/model"}}]})
    assert answer.status_code == 404
    assert heard == []
    assert desk.jobs.all() == []


def test_only_pictures_are_handed_out_as_pictures(client: TestClient, desk: Desk) -> None:
    """What would run in a browser is refused at the door, and whatever comes out is never taken for a page."""
    page = b"<html><script>alert(1)</script></html>"
    for data in (page, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"%PDF-1.4" + page, b"GIF89a"):
        assert client.post("/api/v1/blobs", files={"file": ("a.png", data)}).status_code == 422
    bitmap = io.BytesIO()
    Image.fromarray(inked()).save(bitmap, "BMP")
    both = bitmap.getvalue() + page  # a picture to us, a page to who would like one
    sha256 = client.post("/api/v1/blobs", files={"file": ("a.html", both)}).json()["sha256"]
    answer = client.get(f"/api/v1/blobs/{sha256}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_thumbnail_is_made_anew_and_never_handed_through(client: TestClient, desk: Desk, tmp_path: Path) -> None:
    """Previews that lie beside models and takes are strangers' files: none is served as it is."""
    page = b"<html><script>alert(1)</script></html>"
    picture = save_picture(tmp_path / "take.png", 60, 40)
    entry = desk.library.add(picture)
    small = client.get(f"/api/v1/takes/{entry.sha256}/thumbnail?side=96")
    assert small.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(small.content)).size[0] <= 96
    desk.thumbnails._kept.clear()
    entry.file.write_bytes(page)
    bad = client.get(f"/api/v1/takes/{entry.sha256}/thumbnail?side=96")
    assert bad.status_code >= 400
    assert page not in bad.content
    for query in ("thumb?filename=/etc/passwd", "thumb?filename=model.preview.png", "cover-images?page=lora&item=ink",
                  "metadata?page=lora&item=ink", "get-single-card?page=lora&tabname=txt2img&name=ink"):
        answer = client.get(f"/sd_extra_networks/{query}")
        assert answer.status_code == 501
        assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("body", [
    b"[" * 100_000, b'{"recipes":' + b"[" * 50_000 + b"]" * 50_000 + b"}", b"{" + b'"a":{' * 50_000,
    b'{"recipes": [{"task": "create", "seed": ' + b"9" * 10_000 + b"}]}",
    b'{"recipes": [{"task": "create", "seed": 1e999}]}', b'{"recipes": NaN}', b"\xff\xfe{", b"", b"null", b"[]",
    b'{"recipes": [{"task": "create", "width": Infinity}]}', b'""',
    b'{"recipes": [{"task": "create"}], "recipes": 3}', b'{"prompt": "\\ud800"}', b"\0" * 1000,
    b'{"a": "' + b"\\u0000" * 1000 + b'"}',
])
def test_json_that_is_none_is_answered(client: TestClient, desk: Desk, body: bytes) -> None:
    for path in ("/api/v1/jobs", "/api/v1/lines", "/api/v1/sets/keys", "/sdapi/v1/txt2img", "/sdapi/v1/img2img",
                 "/sdapi/v1/png-info", "/controlnet/detect", "/internal/progress"):
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (path, answer.status_code)
        assert path in ("/sdapi/v1/txt2img", "/internal/progress") or answer.status_code >= 400, path
        if answer.status_code in (400, 422) and path.startswith("/api/"):
            assert answer.json()["error"]["field"], answer.text
    for job in desk.jobs.all(unfinished=True):
        desk.cancel(job.id)


def test_a_body_is_counted_as_it_comes(make_settings: Any) -> None:
    from studio.conftest import BEARER, HOST, cheap_brush

    from underpaint.studio.app import create_app

    with Desk(make_settings(max_body_bytes=100_000), cheap_brush) as desk:
        client = TestClient(create_app(desk, desk.settings), base_url=HOST, headers=BEARER)
        taken = []

        def endless(first: bytes) -> Iterator[bytes]:
            yield first
            for number in range(10_000):
                taken.append(number)
                yield b"x" * 10_000

        form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        for path, kind, first in (("/api/v1/jobs", "application/json", b'"'), ("/sdapi/v1/txt2img", "text/plain", b'"'),
                                  ("/api/v1/blobs", "multipart/form-data; boundary=x", form)):
            answer = client.post(path, content=endless(first), headers={"Content-Type": kind})
            assert answer.status_code == 413, path
        assert client.post("/api/v1/jobs", content=b"", headers={"Content-Length": "99999999999"}).status_code == 413
        many = {f"file{number}": ("a.png", b"x") for number in range(3000)}
        assert client.post("/api/v1/blobs", files=many).status_code in (400, 413, 422)
        squeezed = client.post("/api/v1/jobs", content=swelling(50), headers={"Content-Encoding": "deflate"})
        assert squeezed.status_code in (400, 422)  # nothing is unpacked for a client


def test_no_thread_is_left_behind_by_bombs(client: TestClient) -> None:
    client.get("/api/v1/health")
    before = threading.active_count()
    for _ in range(5):
        every_door(client, BOMBS["a PNG that claims ten gigapixels"]())
    assert threading.active_count() <= before + 2
