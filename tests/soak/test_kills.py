"""kill -9 at any instant: no finished take is lost, none is painted twice, none comes out differently.

Most kills hit a cheap, deterministic engine in a forked process: half at random instants, half right after each file
and database operation that finishing a take consists of. A few hit the whole program painting with the Primer.
"""

import hashlib
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import pytest
from kit.easel import paint_cheaply, recipes

from underpaint.library.jobs import JobItem, Jobs, Order
from underpaint.library.library import Library
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.models import primer_folder
from underpaint.pictures import read_picture
from underpaint.plan.take import Take
from underpaint.recipe import Recipe

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600),
              pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")]
TAKES = 24
KILLS = 200
KILLS_A_JOB = 10
KEY = "the job"


def items() -> list[JobItem]:
    return [JobItem(recipe, f"house {recipe.seed}") for recipe in recipes(TAKES)]


class Operations:
    """Counts what touches the disk or the database, and kills this process right after the wanted one."""

    def __init__(self, kill_after: int | None) -> None:
        self.names: list[str] = []
        self.counting = False
        self._kill_after = kill_after

    def happened(self, name: str) -> None:
        if self.counting:
            self.names.append(name)
            if len(self.names) == self._kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Follow every function that changes files, and every statement."""
        for name in ("fsync", "link", "replace", "rename", "unlink", "remove", "mkdir", "open", "chmod", "write"):
            setattr(os, name, self._told(name, getattr(os, name)))
        connect, told = sqlite3.connect, self.happened

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *words: Any) -> Any:
                done = super().execute(sql, *words)
                told(" ".join(sql.split())[:30])
                return done

            def executemany(self, sql: str, *words: Any) -> Any:
                done = super().executemany(sql, *words)
                told(" ".join(sql.split())[:30])
                return done

        class Connection(sqlite3.Connection):
            def cursor(self, factory: Any = Cursor) -> Any:
                return super().cursor(factory)

            def commit(self) -> None:
                super().commit()
                told("COMMIT")

        sqlite3.connect = lambda *words, **options: connect(*words, **{"factory": Connection, **options})

    def _told(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            try:
                return function(*words, **options)
            finally:  # making a folder that is there raises, and is an operation all the same
                self.happened(name)

        return call


def start(folder: Path, *, at_take: int | None = None, kill_after: int | None = None) -> int:
    """Fork a program that goes on with the job; it kills itself after an operation of finishing its n-th take."""
    child = os.fork()
    if child:
        return child
    try:
        operations = Operations(kill_after)
        operations.watch()
        painted = [0]

        def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Callable[[int, int], None]) -> Take:
            with (folder.parent / f"{folder.name}.painted").open("a") as log:
                log.write(f"{recipe.seed}\n")
            operations.counting = False
            take = paint_cheaply(recipe, blobs, tell)
            time.sleep(0.015)
            painted[0] += 1
            operations.counting = painted[0] == at_take
            return take

        with Library(folder) as library:
            Jobs(library).submit(items(), order=Order(key=KEY))
            with Runner(library, engine) as runner:
                while runner.run_once():
                    if operations.counting:
                        operations.counting = False
                        (folder.parent / f"{folder.name}.operations").write_text("\n".join(operations.names))
    finally:
        os._exit(0)


def ended(child: int) -> bool:
    """Wait for a program; whether it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def safe(folder: Path) -> set[int]:
    """The seeds of all takes that are finished: entered, or whole in `incoming/`."""
    if not (folder / "library.db").exists():
        return set()
    with Library(folder, write=False) as library:
        found = {int(one.seed) for one in search(library, Query(limit=100)) if one.seed is not None}
    return found | {int(file.stem.partition("-")[2]) + 1 for file in (folder / "incoming").glob("*-*.png")}


def painted_since(folder: Path, before: int) -> list[int]:
    log = folder.parent / f"{folder.name}.painted"
    return [int(line) for line in log.read_text().split()][before:] if log.exists() else []


def takes(folder: Path) -> dict[str, str]:
    """Every file of the library's takes, by name, with the hash of its bytes."""
    with Library(folder, write=False) as library:
        assert all(sha256 == hashlib.sha256(file.read_bytes()).hexdigest() for sha256, file in library.takes.files())
        return {entry.name: entry.sha256 for entry in search(library, Query(limit=1000))}


def check(folder: Path, undisturbed: dict[str, str]) -> None:
    """Twenty-four takes, none doubled, all bit-equal, nothing left over."""
    found = takes(folder)
    assert found == undisturbed and len(found) == TAKES
    with Library(folder) as library:
        status = Jobs(library).status(Jobs(library).submit(items(), order=Order(key=KEY)))
        assert (status.state, status.done, len(set(status.takes))) == ("done", TAKES, TAKES)
        assert len(list(library.takes.files())) == TAKES and len(search(library, Query(limit=1000))) == TAKES
        assert not list(library.incoming.glob("*.png"))
        assert library.database.writable


def test_two_hundred_kills(tmp_path: Path) -> None:
    cv2.setNumThreads(0)  # a pool of threads does not survive a fork
    assert not ended(start(tmp_path / "undisturbed", at_take=5))
    undisturbed = takes(tmp_path / "undisturbed")
    operations = (tmp_path / "undisturbed.operations").read_text().splitlines()
    assert len(operations) > 15, operations
    random.seed(20)
    kills, hits, jobs, turns = 0, set(), 0, itertools.cycle(range(1, len(operations) + 1))
    while kills < KILLS:
        folder = tmp_path / f"job-{jobs:03d}"
        jobs += 1
        kills += one_job(folder, turns, hits)
        check(folder, undisturbed)
        assert jobs <= KILLS, "the programs end before they can be killed"
    print(f"\n{kills} kills over {jobs} jobs of {TAKES}; {len(hits)} of {len(operations)} operations hit: {operations}")
    assert hits == set(range(1, len(operations) + 1))


def one_job(folder: Path, turns: Iterator[int], hits: set[int]) -> int:
    """Kill one job again and again, half-way at random and half-way after an operation, then let it finish."""
    kills = 0
    while kills < KILLS_A_JOB:
        done, known = safe(folder), len(painted_since(folder, 0))
        if len(done) == TAKES:
            break
        if kills % 2:
            child = start(folder)
            time.sleep(random.uniform(0.005, 0.2))
            os.kill(child, signal.SIGKILL)
            kills += ended(child)
        else:
            after = next(turns)
            if ended(start(folder, at_take=random.randint(1, 2), kill_after=after)):
                hits.add(after)
                kills += 1
        again = done & set(painted_since(folder, known))
        assert not again, f"painted twice: {again}"
    done, known = safe(folder), len(painted_since(folder, 0))
    assert not ended(start(folder))
    assert not done & set(painted_since(folder, known))
    return kills


@pytest.mark.skipif(not (primer_folder() / "unet").is_dir(), reason="the built-in model's weights are not here")
def test_the_whole_program_killed_while_it_paints_with_the_primer(tmp_path: Path) -> None:
    def command(name: str) -> list[str]:
        words = ["paint", "a red house", "-n", "6", "--seed", "1", "--size", "64x64", "--steps", "4"]
        return [sys.executable, "-m", "underpaint.cli.main", *words, "-o", str(tmp_path / name / "house.png")]

    def environment(name: str) -> dict[str, str]:
        return {**os.environ, "UNDERPAINT_HOME": str(tmp_path / f"home {name}"), "OMP_NUM_THREADS": "1"}

    subprocess.run(command("whole"), env=environment("whole"), check=True, capture_output=True)
    for _ in range(3):
        program = subprocess.Popen(command("cut"), env=environment("cut"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        before = len(list((tmp_path / "cut").glob("*.png")))
        while program.poll() is None and len(list((tmp_path / "cut").glob("*.png"))) < min(before + 1, 5):
            time.sleep(0.01)
        program.kill()
        program.wait()
    subprocess.run(command("cut"), env=environment("cut"), check=True, capture_output=True)
    whole, cut = (sorted((tmp_path / name).glob("*.png")) for name in ("whole", "cut"))
    assert [file.name for file in whole] == [file.name for file in cut] and len(whole) == 6
    for one, two in zip(whole, cut, strict=True):
        assert one.read_bytes() == two.read_bytes() and read_picture(one).width == 64
    with Library(tmp_path / "home cut" / "library", write=False) as library:
        assert len(search(library, Query())) == 6 and Jobs(library).all()[0].state == "done"
