"""One Ray worker: paints a picture at a time and hands back bytes. It writes nothing.

What crosses between machines is plain: a recipe as JSON and drawings go out; the exact pixels and what is told of the
take come back.
"""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint import __version__, errors
from underpaint.errors import ClusterError, UnderpaintError
from underpaint.plan.data import Plan
from underpaint.plan.take import Take
from underpaint.recipe import FillRecipe, Recipe, parse_recipe

_TOLD = "told"


@dataclass(frozen=True)
class Setup:
    """How every worker paints: `Painter`'s options, torch's threads on a CPU, and the version of Underpaint."""

    device: str | None = None
    precision: str | None = None
    prediction: str | None = None
    online: bool = False
    threads: int | None = None
    version: str = __version__

    def to_json(self) -> str:
        """As text, for the way there."""
        return json.dumps(asdict(self))


class Hand:
    """What lives in a worker: a painter that is made for its first picture, and how far it is with this one."""

    def __init__(self, setup: str) -> None:
        self._setup = Setup(**json.loads(setup))
        self._painter: Any = None
        self._progress = (0, 0)

    def process(self) -> int:
        """The worker's process id."""
        return os.getpid()

    def progress(self) -> tuple[int, int]:
        """Steps done and steps in all of the picture being painted; 0, 0 before its first."""
        return self._progress

    def paint(self, recipe: str, blobs: dict[str, bytes]) -> dict[str, bytes]:
        """Paint a recipe (JSON); the take as `take_from` reads it, or why there is none."""
        self._progress = (0, 0)
        try:
            if self._setup.version != __version__:
                raise ClusterError(f"a worker has Underpaint {__version__}, and this is {self._setup.version}",
                                   hint="Install the same version on every machine of the cluster.")
            return as_bytes(self._paint(parse_recipe(recipe.encode()), blobs))
        except UnderpaintError as error:
            said = {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "field": error.field}
            return {"error": json.dumps(said).encode()}

    def _paint(self, recipe: Recipe, blobs: Mapping[str, bytes]) -> Take:
        if self._painter is None:
            from underpaint.plan.painter import Painter

            setup = self._setup
            # Ray gives a worker as many threads as it has processors reserved; the plan's count holds instead.
            self._painter = Painter(device=setup.device, precision=setup.precision, threads=setup.threads,
                                    prediction=setup.prediction, online=setup.online)
        take: Take = self._painter.paint(recipe, blobs, progress=self._tell)
        return take

    def _tell(self, done: int, total: int) -> None:
        self._progress = (done, total)


def as_bytes(take: Take) -> dict[str, bytes]:
    """A take without the drawings it was made from, which are where it goes."""
    told = {"recipe": take.recipe.model_dump_json(), "plan": take.plan.to_record(), "seconds": take.seconds,
            "circumstances": dict(take.circumstances), "measured": dict(take.measured)}
    pixels = {"picture": take.picture} | ({} if take.exact is None else {"exact": take.exact})
    return {name: _packed(values) for name, values in pixels.items()} | {_TOLD: json.dumps(told).encode()}


def take_from(answer: Mapping[str, bytes], blobs: Mapping[str, bytes]) -> Take:
    """The take that a worker painted, as if it had been painted here. Raises the UnderpaintError that kept it from
    doing so."""
    if "error" in answer:
        said = json.loads(answer["error"])
        kind = getattr(errors, said.pop("kind"), UnderpaintError)
        raise kind(said["message"], hint=said["hint"], field=said["field"])
    told = json.loads(answer[_TOLD])
    recipe = parse_recipe(told["recipe"].encode())
    source = None
    if isinstance(recipe, FillRecipe):
        from underpaint.pictures.read import read_picture

        source = read_picture(blobs[recipe.picture.sha256])
    return Take(picture=_unpacked(answer["picture"]), recipe=recipe, plan=Plan.from_record(told["plan"]),
                blobs=dict(blobs), seconds=told["seconds"], circumstances=told["circumstances"],
                measured=told["measured"], exact=_unpacked(answer["exact"]) if "exact" in answer else None,
                source=source)


def _packed(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _unpacked(data: bytes) -> NDArray[Any]:
    values: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return values
