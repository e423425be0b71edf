"""The examination: 512 prompts, half of them triples that training never saw, painted once and judged as they fell."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.controls.line_check import check_lines
from underpaint.primer.config import EvaluateConfig
from underpaint.primer.judge import Judge, ask
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.world import FACTORS, SIZES, held_out, render, sample_scene
from underpaint.training.shards import Shard

_BATCH = 8
# Plain words for every value; the factors not named here are said as they are called.
_SAID: dict[str, dict[str, str]] = {
    "place": {
        "meadow": "in a meadow", "cliff": "on a cliff", "shore": "on the shore", "forest": "in a forest",
        "town": "in a town", "mountains": "in the mountains", "desert": "in the desert", "room": "in a room",
        "studio": "plain background",
    },
    "time": {"dawn": "at dawn", "noon": "at noon", "sunset": "at sunset", "night": "at night"},
    "position": {"left": "on the left", "centre": "in the centre", "right": "on the right"},
    "light": {
        "left": "light from the left", "right": "light from the right", "above": "light from above",
        "behind": "light from behind",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A prompt and what its picture must show."""

    prompt: str
    factors: dict[str, str]
    size: tuple[int, int]
    held_out: bool


def questions(count: int, seed: int) -> list[Question]:
    """Prompts with every factor drawn evenly, every second one a held-out triple, a quarter of them tall or wide."""
    rng = np.random.default_rng(seed)
    found: list[Question] = []
    while len(found) < count:
        factors = {name: str(rng.choice(values)) for name, values in FACTORS.items()}
        unseen = len(found) % 2 == 0
        if held_out(factors) != unseen:
            continue
        block = len(found) // _BATCH
        size = SIZES[1 + block // 4 % (len(SIZES) - 1)] if block % 4 == 3 else SIZES[0]
        found.append(Question(said(factors), factors, size, unseen))
    return found


def said(factors: dict[str, str]) -> str:
    """The factors as one prompt in plain words."""
    words = {name: _SAID.get(name, {}).get(value, value) for name, value in factors.items()}
    order = ("place", "time", "position", "style", "light")
    return ", ".join([f"{words['colour']} {words['subject']}"] + [words[name] for name in order])


def paint_all(box: Paintbox, asked: list[Question], config: EvaluateConfig) -> list[NDArray[np.uint8]]:
    """One picture a question, from words alone, each batch with its own seed."""
    pictures: list[NDArray[np.uint8]] = []
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        order = Order(
            [q.prompt for q in batch], size=batch[0].size, steps=config.steps, guidance=config.guidance,
            seed=config.seed * 1000 + start,
        )  # fmt: skip
        pictures += list(paint(box, order))
    return pictures


def grade(judge: Judge, size: int, asked: list[Question], pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Shares of right answers: by factor, by value, and by factor for seen and held-out triples apart."""
    by_factor: dict[str, list[bool]] = defaultdict(list)
    by_value: dict[str, list[bool]] = defaultdict(list)
    by_news: dict[str, dict[str, list[bool]]] = {"seen": defaultdict(list), "held out": defaultdict(list)}
    for question, picture in zip(asked, pictures, strict=True):
        named = ask(judge, picture[None], size).named
        for name, value in question.factors.items():
            right = named[name][0] == value
            by_factor[name].append(right)
            by_value[f"{name}: {value}"].append(right)
            by_news["held out" if question.held_out else "seen"][name].append(right)
    return {
        "factors": _shares(by_factor),
        "values": _shares(by_value),
        **{news: _shares(parts) for news, parts in by_news.items()},
    }


def grade_renders(judge: Judge, size: int, shards: list[Shard]) -> dict[str, Any]:
    """The judge's own accuracy on renders that it never saw."""
    asked, pictures = [], []
    for shard in shards:
        array = shard.array("pictures")
        for row, note in enumerate(shard.notes()):
            asked.append(Question("", note["factors"], (array.shape[2], array.shape[1]), held_out(note["factors"])))
            pictures.append(np.asarray(array[row]))
    return grade(judge, size, asked, pictures)


def line_scores(box: Paintbox, config: EvaluateConfig, strength: float) -> dict[str, float]:
    """How well drawings of new scenes are followed when they are given, by an edge extractor that no training used.

    `kept` is the share of drawn pixels with an edge within 2 px; `ceiling` is the F1 of the World's own pictures.
    """
    rng = np.random.default_rng([config.seed, 9])
    kept, f1, ceiling = [], [], []
    for start in range(0, config.drawings, _BATCH):
        count = min(_BATCH, config.drawings - start)
        scenes = [sample_scene(rng, size=SIZES[0], allow_held_out=True) for _ in range(count)]
        drawn = [render(scene) for scene in scenes]
        lines = [painted.lines.astype(np.float32) / 255 for painted in drawn]
        order = Order(
            [said(s.factors()) for s in scenes], lines=lines, steps=config.steps, guidance=config.guidance, seed=start,
            line_strength=strength,
        )  # fmt: skip
        for picture, painted, ink in zip(paint(box, order), drawn, lines, strict=True):
            check = check_lines(picture.astype(np.float32) / 255, ink)
            kept.append(check.kept)
            f1.append(check.f1)
            ceiling.append(check_lines(painted.picture.astype(np.float32) / 255, ink).f1)
    return {"kept": _mean(kept), "f1": _mean(f1), "ceiling": _mean(ceiling)}


def _shares(parts: dict[str, list[bool]]) -> dict[str, float]:
    return {name: _mean(values) for name, values in sorted(parts.items())}


def _mean(values: list[Any]) -> float:
    return round(float(np.mean(values)), 4)


def report(result: dict[str, Any]) -> str:
    """The examination as a Markdown table: words alone, beside what the judge itself can tell on fresh renders."""
    painted, renders = result["painted"], result["renders"]
    lines = ["| factor | right | seen triples | held-out triples | judge on fresh renders |", "|---|---|---|---|---|"]
    for name in FACTORS:
        cells = (painted["factors"], painted["seen"], painted["held out"], renders["factors"])
        lines.append("| " + " | ".join([name] + [f"{cell[name]:.1%}" for cell in cells]) + " |")
    lines += ["", "| value | right | judge on fresh renders |", "|---|---|---|"]
    for value, share in painted["values"].items():
        own = renders["values"].get(value)
        lines.append(f"| {value} | {share:.0%} | {'' if own is None else f'{own:.0%}'} |")
    return "\n".join(lines) + "\n"


def write_questions(path: Path, asked: list[Question]) -> None:
    """Keep the prompts beside their pictures."""
    path.write_text(json.dumps([asdict(question) for question in asked], indent=1))
