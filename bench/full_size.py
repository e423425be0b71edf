"""1280x768 three ways: painted small and enlarged, painted at its full size, and there with fewer steps.

All are the Primer's, with the same words and seeds, timed in turn in one process once everything is loaded; the memory
of each is the peak of a process of its own that paints one. The Primer paints so large a picture in tiles only, as its
own hint says (`--set tiles.size=512`).
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from bench.counting import counted, many, mean
from bench.memory import peak_mb
from bench.table import Row
from underpaint.finish.upscale import Upscale, find_network, upscale
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe, Sampling
from underpaint.recipe.parts import Tiles
from underpaint.review.verdict import Asked, Reviewer
from underpaint.review.wording import Wording

WIDTH, HEIGHT, SMALLER = 1280, 768, 4
WORDS = ("a red house by the sea, watercolour, dawn", "a castle in the mountains, oil, sunset",
         "a knight in a forest, gouache, noon", "a boat on the shore, pastel, night",
         "a dragon on a cliff, anime, noon", "a lighthouse by the sea, ink, dawn",
         "a girl in a meadow, flat, noon", "a cat in a room, gouache, night")
SEED = 8_300
_USUAL_STEPS = 16
_ENOUGH = 8
Way = Callable[[Painter, str, int], FloatArray]


def small(method: str) -> Way:
    """Painted at a quarter of each side, then enlarged by a method."""
    def way(painter: Painter, words: str, seed: int) -> FloatArray:
        recipe = CreateRecipe(prompt=words, seed=seed, width=WIDTH // SMALLER, height=HEIGHT // SMALLER)
        painted = encode("PNG", to_bytes(painter.paint(recipe, {}).picture), None, Encoding(), True)
        made = upscale(read_picture(painted), Upscale(width=WIDTH, height=HEIGHT, method=method), find_network(method))
        return np.asarray(made.whole()[..., :3] / np.float32(255), np.float32)

    return way


def full(steps: int = _USUAL_STEPS) -> Way:
    """Painted at its own size, in tiles."""
    def way(painter: Painter, words: str, seed: int) -> FloatArray:
        recipe = CreateRecipe(prompt=words, seed=seed, width=WIDTH, height=HEIGHT, tiles=Tiles(size=512),
                              sampling=Sampling(steps=steps))
        return np.asarray(painter.paint(recipe, {}).picture[..., :3])

    return way


WAYS: dict[str, Way] = {"full": full(), "sharp": small("sharp"), "primer": small("primer"),
                        "fewer": full(_USUAL_STEPS // 4)}
_SAID = {"sharp": "painted small, enlarged by filters", "primer": "painted small, enlarged by the Primer's network",
         "fewer": "at full size with a quarter of the steps alone"}


def measure() -> list[Row]:
    """All rows."""
    seconds, scores = _in_turn(many(2, 16))
    memory = {name: peak_mb(paint_one, name) for name in WAYS}
    return [row for name in ("sharp", "primer", "fewer") for row in _rows(name, seconds, scores, memory)]


def _in_turn(count: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds and the reviewer's score of every picture, way by way."""
    painter, reviewer, wording = Painter(), Reviewer(), Wording()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    scores: dict[str, list[float]] = {name: [] for name in WAYS}
    small("primer")(painter, WORDS[0], 0)  # loads what all share
    for number in counted(range(count), "1280x768"):
        words = WORDS[number % len(WORDS)]
        for name, way in WAYS.items():
            began = perf_counter()
            picture = way(painter, words, SEED + number)
            seconds[name].append(perf_counter() - began)
            verdict, = reviewer.review([Asked(picture, wording.measured(picture, words, {}))])
            scores[name].append(verdict.score)
    return seconds, scores


def _rows(name: str, seconds: dict[str, list[float]], scores: dict[str, list[float]],
          memory: dict[str, float]) -> list[Row]:
    what, asked = f"1280x768 {_SAID[name]}", name != "fewer"
    times = mean([one / whole for one, whole in zip(seconds[name], seconds["full"], strict=True)], least=0)
    better = mean([one - whole for one, whole in zip(scores[name], scores["full"], strict=True)])
    room = memory[name] / memory["full"]
    # Of a few pictures the interval is so wide that it would excuse anything.
    excused = better.high is not None and better.high >= 0 and better.count >= _ENOUGH
    worse = better.value < 0 and not excused
    said = f"{better.value:+.2f}" if better.low is None or better.high is None else \
        f"{better.value:+.2f} ({better.low:+.2f} to {better.high:+.2f})"
    usual, own = float(np.median(seconds["full"])), float(np.median(seconds[name]))
    return [Row(f"{what}: time against full size, {times.count} pictures",
                f"{times.percent()}, {own:.1f} s against {usual:.1f} s", "<= 25 %" if asked else "reported",
                times.value <= 0.25 or not asked),
            Row(f"{what}: memory of the process", f"{room:.0%}, {memory[name]:.0f} MB against {memory['full']:.0f} MB",
                "<= 50 %" if asked else "reported", room <= 0.5 or not asked),
            Row(f"{what}: the review's score, more by", said, "no worse within its interval" if asked else "reported",
                not worse or not asked)]


def paint_one(name: str) -> None:
    """One picture that way."""
    WAYS[name](Painter(), WORDS[0], SEED)
