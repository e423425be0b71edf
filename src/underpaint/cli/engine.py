"""Who paints: this program, or Ray workers. The options for it, and the painter that they mean."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import typer

from underpaint.cli.output import notes
from underpaint.errors import RecipeError

if TYPE_CHECKING:
    from underpaint.library.journal import Journal
    from underpaint.plan.take import Take
    from underpaint.recipe import Recipe

ENGINE = typer.Option("local", "--engine", metavar="local|ray|ray=HOST:PORT",
                      help="Who paints: this program, Ray workers on this machine, or those of a cluster.")
WORKERS = typer.Option(None, "--workers", min=1, max=1024,
                       help=r"How many Ray workers paint at once. \[as many as fit]")


class Paints(Protocol):
    """A painter here or elsewhere."""

    warned: set[str]

    def paint(self, recipe: "Recipe", blobs: Mapping[str, bytes], *,
              progress: Callable[[int, int], None] | None = None) -> "Take": ...


@dataclass(frozen=True)
class Hands:
    """Who paints: --engine and --workers as they were given."""

    engine: str = "local"
    workers: int | None = None

    def __post_init__(self) -> None:
        name, mark, address = self.engine.partition("=")
        if name not in ("local", "ray") or (mark and (name == "local" or not address.strip())):
            raise RecipeError(f"there is no engine '{self.engine:.60}'", field="engine",
                              hint="Use local, ray, or ray=HOST:PORT for a cluster.")
        if self.workers is not None and name == "local":
            raise RecipeError("workers are Ray's", field="workers", hint="Add --engine ray, or leave --workers out.")

    @property
    def elsewhere(self) -> bool:
        """Whether Ray workers paint."""
        return self.engine != "local"

    def ray(self, setup: Mapping[str, Any]) -> Any:
        """The painter of the workers, given device, precision, prediction and online. Raises ClusterError."""
        from underpaint.library.ray_engine import Cluster, RayPainter
        from underpaint.library.ray_worker import Setup

        address = self.engine.partition("=")[2].strip() or None
        return RayPainter(Setup(**setup), Cluster(address, self.workers))


HERE = Hands()


@contextlib.contextmanager
def painter_of(hands: Hands, setup: Mapping[str, Any], **here: Any) -> Iterator[Paints]:
    """The painter, sent home afterwards. `setup`: device, precision, prediction, online; `here` only concerns a
    painter of this program (warn, catalogue)."""
    if hands.elsewhere:
        with hands.ray(setup) as workers:
            yield workers
        return
    from underpaint.plan.painter import Painter

    yield Painter(**setup, **here)


def say_ahead(painter: Any, recipes: "Sequence[Recipe]", blobs: Mapping[str, bytes],
              journal: "Journal | None") -> None:
    """Tell workers what will be asked of them: everything that is not finished yet; and people, where controls pull
    against each other. A painter here needs no telling, and tells itself."""
    expect = getattr(painter, "expect", None)
    if expect is None:
        return
    from underpaint.controls.contradictions import contradictions

    for note in dict.fromkeys(note for recipe in recipes for note in contradictions(recipe.controls)):
        notes().print(f"note: {note}", markup=False)
    if journal is None:
        expect(recipes, blobs)
    else:
        expect([recipe for recipe, over in zip(journal.recipes, journal.finished, strict=True) if not over], blobs)
