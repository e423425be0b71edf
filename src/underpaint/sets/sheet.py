"""A concept sheet: a vague brief becomes concepts that vary along named axes, spread evenly over them.

The n-th concept of a brief is always the same, however many are asked for: each axis deals its phrases like cards,
all of them before any comes again, and of many possible hands the one is taken that is least like those before
(McKay, Beckman & Conover 1979's Latin hypercube, one row at a time).
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import RecipeError
from underpaint.prompt import expand_wildcards
from underpaint.recipe import CreateRecipe, Recipe
from underpaint.recipe.recipe import MAX_WORDS
from underpaint.sets.packs import Phrase

Rows = NDArray[np.int64]
MAX_CONCEPTS = 96
DEFAULT_AXES = ("subject", "view", "mood", "style", "light")
_HANDS = 32  # how many are drawn to choose the next concept from
_STRETCH = 24  # rows are spread in stretches, so that more of them leave the first as they are
_SWAPS = 400
_GROUP = re.compile(r"(?<!\\)\{([^{}$\[\]]*\|[^{}$\[\]]*)\}")
_PLACE = re.compile(r"(?<!\\)\{([^{}|]+)\}")


@dataclass(frozen=True)
class Concept:
    """One direction: its number from 1, its recipe, and what was varied, as (axis, choice) in words."""

    number: int
    varied: tuple[tuple[str, str], ...]
    recipe: CreateRecipe

    @property
    def name(self) -> str:
        """What was varied, in words."""
        return ", ".join(choice for _, choice in self.varied)


def plan_sheet(brief: str, axes: Mapping[str, Sequence[Phrase]], *, count: int = 12, seed: int = 1,
               base: Recipe | None = None) -> tuple[Concept, ...]:
    """`count` concepts for a brief, along `axes` in their order; `base` gives whatever else the recipes share.

    `{fox|owl}` in the brief is an axis of its own, `{light}` is where that axis's words go; without such a place they
    follow the brief, or lead it. Other wildcards are drawn by each concept's seed, which is `seed` and
    on. Raises RecipeError for a brief that says nothing and for numbers out of range, PromptError for wildcards
    without end.
    """
    if not 1 <= count <= MAX_CONCEPTS:
        raise RecipeError(f"{count} concepts were asked for", hint=f"Ask for 1 to {MAX_CONCEPTS}.", field="count")
    base = base or CreateRecipe()
    if not isinstance(base, CreateRecipe):
        raise RecipeError(f"concepts are created; a {base.task} recipe cannot shape them", field="task")
    brief, groups = _groups(brief.strip())
    if not brief and not any(phrase.leads for phrases in axes.values() for phrase in phrases):
        raise RecipeError("the brief says nothing", hint="Say what the sheet is of, in a few words.", field="brief")
    whole = {**{name: tuple(phrases) for name, phrases in axes.items() if phrases}, **groups}
    if not whole:
        raise RecipeError("nothing varies", hint="Name axes with --vary, or write {one|another} in the brief.",
                          field="vary")
    hands = deal([len(phrases) for phrases in whole.values()], count, seed)
    concepts = []
    for number, hand in enumerate(hands, 1):
        chosen = {name: phrases[index] for (name, phrases), index in zip(whole.items(), hand, strict=True)}
        concepts.append(_concept(number, brief, chosen, (seed + number - 1) % 2**64, base))
    return tuple(concepts)


def deal(sizes: Sequence[int], count: int, seed: int) -> list[tuple[int, ...]]:
    """`count` rows of one index per axis, each below that axis's size.

    After any number of rows every axis has used each of its choices as often as any other, give or take one; rows,
    and pairs within them, repeat as seldom as that allows. More rows never change the first ones.
    """
    chance = random.Random(f"sheet/{seed}")
    rows = np.empty((0, len(sizes)), np.int64)
    decks: list[list[int]] = [[] for _ in sizes]
    while len(rows) < count:
        fresh = len(rows)
        for _ in range(_STRETCH):
            rows = np.vstack([rows, _hand(sizes, decks, rows, chance)])
        _spread(rows, fresh, sizes, chance)
    return [tuple(map(int, row)) for row in rows[:count]]


def _hand(sizes: Sequence[int], decks: list[list[int]], rows: Rows, chance: random.Random) -> list[int]:
    """One row from what is left of each axis's deck, unlike the rows before."""
    for deck, size in zip(decks, sizes, strict=True):
        if not deck:
            deck.extend(range(size))
    hands = [[_lot(deck, chance) for deck in decks] for _ in range(_HANDS)]
    best = min(hands, key=lambda hand: _likeness(hand, rows))
    for deck, index in zip(decks, best, strict=True):
        deck.remove(index)
    return best


def _spread(rows: Rows, fresh: int, sizes: Sequence[int], chance: random.Random) -> None:
    """Swap choices between the rows from `fresh` on, within a deck, wherever that makes rows less alike."""
    for _ in range(_SWAPS):
        axis = int(chance.random() * len(sizes))
        one = fresh + int(chance.random() * (len(rows) - fresh))
        deck = one // sizes[axis]
        there = range(max(fresh, deck * sizes[axis]), min(len(rows), (deck + 1) * sizes[axis]))
        other = _lot(there, chance)
        before = _likeness(rows[one], rows) + _likeness(rows[other], rows)
        _swap(rows, one, other, axis)
        if _likeness(rows[one], rows) + _likeness(rows[other], rows) > before:
            _swap(rows, one, other, axis)


def _swap(rows: Rows, one: int, other: int, axis: int) -> None:
    rows[[one, other], axis] = rows[[other, one], axis]


def _lot(choices: Sequence[int], chance: random.Random) -> int:
    return choices[int(chance.random() * len(choices))]


def _likeness(hand: Sequence[int] | Rows, rows: Rows) -> int:
    """How much a row shares with others; sharing much with one weighs more than a little with many."""
    return int(((rows == np.asarray(hand)).sum(axis=1) ** 3).sum())


def _groups(brief: str) -> tuple[str, dict[str, tuple[Phrase, ...]]]:
    """The brief with a named place for each plain `{one|another}`, and these as axes; weighted ones stay wildcards."""
    groups: dict[str, tuple[Phrase, ...]] = {}

    def named(match: re.Match[str]) -> str:
        options = [option.strip() for option in match[1].split("|")]
        if any("::" in option or "__" in option for option in options):
            return match[0]
        name = "words" if not groups else f"words {len(groups) + 1}"
        groups[name] = tuple(Phrase(option or "nothing", option) for option in dict.fromkeys(options))
        return "{" + name + "}"

    return _GROUP.sub(named, brief), groups


def _concept(number: int, brief: str, chosen: Mapping[str, Phrase], seed: int, base: CreateRecipe) -> Concept:
    placed: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip().lower()
        if name not in chosen:
            return match[0]
        placed.add(name)
        return chosen[name].words

    text = _PLACE.sub(fill, brief)
    free = [phrase for name, phrase in chosen.items() if name not in placed]
    before, after = [one.words for one in free if one.leads], [one.words for one in free if not one.leads]
    words = ", ".join(part for part in (*before, text.rstrip(" ,."), *after) if part)
    words = expand_wildcards(words, seed=seed)
    if len(words) > MAX_WORDS:
        raise RecipeError(f"the words are {len(words):,} characters long", field="brief",
                          hint=f"The limit is {MAX_WORDS:,}, the phrases included.")
    varied = tuple((name, phrase.name) for name, phrase in chosen.items())
    return Concept(number, varied, base.changed(prompt=words, seed=seed))
