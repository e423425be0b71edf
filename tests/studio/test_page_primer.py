"""The page over the built-in model: from a drawing to a PSD that opens, with the paint that was seen growing."""

import io
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.browser import Served, Watched, demo_drawing, open_browser
from psd_tools import PSDImage

from underpaint.studio.desk import Desk

SOON = 600_000
"""Milliseconds: the model is read first, and the machine may be busy."""


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_two_keys_of_the_demo_on_the_primer(primer_desk: Desk) -> None:
    from playwright.sync_api import expect

    settings = primer_desk.settings.model_copy(update={"port": 0})
    with open_browser() as browser, closing(Served(primer_desk, settings)) as served, \
            closing(browser.new_context(viewport={"width": 1280, "height": 860})) as context:
        context.set_default_timeout(SOON)
        watched = Watched(context.new_page())
        page = watched.page
        page.goto(served.link())
        page.set_input_files("drop-sheet input[type=file] >> nth=0", demo_drawing())
        for light in ("night, moon from right", "golden hour"):
            page.click(f"light-list button:has-text('{light}')")
        page.click("paint-button button.first:has-text('Paint two keys'):enabled")
        page.wait_for_selector("key-card[data-state=painting] .paint[src^='data:image/jpeg']")
        expect(page.locator("key-card[data-state=done]")).to_have_count(2, timeout=SOON)
        means = [_mean(page, at) for at in (0, 1)]
        with page.expect_download(timeout=SOON) as coming:
            page.click("job-bar a.button:has-text('PSD')")
        document = PSDImage.open(io.BytesIO(Path(coming.value.path()).read_bytes()))
        assert watched.wrong == []
    names = [layer.name for layer in document if layer.is_group()]
    assert any("golden hour" in name for name in names) and any("night" in name for name in names)
    assert document.size == (1200, 1500), "the drawing's own size"
    lines = np.asarray(next(layer for layer in document.descendants() if layer.name == "Lines").topil())
    assert lines.shape == (1500, 1200, 4) and (lines[..., 3] == 255).any() and (lines[..., 3] == 0).mean() > 0.8
    assert means[0] > means[1] + 15, "the golden hour is lighter than the night"


def _mean(page: Any, at: int) -> float:
    """How light a key is as the page shows it, 0..255."""
    found = page.locator("key-card .paint").nth(at).evaluate("""async (picture) => {
        await picture.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [16, 16];
        const pen = canvas.getContext("2d");
        pen.drawImage(picture, 0, 0, 16, 16);
        const { data } = pen.getImageData(0, 0, 16, 16);
        return data.filter((_, at) => at % 4 < 3).reduce((sum, one) => sum + one, 0) / (16 * 16 * 3);
    }""")
    return float(found)
