"""The page: what it is made of, and what people do with it, in a headless browser over a cheap engine."""

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from kit.browser import HeldBrush, Served, Watched, drop, open_browser
from psd_tools import PSDImage
from starlette.testclient import TestClient
from studio.conftest import png

from underpaint.studio.desk import Desk
from underpaint.studio.page.serving import page_files
from underpaint.studio.settings import ServeSettings

SOON = 60_000
"""Milliseconds that nothing on the page may take longer than, also on a very busy machine."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def brush() -> HeldBrush:
    return HeldBrush()


@pytest.fixture
def served(make_settings: Callable[..., ServeSettings], brush: HeldBrush) -> Iterator[Served]:
    settings = make_settings(port=0)
    with Desk(settings, brush) as desk, closing(Served(desk, settings)) as server:
        yield server
        brush.free.set()


@pytest.fixture
def watched(browser: Any, served: Served) -> Iterator[Watched]:
    """The page, open; nothing may have gone wrong on it by the end, nor been asked of anybody else."""
    with closing(browser.new_context(viewport={"width": 1280, "height": 860})) as context:
        context.set_default_timeout(SOON)
        seen = Watched(context.new_page())
        seen.page.goto(served.link())
        yield seen
        assert seen.wrong == []
        own = f"http://127.0.0.1:{served.port}/"
        assert [url for url in seen.asked if not url.startswith((own, "data:", f"blob:{own}"))] == []


def keys(page: Any, state: str = "") -> Any:
    return page.locator(f"key-card[data-state={state}]" if state else "key-card")


def count(found: Any, wanted: int) -> None:
    from playwright.sync_api import expect

    expect(found).to_have_count(wanted, timeout=SOON)


def says(found: Any, words: str | re.Pattern[str]) -> None:
    from playwright.sync_api import expect

    expect(found).to_contain_text(words, timeout=SOON)


def ask(page: Any, drawing: bytes, many: int = 3, words: str = "a red house") -> None:
    """Drop a drawing, write a sentence, ask for keys."""
    drop(page, "house.png", drawing)
    page.fill("#words", words)
    page.fill("#count", str(many))
    page.press("#count", "Tab")
    page.click("paint-button button.first:enabled")
    count(keys(page), many)


def test_every_file_is_served_under_a_strict_policy(client: TestClient) -> None:
    for name, file in page_files().items():
        answer = client.get(f"/{name}")
        assert answer.status_code == 200 and answer.content == file.data
        assert answer.headers["content-type"] == file.media_type
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "require-trusted-types-for" in policy
    page = client.get("/")
    assert page.content == page_files()["index.html"].data
    assert client.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    for path in ("/parts/", "/style", "/base/../index.html%00", "/%2e%2e/serving.py", "/serving.py", "/parts/none.js"):
        assert client.get(path).status_code == 404


def test_the_page_is_small_files_that_name_nobody_else() -> None:
    files = {name: file.data.decode() for name, file in page_files().items() if not name.endswith(".png")}
    assert len(files) > 20
    for name, text in files.items():
        assert text.count("\n") <= 250, f"{name} is long"
        assert not re.search(r"(https?:)?//(?!www\.w3\.org/2000/svg)[a-z0-9-]+\.[a-z]", text), f"{name} names a host"
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write|style=", text), name
    named = re.findall(r'(?:src|href)="([^"#][^"]*)"', files["index.html"])
    for name, text in files.items():
        named += [_beside(name, one) for one in re.findall(r'(?:from|import) "(\.[^"]+)"', text)]
    assert set(named) <= set(page_files()), "every file that is asked for is there"


def _beside(name: str, other: str) -> str:
    parts = [*name.split("/")[:-1]]
    for part in other.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_from_a_drop_to_a_layered_file(watched: Watched, brush: HeldBrush, drawing: bytes) -> None:
    page = watched.page
    brush.free.clear()
    ask(page, drawing)
    page.wait_for_selector("key-card[data-state=painting] .paint[src^='data:image/jpeg']")
    assert keys(page, "waiting").count() == 2
    says(page.locator("job-bar"), "0 of 3 painted")
    brush.free.set()
    count(keys(page, "done"), 3)
    count(page.locator(".takes .thumb"), 3)

    keys(page).nth(0).locator(".picture").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    count(page.locator("key-card.picked"), 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    count(page.locator("key-card.rejected"), 1)
    page.click("notice-line button")
    count(page.locator("key-card.rejected"), 0)

    with page.expect_download(timeout=SOON) as coming:
        page.click("job-bar a.button >> nth=0")
    with open(coming.value.path(), "rb") as file:
        document = PSDImage.open(io.BytesIO(file.read()))
    groups = [layer.name for layer in document if layer.is_group()]
    assert len(groups) == 1 and "overcast noon" in groups[0], "only what was picked"
    lines = next(layer for layer in document.descendants() if layer.name == "Lines")
    assert document.size == lines.size and np.asarray(lines.topil())[..., 3].max() > 200

    page.reload()
    count(page.locator("key-card.picked"), 1)
    count(keys(page, "done"), 3)
    assert page.input_value("#words") == "a red house"
    page.wait_for_selector("drop-sheet .sheet-picture[alt*='lines read from house.png']")


def test_enlarged_compared_and_taken_further(watched: Watched, drawing: bytes) -> None:
    page = watched.page
    ask(page, drawing)
    count(keys(page, "done"), 3)
    keys(page).nth(0).locator(".picture").click()
    view = page.locator("picture-view dialog")
    says(view.locator("h2"), "golden hour")
    page.keyboard.press("ArrowRight")
    says(view.locator("h2"), "overcast noon")
    page.keyboard.press("x")
    page.keyboard.press("z")
    page.keyboard.press("Escape")
    view.wait_for(state="hidden")
    count(page.locator("key-card.rejected"), 0)
    # The browser says that a dialog has closed a moment after it is gone, and only then the key gets the focus.
    count(page.locator("key-card:nth-of-type(2) .picture:focus"), 1)

    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    slider = page.locator("compare-view input[type=range]")
    slider.wait_for()
    page.keyboard.press("Home")
    assert slider.input_value() == "0"
    says(page.locator("compare-view .side-a"), "overcast noon")
    page.keyboard.press("s")
    says(page.locator("compare-view .side-a"), "night")
    page.keyboard.press("Escape")
    slider.wait_for(state="hidden")

    keys(page).nth(0).locator("[aria-label=Pick]").click()
    keys(page).nth(2).locator("[aria-label=Pick]").click()
    count(page.locator("key-card.picked"), 2)
    page.click("job-bar button:has-text('More like these')")
    count(keys(page), 6)
    count(keys(page, "done"), 6)
    says(keys(page).nth(0), "golden hour to night")
    page.go_back()
    count(keys(page), 3)
    count(page.locator("key-card.picked"), 2)


def test_a_server_that_dies_is_waited_for(watched: Watched, served: Served, brush: HeldBrush, drawing: bytes,
                                          make_settings: Callable[..., ServeSettings]) -> None:
    page = watched.page
    brush.free.clear()
    ask(page, drawing)
    page.wait_for_selector("key-card[data-state=painting]")
    served.close()
    served.desk.close()
    says(page.locator("link-state"), "not answering")
    assert page.locator("paint-button button.first").is_disabled()
    brush.free.set()
    settings = make_settings(port=served.port)
    with Desk(settings, brush) as desk, closing(Served(desk, settings)):
        count(keys(page, "done"), 3)
        count(page.locator(".takes .thumb"), 3)
        assert page.locator("link-state").inner_text() == ""
        page.reload()
        count(keys(page, "done"), 3)


def test_two_tabs_know_of_each_other(watched: Watched, served: Served, drawing: bytes) -> None:
    page = watched.page
    ask(page, drawing, 2)
    count(keys(page, "done"), 2)
    other = page.context.new_page()
    other.goto(page.url)
    count(keys(other, "done"), 2)
    keys(other).nth(1).locator("[aria-label=Pick]").click()
    count(page.locator("key-card.picked"), 1)
    page.close()  # the one that listened
    ask(other, drawing, 2, "a blue house")
    count(keys(other, "done"), 2)
    says(other.locator("job-bar h2"), "a blue house")


def test_stopping_and_going_on(watched: Watched, brush: HeldBrush, drawing: bytes) -> None:
    page = watched.page
    brush.free.clear()
    ask(page, drawing)
    page.wait_for_selector("key-card[data-state=painting]")
    page.click("job-bar button:has-text('Stop')")
    says(page.locator("job-bar"), "stopped")
    brush.free.set()
    page.click("job-bar button:has-text('Go on')")
    count(keys(page, "done"), 3)


def test_what_is_no_drawing_is_said_in_one_line(watched: Watched) -> None:
    page = watched.page
    drop(page, "blank.png", png(np.full((80, 80, 3), 255, np.uint8)))
    says(page.locator("drop-sheet .wrong"), "is blank")
    assert page.locator("paint-button button.first").is_disabled()
    drop(page, "notes.png", b"these are no pixels")
    says(page.locator("drop-sheet .wrong"), re.compile("picture|image", re.IGNORECASE))
    page.click("[aria-label='Take another drawing']")
    page.wait_for_selector("drop-sheet .empty-sheet")


def test_what_happens_while_a_job_is_first_read_is_not_lost(
    watched: Watched, brush: HeldBrush, drawing: bytes
) -> None:
    """The first answer about a job may be old when it arrives: the keys were painted meanwhile."""
    page, read = watched.page, []

    def late(route: Any) -> None:
        answer = route.fetch()
        if not read:
            read.append(answer.json()["state"])
            brush.free.set()
            while route.fetch().json()["state"] != "done":
                time.sleep(0.05)
            time.sleep(0.3)  # what the server told of it has come by another way
        route.fulfill(response=answer)

    brush.free.clear()
    page.route(re.compile(r"/api/v1/jobs/[0-9a-f]{16}$"), late)
    ask(page, drawing)
    count(keys(page, "done"), 3)
    assert read[0] != "done"


def test_it_fits_a_phone_and_everything_has_a_name(browser: Any, served: Served, drawing: bytes) -> None:
    phone = {"viewport": {"width": 400, "height": 860}, "has_touch": True, "is_mobile": True}
    with closing(browser.new_context(**phone, color_scheme="dark", reduced_motion="reduce")) as context:
        context.set_default_timeout(SOON)
        page = context.new_page()
        page.goto(served.link())
        ask(page, drawing)
        count(keys(page, "done"), 3)
        wide = page.locator("html").evaluate("(root) => [root.scrollWidth, root.clientWidth]")
        assert wide == [400, 400], "nothing hangs over the edge"
        nameless = page.locator("body").evaluate("""(body) =>
            [...body.querySelectorAll("button, a, input, select, textarea")]
            .filter((one) => !one.closest("dialog:not([open])"))
            .filter((one) => !(one.innerText?.trim() || one.ariaLabel || one.labels?.length))
            .map((one) => one.outerHTML)""")
        assert nameless == []
        assert page.locator("img:not([alt])").count() == 0
        dark = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
        assert dark == "rgb(26, 26, 26)"
        page.click("theme-switch button")
        assert page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor") == "rgb(222, 222, 222)"
        heights = page.locator("key-card .tools button").evaluate_all("(all) => all.map((one) => one.clientHeight)")
        assert len(heights) == 9 and min(heights) >= 42, "fingers need room"
