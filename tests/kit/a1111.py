"""A server that speaks AUTOMATIC1111's API, over the built-in model, for its clients to try."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from PIL import Image, ImageDraw
from pydantic import SecretStr

from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.settings import ServeSettings

USER, PASSWORD, TOKEN = "ann", "open sesame", "a-token-of-the-tests-that-is-long-enough"
SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2}


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int
    desk: Desk

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **headers: str) -> httpx2.Client:
        """One that says who it is and keeps cookies."""
        return httpx2.Client(base_url=self.url, auth=(USER, PASSWORD), timeout=240, headers=headers)


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[Served]:
    """A server on a free port with an empty library, until the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERPAINT_HOME", str(folder / "home"))
        asked = ServeSettings(library=folder / "library", token=SecretStr(TOKEN),
                              auth=SecretStr(f"{USER}:{PASSWORD},ben:other"), **settings)
        with Desk(asked) as desk:
            config = uvicorn.Config(create_app(desk, asked), host="127.0.0.1", port=0, log_level="error")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.02)
            yield Served(server.servers[0].sockets[0].getsockname()[1], desk)
            server.should_exit = True
            desk.hush()
            thread.join(30)


def scene(width: int = 64, height: int = 64) -> Image.Image:
    """A picture with edges and colours: a house under a sky."""
    image = Image.new("RGB", (width, height), (150, 190, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill=(90, 140, 70))
    draw.rectangle((width // 4, height // 3, width * 3 // 4, height * 4 // 5), fill=(190, 70, 50), outline=(20, 9, 9))
    roof = [(width // 5, height // 3), (width // 2, height // 8), (width * 4 // 5, height // 3)]
    draw.polygon(roof, fill=(70, 40, 30))
    return image


def masked(width: int = 64, height: int = 64) -> Image.Image:
    """White (paint here) in the left half of the middle."""
    image = Image.new("L", (width, height), 0)
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width // 2, height * 3 // 4), fill=255)
    return image


def text(image: Image.Image, prefix: bool = False) -> str:
    """A picture as clients send it."""
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f"data:image/png;base64,{data}" if prefix else data


def opened(data: str) -> Image.Image:
    """A picture as it comes back, decoded."""
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    image.load()
    return image


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))
