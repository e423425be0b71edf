"""Pictures that the reviewer learns from: scenes of the World as they should be, beside wrong versions of them.

The labels come from the code that painted them: no judge, no person and no other model has looked at them.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.training.shards import Shard, missing_numbers

SIDE = 128
"""Every picture is squeezed to a square of so many pixels, as the reviewer sees them."""
_SIZES = ((128, 128), (128, 128), (160, 104), (104, 160))
_KINDS = ("missing", "doubled", "malformed")
"""Faults of form have to be rendered; those of the surface are made from right pictures while training."""


@dataclass(frozen=True)
class PairJob:
    """What to paint: a folder, the number of shards, the pairs in each, and the seed."""

    folder: Path
    shards: int
    per_shard: int
    seed: int


def render_pairs(job: PairJob, niceness: int = 0) -> None:
    """Paint every shard that is not complete yet, in this process; a kill loses at most the shard under way."""
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    job.folder.mkdir(parents=True, exist_ok=True)
    for number in missing_numbers(job.folder, job.shards):
        render_pair_shard(job, number)


def render_pair_shard(job: PairJob, number: int) -> Shard:
    """Paint one shard of `right`, `wrong` (uint8 N x 128 x 128 x 3) and `where` they differ (uint8 N x 16 x 16)."""
    from underpaint.primer.stagecraft.scene import sample_scene
    from underpaint.primer.stagecraft.wrong import wrong

    rng = np.random.default_rng([job.seed, number])
    right, bad, where, notes = [], [], [], []
    for row in range(job.per_shard):
        scene = sample_scene(rng, size=_SIZES[row % len(_SIZES)], allow_held_out=True)
        pair = wrong(scene, str(rng.choice(_KINDS)))
        right.append(squeezed(pair.right))
        bad.append(squeezed(pair.wrong))
        where.append(_coarse(pair.where))
        notes.append(_note(scene.factors(), pair.kind, pair.words, pair.where))
    shard = Shard(job.folder, number)
    shard.write({"right": np.stack(right), "wrong": np.stack(bad), "where": np.stack(where)}, notes)
    return shard


def squeezed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of any shape as the square that the reviewer sees."""
    if picture.shape[:2] == (SIDE, SIDE):
        return picture
    small = resize(picture.astype(np.float32) / 255, Extent(SIDE, SIDE), Resample.AREA)
    return np.asarray((small * 255).round().clip(0, 255), np.uint8)


def _coarse(where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    cells = resize(where.astype(np.float32)[..., None].repeat(3, 2), Extent(16, 16), Resample.AREA)[..., 0]
    return np.asarray((cells * 255).round().clip(0, 255), np.uint8)


def _note(factors: dict[str, str], kind: str, words: str, where: NDArray[np.bool_]) -> dict[str, Any]:
    return {"factors": factors, "kind": kind, "words": words, "share": round(float(where.mean()), 5)}
