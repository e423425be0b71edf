"""`underpaint paint --keep-good N`: other seeds are painted until N takes are good, and what goes wrong is stopped."""

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from underpaint.cli.keeping import Keeping, Work, journal_of
from underpaint.cli.output import console, notes, print_json
from underpaint.cli.painting import say_before
from underpaint.cli.progress import job_progress
from underpaint.recipe import Recipe

if TYPE_CHECKING:
    from underpaint.library.journal import Journal
    from underpaint.plan.take import Take
    from underpaint.review.harvest import Harvest, Outcome
    from underpaint.review.verdict import Verdict

_TAKES_EACH = 8
"""Takes' worth of painting that one good take may cost, where nobody says otherwise."""


@dataclass(frozen=True, eq=False)
class Keep:
    """How many good takes are wanted, for how many takes' worth of painting, and whether bad ones are stopped."""

    good: int
    budget: float | None
    stopping: bool

    @property
    def most(self) -> float:
        """The budget."""
        return self.budget if self.budget is not None else float(self.good * _TAKES_EACH)


class Where(Protocol):
    """Where takes are written."""

    def save(self, take: "Take", number: int, count: int, former: Mapping[Path, bool]) -> tuple[Path, str]: ...


@dataclass(frozen=True, eq=False)
class Order:
    """What is painted and where it goes: the recipe (its seed the first one), the files it names, and the machine's
    options as `Painter` has them."""

    recipe: Recipe
    blobs: Mapping[str, bytes]
    where: Where
    keeping: Keeping
    machine: Mapping[str, str | None]
    online: bool
    output: str

    def recipes(self, keep: Keep) -> list[Recipe]:
        """The recipe with as many seeds, one apart, as may be needed: a stopped take costs no less than a quarter."""
        first = secrets.randbelow(2**32) if self.recipe.seed is None else self.recipe.seed
        count = math.ceil(keep.most * (4 if keep.stopping else 1))
        return [self.recipe.changed(seed=(first + number) % 2**64) for number in range(count)]

    def work(self, keep: Keep) -> Work:
        """What must be the same for it to be the same job again."""
        asked = {"recipe": self.recipe.hash(), "good": keep.good, "budget": keep.most, "stopping": keep.stopping}
        return Work("paint", self.recipe.prompt[:200], {**asked, "output": self.output, **self.machine})


@dataclass(eq=False)
class _Easel:
    """Paints one seed after another and reviews what came of it."""

    order: Order
    stopping: bool
    watching: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        from underpaint.cli.review import desk
        from underpaint.plan.painter import Painter

        machine = self.order.machine
        self.desk = desk()
        self.painter = Painter(device=machine["device"], precision=machine["precision"],
                               prediction=machine["prediction"], online=self.order.online, warn=say_before)
        early = _early(self.order.recipe) if self.stopping else None
        if early is not None:
            from underpaint.review.stopping import StopEarly

            self.watching.append(StopEarly(early))

    def paint(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Any) -> "Take":
        """One take; raises StoppedEarly when it is given up."""
        return self.painter.paint(recipe, blobs, progress=tell, observers=self.watching)

    def verdict(self, take: "Take") -> "Verdict":
        """What the review says of it."""
        return self.desk.see(take.picture, take.plan.prompt, dict(take.measured))[0]


def paint(keep: Keep, order: Order, *, as_json: bool) -> None:
    """Paint until enough is good or the budget is spent; print what was kept, and the yield."""
    from underpaint.library.jobs import JobItem
    from underpaint.review.harvest import Harvest, Wish

    harvest = Harvest(Wish(keep.good, keep.most))
    easel = _Easel(order, keep.stopping)
    items = [JobItem(one, f"seed {one.seed}") for one in order.recipes(keep)]
    written: list[tuple[Path, Take, Verdict]] = []
    with job_progress(keep.good) as watcher, \
            journal_of(order.keeping, items, order.blobs, order.work(keep), easel.paint) as journal:
        for position, recipe in enumerate(journal.recipes if journal else [item.recipe for item in items]):
            if harvest.over:
                break
            watcher.begin(f"seed {recipe.seed}, {harvest.kept} of {keep.good} good")
            outcome, kept = _one(easel, journal, position, recipe, watcher.step)
            harvest.note(outcome)
            if kept is not None and outcome.state == "kept":
                written.append((_save(order, journal, kept, len(written), keep.good), kept.take, kept.verdict))
                watcher.finish()
        if journal:
            journal.done()
    _report(written, harvest, as_json)


@dataclass(frozen=True, eq=False)
class _Kept:
    """A finished take, its verdict, and what the journal knows of it."""

    take: "Take"
    verdict: "Verdict"
    noted: Any


def _one(easel: _Easel, journal: "Journal | None", position: int, recipe: Recipe,
         tell: Any) -> "tuple[Outcome, _Kept | None]":
    from underpaint.review.harvest import Outcome
    from underpaint.review.stopping import StoppedEarly

    seed = recipe.seed or 0
    try:
        noted = journal.take(position, tell) if journal else None
        take = noted.take if noted else easel.paint(recipe, easel.order.blobs, tell)
    except StoppedEarly as stop:
        return Outcome(seed, "stopped", stop.steps / stop.total, stop.message), None
    verdict = easel.verdict(take)
    return Outcome.of(seed, verdict), _Kept(take, verdict, noted)


def _save(order: Order, journal: "Journal | None", kept: _Kept, number: int, count: int) -> Path:
    former = journal.copies(kept.noted) if journal and kept.noted and kept.noted.before else {}
    path, pixels = order.where.save(kept.take, number, count, former)
    if journal and kept.noted:
        journal.written(kept.noted, path, pixels)
    return path


def _early(recipe: Recipe) -> Any:
    """What foretells takes of the model that is painted with; None where nothing does."""
    from underpaint.review.early import Early
    from underpaint.review.places import EARLY, review_folder

    folder = review_folder(EARLY)
    if not (folder / "early.json").is_file():
        return None
    early = Early.read(folder)
    return early if recipe.model is None or recipe.model.name == early.model else None


def _report(written: "list[tuple[Path, Take, Verdict]]", harvest: "Harvest", as_json: bool) -> None:
    from underpaint.review.harvest import Yield, by_difficulty

    total = Yield.of(harvest.outcomes)
    if as_json:
        parts = {name: one.to_json() for name, one in by_difficulty([harvest.outcomes]).items()}
        print_json({"takes": [{"file": str(path), "seed": take.plan.seed, "verdict": verdict.to_json(),
                               **take.measured} for path, take, verdict in written],
                    "yield": {**total.to_json(), "by_difficulty": parts},
                    "outcomes": [one.to_json() for one in harvest.outcomes]})
        return
    for path, take, verdict in written:
        console().print(f"{path}: seed {take.plan.seed}, {verdict.chances['good']:.0%} likely good", markup=False)
    unsure = sum(not verdict.sure for _, _, verdict in written)
    if unsure:
        notes().print(f"of {unsure} of these it is not sure; look twice", markup=False)
    for sentence in total.sentences():
        notes().print(sentence, markup=False)
    if harvest.kept < harvest.wish.good:
        notes().print(f"the budget of {harvest.wish.budget:g} takes is spent; more with --budget", markup=False)
