"""The peak memory of work in a process of its own."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


def peak_mb(work: Callable[..., object], *given: Any) -> float:
    """Megabytes that a fresh process takes at most while it does `work`, which must be importable."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_told, args=(there, work, given))
    process.start()
    there.close()
    peak: float = here.recv()
    process.join()
    return peak


def _told(out: Connection, work: Callable[..., object], given: tuple[Any, ...]) -> None:
    with redirect_stdout(StringIO()):
        work(*given)
    out.send(own_peak())


def own_peak() -> float:
    """This process's own peak in megabytes. What `getrusage` says will not do on Linux: there a child begins with the
    peak of the program that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(one for one in status.read_text(encoding="ascii").splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
