"""Turnarounds: are the sides of a sheet one figure, of the same proportions and colours, each seen from where it was
asked to be? Painted as `underpaint turnaround` does, and the same figures from words alone, with the same seeds.

The figure, its head and its side are read by `bench/views.py`, which has no part in the painting; what it names right
of the World's figures, whose sides are known, stands beside the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.counting import counted, many, mean, share
from bench.probe import Probe
from bench.table import Row
from bench.views import Figure, Sides, finder_name, named_right, view_probe, world_people
from underpaint.imaging.color import delta_e_2000
from underpaint.imaging.geometry import Extent
from underpaint.library.turnaround_files import stance
from underpaint.models import Catalogue
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe
from underpaint.sets.turnaround import USUAL, plan_turnarounds
from underpaint.sets.turnaround import Figure as Asked

SEED = 8_100
WHO = ("a girl in a red coat", "a boy in blue", "a knight in armour", "a woman in a green dress", "a man in brown",
       "a girl in yellow", "a knight in red", "a boy in a white coat")
STYLES = ("gouache", "watercolour", "flat", "anime")


@dataclass(frozen=True, eq=False)
class Sheet:
    """The sides of one sheet in the order of `USUAL`; None where no figure was found."""

    sides: Sides

    @property
    def whole(self) -> bool:
        """Whether there is a figure on every side."""
        return None not in self.sides

    def heights_apart(self) -> float:
        """The largest difference of a side's height from the first's, as a share of that."""
        tall = [one.height for one in self.sides if one is not None]
        return max(abs(one / tall[0] - 1) for one in tall)

    def heads_apart(self) -> float:
        """The largest difference of a side's head from the first's, as a share of the figure's height."""
        heads = [one.head / one.height for one in self.sides if one is not None]
        return max(abs(one - heads[0]) for one in heads)

    def colours_apart(self) -> float:
        """The largest CIEDE2000 between a side's mean colour and the first's, from the shoulders down."""
        seen = [one.middle_colour() for one in self.sides if one is not None]
        return max(float(delta_e_2000(one, seen[0])) for one in seen)


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    shown, asked = world_people(many(30, 160), SEED), world_people(many(6, 48), SEED + 1)
    count, held = many(2, 64), _held()
    sheets, plain = paint(count, held, base), paint(count, "words", base)
    known = [Sheet(one) for one in asked]
    return [_views(sheets, plain, known, view_probe(shown)), *_alike(sheets, plain, known, held)]


def _held() -> str:
    catalogue = Catalogue()
    return stance(catalogue.find("primer", kind="checkpoint"), catalogue)


def paint(count: int, held: str, base: CreateRecipe | None = None) -> list[Sheet]:
    """So many sheets of different figures, each with a seed of its own."""
    painter, made = Painter(), []
    for number in counted(range(count), f"turnarounds held by {held}"):
        words = f"{WHO[number % len(WHO)]}, {STYLES[number // len(WHO) % len(STYLES)]}"
        figure = Asked(words, Extent(128, 256), USUAL, 32, held)  # type: ignore[arg-type]
        (sheet,), blobs = plan_turnarounds(figure, seed=SEED + number, base=base)
        picture = painter.paint(sheet.recipe, blobs).picture
        made.append(Sheet(tuple(Figure.find(np.ascontiguousarray(picture[part.bounds.slices][..., :3]))
                                for part in sheet.parts)))
    return made


def _views(sheets: Sequence[Sheet], plain: Sequence[Sheet], known: Sequence[Sheet], probe: Probe) -> Row:
    right, before, world = (share([hit for one in those for hit in named_right(probe, one.sides)])
                            for those in (sheets, plain, known))
    return Row(f"turnaround: view right, {right.count} sides of {len(sheets)} sheets",
               f"{right.percent()}; from words alone {before.percent()}; of the World's own {world.percent()}",
               ">= 80 %", right.value >= 0.8)


def _alike(sheets: Sequence[Sheet], plain: Sequence[Sheet], known: Sequence[Sheet], held: str) -> list[Row]:
    """Of the sheets with a figure on every side; how many there are is told, and what is measured so of one figure of
    the World from all sides."""
    those = [[one for one in kind if one.whole] for kind in (sheets, plain, known)]
    count = f"{len(those[0])} of {len(sheets)} sheets held by {held}, read by {finder_name()}"
    rows = []
    for what, told in (("heights", Sheet.heights_apart), ("heads, of the figure's height,", Sheet.heads_apart)):
        found, usual, world = (mean([told(one) for one in kind], least=0) for kind in those)
        within = share([told(one) <= 0.05 for one in those[0]])
        rows.append(Row(f"turnaround: {what} apart at most ({count})", f"{found.percent()}, within 5 % on "
                        f"{within.percent()}; from words alone {usual.percent()}; of the World's own {world.percent()}",
                        "<= 5 %", found.count > 0 and found.value <= 0.05))
    found, usual, world = (mean([one.colours_apart() for one in kind], least=0) for kind in those)
    rows.append(Row("turnaround: colours apart at most, below the head", f"dE {found.number(1)}; from words alone "
                    f"{usual.number(1)}; of the World's own {world.number(1)}", "dE <= 8",
                    found.count > 0 and found.value <= 8))
    return rows
