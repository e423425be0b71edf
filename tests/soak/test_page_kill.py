"""kill -9 under an open page: it says so calmly, and goes on by itself when the program is there again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kit.browser import demo_drawing, open_browser

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
SOON = 600_000
KEYS = 4


def serve(folder: Path, port: int) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """The whole program, serving."""
    command = [sys.executable, "-m", "underpaint.cli.main", "serve", "--json", "--port", str(port), "--library",
               str(folder / "library")]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"UNDERPAINT_HOME": str(folder / "home")})
    assert program.stdout is not None
    return program, json.loads(program.stdout.readline())


def test_a_page_outlives_the_program(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    program, said = serve(tmp_path, 0)
    try:
        with open_browser() as browser:
            page = browser.new_page()
            page.set_default_timeout(SOON)
            page.goto(said["page"])
            page.set_input_files("drop-sheet input[type=file] >> nth=0", demo_drawing())
            page.fill("#words", "a girl on a cliff")
            page.fill("#count", str(KEYS))
            page.click("paint-button button.first:enabled")
            for finished in range(1, KEYS):
                done = page.locator("key-card[data-state=done]")
                expect(done.nth(finished - 1)).to_be_visible(timeout=SOON)
                program.send_signal(signal.SIGKILL)
                program.wait()
                expect(page.locator("link-state")).to_contain_text("not answering", timeout=SOON)
                program, said = serve(tmp_path, said["port"])
                expect(page.locator("link-state")).to_be_empty(timeout=SOON)
            expect(done).to_have_count(KEYS, timeout=SOON)
            expect(page.locator(".takes .thumb")).to_have_count(KEYS, timeout=SOON)
            page.reload()
            expect(done).to_have_count(KEYS, timeout=SOON)
    finally:
        program.kill()
        program.wait()
