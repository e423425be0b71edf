"""Stage one: paint scenes of the World into shards, in as many processes as asked for.

Looking at a scene costs more than painting it, so each scene is looked at once and painted in two ways. Beside the
picture lie its lines, how near everything is, and where the subject stands; poses are among the notes.
"""

import multiprocessing
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.primer.brushes import draw_lines, paint
from underpaint.primer.stagecraft.captions import caption
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import FACTORS, SIZES, Scene, Taste, held_out, sample_scene
from underpaint.primer.stagecraft.seen import Seen
from underpaint.primer.stagecraft.stage import build
from underpaint.primer.stagecraft.truth import people
from underpaint.training.shards import Shard, missing_numbers

# The square is the size asked for most; every other bucket must still be seen often enough to be learned.
_ORDER = (0, 1, 0, 2, 3, 0, 4, 1, 0, 2, 5, 0, 6)
_WAYS = 2
_HANDS = ("clean", "rough", "broken", "scratchy", "brush", "pen")
_HOW_OFTEN = (0.5, 0.15, 0.15, 0.05, 0.05, 0.1)


@dataclass(frozen=True)
class RenderJob:
    """What to paint: a folder, the number of shards and of pictures in each, captions a picture, and the seed."""

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
    rng = np.random.default_rng([job.seed, number])
    size = SIZES[_ORDER[number % len(_ORDER)]]
    arrays: dict[str, list[NDArray[np.uint8]]] = {"pictures": [], "lines": [], "near": [], "subject": []}
    notes: list[dict[str, Any]] = []
    while len(notes) < job.per_shard:
        scene = sample_scene(rng, size=size, allow_held_out=job.allow_held_out)
        for painted in paint_scene(scene, rng, job.allow_held_out)[: job.per_shard - len(notes)]:
            for name, rows in arrays.items():
                rows.append(painted.arrays[name])
            told = [caption(painted.scene, rng) for _ in range(job.captions)]
            notes.append({
                "factors": painted.scene.factors(),
                "captions": told,
                "people": painted.people,
                "scene": painted.scene.to_dict(),
            })
    shard = Shard(job.folder, number)
    shard.write({name: np.stack(rows) for name, rows in arrays.items()}, notes)
    return shard


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted scene: `pictures` H x W x 3 and `lines` H x W in full size, `near` and `subject` in half, all uint8.

    `people` holds each figure's eighteen joints as x, y in pixels and 0 (outside), 1 (hidden) or 2 (seen).
    """

    scene: Scene
    arrays: dict[str, NDArray[np.uint8]]
    people: list[list[list[float]]]


def paint_scene(scene: Scene, rng: np.random.Generator, allow_held_out: bool = False) -> list[Painted]:
    """One scene looked at once and painted in its own way and in another that may be seen in training."""
    built = build(scene)
    seen = see(scene, built)
    figures = [
        np.column_stack([person.points, person.visible]).round(1).tolist() for person in people(scene, built, seen)
    ]
    shared = {"near": nearness(seen), "subject": _subject(seen)}
    out = []
    for styled in [scene, *_other_ways(scene, rng, allow_held_out)]:
        look = replace(seen, style=styled.style)
        shown = _inked(look) if styled.inked == "subject" else look
        arrays = {
            "pictures": paint(look, styled.style),
            "lines": draw_lines(shown, str(rng.choice(_HANDS, p=_HOW_OFTEN))),
            **shared,
        }
        out.append(Painted(styled, arrays, figures))
    return out


def _other_ways(scene: Scene, rng: np.random.Generator, allow_held_out: bool) -> list[Scene]:
    things = [scene.who, *([scene.other] if scene.other else [])]

    def never_seen(style: str) -> bool:
        return any(held_out({"subject": t.kind, "colour": t.colour, "style": style}) for t in things)

    open_ = [s for s in FACTORS["style"] if s != scene.style and (allow_held_out or not never_seen(s))]
    taste = Taste()
    chosen = [taste.draw(rng, "style", tuple(open_)) for _ in range(_WAYS - 1)] if open_ else []
    return [scene.changed(style=style) for style in chosen]


def nearness(seen: Seen) -> NDArray[np.uint8]:
    """How near everything is, at half the picture's size: 255 nearest, 0 the sky, by the inverse of metres."""
    height, width = seen.depth.shape[0] // seen.scale // 2, seen.depth.shape[1] // seen.scale // 2
    inverse = 1.0 / np.maximum(seen.depth, 1e-3)
    small = cv2.resize(inverse.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    # Not the very nearest: a blade of grass before the lens must not turn everything else to black.
    top = float(np.quantile(small, 0.99))
    return np.rint(np.clip(small / max(top, 1e-6), 0, 1) ** 0.5 * 255).astype(np.uint8)


def _subject(seen: Seen) -> NDArray[np.uint8]:
    height, width = seen.part.shape[0] // seen.scale // 2, seen.part.shape[1] // seen.scale // 2
    mask = seen.where("subject").astype(np.float32)
    return np.rint(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) * 255).astype(np.uint8)


def _inked(seen: Seen) -> Seen:
    return replace(seen, lines=tuple(k for k in seen.lines if seen.parts[k.part].role in ("subject", "prop")))
