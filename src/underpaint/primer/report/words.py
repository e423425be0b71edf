"""Words alone: prompts never used, half of them triples never rendered, painted once and judged as they fell."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.config import EvaluateConfig
from underpaint.primer.facts import facts_of
from underpaint.primer.judge import Judge, ask
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.report.rows import Row, shares
from underpaint.primer.stagecraft.scene import FACTORS, RELATIONS, SIZES, held_out, sample_scene
from underpaint.primer.stagecraft.truth import render

Pictures = list[NDArray[np.uint8]]
BATCH = 8
_FACTOR_BAR, _SIDE_BAR, _PAIR_BAR, _WORST_BAR = 0.92, 0.88, 0.75, 0.75
# Plain words for every value; the factors not named here are said as they are called.
_SAID: dict[str, dict[str, str]] = {
    "place": {
        "meadow": "in a meadow", "cliff": "on a cliff", "shore": "on the shore", "forest": "in a forest",
        "town": "in a town", "mountains": "in the mountains", "desert": "in the desert", "market": "in a market",
        "rooftop": "on a rooftop", "room": "in a room", "library": "in a library", "studio": "plain background",
    },
    "time": {"dawn": "at dawn", "noon": "at noon", "sunset": "at sunset", "night": "at night"},
    "position": {"left": "on the left", "centre": "in the centre", "right": "on the right"},
    "light": {
        "left": "light from the left", "right": "light from the right", "above": "light from above",
        "behind": "light from behind",
    },
}  # fmt: skip
_NUMBERS = {"1": "", "2": "two ", "3": "three "}


@dataclass(frozen=True)
class Question:
    """A prompt, what its picture must show, and the words that a render of it is pinned to."""

    prompt: str
    factors: dict[str, str]
    size: tuple[int, int]
    held_out: bool
    pinned: dict[str, str] = field(default_factory=dict)


def questions(count: int, seed: int) -> list[Question]:
    """Prompts with every factor drawn evenly, every second one a held-out triple, a quarter of them tall or wide."""
    rng = np.random.default_rng(seed)
    found: list[Question] = []
    while len(found) < count:
        factors = {name: str(rng.choice(values)) for name, values in FACTORS.items()}
        unseen = len(found) % 2 == 0
        if held_out(factors) != unseen:
            continue
        block = len(found) // BATCH
        size = SIZES[1 + block // 4 % (len(SIZES) - 1)] if block % 4 == 3 else SIZES[0]
        found.append(Question(said(factors), factors, size, unseen, factors | {"count": "1"}))
    return found


def counting(count: int, seed: int) -> list[Question]:
    """Prompts for one to three of a thing."""
    rng = np.random.default_rng([seed, 1])
    kinds = [k for k in FACTORS["subject"] if k not in ("castle", "bridge", "train", "girl with a sword", "shape")]
    found = []
    for i in range(count):
        pinned = {"subject": str(rng.choice(kinds)), "count": str(1 + i % 3)} | _scenery(rng)
        noun = _many(pinned["subject"]) if i % 3 else pinned["subject"]
        prompt = f"{_NUMBERS[pinned['count']]}{pinned['colour']} {noun}, {_surroundings(pinned)}"
        found.append(Question(prompt, {"count": pinned["count"]}, SIZES[0], False, pinned))
    return found


def relating(count: int, seed: int) -> list[Question]:
    """Prompts for two things, one left of, right of, behind or in front of the other."""
    rng = np.random.default_rng([seed, 2])
    found = []
    for i in range(count):
        relation = RELATIONS[i % 4]
        pinned = {"subject": str(rng.choice(FACTORS["subject"])), "relation": relation, "count": "1"} | _scenery(rng)
        scene = sample_scene(np.random.default_rng([seed, 3, i]), fixed=pinned, allow_held_out=True)
        facts = facts_of(scene.to_dict())
        prompt = (f"{pinned['colour']} {pinned['subject']} {relation} a {facts['other colour']} "
                  f"{facts['other subject']}, {_surroundings(pinned)}")  # fmt: skip
        found.append(Question(prompt, {"relation": relation}, SIZES[0], False, pinned | {"drawn": str(i)}))
    return found


def said(factors: Mapping[str, str]) -> str:
    """The factors as one prompt in plain words."""
    words = {name: _SAID.get(name, {}).get(value, value) for name, value in factors.items()}
    order = ("place", "time", "position", "style", "light")
    return ", ".join([f"{words['colour']} {words['subject']}"] + [words[name] for name in order])


def _scenery(rng: np.random.Generator) -> dict[str, str]:
    return {name: str(rng.choice(FACTORS[name])) for name in ("colour", "style", "place", "time")}


def _surroundings(pinned: Mapping[str, str]) -> str:
    return f"{_SAID['place'][pinned['place']]}, {_SAID['time'][pinned['time']]}, {pinned['style']}"


def _many(noun: str) -> str:
    irregular = {"man": "men", "woman": "women", "fish": "fish", "fox": "foxes"}
    return irregular.get(noun, noun + "s")


def paint_all(box: Paintbox, asked: list[Question], config: EvaluateConfig) -> Pictures:
    """One picture a question, from words alone, each batch with its own seed."""
    pictures: Pictures = []
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        order = Order(
            [q.prompt for q in batch], size=batch[0].size, steps=config.steps, guidance=config.guidance,
            seed=config.seed * 1000 + start,
        )  # fmt: skip
        pictures += list(paint(box, order))
    return pictures


def render_all(asked: list[Question], seed: int) -> Pictures:
    """A fresh render of each question: the ceiling."""
    out = []
    for i, question in enumerate(asked):
        drawn = question.pinned.get("drawn")
        pinned = {name: value for name, value in question.pinned.items() if name != "drawn"}
        rng = np.random.default_rng([seed, 3, int(drawn)] if drawn is not None else [seed, 5, i])
        scene = sample_scene(rng, size=question.size, fixed=pinned, allow_held_out=True)
        out.append(render(scene))
    return out


def answers(judge: Judge, size: int, asked: list[Question], pictures: Pictures) -> dict[str, list[bool]]:
    """Right or wrong by factor, in the order of the questions."""
    right: dict[str, list[bool]] = defaultdict(list)
    for question, picture in zip(asked, pictures, strict=True):
        named = ask(judge, picture[None], size).named
        for name, value in question.factors.items():
            right[name].append(named[name][0] == value)
    return dict(right)


def word_rows(asked: list[Question], right: dict[str, list[bool]], ceiling: dict[str, list[bool]]) -> list[Row]:
    """A row a factor, its worst value, and the held-out triples apart."""
    rows = []
    for name, values in FACTORS.items():
        bar = _SIDE_BAR if name in ("position", "light") else _FACTOR_BAR
        rows.append(shares(name, right[name], ceiling[name], bar))
        by_value = {value: [i for i, q in enumerate(asked) if q.factors[name] == value] for value in values}
        marks = {value: float(np.mean([right[name][i] for i in where])) for value, where in by_value.items() if where}
        worst = min(marks, key=lambda value: marks[value])
        rows.append(shares(f"{name}, worst value: {worst}", [right[name][i] for i in by_value[worst]],
                           [ceiling[name][i] for i in by_value[worst]], _WORST_BAR))  # fmt: skip
        unseen = [i for i, q in enumerate(asked) if q.held_out]
        rows.append(shares(f"{name}, triples never rendered", [right[name][i] for i in unseen],
                           [ceiling[name][i] for i in unseen], bar))  # fmt: skip
    return rows


def value_shares(asked: list[Question], right: dict[str, list[bool]]) -> dict[str, float]:
    """The share of right answers of every single value."""
    by_value: dict[str, list[bool]] = defaultdict(list)
    for name, marks in right.items():
        for question, mark in zip(asked, marks, strict=True):
            by_value[f"{name}: {question.factors[name]}"].append(mark)
    return {value: round(float(np.mean(marks)), 4) for value, marks in sorted(by_value.items())}


def pair_row(name: str, right: list[bool], ceiling: list[bool]) -> Row:
    """A row for counting or relating."""
    return shares(name, right, ceiling, _PAIR_BAR)
