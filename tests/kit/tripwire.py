"""Notices, from inside the interpreter, what hostile files and requests want: code run, a network called."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MARK = "underpaint_tripwire"
"""Code that a test hides in data names this, so that even compiling it is noticed."""
_CALLS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen",
          "os.system", "os.exec", "os.posix_spawn", "os.startfile", "pickle.find_class", "ftplib.connect",
          "urllib.Request", "http.client.connect")
_heard: list[tuple[str, str]] | None = None


def _hook(event: str, details: tuple[Any, ...]) -> None:
    if _heard is None:
        return
    if event in _CALLS or (event == "compile" and MARK in repr(details[:1])):
        _heard.append((event, repr(details)[:200]))


sys.addaudithook(_hook)


@contextmanager
def tripwire() -> Iterator[list[tuple[str, str]]]:
    """What was attempted inside the block: event and details. A hook cannot be taken off, so it sleeps outside."""
    global _heard
    assert _heard is None
    _heard = heard = []
    try:
        yield heard
    finally:
        _heard = None
