"""Words alone: prompts never used, half of them triples never rendered, painted once and judged as they fell."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from underpaint.primer.facts import facts_of
from underpaint.primer.judge import Judge, ask
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import BATCH, Commission, Hand, Pictures
from underpaint.primer.report.rows import Row, missing, shares
from underpaint.primer.stagecraft.scene import FACTORS, RELATIONS, SIZES, Scene, held_out, sample_scene
from underpaint.primer.stagecraft.truth import render

_ASKED: dict[str, float] = dict.fromkeys(("subject", "place", "time", "style", "colour"), 0.92) | {"position": 0.88}
_ASKED_FEW: dict[str, float] = dict.fromkeys(("subject", "place", "time", "style", "colour"), 0.88) | {"position": 0.8}
_ASKED_WORST: dict[str, float] = dict.fromkeys(("subject", "place", "time", "style", "colour"), 0.75)
_PAIR, _PAIR_FEW = 0.75, 0.70
UNTRAINED = "the LoRA of few steps is not trained"
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


def words_part(desk: Desk) -> list[Row]:
    """Every factor of the prompts, by every hand."""
    asked = asked_in_words(desk)
    ceiling = answers(desk.judge, desk.size, asked, rendered(desk, "words", asked))
    rows = []
    for hand in desk.hands:
        right = answers(desk.judge, desk.size, asked, painted(desk, "words", asked, hand))
        rows += word_rows(asked, right, ceiling, few=hand is desk.few)
    return rows if desk.few else [*rows, missing("subject", "", UNTRAINED).by_few()]


def pairs_part(desk: Desk) -> list[Row]:
    """Counting, and relating of two."""
    count, seed, rows = desk.settings.pairs, desk.settings.seed, []
    for name, asked in (("count", counting(count, seed)), ("relation", relating(count, seed))):
        ceiling = answers(desk.judge, desk.size, asked, rendered(desk, name, asked))[name]
        for hand in desk.hands:
            right = answers(desk.judge, desk.size, asked, painted(desk, name, asked, hand))[name]
            few = hand is desk.few
            row = shares(name, right, ceiling, _PAIR_FEW if few else _PAIR)
            rows.append(row.by_few() if few else row)
    return rows


def asked_in_words(desk: Desk) -> list[Question]:
    """The questions of the words alone."""
    return questions(desk.settings.prompts, desk.settings.seed)


def painted(desk: Desk, name: str, asked: list[Question], hand: Hand) -> Pictures:
    """One picture a question, from words alone."""
    return desk.painted(Commission(name, [q.prompt for q in asked], [q.size for q in asked]), hand)


def rendered(desk: Desk, name: str, asked: list[Question], salt: int = 0) -> Pictures:
    """A fresh render of each question, the ceiling; with another `salt` another one."""
    seed = desk.settings.seed
    scenes = [scene_of(question, seed + salt, i) for i, question in enumerate(asked)]
    made = f"{name}-renders-{seed + salt}"
    return desk.kept(made, len(asked), lambda start, stop: [render(scene) for scene in scenes[start:stop]])


def scene_of(question: Question, seed: int, number: int) -> Scene:
    """A scene of the World that is what the question asks for."""
    drawn = question.pinned.get("drawn")
    pinned = {name: value for name, value in question.pinned.items() if name != "drawn"}
    rng = np.random.default_rng([seed, 3, int(drawn)] if drawn is not None else [seed, 5, number])
    return sample_scene(rng, size=question.size, fixed=pinned, allow_held_out=True)


def answers(judge: Judge, size: int, asked: list[Question], pictures: Pictures) -> dict[str, list[bool]]:
    """Right or wrong by factor, in the order of the questions."""
    right: dict[str, list[bool]] = defaultdict(list)
    for question, picture in zip(asked, pictures, strict=True):
        named = ask(judge, picture[None], size).named
        for name, value in question.factors.items():
            right[name].append(named[name][0] == value)
    return dict(right)


def word_rows(
    asked: list[Question], right: dict[str, list[bool]], ceiling: dict[str, list[bool]], few: bool = False
) -> list[Row]:
    """A row a factor, its worst value (by its share of the ceiling), and the held-out triples apart."""
    rows = []
    for name, values in FACTORS.items():
        bar = (_ASKED_FEW if few else _ASKED).get(name)

        def among(where: list[int], name: str = name) -> tuple[list[bool], list[bool]]:
            return [right[name][i] for i in where], [ceiling[name][i] for i in where]

        places = {value: [i for i, q in enumerate(asked) if q.factors[name] == value] for value in values}
        worst = min((value for value in values if places[value]), key=lambda value: _reached(*among(places[value])))
        unseen = [i for i, q in enumerate(asked) if q.held_out]
        rows += [
            shares(name, right[name], ceiling[name], bar),
            replace(
                shares(f"{name}, worst value", *among(places[worst]), None if few else _ASKED_WORST.get(name)),
                note=worst,
            ),
            shares(f"{name}, triples never rendered", *among(unseen), bar),
        ]
    return [row.by_few() for row in rows] if few else rows


def _reached(right: list[bool], ceiling: list[bool]) -> float:
    """The share of the ceiling; what the judge never names in renders either says nothing."""
    return float(np.mean(right)) / float(np.mean(ceiling)) if any(ceiling) else np.inf


def value_shares(asked: list[Question], right: dict[str, list[bool]]) -> dict[str, float]:
    """The share of right answers of every single value."""
    by_value: dict[str, list[bool]] = defaultdict(list)
    for name, marks in right.items():
        for question, mark in zip(asked, marks, strict=True):
            by_value[f"{name}: {question.factors[name]}"].append(mark)
    return {value: round(float(np.mean(marks)), 4) for value, marks in sorted(by_value.items())}
