"""A desk with its application: with a cheap engine where only the server is asked, with the Primer where paint is."""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.easel import paint_cheaply, picture_for
from kit.studio import inked
from PIL import Image
from starlette.testclient import TestClient

from underpaint.library.runner import Tell
from underpaint.plan.take import Take
from underpaint.recipe import Recipe
from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.previews import Glimpses
from underpaint.studio.settings import ServeSettings

HOST = "http://127.0.0.1:7861"
TOKEN = "a-token-that-tests-know"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def cheap_brush(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell, glimpses: Glimpses) -> Take:
    """The tests' cheap engine, with a glimpse of what it paints."""
    if glimpses.due():
        glimpses.see(picture_for(recipe), 0, 2)
    return paint_cheaply(recipe, blobs, tell)


@pytest.fixture
def make_settings(home: Path, tmp_path: Path) -> Callable[..., ServeSettings]:
    """Settings for a library of one's own."""
    return lambda **fields: ServeSettings(**{"token": TOKEN, "library": tmp_path / "library", **fields})


@pytest.fixture
def settings(make_settings: Callable[..., ServeSettings]) -> ServeSettings:
    return make_settings()


@pytest.fixture
def desk(settings: ServeSettings) -> Iterator[Desk]:
    """A desk that paints cheaply."""
    with Desk(settings, cheap_brush) as opened:
        yield opened


@pytest.fixture
def client(desk: Desk) -> TestClient:
    """A client of it that knows the token."""
    return client_of(desk)


def client_of(desk: Desk, **headers: str) -> TestClient:
    return TestClient(create_app(desk, desk.settings), base_url=HOST, headers={**BEARER, **headers})


@pytest.fixture(scope="session")
def primer_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that paints with the built-in model, on one core: small pictures are faster on one."""
    folder = tmp_path_factory.mktemp("primer desk")
    patch = pytest.MonkeyPatch()
    patch.setenv("UNDERPAINT_HOME", str(folder / "home"))
    patch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    with Desk(ServeSettings(token=TOKEN, library=folder / "library")) as opened:
        yield opened
    patch.undo()


@pytest.fixture(scope="session")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One client for all tests that are refused, and leave nothing behind: making an application takes a moment."""
    folder = tmp_path_factory.mktemp("shared desk")
    patch = pytest.MonkeyPatch()
    patch.setenv("UNDERPAINT_HOME", str(folder / "home"))
    with Desk(ServeSettings(token=TOKEN, library=folder / "library"), cheap_brush) as opened:
        yield client_of(opened)
    patch.undo()


@pytest.fixture
def drawing() -> bytes:
    """A small drawing, a PNG."""
    return png(inked())


def png(pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def beats(text: str) -> list[tuple[str, str]]:
    """The events of a stream: what, and its data."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields["data"]))
    return found


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to watch; nobody's library is named."""
    monkeypatch.delenv("UNDERPAINT_LIBRARY", raising=False)
    place = tmp_path / "drawings"
    place.mkdir()
    return place
