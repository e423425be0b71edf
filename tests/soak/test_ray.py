"""A job painted by a local cluster of two workers, one of them killed half-way: everything there, once, and the same
as painted here."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from underpaint.library.jobs import JobItem, Jobs, Order
from underpaint.library.library import Library
from underpaint.library.ray_engine import Cluster, RayPainter, ahead_of
from underpaint.library.ray_worker import Setup
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.models import primer_folder
from underpaint.pictures.recall import plan_from_file
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe, Sampling

pytest.importorskip("ray")
pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200),
              pytest.mark.skipif(not (primer_folder() / "unet").is_dir(), reason="the built-in model is not here")]
TAKES, THREADS = 8, 1


def items() -> list[JobItem]:
    return [JobItem(CreateRecipe(prompt="a red house", width=64, height=64, sampling=Sampling(steps=40), seed=seed),
                    f"house {seed}") for seed in range(1, TAKES + 1)]


def paint_all(folder: Path, painter: RayPainter | Painter, after: Callable[[int], None]) -> dict[str, str]:
    """Run the job with the library's runner; the takes' file hashes by name."""
    with Library(folder) as library:
        job = Jobs(library).submit(items(), order=Order(key="the job"))
        begins = ahead_of(library, painter) if isinstance(painter, RayPainter) else None
        with Runner(library, lambda recipe, blobs, tell: painter.paint(recipe, blobs, progress=tell),
                    begins=begins) as runner:
            done = 0
            while (finished := runner.run_once()) is not None:
                assert finished.error is None, finished.error
                done += 1
                after(done)
        status = Jobs(library).status(job)
        assert (status.state, status.done, len(set(status.takes))) == ("done", TAKES, TAKES)
        events = [event.what for event in Jobs(library).events(job)]
        assert events.count("painted") == TAKES and "failed" not in events
        found = search(library, Query(limit=100))
        assert len(found) == TAKES == len(list(library.takes.files())) and not list(library.incoming.glob("*.png"))
        for entry in found:
            assert (plan_from_file(entry.file) or {})["threads"] == THREADS
        return {entry.name: entry.sha256 for entry in found}


def test_two_workers_one_killed_half_way(tmp_path: Path) -> None:
    here = paint_all(tmp_path / "here", Painter(threads=THREADS), lambda done: None)
    killed: list[int] = []

    with RayPainter(Setup(threads=THREADS), Cluster(workers=2)) as painter:
        def kill_one(done: int) -> None:
            if done == TAKES // 2:
                victim = painter.processes()[0]
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        began = time.monotonic()
        there = paint_all(tmp_path / "there", painter, kill_one)
        assert len(killed) == 1 and not set(killed) & set(painter.processes()) and len(painter.processes()) == 2
        print(f"\n{TAKES} takes by two workers, one killed after {TAKES // 2}: {time.monotonic() - began:.0f} s")
    assert there == here
