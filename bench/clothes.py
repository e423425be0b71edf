"""Two figures in different clothes, a region each: does either wear what the other was to wear?

Asked of the pixels that the small net takes for a figure, by hue, and of the separate judge, who names the colour of
what it sees in each half; neither leads the attention that keeps regions apart. Beside it the same figures from words
alone, with the same seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.counting import Found, counted, many, share
from bench.judging import MISSING, Judging
from bench.pairs import regions_of
from bench.table import Row
from bench.views import figure_mask
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe

SEED = 8_900
PAIRS = (("red", "blue"), ("green", "purple"), ("orange", "blue"), ("purple", "yellow"), ("blue", "red"),
         ("yellow", "green"))
WHO = ("girl", "boy", "knight", "woman")
HUES = {"red": (0.78, 0.16, 0.13), "orange": (0.91, 0.52, 0.16), "yellow": (0.94, 0.82, 0.24),
        "green": (0.25, 0.60, 0.27), "blue": (0.18, 0.38, 0.78), "purple": (0.48, 0.25, 0.66)}
SIDES = ("left", "right")
_COLOURED = 0.05
_LEAST = 0.01
"""Of a half: with less of a figure, or of colour on it, nothing is said."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A picture of two figures and the colours that they were to wear, from left to right."""

    picture: FloatArray
    asked: tuple[str, str]

    def halves(self) -> list[FloatArray]:
        """The left and the right half."""
        middle = self.picture.shape[1] // 2
        return [np.ascontiguousarray(half) for half in (self.picture[:, :middle], self.picture[:, middle:])]


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    painter, held, plain = Painter(), [], []
    base = base or CreateRecipe()
    for number in counted(range(many(4, 48)), "two figures"):
        pair, who = PAIRS[number % len(PAIRS)], WHO[number // len(PAIRS) % len(WHO)]
        recipe = base.changed(prompt=f"two figures in a meadow, noon, gouache, a {who} on the left, a {who} on the "
                              "right", seed=SEED + number)
        regions = regions_of([(side, f"a {who} in {colour}") for side, colour in zip(SIDES, pair, strict=True)])
        said = recipe.changed(prompt=f"a {who} in {pair[0]} on the left and a {who} in {pair[1]} on the right, in a "
                              "meadow, noon, gouache")
        held.append(Worn(painter.paint(recipe.changed(controls=regions.controls), regions.blobs).picture, pair))
        plain.append(Worn(painter.paint(said, {}).picture, pair))
    return [_by_hue(held, plain), _by_judge(held, plain)]


def _by_hue(held: Sequence[Worn], plain: Sequence[Worn]) -> Row:
    (swapped, unseen), (before, _) = (_shares([by_hue(one) for one in those]) for those in (held, plain))
    return Row(f"region: {swapped.count} figures, in the other's clothes by their hue",
               f"{swapped.percent()}; from words alone {before.percent()}; on {unseen:.0%} no figure in colour",
               "<= 10 %", swapped.count > 0 and swapped.value <= 0.1)


def _by_judge(held: Sequence[Worn], plain: Sequence[Worn]) -> Row:
    judge = Judging.open()
    if judge is None:
        return Row.skipped("region: in the other's clothes by the judge", MISSING, "<= 10 %")
    (swapped, unseen), (before, _) = (_shares([_judged(one, judge) for one in those]) for those in (held, plain))
    return Row(f"region: {swapped.count} figures, in the other's clothes by the judge",
               f"{swapped.percent()}; from words alone {before.percent()}; on {unseen:.0%} neither colour", "<= 10 %",
               swapped.count > 0 and swapped.value <= 0.1)


def _shares(told: Sequence[list[bool | None]]) -> tuple[Found, float]:
    """The share of figures that are swapped among those that wear either colour, and the share of the others."""
    every = [one for both in told for one in both]
    return share([one for one in every if one is not None]), float(np.mean([one is None for one in every]))


def by_hue(worn: Worn) -> list[bool | None]:
    """For each figure whether it is nearer to the other's hue than to its own; None where none is in colour."""
    mask, found = figure_mask(worn.picture), list[bool | None]()
    middle = mask.shape[1] // 2
    for at, half in enumerate((np.s_[:, :middle], np.s_[:, middle:])):
        lab = srgb_to_oklab(worn.picture[half])[mask[half]]
        chroma = np.hypot(lab[:, 1], lab[:, 2])
        if (chroma > _COLOURED).sum() < _LEAST * mask[half].size:
            found.append(None)
            continue
        own, other = (_near(lab[chroma > _COLOURED], worn.asked[which]) for which in (at, 1 - at))
        found.append(bool(other > own))
    return found


def _near(lab: FloatArray, colour: str) -> float:
    """How much of the colour there is: the mean cosine of hues, by chroma."""
    asked = srgb_to_oklab(np.float32(HUES[colour]))[1:]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    cosine = lab[:, 1:] @ (asked / np.hypot(*asked)) / chroma
    return float((np.clip(cosine, 0.5, 1) * chroma).sum() / chroma.sum())


def _judged(worn: Worn, judge: Judging) -> list[bool | None]:
    """The same by the judge's name for the colour of each half."""
    said = [judge.named(half)["colour"] for half in worn.halves()]
    return [None if name not in worn.asked else name == worn.asked[1 - at] for at, name in enumerate(said)]
