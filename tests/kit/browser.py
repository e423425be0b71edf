"""A server in a thread and a headless Chromium, to try the page as people do."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from kit.easel import paint_cheaply, picture_for

from underpaint.library.runner import Tell
from underpaint.plan.take import Take
from underpaint.recipe import Recipe
from underpaint.studio.app import create_app
from underpaint.studio.desk import Desk
from underpaint.studio.guard import Keys
from underpaint.studio.previews import Glimpses
from underpaint.studio.running import listen
from underpaint.studio.settings import ServeSettings

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str | None:
    """Where a Chromium is, if there is one."""
    named = os.environ.get("PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH")
    return named or next((found for name in _BROWSERS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """A headless Chromium; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        with contextlib.closing(browser):
            yield browser


class Served:
    """A desk's application at an address, in a thread of its own."""

    def __init__(self, desk: Desk, settings: ServeSettings) -> None:
        self.desk, self._keys = desk, Keys(settings)
        self._over = contextlib.ExitStack()
        place = self._over.enter_context(listen(settings))
        self.port: int = place.getsockname()[1]
        config = uvicorn.Config(create_app(desk, settings, self._keys), log_level="error", access_log=False,
                                timeout_graceful_shutdown=1, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [place]}, daemon=True)
        self._thread.start()

    def link(self) -> str:
        """An address that lets a browser in, once."""
        return f"http://127.0.0.1:{self.port}{self._keys.link()}"

    def close(self) -> None:
        """Hang up on everybody."""
        self.desk.hush()
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(20)
        self._over.close()


class HeldBrush:
    """Paints cheaply, shows a glimpse after the first of two steps, and then waits while it is held."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell, glimpses: Glimpses) -> Take:
        tell(1, 2)
        if glimpses.due():
            glimpses.see(picture_for(recipe), 1, 2)
        while not self.free.wait(0.05):
            tell(1, 2)  # which ends it when the server stops
        return paint_cheaply(recipe, blobs, tell)


class Watched:
    """A page of a browser, and everything that went wrong on it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(message.text)


def drop(page: Any, name: str, data: bytes, kind: str = "image/png") -> None:
    """Drop a file on a page."""
    carried = page.evaluate_handle(
        """([name, kind, bytes]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
            return carried;
        }""", [name, kind, list(data)])
    page.dispatch_event("body", "dragover", {"dataTransfer": carried})
    page.dispatch_event("body", "drop", {"dataTransfer": carried})


def demo_drawing() -> Path:
    """The drawing that Underpaint brings along."""
    import underpaint

    return Path(underpaint.__file__).parent / "demo" / "girl-on-cliff.png"
