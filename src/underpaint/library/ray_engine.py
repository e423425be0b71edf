"""Painting by Ray workers: here, or on every machine of a cluster.

The library's runner asks for one picture after the other, as it does of a painter here, and alone writes. Meanwhile
the workers paint ahead what was said to come next. A worker that dies costs the picture it was at, which is painted
again by another; pictures have seeds, so it comes out the same.
"""

import importlib.util
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from underpaint.errors import ClusterError
from underpaint.library.lease import Claim
from underpaint.library.library import Library
from underpaint.library.ray_worker import Hand, Setup, take_from
from underpaint.plan.take import Take
from underpaint.recipe import Recipe

INSTALL = "pip install 'underpaint[ray]'"
_STORE_BYTES = 256 * 2**20
_DEATHS = 3
"""A picture that took so many workers with it is given up."""
_AHEAD = 2
"""Finished pictures that may wait for each worker until they are asked for."""
_LOOK_SECONDS = 0.25
_REACH_SECONDS = 5.0
_BEGIN_SECONDS = 300.0


@dataclass(frozen=True)
class Cluster:
    """`address`: host:port, ray://host:port or "auto"; None begins a cluster of this machine alone. `workers`: how
    many paint at once, None as many as have their threads (or a GPU each)."""

    address: str | None = None
    workers: int | None = None


@dataclass(eq=False)
class _Order:
    """One picture: what is asked, and what came of it."""

    recipe: Recipe
    blobs: Mapping[str, bytes]
    answer: Mapping[str, bytes] | None = None
    error: Exception | None = None
    deaths: int = 0
    given: bool = False

    @property
    def over(self) -> bool:
        return self.answer is not None or self.error is not None


@dataclass(eq=False)
class _Worker:
    """A worker and what it is at."""

    actor: Any
    order: _Order | None = None
    coming: Any = None
    began: bool = False


class RayPainter:
    """Paints like `Painter`, by workers. Close it, or use it as a context manager.

    The cluster is reached for the first picture. Raises ClusterError where Ray is not installed.
    """

    def __init__(self, setup: Setup, cluster: Cluster) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ClusterError("painting with Ray needs an extra that is not installed", field="engine",
                               hint=f"Run: {INSTALL}. Or leave --engine out to paint here.")
        if cluster.workers is not None and cluster.workers < 1:
            raise ClusterError(f"{cluster.workers} workers paint nothing", field="workers", hint="Ask for 1 or more.")
        self._setup, self._cluster = setup, cluster
        self._ray: Any = None
        self._ours = False
        self._workers: list[_Worker] = []
        self._line: list[_Order] = []
        self._since = 0.0
        self.warned = set[str]()
        """What was told before painting, as `Painter` has it: nothing, takes say it themselves."""

    def __enter__(self) -> "RayPainter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def expect(self, recipes: Iterable[Recipe], blobs: Mapping[str, bytes]) -> None:
        """Say which pictures will be asked for, in order, so that idle workers paint ahead. Replaces what was said
        before; what is being painted already and is named again goes on."""
        former, self._line = self._line, []
        for recipe in recipes:
            known = next((order for order in former if order.recipe == recipe), None)
            if known is not None:
                former.remove(known)
            self._line.append(known or _Order(recipe, _needed(recipe, blobs)))

    def paint(self, recipe: Recipe, blobs: Mapping[str, bytes], *, progress: Callable[[int, int], None] | None = None
              ) -> Take:
        """Paint a recipe, or wait for the worker that is at it already. `progress` is told (steps done, steps in all).

        Raises ClusterError where no cluster answers or workers keep dying, else what `Painter.paint` raises.
        """
        if self._ray is None:
            self._begin()
        order = self._asked(recipe, blobs)
        while not order.over:
            self._hand_out()
            self._look(order, progress)
        self._line.remove(order)
        self._hand_out()  # the workers paint on while this one is written
        if order.error is not None:
            raise order.error
        assert order.answer is not None
        return take_from(order.answer, order.blobs)

    def processes(self) -> list[int]:
        """The process ids of the workers, each on its own machine."""
        found: list[int] = self._ray.get([worker.actor.process.remote() for worker in self._workers])
        return found

    def close(self) -> None:
        """Send the workers home; what they are at is lost, and was nobody's yet."""
        if self._ray is None:
            return
        for worker in self._workers:
            self._ray.kill(worker.actor)
        if self._ours:
            self._ray.shutdown()
        self._ray, self._workers, self._line = None, [], []

    def _asked(self, recipe: Recipe, blobs: Mapping[str, bytes]) -> _Order:
        """The order of a recipe; those before it in the line were not wanted after all."""
        at = next((at for at, order in enumerate(self._line) if order.recipe == recipe), None)
        if at is None:
            self._line.insert(0, _Order(recipe, _needed(recipe, blobs)))
        else:
            del self._line[:at]
        return self._line[0]

    def _begin(self) -> None:
        from underpaint.engine.machine import use_threads

        threads = self._setup.threads or use_threads()
        self._setup = replace(self._setup, threads=threads)
        self._ray, self._ours = _connect(self._cluster, threads)
        count, self._needs = _share(self._ray, self._cluster, self._setup)
        self._workers = [self._hired() for _ in range(count)]
        self._since = time.monotonic()

    def _hired(self) -> _Worker:
        kind = self._ray.remote(Hand).options(max_concurrency=2, scheduling_strategy="SPREAD", **self._needs)
        return _Worker(kind.remote(self._setup.to_json()))

    def _hand_out(self) -> None:
        """Give idle workers the next pictures of the line, not too far ahead of what is asked for."""
        waiting = sum(order.over for order in self._line)
        for worker in self._workers:
            order = next((order for order in self._line if not order.given), None)
            if worker.order is not None or order is None:
                continue
            if order is not self._line[0] and waiting >= _AHEAD * len(self._workers):
                return
            order.given, worker.order = True, order
            worker.coming = worker.actor.paint.remote(order.recipe.model_dump_json(), dict(order.blobs))

    def _look(self, order: _Order, progress: Callable[[int, int], None] | None) -> None:
        """Wait a moment for any worker; say how far the one at `order` is."""
        coming = {worker.coming: worker for worker in self._workers if worker.order is not None}
        ready, _ = self._ray.wait(list(coming), num_returns=1, timeout=_LOOK_SECONDS)
        for one in ready:
            self._settle(coming[one])
        if not order.over:
            self._tell(order, progress)

    def _settle(self, worker: _Worker) -> None:
        order, coming = worker.order, worker.coming
        assert order is not None
        worker.order, worker.coming, worker.began = None, None, True
        errors = self._ray.exceptions
        try:
            order.answer = self._ray.get(coming)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError,
                errors.ObjectLostError) as error:
            self._ray.kill(worker.actor)  # one that is merely out of reach must not paint on
            self._workers[self._workers.index(worker)] = self._hired()
            order.deaths, order.given = order.deaths + 1, False
            if order.deaths >= _DEATHS:
                order.error = ClusterError(f"{order.deaths} workers died painting this picture: {_first_line(error)}",
                                           hint="Are Underpaint, its models and memory enough on every machine?")
        except errors.RayTaskError as error:
            order.error = ClusterError(f"a worker failed: {_first_line(error.cause or error)}",
                                       hint="Paint without --engine to see whether it happens here too.")

    def _tell(self, order: _Order, progress: Callable[[int, int], None] | None) -> None:
        worker = next((worker for worker in self._workers if worker.order is order), None)
        done, total = 0, 1
        if worker is not None:
            asked = worker.actor.progress.remote()
            if self._ray.wait([asked], timeout=_LOOK_SECONDS)[0]:
                try:
                    done, total = self._ray.get(asked)
                    worker.began = True
                except self._ray.exceptions.RayError:
                    return  # it died; the next look finds that out
        if not any(one.began for one in self._workers) and time.monotonic() - self._since > _BEGIN_SECONDS:
            raise ClusterError(f"no worker of the cluster began within {_BEGIN_SECONDS / 60:.0f} minutes",
                               hint="It may be busy with something else: see `ray status`.")
        if progress is not None:
            progress(done, max(total, 1))


def ahead_of(library: Library, painter: RayPainter) -> Callable[[Claim], None]:
    """What a Runner is given as `begins`: it says which pictures of the same job come next."""
    from underpaint.library.jobs import Jobs

    def begins(claim: Claim) -> None:
        left = [recipe for position, (recipe, _, state, _) in enumerate(Jobs(library).items(claim.job))
                if state == "waiting" and position >= claim.position]
        found = {blob.sha256: library.blobs.read(blob.sha256) for recipe in left for blob in recipe.blobs()}
        painter.expect(left, {sha256: data for sha256, data in found.items() if data is not None})

    return begins


def _needed(recipe: Recipe, blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    return {blob.sha256: blobs[blob.sha256] for blob in recipe.blobs() if blob.sha256 in blobs}


def _connect(cluster: Cluster, threads: int) -> tuple[Any, bool]:
    """Ray, connected, and whether this program began that. Raises ClusterError."""
    address = cluster.address or os.environ.get("RAY_ADDRESS") or None
    gone = ClusterError(f"no Ray cluster answers at {address or '':.80}", field="engine",
                        hint="Begin one there with `ray start --head`, set RAY_AUTH_MODE=token if it asks for one, "
                             "or use --engine ray alone to begin one here.")
    if address is not None:
        _reach(address, gone)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    import ray

    if ray.is_initialized():
        return ray, False
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address is None:
        quiet |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES,
                  "num_cpus": cluster.workers or max(1, (os.cpu_count() or 1) // threads)}
    try:
        ray.init(address=address or "local", **quiet)
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        said = gone.message if address else "Ray does not start here"
        raise ClusterError(f"{said}: {_first_line(error)}", hint=gone.hint, field="engine") from error
    return ray, True


def _reach(address: str, gone: ClusterError) -> None:
    """Knock at an address, as Ray itself asks for minutes and may then end the whole program."""
    if address in ("auto", "local"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ClusterError(f"'{address:.80}' is no address of a Ray cluster", field="engine",
                           hint="Write ray=HOST:PORT, such as ray=10.0.0.5:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except OSError as error:
        raise gone from error


def _share(ray: Any, cluster: Cluster, setup: Setup) -> tuple[int, dict[str, float]]:
    """How many workers there are, and what each has for itself."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if gpus and setup.device in (None, "cuda"):
        return cluster.workers or gpus, {"num_gpus": 1.0, "num_cpus": 1.0}
    if cluster.address is None and not os.environ.get("RAY_ADDRESS"):
        return cluster.workers or max(1, int(sum(node.get("CPU", 0) for node in nodes))), {"num_cpus": 1.0}
    each = max(1.0, min(float(setup.threads or 1), max((node.get("CPU", 1.0) for node in nodes), default=1.0)))
    return cluster.workers or max(1, sum(int(node.get("CPU", 0) // each) for node in nodes)), {"num_cpus": each}


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
