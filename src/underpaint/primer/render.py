"""Stage one: paint scenes of the World into shards, in as many processes as asked for."""

import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.training.shards import Shard, missing_numbers

# The square is the size asked for most; every other bucket must still be seen often enough to be learned.
_ORDER = (0, 1, 0, 2, 3, 0, 4, 1, 0, 2)


@dataclass(frozen=True)
class RenderJob:
    """What to paint: a folder, the number of shards and of scenes in each, captions a scene, and the seed."""

    folder: Path
    shards: int
    per_shard: int
    captions: int
    seed: int
    allow_held_out: bool = False


def render_shards(job: RenderJob, workers: int = 1, niceness: int = 5) -> None:
    """Paint every shard that is not complete yet; a kill loses at most the shards under way."""
    job.folder.mkdir(parents=True, exist_ok=True)
    numbers = list(missing_numbers(job.folder, job.shards))
    if workers <= 1:
        _work(job, numbers, 0)
        return
    # Threads of the parent's numeric libraries must not be inherited half alive.
    context = multiprocessing.get_context("spawn")
    parts = [numbers[i::workers] for i in range(workers)]
    processes = [context.Process(target=_work, args=(job, part, niceness)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _work(job: RenderJob, numbers: list[int], niceness: int) -> None:
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    for number in numbers:
        if not Shard(job.folder, number).complete:
            render_shard(job, number)


def render_shard(job: RenderJob, number: int) -> Shard:
    """Paint one shard; the same seed and number always give the same pictures."""
    from underpaint.primer.world import SIZES, caption, render, sample_scene

    rng = np.random.default_rng([job.seed, number])
    size = SIZES[_ORDER[number % len(_ORDER)]]
    pictures, lines, notes = [], [], []
    for _ in range(job.per_shard):
        extra: dict[str, Any] = {"allow_held_out": True} if job.allow_held_out else {}
        scene = sample_scene(rng, size=size, **extra)
        painted = render(scene)
        pictures.append(painted.picture)
        lines.append(painted.lines)
        notes.append({"factors": scene.factors(), "captions": [caption(scene, rng) for _ in range(job.captions)]})
    shard = Shard(job.folder, number)
    shard.write({"pictures": np.stack(pictures), "lines": np.stack(lines)}, notes)
    return shard
