"""Progress that stays in its place: one line for the whole job, one for the picture being painted."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from underpaint.cli.output import notes


class JobProgress:
    """What the painting code tells: a picture begins, a step is done, a picture is finished."""

    def __init__(self, bars: Progress, pictures: int) -> None:
        self._bars = bars
        self._whole = bars.add_task("pictures", total=pictures, visible=pictures > 1)
        self._one = bars.add_task("", total=None)

    def begin(self, name: str) -> None:
        """A picture begins."""
        self._bars.reset(self._one, total=None, description=name[:48])

    def step(self, done: int, total: int) -> None:
        """`done` of `total` steps of this picture are painted."""
        self._bars.update(self._one, completed=done, total=total)

    def note(self, text: str) -> None:
        """Something a person should know before it goes on."""
        self._bars.console.print(f"note: {text}", markup=False)

    def finish(self) -> None:
        """This picture is finished."""
        self._bars.advance(self._whole)


@contextmanager
def job_progress(pictures: int, *, quiet: bool = False) -> Iterator[JobProgress]:
    """Bars on standard error for a job of `pictures`; nothing where nobody watches."""
    out = notes()
    bars = Progress(TextColumn("{task.description:<48}"), BarColumn(bar_width=30), TextColumn("{task.completed:.0f}"),
                    TimeRemainingColumn(compact=True), console=out, transient=True,
                    disable=quiet or not out.is_terminal)
    with bars:
        yield JobProgress(bars, pictures)
