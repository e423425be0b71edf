"""Holes as people make them: boxes, brush strokes, blobs, something cut out along its outline, sides to grow by."""

from collections.abc import Callable

import cv2
import numpy as np

from underpaint.primer.maps import Map

Size = tuple[int, int]
"""Height and width."""

_ENOUGH = 0.01
"""How near to the share that is asked for is near enough."""
_MOST_PIECES = 60
_MOST_STROKES = 600


def any_hole(rng: np.random.Generator, subject: Map, least: float, most: float) -> Map:
    """A hole of any kind that takes between `least` and `most` of a picture (h x w, 1 in the hole, else 0).

    `subject` is h x w, 1 where the picture's subject stands: one hole in five is cut along its outline.
    """
    kind = str(rng.choice(KINDS))
    share = float(rng.uniform(least, most))
    covered = float((subject > 0.5).mean())
    if kind == "subject" and 0 < covered < most:
        # Cut out as people do: a little beyond the outline, or loosely.
        share = float(np.clip(covered * rng.uniform(1.1, 2.0), least, most))
    return draw_hole(rng, kind, subject, share)


def draw_hole(rng: np.random.Generator, kind: str, subject: Map, share: float) -> Map:
    """A hole of one of `KINDS` that takes about `share` of the picture, within 0.03.

    Where there is no subject, or it alone takes more, a hole along its outline becomes a blob.
    """
    return _DRAWN[kind](rng, subject, share)


def _box(rng: np.random.Generator, subject: Map, share: float) -> Map:
    hole = np.zeros(subject.shape, np.float32)
    height, width = subject.shape
    for _ in range(_MOST_PIECES):
        left = share - float(hole.mean())
        if left < _ENOUGH:
            break
        area = left * rng.uniform(0.5, 1.0) * height * width
        tall = int(np.clip(np.sqrt(area) * np.exp(rng.uniform(-0.7, 0.7)), 2, height))
        wide = int(np.clip(area / tall, 2, width))
        top, side = (int(rng.integers(most + 1)) for most in (height - tall, width - wide))
        hole[top : top + tall, side : side + wide] = 1
    return hole


def _strokes(rng: np.random.Generator, subject: Map, share: float) -> Map:
    """Brush strokes that wander, each with its own brush, until they cover enough."""
    hole = np.zeros(subject.shape, np.float32)
    height, width = subject.shape
    short = min(height, width)
    place, heading, left, brush = np.zeros(2), 0.0, 0, 1
    for _ in range(_MOST_STROKES):
        if float(hole.mean()) >= share - _ENOUGH:
            break
        if left == 0:
            place, heading = rng.random(2) * (width, height), float(rng.uniform(0, 2 * np.pi))
            left, brush = int(rng.integers(4, 14)), max(2, int(short * rng.uniform(0.05, 0.16)))
        heading += float(rng.normal(0, 0.5))
        step = rng.uniform(0.3, 0.8) * brush * np.array([np.cos(heading), np.sin(heading)])
        reached = np.clip(place + step, 0, (width - 1, height - 1))
        cv2.line(hole, _whole(place), _whole(reached), 1.0, brush)
        place, left = reached, left - 1
    return hole


def _blob(rng: np.random.Generator, subject: Map, share: float) -> Map:
    """Where a smooth random landscape is highest."""
    height, width = subject.shape
    coarse = rng.standard_normal((int(rng.integers(3, 6)), int(rng.integers(3, 6)))).astype(np.float32)
    return _lowest(-cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), share)


def _outline(rng: np.random.Generator, subject: Map, share: float) -> Map:
    """The subject, and as much round it as it takes."""
    inside = subject > 0.5
    if not 0 < float(inside.mean()) <= share + _ENOUGH:
        return _blob(rng, subject, share)
    return _lowest(cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5), share)


def _border(rng: np.random.Generator, subject: Map, share: float) -> Map:
    """One side or several, as when a picture is to grow."""
    height, width = subject.shape
    kept, turn = 1 - share, float(rng.choice([0.0, 1.0, rng.uniform(0.3, 0.7)]))
    hole = np.ones(subject.shape, np.float32)
    hole[_kept(rng, height, kept**turn), _kept(rng, width, kept ** (1 - turn))] = 0
    return hole


def _kept(rng: np.random.Generator, length: int, share: float) -> slice:
    """What is kept of a side: from either end, or somewhere between."""
    kept = max(1, round(length * share))
    start = round((length - kept) * float(rng.choice([0.0, 1.0, rng.random()])))
    return slice(start, start + kept)


def _lowest(values: Map, share: float) -> Map:
    return (values <= np.quantile(values, share)).astype(np.float32)


def _whole(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])


_DRAWN: dict[str, Callable[[np.random.Generator, Map, float], Map]] = {
    "box": _box, "strokes": _strokes, "blob": _blob, "subject": _outline, "border": _border,
}  # fmt: skip
KINDS = tuple(_DRAWN)
"""The kinds of holes."""
