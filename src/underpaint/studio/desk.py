"""The desk: the only thing of the server that touches the library, its jobs and the one who paints.

Everything here may be called from any thread. What is asynchronous says so and never blocks its event loop.
"""

import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from underpaint.errors import Busy, LibraryError, ModelError, NotThere, RecipeError
from underpaint.library.jobs import RECIPES, JobItem, Jobs, JobStatus, Order
from underpaint.library.library import Library
from underpaint.models import Catalogue, Kind, ShelfWatch
from underpaint.recipe import LoraRef, ModelRef, Recipe, RegionControl
from underpaint.studio.brush import Brush, PainterBrush
from underpaint.studio.easel import Easel, Live
from underpaint.studio.following import Follower
from underpaint.studio.hands import MOST_LONG, MOST_QUICK, Hands
from underpaint.studio.herald import ENDS, Beat, Herald
from underpaint.studio.pictures import Thumbnails
from underpaint.studio.possible import drawings_of, first_problem, looked_at
from underpaint.studio.settings import ServeSettings

T = TypeVar("T")
_SOON, _LATE = 5.0, 600.0


class Desk:
    """One library's desk; `start` it, `close` it, or use it as a context manager.

    `brush` paints instead of the house's own painter. Raises LibraryError or OutputError for a library that cannot be
    used.
    """

    def __init__(self, settings: ServeSettings | None = None, brush: Brush | None = None) -> None:
        self.settings = settings or ServeSettings()
        self.library = Library(self.settings.library)
        self.jobs = Jobs(self.library)
        self.catalogue = Catalogue(paths=False)
        """What may be asked for by name. Clients name no paths."""
        self.herald = Herald(self.library)
        painter = self.catalogue.scout()  # of its own: it is asked from the thread that paints
        brush = brush or PainterBrush(painter, self.settings.device, self.settings.precision)
        self.easel = Easel(self.library, brush, self.herald)
        self._long, self._quick = Hands("long work", MOST_LONG), Hands("quick work", MOST_QUICK)
        self.thumbnails = Thumbnails()
        self._catalogue_lock = threading.Lock()
        self._shelf = ShelfWatch(self.catalogue, lend=lambda put: self.models(lambda _: put()))
        self._follower = Follower(self.herald, self.easel, self.status, self.settings.max_listeners)
        self._started = False

    def __enter__(self) -> "Desk":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to paint what waits, also what an earlier start left."""
        if not self._started:
            self._started = True
            self.herald.start()
            self.easel.start()
            self._shelf.start()

    def warm(self) -> None:
        """Get ready to paint while nobody waits for it."""
        threading.Thread(target=PainterBrush.warm, name="warm up", daemon=True).start()

    def hush(self) -> None:
        """End every listener, so that the server can stop."""
        self.herald.close()

    def close(self) -> None:
        """Stop after the step being painted, and let go of the library. What is not finished waits for the next
        start."""
        self.hush()
        self._shelf.close()
        self.easel.close()
        self._long.close()
        self._quick.close()
        self.library.close()

    def submit(self, recipes: Sequence[Recipe | JobItem], *, blobs: Mapping[str, bytes] | None = None,
               order: Order | None = None, checked: bool = False) -> str:
        """Write down a job, to be painted as soon as it is its turn; its id. `checked`: `check` was asked already.

        Raises Busy for a full queue, PlanError for missing drawings, RecipeError for pictures past the server's size
        limit, ModelError for models that are not here, LibraryError for a key used for another job, and whatever
        `check` does.
        """
        items = [self._item(one if isinstance(one, JobItem) else JobItem(one)) for one in recipes]
        if not checked:
            self.check([one.recipe for one in items], blobs or {})
        try:
            job = self.jobs.submit(items, blobs=blobs, order=order, most=self.settings.max_queue)
        except Busy as busy:
            raise Busy(busy.message, hint=busy.hint, field=busy.field, retry_after=self._room_in()) from busy
        self.easel.ring()
        self.herald.ring()
        return job

    def check(self, recipes: Sequence[Recipe], blobs: Mapping[str, bytes]) -> None:
        """Raise the error with which painting the first would begin that cannot be painted: a mask of another size, a
        LoRA that is not here, a size that the model does not paint."""
        different = looked_at(recipes)
        drawings = drawings_of(different, blobs, self.library.blobs)
        # Drawings are decoded, which takes a while: others ask the catalogue meanwhile.
        error = first_problem(different, drawings, self.models(_scout))
        if error is not None:
            raise error

    def status(self, job: str) -> JobStatus:
        """How a job goes, by its whole id. Raises NotThere."""
        found = self.jobs.status(job)
        if found.id != job:
            raise NotThere(f"there is no job '{job:.40}'", field="job")
        live = self.easel.live  # which knows better than the journal, which is told every few seconds
        return found if live is None or live.job != job else replace(found, progress=live.share)

    def wait(self, job: str, timeout: float | None = None) -> JobStatus:
        """Block until a job is over, or `timeout` seconds; how it went. Holds its thread: async code awaits `over`."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            status = self.status(job)
            left = 1.0 if until is None else min(until - time.monotonic(), 1.0)
            if status.state in ENDS or left <= 0 or self.herald.closed:
                return status
            self.herald.wait(left)

    async def over(self, job: str) -> JobStatus:
        """Wait until a job is over; how it went, or goes where the server stops before. Cancelling this wait cancels
        nothing but the wait. Raises NotThere, also where the job is taken off the list."""
        return await self._follower.over(job)

    def cancel(self, job: str) -> JobStatus:
        """Stop a job after the step being painted; its finished takes are kept. Raises NotThere."""
        status = self.status(job)
        self.jobs.cancel(status.id)
        self.easel.stop(status.id)
        self.herald.ring()
        return self.status(job)

    def resume(self, job: str) -> JobStatus:
        """Put a job that failed or was cancelled back in the queue. Raises NotThere, and LibraryError for a job that
        belongs to the command that began it."""
        status = self.status(job)
        if status.kind != RECIPES:
            raise LibraryError(f"job {job:.8} is painted by the command that began it", field="job",
                               hint="Run underpaint library jobs --resume.")
        self.jobs.resume(status.id)
        self.easel.ring()
        self.herald.ring()
        return self.status(job)

    def live(self, job: str | None = None) -> Live | None:
        """What is being painted now, if it is of that job. Asking makes previews for some seconds."""
        live = self.easel.look()
        return live if live is not None and job in (None, live.job) else None

    def follow(self, job: str | None = None, after: int | None = None) -> AsyncIterator[Beat | None]:
        """What happens: events of the journal, and in between progress and previews; None after a quiet while.

        For one `job` everything since event `after` (None: its beginning), until it is over; for all jobs what happens
        from now on, or since `after`. Ends when the server does. Raises Busy, at once, for too many listeners; with the
        first step NotThere for a job that is not there.
        """
        return self._follower.follow(job, after)

    def work(self, function: Callable[..., T], *words: Any) -> T:
        """Do something long that is no painting in the one thread for that; its result, or its error raised here.
        Blocks: async code calls it through anyio's `to_thread`. Raises Busy where too much waits."""
        return self._long.do(function, *words)

    def quick(self, function: Callable[..., T], *words: Any) -> T:
        """The same for what takes a moment, such as a thumbnail, in a thread where nothing long stands before it."""
        return self._quick.do(function, *words)

    def models(self, look: Callable[[Catalogue], T]) -> T:
        """Ask the catalogue of models, one asker at a time."""
        with self._catalogue_lock:
            return look(self.catalogue)

    def refresh_models(self) -> None:
        """Look through the folders of models again. Others ask the catalogue meanwhile."""
        scout = self.catalogue.scout()
        scout.refresh()
        self.models(lambda catalogue: catalogue.take_over(scout))

    def _item(self, item: JobItem) -> JobItem:
        recipe = item.recipe
        if recipe.model is None and self.settings.model is not None:
            recipe = recipe.changed(model=ModelRef(name=self.settings.model))
        self._check_size(recipe)
        self._check_models(recipe)
        return JobItem(recipe, item.name, item.parents)

    def _check_size(self, recipe: Recipe) -> None:
        width, height = recipe.width or 0, recipe.height or 0
        times = recipe.second_pass.scale if recipe.second_pass else 1.0
        pixels = width * height * times**2
        if pixels > self.settings.max_pixels:
            raise RecipeError(f"{width} x {height} pixels are more than this server paints", field="width",
                              hint=f"It paints up to {self.settings.max_pixels / 1e6:.0f} megapixels.")

    def _check_models(self, recipe: Recipe) -> None:
        named: list[tuple[str, Kind, ModelRef | LoraRef | None]] = [
            ("model", "checkpoint", recipe.model), ("vae", "vae", recipe.vae),
            *(("loras", "lora", lora) for lora in recipe.loras),
            *(("control region", "lora", lora) for one in recipe.controls if isinstance(one, RegionControl)
              for lora in one.loras)]
        for field, kind, ref in named:
            if ref is not None:
                try:
                    with self._catalogue_lock:
                        self.catalogue.find(ref.name, kind=kind, sha256=ref.hash)
                except ModelError as error:
                    error.field = error.field or field
                    raise

    def _room_in(self) -> float:
        """About when a picture of the queue will be finished, in seconds."""
        live = self.easel.live
        left = live.seconds_left if live is not None else None
        return min(max(left or _SOON, 1.0), _LATE)


def _scout(catalogue: Catalogue) -> Catalogue:
    """A catalogue to look with for a while, which knows what this one does."""
    scout = catalogue.scout()
    scout.take_over(catalogue)
    return scout
