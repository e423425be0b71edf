"""A plot: one recipe painted with every pairing of the values of up to three axes.

Everything that is wrong with any value is found before the first picture is painted, and said at once.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from underpaint.errors import RecipeError, UnderpaintError
from underpaint.recipe import Recipe
from underpaint.recipe.samplers import check_schedule, resolve_sampler, resolve_schedule
from underpaint.sets.plot_axes import AxisKind, ModelKind, find_axis, names_no_model
from underpaint.sets.plot_values import read_values

MAX_CELLS = 2_500
LETTERS = ("X", "Y", "Z")
Confirm = Callable[[ModelKind, str], object]
"""Raises an UnderpaintError for a model that is not there."""


@dataclass(frozen=True)
class Axis:
    """What varies along X, Y or Z: its name, its values and, a value each, what labels say. `cost` as AxisKind's."""

    letter: str
    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    cost: float = 0.0


@dataclass(frozen=True)
class Cell:
    """One picture of a plot: its number from 1 in reading order, its place on the axes, what it is, its recipe."""

    number: int
    x: int
    y: int
    z: int
    name: str
    recipe: Recipe


@dataclass(frozen=True)
class Plot:
    """Three axes (one that was not asked for has a single value and no name) and the cells in the order in which they
    are painted: what is dear to change changes seldom, so that each model is loaded once."""

    x: Axis
    y: Axis
    z: Axis
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The names of the axes."""
        return ", ".join(f"{axis.letter}: {axis.name}" for axis in (self.x, self.y, self.z) if axis.name)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one value of one axis, or (value None) with all of them."""

    axis: str
    value: str | None
    message: str

    def __str__(self) -> str:
        return f"{self.axis}: {self.message}" if self.value is None else f"{self.axis}: {self.value!r} {self.message}"


class PlotError(RecipeError):
    """Axes or values that cannot be painted: `problems` holds every one of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(map(str, self.problems[:12]))
        more = f"; and {len(self.problems) - 12} more" if len(self.problems) > 12 else ""
        super().__init__(shown + more, hint="Nothing was painted.")


def plan_plot(base: Recipe, x: str = "", y: str = "", z: str = "", *, seed: int = 1,
              confirm: Confirm | None = None) -> Plot:
    """A plot of `base` along axes written as `Steps=10-30 [3]`, `Prompt S/R=cat,dog`, `guidance.rescale=0,0.5,1`.

    `seed` is every cell's where `base` has none, and what a seed of -1 is drawn from. `confirm` says which models
    are there. Raises PlotError with everything that is wrong.
    """
    if base.seed is None:
        base = base.changed(seed=seed)
    read = [_read(letter, text, base, seed) for letter, text in zip(LETTERS, (x, y, z), strict=True)]
    problems = [problem for axis in read for problem in axis.problems]
    if not any((x.strip(), y.strip(), z.strip())):
        problems.append(Problem("axes", None, "none was given; name one, such as --x 'Steps=10-30 [3]'"))
    count = len(read[0].axis.values) * len(read[1].axis.values) * len(read[2].axis.values)
    if count > MAX_CELLS:
        raise PlotError([*problems, Problem("axes", None, f"make {count:,} pictures together; at most {MAX_CELLS:,}")])
    cells, wrong = _cells(base, read)
    problems += [*wrong, *_missing(read, confirm)]
    if problems:
        raise PlotError(problems)
    axes = [one.axis for one in read]
    notes = tuple(note for one in read for note in one.notes)
    return Plot(axes[0], axes[1], axes[2], _painting_order(cells, axes), notes)


@dataclass(frozen=True)
class _Read:
    kind: AxisKind
    axis: Axis
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        return f"{self.axis.letter} {self.axis.name}".strip()


def _read(letter: str, text: str, base: Recipe, seed: int) -> _Read:
    nothing = _Read(find_axis("Nothing", base), Axis(letter, "", ("",), ("",)))
    name, mark, values = text.partition("=")
    if not text.strip() or name.strip().casefold() == "nothing":
        return nothing
    if not mark:
        said = "has no values; write NAME=VALUES, such as 'Steps=10,20,30'"
        return _Read(nothing.kind, nothing.axis, (Problem(letter, text.strip()[:60], said),))
    try:
        kind = find_axis(name, base)
    except RecipeError as error:
        return _Read(nothing.kind, nothing.axis, (Problem(letter, name.strip()[:60], _said(error)),))
    found = read_values(values, kind.values)
    called = f"{letter} {kind.name}"
    drawn = _draw_seeds(kind, found.values, f"{seed}/{letter}")
    wrong = tuple(Problem(called, value, message) for value, message in found.problems)
    if not drawn:  # nothing to try; what is wrong with the other axes is still found
        return _Read(nothing.kind, nothing.axis, wrong)
    axis = Axis(letter, kind.name, drawn, tuple(map(kind.label, drawn)), kind.cost)
    return _Read(kind, axis, wrong, tuple(f"{called}: {note}" for note in found.notes))


def _draw_seeds(kind: AxisKind, values: tuple[Any, ...], lot: str) -> tuple[Any, ...]:
    """-1 is any seed, as in A1111: drawn here, so that the same plot means the same pictures again."""
    if kind.name not in ("Seed", "Var. seed"):
        return values
    chance = random.Random(lot)
    return tuple(int(chance.random() * 2**32) if value == -1 else value for value in values)


def _cells(base: Recipe, read: Sequence[_Read]) -> tuple[list[Cell], list[Problem]]:
    """Every cell in reading order, and every problem once."""
    cells: list[Cell] = []
    problems: dict[tuple[str, str], Problem] = {}
    order = sorted(range(3), key=lambda index: read[index].kind.last)
    for number, (iz, iy, ix) in enumerate(_places(read), 1):
        place = (ix, iy, iz)
        recipe, wrong = base, False
        for index in order:
            one, value = read[index], read[index].axis.values[place[index]]
            try:
                recipe = one.kind.apply(recipe, value, one.axis.values)
            except RecipeError as error:
                problem = Problem(one.called, _short(value), _said(error))
                problems.setdefault((problem.axis, problem.message), problem)
                wrong = True
        for problem in () if wrong else _clash(recipe, read):
            problems.setdefault((problem.axis, problem.message), problem)
        name = ", ".join(label for one in read if (label := one.axis.labels[place[LETTERS.index(one.axis.letter)]]))
        cells.append(Cell(number, ix, iy, iz, name, recipe))
    return cells, list(problems.values())


def _places(read: Sequence[_Read]) -> Iterator[tuple[int, ...]]:
    return product(*(range(len(read[index].axis.values)) for index in (2, 1, 0)))


def _clash(recipe: Recipe, read: Sequence[_Read]) -> Iterator[Problem]:
    """A sampler and a schedule that do not go together."""
    asked = recipe.sampling
    if not asked.sampler or not {one.kind.name for one in read} & {"Sampler", "Schedule type"}:
        return
    try:
        sampler, own = resolve_sampler(asked.sampler)
        schedule = resolve_schedule(asked.schedule) if asked.schedule else own
        if schedule is not None:
            check_schedule(sampler, schedule)
    except RecipeError as error:
        called = next(one.called for one in read if one.kind.name in ("Sampler", "Schedule type"))
        yield Problem(called, None, _said(error))


def _missing(read: Sequence[_Read], confirm: Confirm | None) -> list[Problem]:
    """Models that values name and that are not there."""
    problems = []
    for one in read:
        if one.kind.model is None or confirm is None:
            continue
        for value in dict.fromkeys(one.axis.values):
            if one.kind.model != "checkpoint" and names_no_model(value):
                continue
            try:
                confirm(one.kind.model, value)
            except UnderpaintError as error:
                problems.append(Problem(one.called, _short(value), _said(error)))
    return problems


def _painting_order(cells: Sequence[Cell], axes: Sequence[Axis]) -> tuple[Cell, ...]:
    """Dear axes outermost; among equals Z, Y, X."""
    outermost = sorted((2, 1, 0), key=lambda index: -axes[index].cost)
    return tuple(sorted(cells, key=lambda cell: tuple((cell.x, cell.y, cell.z)[index] for index in outermost)))


def _short(value: object) -> str:
    return ", ".join(value)[:60] if isinstance(value, tuple) else str(value)[:60]


def _said(error: UnderpaintError) -> str:
    return f"{error.message} ({error.hint.rstrip('.')})" if error.hint else error.message
